"""The grammar of predictors as a planner reads it: one line a kind, made from the pydantic models.

    words {words: [text], inflect=false}  Every token of these words, ...

Fields and defaults come from a model's JSON schema, the meaning from the first paragraph of its
docstring, so that what is said is what `parse` takes.
"""

import inspect
from functools import cache
from typing import Any

from .core import Predicate
from .parsing import (
    ALGORITHM_KINDS,
    CLASSES,
    MOST_DEPTH,
    MOST_ITEMS,
    MOST_NODES,
    PICTURE_KINDS,
    TEXT_FORMS,
)

_AHEAD = ("next", "later")
"""Kinds that look ahead: a causal model cannot, so its units are not described by them."""
_FILLED = {"concept": ("words",)}
"""Fields of a model that `parse` fills in where they are left out."""
_WRITTEN = {
    CLASSES["like"]: "{windows: [integer]}",
    CLASSES["judged"]: "{statement: text}",
    CLASSES["computed"]: "{code: text, low?, high?, equals?}",
    CLASSES["field"]: "{name: text, op: =|!=|>|>=|<|<=|level, value?: text, number or a list}",
    TEXT_FORMS[
        "like"
    ]: "{examples?: [{text: text, place?: text}], unlike?: the same, statement?: text, n=16}",
}
"""How a kind is written whose model holds what is measured of that."""
_CORE = ("and", "or", "not", "except", "graded", "scaled")

_NOTES = {
    "causal": "A word holds at the token that completes it. What looks ahead is refused: a place "
    "sees only what came before it.",
    "encoder": "A word split into tokens holds on each; with shape word_start on the first.",
}
_WRITTEN_AS = "Shapes are of words as written, also on uncased models."

TEXT_EXAMPLE = (
    "'bank' behind a river word in its sentence, at .4 any form of 'shore':",
    '{"kind":"graded","levels":[{"value":1,"of":{"kind":"and","of":[{"kind":"words","words":["bank"]},'
    '{"kind":"earlier","of":{"kind":"words","words":["river","stream"]},"since":{"kind":"tokens",'
    '"tokens":["."]}}]}},{"value":0.4,"of":{"kind":"words","words":["shore"],"inflect":true}}]}',
)
SYMBOL_EXAMPLE = (
    "'b' right behind 'a', and at .4 any later 'b':",
    '{"kind":"graded","levels":[{"value":1,"of":{"kind":"and","of":[{"kind":"tokens","tokens":["b"]},'
    '{"kind":"previous","of":{"kind":"tokens","tokens":["a"]}}]}},{"value":0.4,"of":{"kind":"and",'
    '"of":[{"kind":"tokens","tokens":["b"]},{"kind":"earlier","of":{"kind":"tokens","tokens":["a"]}}]}}'
    "]}",
)
PICTURE_EXAMPLE = (
    "a red cat, but not before the sea:",
    '{"kind":"except","of":{"kind":"thing","of":[{"kind":"colour","colours":["red"]},'
    '{"kind":"object","names":["cat"]}]},"but":{"kind":"background","names":["sea"]}}',
)


def of_symbols(meanings: tuple[str, ...]) -> bool:
    """Whether texts are of symbols rather than words."""
    return set(ALGORITHM_KINDS) <= set(meanings)


def kinds(target_kind: str, meanings: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The kinds of predictors for a target: `causal`, `encoder`, `module`, `image` or `numbers`.

    Args:
        target_kind: The target's.
        meanings: Kinds that need something that is there: another network, a vocabulary of
            symbols; `Lab.meanings`.
    """
    if target_kind == "numbers":
        return ("coordinates", "field", "computed", *_CORE)
    if target_kind == "image":
        return (*PICTURE_KINDS, *meanings, *_CORE)
    left_out = (
        *PICTURE_KINDS,
        *ALGORITHM_KINDS,
        "attends",
        "judged",
        "field",
        "coordinates",
        *(_AHEAD if target_kind == "causal" else ()),
        *(("concept",) if of_symbols(meanings) else ()),
    )
    return (*(kind for kind in CLASSES if kind not in left_out), *meanings)


@cache
def grammar(target_kind: str, meanings: tuple[str, ...] = ()) -> str:
    """The predictors for a target of that kind, with the limits and a worked example."""
    pictures = target_kind == "image"
    symbols = of_symbols(meanings)
    title, example = SYMBOL_EXAMPLE if symbols else PICTURE_EXAMPLE if pictures else TEXT_EXAMPLE
    thing = ", T one that describes one thing" if pictures else ""
    head = (
        'JSON {"kind": KIND, field: value, ...}. P stands for a predictor'
        f"{thing}; fields with = or ? may be left out. At most {MOST_NODES} P in all (a list of "
        f"words is one), {MOST_DEPTH} deep, {MOST_ITEMS:,} items a list."
    )
    forms = CLASSES if pictures else {**CLASSES, **TEXT_FORMS}
    lines = [_line(kind, forms[kind]) for kind in kinds(target_kind, meanings)]
    inside = (
        "hypothesis {id: text}  The predictor of that id, such as H1 or P1; anywhere in another."
    )
    plain = pictures or symbols
    notes = [] if plain else [*filter(None, [_NOTES.get(target_kind)]), _WRITTEN_AS]
    return "\n".join([head, *lines, inside, *notes, f"Example, {title}", example])


def _line(kind: str, cls: type[Predicate]) -> str:
    schema = cls.model_json_schema()
    filled = _FILLED.get(kind, ())
    own = schema.get("$defs", {}).get(cls.__name__, schema)
    known = schema.get("$defs", {})
    fields = [
        _field(name, part, name in own.get("required", ()) and name not in filled, known)
        for name, part in own["properties"].items()
        if name != "kind"
    ]
    meaning = " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split())
    written = _WRITTEN.get(cls, f"{{{', '.join(fields)}}}")
    return f"{kind} {written}  {meaning}"


def _field(name: str, part: dict[str, Any], required: bool, known: dict[str, Any]) -> str:
    value, default = _type(part, known), part.get("default")
    if required:
        return f"{name}: {value}"
    if default in (None, [], ""):
        return f"{name}?: {value}"
    text = str(default).lower() if isinstance(default, bool) else str(default)
    others = [one for one in value.split("|") if one != text] if "|" in value else []
    return f"{name}={'|'.join([text, *others])}"


def _type(part: dict[str, Any], known: dict[str, Any]) -> str:
    """The type of a field in a word."""
    some = [one for one in part.get("anyOf", ()) if one.get("type") != "null"]
    if len(some) == 1:
        return _type(some[0], known)
    if some or "oneOf" in part:
        every = {str(one.get("$ref")).rpartition("/")[2] for one in some or part["oneOf"]}
        return "P" if "Words" in every else "T"
    if "$ref" in part:
        return _object(known[part["$ref"].rpartition("/")[2]], known)
    if "enum" in part:
        return "|".join(map(str, part["enum"]))
    if part.get("type") == "array":
        return f"[{_type(part['items'], known)}]"
    if part.get("type") == "number" and "maximum" in part:
        return f"{part.get('minimum', 0):g}..{part['maximum']:g}"
    return {"string": "text"}.get(str(part.get("type")), str(part.get("type")))


def _object(schema: dict[str, Any], known: dict[str, Any]) -> str:
    inner = [
        _field(name, part, name in schema.get("required", ()), known)
        for name, part in schema.get("properties", {}).items()
    ]
    return f"{{{', '.join(inner)}}}"
