"""Words in the wrong place: a background named as an object, a colour as a texture.

Such a predictor can be read and holds nowhere, because no thing bears that name. Words that scenes
do not know at all are left alone: a model that joins pictures and words may read them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import UsageError
from ..scenes.backgrounds import SETTINGS
from ..scenes.palette import COLOURS
from ..scenes.scene import TEXTURES
from ..scenes.things import GROUPS, NAMES

_WORDS: dict[tuple[str, str], Sequence[str]] = {
    ("object", "names"): (*NAMES, *GROUPS),
    ("background", "names"): ("plain", *SETTINGS),
    ("colour", "colours"): COLOURS,
    ("texture", "textures"): TEXTURES,
    ("background", "colours"): COLOURS,
    ("background", "textures"): TEXTURES,
}
"""The words of each field of an atom."""


def refuse_misplaced(predictor: Mapping[str, Any]) -> None:
    """Checks the words of a predictor, as JSON.

    Raises:
        UsageError: names the word and the predictor that it belongs to.
    """
    for node in _nodes(predictor):
        for (kind, field), words in _WORDS.items():
            if node.get("kind") != kind:
                continue
            for word in node.get(field) or ():
                right = None if word in words else _place_of(str(word), kind)
                if right is not None:
                    raise UsageError(
                        f"'{word}' does not belong to the {field} of '{kind}'; write "
                        f"{json.dumps(right)}"
                    )


def _place_of(word: str, kind: str) -> dict[str, Any] | None:
    """The atom that a word belongs to, of this kind if it can be; None where scenes lack it."""
    for there, field in sorted(_WORDS, key=lambda place: place[0] != kind):
        if word in _WORDS[there, field]:
            return {"kind": there, field: [word]}
    return None


def _nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _nodes(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _nodes(inner)
