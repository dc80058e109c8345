"""Checks that JSON out of a file has the shape that the code expects, before anything reads it.

A shape is written as a type: `str`, `int | None`, `list[str]`, `dict[str, Any]`, a `TypedDict`.
Numbers that are expected must be finite; a whole number stands where a fraction may.
"""

import math
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from .errors import UsageError

_WORDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    NoneType: "null",
}


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return _WORDS.get(type(value), type(value).__name__)


def check(value: Any, shape: Any, where: str) -> Any:
    """The value, if it has the shape.

    Args:
        value: What `json.loads` gave.
        shape: The type that it must have.
        where: The file, with the line where there are several; for the message.

    Raises:
        UsageError: names the file, the place in it, what is there and what must be there.
    """
    wrong = fault(value, shape)
    if wrong is not None:
        raise UsageError(f"{where}: {wrong}")
    return value


def fault(value: Any, shape: Any, path: str = "") -> str | None:
    """What is wrong with a value, such as `units[2] is null, not a text`; None: nothing."""
    origin = get_origin(shape)
    if shape is Any:
        return None
    if origin is NotRequired:
        return fault(value, get_args(shape)[0], path)
    if origin in (Union, UnionType):
        found = [fault(value, inner, path) for inner in get_args(shape)]
        if None in found:
            return None
        near = [one for one in found if one and not one.startswith(f"{path or 'it'} is ")]
        return near[0] if near else _not(value, shape, path)
    if is_typeddict(shape):
        return _object(value, shape, path)
    plain = origin or (NoneType if shape is None else shape)
    if plain in (dict, Mapping):
        if not isinstance(value, dict):
            return _not(value, dict, path)
        inner = (get_args(shape) or (Any, Any))[1]
        return _first(value.items(), inner, path, "{}.{}")
    if plain is list:
        if not isinstance(value, list):
            return _not(value, list, path)
        return _first(enumerate(value), (get_args(shape) or (Any,))[0], path, "{}[{}]")
    if plain is float:
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        return None if good and math.isfinite(value) else _not(value, float, path)
    good = isinstance(value, plain) and (plain is bool or not isinstance(value, bool))
    return None if good else _not(value, plain, path)


def _object(value: Any, shape: Any, path: str) -> str | None:
    if not isinstance(value, dict):
        return _not(value, dict, path)
    for name, inner in get_type_hints(shape, include_extras=True).items():
        here = f"{path}.{name}" if path else name
        if name not in value:
            if name in shape.__required_keys__:
                return f"{here} is missing"
            continue
        wrong = fault(value[name], inner, here)
        if wrong is not None:
            return wrong
    return None


def _first(items: Any, shape: Any, path: str, form: str) -> str | None:
    """The fault of the first item that has one."""
    if shape is Any:
        return None
    found = (fault(item, shape, form.format(path, key).lstrip(".")) for key, item in items)
    return next((one for one in found if one is not None), None)


def _not(value: Any, shape: Any, path: str) -> str:
    kinds = get_args(shape) if get_origin(shape) in (Union, UnionType) else (shape,)
    wanted = " or ".join(_WORDS.get(get_origin(kind) or kind, "an object") for kind in kinds)
    return f"{path or 'it'} is {kind_of(value)}, not {wanted}"
