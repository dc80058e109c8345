"""Fields of the data, asked for in plain words: `field label = 1`, `field length > 8`, `balance`.

A name alone means the number itself, or a value of yes or no; of several words it must be said
which.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..data.fields import distinct, field_named, written
from ..errors import UsageError
from ..lab import Lab
from ..predicates import Predicate, parse
from ..predicates.fields import level

_ASKED = re.compile(
    r"(?:the )?fields? +(?P<name>[^=<>!]+?)"
    r"(?:\s*(?P<op>==?|!=|>=|<=|>|<|\bis not\b|\bis\b)\s*(?P<value>.+))?",
    re.IGNORECASE,
)
_APART = re.compile(r"(?:examples with )?(?P<name>\w+) (?P<value>\S+) (?:from|against) .+")
"""`label 1 from 0`."""
_SAME = {"==": "=", "is": "=", "is not": "!="}
_SHOWN = 8


def field_asked(lab: Lab, text: str) -> Predicate | None:
    """The predicate of `field NAME` or `field NAME > VALUE`; None where no field is asked for.

    Raises:
        UsageError: if the data have no such field, or no such value of it.
    """
    match = _ASKED.fullmatch(text.strip())
    if match is None:
        return None
    name = match["name"].strip(" '\"")
    values = field_named(lab.explore.fields, name, "the data")[lab.explore.counted]
    if match["op"] is None:
        return _alone(lab, name, values)
    op = _SAME.get(match["op"].lower(), match["op"])
    asked = [_value(part) for part in re.split(r"\s*(?:,|\bor\b)\s*", match["value"])]
    one = parse(
        {"kind": "field", "name": name, "op": op, "value": asked[0] if len(asked) == 1 else asked}
    )
    degrees = one.evaluate(lab.explore)[lab.explore.counted]
    if not degrees.any() or degrees.all():
        every = "never" if not degrees.any() else "always"
        raise UsageError(f"{one.english()} holds {every}; field {name} {_range(values)}")
    return one


def field_mentioned(lab: Lab, text: str) -> Predicate | None:
    """The field whose name a phrase ends with ("the total balance"), of which it tells one value
    from another ("label 1 from 0"), or that it compares ("label = 1"); None: there is none."""
    known: Mapping[str, np.ndarray] = lab.explore.fields
    compared = _ASKED.fullmatch(f"field {text.strip()}")
    if compared is not None and compared["name"] in known:
        return field_asked(lab, f"field {text.strip()}")
    apart = _APART.fullmatch(text.strip())
    if apart is not None and apart["name"] in known:
        return field_asked(lab, f"field {apart['name']} = {apart['value']}")
    words = re.findall(r"[\w-]+", text.lower())
    for start in range(len(words)):
        for glue in (" ", "_", "-"):
            for name in known:
                if name.lower() == glue.join(words[start:]):
                    return field_asked(lab, f"field {name}")
    return None


def _alone(lab: Lab, name: str, values: np.ndarray) -> Predicate:
    kinds = distinct(values)
    if len(kinds) < 2:
        raise UsageError(f"field {name} is always {written(kinds[0])}: nothing can go with it")
    node: dict[str, Any] = {"kind": "field", "name": name}
    if values.dtype != object and len(kinds) > 2:
        return parse(level(lab.explore, name))
    if len(kinds) == 2:
        return parse({**node, "value": kinds[-1]})
    raise UsageError(f"field {name} {_range(values)}: say which, such as field {name} = {kinds[0]}")


def _range(values: np.ndarray) -> str:
    """What a field holds, in words."""
    kinds = distinct(values)
    if values.dtype != object and len(kinds) > _SHOWN:
        return f"lies between {kinds[0]:g} and {kinds[-1]:g}"
    shown = ", ".join(written(kind) for kind in kinds[:_SHOWN])
    return f"is one of: {shown}" + (f" and {len(kinds) - _SHOWN} more" if kinds[_SHOWN:] else "")


def _value(text: str) -> bool | float | str:
    text = text.strip(" '\"“”‘’`")
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        return text
