"""Reads a predicate from JSON: small slips are mended, faults are named by their path in one line.

1. Text is decoded; a code fence around it is dropped.
2. `_mend` walks the data once, against limits of depth and size, and mends what can only mean one
   thing: a string for a one-item list, a list of words for a `words` predicate, a missing `kind`
   that the other fields give away, `capitalized` for `capitalised`.
3. pydantic checks fields and values as a union discriminated by `kind`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_args

from pydantic import Discriminator, Field, Tag, TypeAdapter, ValidationError

from ..errors import UsageError, nearest
from ..io.plain_text import clip
from ..io.strict_json import read_json
from . import algorithms, atoms, context, core, images, looks, patches, pixels
from .attends import Attends
from .brackets import Depth, Partner
from .computed import Computed
from .concepts import resolve
from .core import Predicate
from .fields import DataField
from .inputs import Coordinates
from .judged import Judged
from .like_text import LikeText

MOST_DEPTH = 16
MOST_NODES = 400
MOST_ITEMS = 5_000
MOST_LETTERS = 200
_MOST_TEXT = 1_000_000
_FEWER = "put words that count alike into one words predictor, which is one part"


def _like_form(data: Any) -> str:
    """Which form of `like` is meant: of text where it names a reader, or texts as examples."""
    if isinstance(data, Predicate):
        return "like-text" if isinstance(data, LikeText) else "like-pictures"
    given = data.get("examples")
    first = given[0] if isinstance(given, Sequence) and given else None
    texts = isinstance(first, Mapping) and "text" in first
    return "like-text" if texts or "reader" in data or "unlike" in data else "like-pictures"


AnyPredicate = Annotated[
    atoms.Tokens
    | atoms.Words
    | atoms.Concept
    | atoms.Regex
    | atoms.Shape
    | atoms.Position
    | context.Repeated
    | context.Previous
    | context.Next
    | context.Earlier
    | context.Later
    | context.Count
    | algorithms.Tally
    | algorithms.Extreme
    | Depth
    | Partner
    | algorithms.Arithmetic
    | algorithms.Wave
    | algorithms.Same
    | Coordinates
    | algorithms.Predicted
    | Attends
    | Computed
    | core.And
    | core.Or
    | core.Not
    | core.Except
    | core.Graded
    | core.Scaled
    | Judged
    | DataField
    | images.Object
    | images.Colour
    | images.Textured
    | images.Sized
    | images.Placed
    | images.OneThing
    | images.Number
    | images.Background
    | images.Related
    | pixels.Area
    | looks.PictureClass
    | looks.Look
    | patches.Patch
    | Annotated[
        Annotated[pixels.Like, Tag("like-pictures")] | Annotated[LikeText, Tag("like-text")],
        Discriminator(_like_form),
    ],
    Field(discriminator="kind"),
]
*_single, _ = get_args(get_args(AnyPredicate)[0])
CLASSES: dict[str, type[Predicate]] = {
    cls.model_fields["kind"].default: cls for cls in (*_single, pixels.Like)
}
TEXT_FORMS: dict[str, type[Predicate]] = {"like": LikeText}
"""Kinds that have another form on text than on pictures."""
KINDS = tuple(CLASSES)
PICTURE_KINDS = tuple(kind for kind, cls in CLASSES.items() if issubclass(cls, images.ImageAtom))
"""Kinds that read pictures."""
ALGORITHM_KINDS = (
    "tally",
    "extreme",
    "depth",
    "partner",
    "arithmetic",
    "wave",
    "same",
    "predicted",
)
"""Kinds that planners are told of where the vocabulary is one of symbols."""
core.Level.model_rebuild(_types_namespace={"AnyPredicate": AnyPredicate})
for _class in (*CLASSES.values(), *TEXT_FORMS.values()):
    _class.model_rebuild(_types_namespace={"AnyPredicate": AnyPredicate, "Level": core.Level})
_ADAPTER: TypeAdapter[Predicate] = TypeAdapter(AnyPredicate)

_SAME_KIND = {"token": "tokens", "word": "words", "all": "and", "any": "or", "prev": "previous"}
_SAME_SHAPE = {
    **dict.fromkeys(("capitalized", "title", "titlecase"), "capitalised"),
    **dict.fromkeys(("uppercase", "upper_case", "caps"), "upper"),
    **dict.fromkeys(("lowercase", "lower_case"), "lower"),
    **dict.fromkeys(("digit", "number", "numeric"), "digits"),
    **dict.fromkeys(("punct",), "punctuation"),
    **dict.fromkeys(("non-ascii", "nonascii"), "non_ascii"),
}
_TELLS = {  # a field that only one kind has
    **{"tokens": "tokens", "words": "words", "pattern": "regex", "shape": "shape"},
    **{"levels": "graded", "but": "except", "colours": "colour", "textures": "texture"},
    **{
        "code": "computed",
        "sizes": "size",
        "places": "place",
        "names": "object",
        "relation": "relation",
    },
}


_OF_THINGS = ("object", "colour", "texture", "size", "place")
"""Kinds that say something of one thing."""


def parse(data: Mapping[str, Any] | str | Predicate) -> Predicate:
    """The predicate that this JSON (or its text) means.

    Raises:
        UsageError: one line with the path of the fault and what is valid there.
    """
    if isinstance(data, Predicate):
        return data
    if isinstance(data, str):
        data = _decoded(data)
    mended = _mend(data, "predicate", 1, _Budget())
    try:
        return _ADAPTER.validate_python(mended)
    except ValidationError as error:
        raise UsageError(_one_line(error)) from None


class _Budget:
    """Counts the nodes of one predicate."""

    def __init__(self) -> None:
        self.nodes = 0

    def spend(self, where: str, depth: int) -> None:
        self.nodes += 1
        if depth > MOST_DEPTH:
            raise UsageError(f"the predicate is nested deeper than {MOST_DEPTH}; make it flatter")
        if self.nodes > MOST_NODES:
            raise UsageError(f"{where}: more than {MOST_NODES} parts; {_FEWER}")


def _decoded(text: str) -> Any:
    if len(text) > _MOST_TEXT:
        raise UsageError(f"the predicate's JSON is longer than {_MOST_TEXT:,} characters")
    fenced = re.fullmatch(r"\s*```(?:json)?\s*(.*?)\s*```\s*", text, re.DOTALL)
    try:
        return read_json(fenced[1] if fenced else text)
    except ValueError as error:
        raise UsageError(
            f"the predicate is not JSON ({error}); write an object such as "
            '{"kind": "words", "words": ["cat"]}'
        ) from None


def _mend(data: Any, where: str, depth: int, budget: _Budget) -> Any:
    """The data with harmless slips put right, every node with its kind."""
    budget.spend(where, depth)
    if isinstance(data, Predicate):
        data = data.model_dump()
    if isinstance(data, str) and data.strip():
        return _mend({"kind": "words", "words": [data]}, where, depth, budget)
    if isinstance(data, Sequence) and not isinstance(data, str | bytes) and len(data):
        if all(isinstance(item, str) for item in data):
            return _mend({"kind": "words", "words": list(data)}, where, depth, budget)
        if len(data) == 1:
            return _mend(data[0], where, depth + 1, budget)
        raise UsageError(
            f'{where}: several predicates in a list; join them: {{"kind": "or", "of": [...]}}'
            ' or {"kind": "and", "of": [...]}'
        )
    if not isinstance(data, Mapping):
        raise UsageError(
            f"{where}: expected a predicate, an object with a kind ({', '.join(KINDS)}), "
            f"not {_shown(data)}"
        )
    node: dict[str, Any] = {str(key): value for key, value in data.items()}
    kind = node["kind"] = _kind(node, where)
    text_form = kind == "like" and _like_form(node) == "like-text"
    fields = (TEXT_FORMS if text_form else CLASSES)[kind].model_fields
    for singular, plural in (("word", "words"), ("token", "tokens")):
        if singular in node and plural in fields and plural not in node:
            node[plural] = node.pop(singular)
    for name in node:
        if name not in fields:
            valid = ", ".join(key for key in fields if key != "kind") or "no fields"
            raise UsageError(f"{where}: '{kind}' has no field '{_cut(name)}'; it has: {valid}")
    for name in ("of", "minus", "but", "where", "since", "first", "second"):
        optional = name in ("since", "minus") or kind == "number"
        if name in node and (not optional or node[name] is not None):
            node[name] = _inner(kind, node[name], f"{where}.{name}", depth + 1, budget)
    if kind == "graded" and isinstance(node.get("levels"), Sequence):
        node["levels"] = [
            _level(item, f"{where}.levels[{i}]", depth + 1, budget)
            for i, item in enumerate(node["levels"])
        ]
    for name in ("words", "tokens"):
        if name in node and node[name] is not None:
            node[name] = _strings(name, node[name], f"{where}.{name}")
    if kind == "shape" and isinstance(node.get("shape"), str):
        low = node["shape"].strip().lower().replace(" ", "_")
        node["shape"] = _SAME_SHAPE.get(low, low)
    if kind == "object" and isinstance(node.get("names"), Sequence):
        node = _members(node)
    if kind == "concept" and not node.get("words"):
        node.update(_looked_up(node, where))
    elif kind == "concept" and not node.get("name"):
        node["name"] = resolve(node["words"]).name
    return node


def _kind(node: Mapping[str, Any], where: str) -> str:
    if "kind" not in node:
        named = {kind for field, kind in _TELLS.items() if field in node}
        if "name" in node and named <= {"words"}:
            named = {"concept"}
        if len(named) == 1:
            return named.pop()
        raise UsageError(f"{where}: no 'kind'; it is one of: {', '.join(KINDS)}")
    kind = node["kind"]
    low = kind.strip().lower() if isinstance(kind, str) else ""
    low = _SAME_KIND.get(low, low)
    if low not in CLASSES:
        close = nearest(low, KINDS, most=1) if low else ""
        hint = f" (nearest: {close})" if close else ""
        raise UsageError(f"{where}.kind: {_shown(kind)} is not one of: {', '.join(KINDS)}{hint}")
    return low


def _inner(kind: str, value: Any, where: str, depth: int, budget: _Budget) -> Any:
    if kind not in ("and", "or", "thing"):
        return _of_thing(kind, _mend(value, where, depth, budget), where)
    if isinstance(value, Mapping | str | Predicate):
        value = [value]
    if not isinstance(value, Sequence) or not len(value):
        raise UsageError(f"{where}: expected a list of predicates, not {_shown(value)}")
    if len(value) > MOST_NODES:
        raise UsageError(f"{where}: {len(value):,} parts, more than {MOST_NODES}; {_FEWER}")
    return [
        _of_thing(kind, _mend(item, f"{where}[{i}]", depth, budget), f"{where}[{i}]")
        for i, item in enumerate(value)
    ]


def _of_thing(kind: str, node: dict[str, Any], where: str) -> dict[str, Any]:
    """A part of what describes one thing.

    Raises:
        UsageError: if it does not describe one thing, such as `not`.
    """
    allowed = _OF_THINGS + (() if kind == "thing" else ("thing",))
    if kind in ("thing", "number", "relation") and node["kind"] not in allowed:
        raise UsageError(
            f"{where}.kind: '{node['kind']}' cannot stand in a {kind}, which takes "
            f"{', '.join(allowed)}. One thing that is not so: list the values that it may have; "
            f'no such thing: {{"kind": "not", "of": {{"kind": "{kind}", ...}}}}'
        )
    return node


def _level(item: Any, where: str, depth: int, budget: _Budget) -> Any:
    if not isinstance(item, Mapping) or "of" not in item:
        raise UsageError(f'{where}: expected {{"of": predicate, "value": 0.5}}, not {_shown(item)}')
    return {**item, "of": _mend(item["of"], f"{where}.of", depth, budget)}


def _strings(name: str, value: Any, where: str) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if isinstance(items, Mapping) or not isinstance(items, Sequence | set | frozenset):
        raise UsageError(f"{where}: expected a list of {name}, not {_shown(value)}")
    if not items:
        raise UsageError(f"{where}: an empty list; give at least one of the {name}")
    if len(items) > MOST_ITEMS:
        raise UsageError(f"{where}: {len(items):,} items, more than {MOST_ITEMS:,}")
    out: dict[str, None] = {}
    for i, item in enumerate(items):
        if isinstance(item, int) and not isinstance(item, bool):
            item = str(item)
        if not isinstance(item, str):
            raise UsageError(f"{where}[{i}]: expected a string, not {_shown(item)}")
        if len(item) > MOST_LETTERS:
            raise UsageError(f"{where}[{i}]: longer than {MOST_LETTERS} characters")
        text = item.strip() if name == "words" else _surface(item)
        if not text or (name == "words" and not atoms.has_word(text)):
            raise UsageError(f"{where}[{i}]: {_shown(item)} holds no visible character")
        out[text] = None
    return list(out)


def _surface(token: str) -> str:
    """A token as its surface text: tokenizers' own marks for a space or a word's inside go."""
    if token[:1] in ("Ġ", "▁"):
        return " " + token[1:]
    return token[2:] if re.match(r"##\w", token) else token


def _looked_up(node: Mapping[str, Any], where: str) -> dict[str, Any]:
    name = node.get("name")
    if not isinstance(name, str) or not name.strip():
        raise UsageError(f"{where}: a concept needs a name, or words, or both")
    try:
        result = resolve(name)
    except UsageError as error:
        raise UsageError(f"{where}.name: {error}; or give the words yourself") from None
    return {"name": result.name, "words": list(result.words), "part": result.part}


def _members(node: dict[str, Any]) -> dict[str, Any]:
    """An object whose names may be groups of things, with their members instead."""
    from ..scenes.things import GROUPS

    given = [node["names"]] if isinstance(node["names"], str) else node["names"]
    names = [
        member
        for name in given
        for member in (GROUPS.get(name, (name,)) if isinstance(name, str) else (name,))
    ]
    groups = [name for name in given if isinstance(name, str) and name in GROUPS]
    name = node.get("name") or (groups[0] if len(given) == len(groups) == 1 else None)
    return {**node, "names": list(dict.fromkeys(names)), "name": name}


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    path, tag_next = "predicate", True  # the location holds the kind of every node on the way
    for step in first["loc"]:
        if isinstance(step, int):
            path += f"[{step}]"
        elif tag_next:
            tag_next = False
        elif step.startswith("like-"):
            continue
        else:
            path += f".{step}"
            tag_next = step in ("of", "minus", "but", "where", "since")
    message = first["msg"].removeprefix("Value error, ").replace("\n", " ")
    given = first.get("input")
    plain = given is None or isinstance(given, str | int | float)
    tail = _shown(given) if plain else ""
    if first["type"] == "missing":
        return f"{path}: missing, and needed"
    return f"{path}: {message}" + (f" (got {tail})" if tail and tail not in message else "")


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float):
        return {None: "null", True: "true", False: "false"}.get(value, str(value)[:40])
    if isinstance(value, str):
        return f"'{_cut(value)}'"
    return f"a {'list' if isinstance(value, Sequence) else type(value).__name__}"


def _cut(text: str) -> str:
    return clip(" ".join(text.split()), 40, "...")
