"""Reads what units are to respond to in pictures: a predictor, or plain English.

Words are those of drawn pictures (`scenes/vocabulary.py`): names of things and of their groups,
colours, textures, sizes, places, settings. Several in one phrase are one thing that is all of
these ("small red squares"), or a setting.
"""

import re
from collections.abc import Mapping
from typing import Any

from ..errors import UsageError, nearest
from ..lab import Lab
from ..predicates import parse
from ..scenes.vocabulary import Word, longest, single_words, vocabulary
from .concept_query import Given, Wanted
from .resolve import known, predictor

_ATOMS = {
    "colour": lambda value: {"kind": "colour", "colours": [value]},
    "texture": lambda value: {"kind": "texture", "textures": [value]},
    "pattern": lambda value: {"kind": "texture", "textures": [value]},
    "size": lambda value: {"kind": "size", "sizes": [value]},
    "place": lambda value: {"kind": "place", "places": [value]},
    "name": lambda value: {"kind": "object", "names": value.split()},
}
_NOTHING = ("skip", "ground", "before", "link", "number", "relation")


def wanted_picture(lab: Lab, what: Given) -> Wanted:
    """What is looked for in pictures.

    Raises:
        UsageError: if it is nothing, an unknown id, or words that no drawn picture knows.
    """
    if isinstance(what, Mapping):
        return Wanted(predictor(lab, what), "")
    text = what if isinstance(what, str) else ", ".join(map(str, what))
    if text.strip()[:1] == "{":
        return Wanted(predictor(lab, text), "")
    if text.strip() in lab.hypotheses:
        return Wanted(parse(known(lab, text.strip())), "")
    words = re.findall(r"[a-z]+", text.lower())
    atoms: list[dict[str, Any]] = []
    settings: list[str] = []
    unread: list[str] = []
    for spoken, word in _read(words):
        if word is None:
            unread.append(spoken)
        elif word.sort == "setting":
            settings.append(word.value)
        elif word.sort in _ATOMS and word.value:
            atoms.append(_ATOMS[word.sort](word.value))
    if not atoms and not settings:
        near = nearest(" ".join(unread), single_words()) if unread else "red, cats, striped, snow"
        raise UsageError(
            f"what should the units respond to? '{text[:40]}' names nothing that pictures are read "
            f"for; nearest: {near}; or pass a predictor as JSON, or active windows"
        )
    note = f"not understood: {', '.join(unread)}" if unread else ""
    return Wanted(parse(_whole(atoms, settings)), note)


def _whole(atoms: list[dict[str, Any]], settings: list[str]) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    if len(atoms) == 1:
        parts += atoms
    elif atoms:
        parts.append({"kind": "thing", "of": atoms})
    if settings:
        parts.append({"kind": "background", "names": settings})
    return parts[0] if len(parts) == 1 else {"kind": "and", "of": parts}


def _read(words: list[str]) -> list[tuple[str, Word | None]]:
    """The longest known phrases, from left to right; None: unknown."""
    known_words = vocabulary()
    out: list[tuple[str, Word | None]] = []
    at = 0
    while at < len(words):
        for size in range(min(longest(), len(words) - at), 0, -1):
            word = known_words.get(tuple(words[at : at + size]))
            if word is not None or size == 1:
                if word is None or word.sort not in _NOTHING:
                    out.append((" ".join(words[at : at + size]), word))
                at += size
                break
    return out
