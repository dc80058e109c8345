"""Checks that JSON out of a file has the shape that the code expects, before anything reads it.

A shape is written as a type: `str`, `int | None`, `list[str]`, `dict[str, Any]`, a `TypedDict`, a
dataclass (whose tuples are lists in JSON). What a shape does not name may be there too. Numbers
that are expected must be finite; a whole number stands where a fraction may.
"""

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from ..errors import UsageError

_LARGEST = sys.float_info.max  # whole numbers of JSON may be larger, and are no float then
_NEITHER = (MISSING, MISSING)
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


def fault(value: Any, shape: Any) -> str | None:
    """What is wrong with a value, such as `units[2] is null, not a text`; None: nothing."""
    return None if _test(shape)(value) else _fault(value, shape, "")


Test = Callable[[Any], bool]


@cache
def _test(shape: Any) -> Test:
    """Whether values have a shape: the fast way, without a word about what is wrong."""
    origin = get_origin(shape)
    if shape is Any:
        return lambda value: True
    if origin is NotRequired:
        return _test(get_args(shape)[0])
    if origin in (Union, UnionType):
        tests = [_test(inner) for inner in get_args(shape)]
        return lambda value: any(test(value) for test in tests)
    if is_typeddict(shape) or is_dataclass(shape):
        parts = [(name, _test(inner), needed) for name, inner, needed in _fields(shape)]
        return lambda value: (
            isinstance(value, dict)
            and all(
                test(value[name]) if name in value else not needed for name, test, needed in parts
            )
        )
    plain = origin or (NoneType if shape is None else shape)
    inner = get_args(shape)
    if plain in (dict, Mapping):
        of = _test(inner[1]) if inner and inner[1] is not Any else None
        return lambda value: (
            isinstance(value, dict) and (of is None or all(map(of, value.values())))
        )
    if plain in (list, tuple):
        of = _test(inner[0]) if inner and inner[0] is not Any else None
        return lambda value: isinstance(value, list) and (of is None or all(map(of, value)))
    return lambda value: _plain(value, plain)


def _plain(value: Any, kind: type) -> bool:
    if kind is float:
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        return good and -_LARGEST <= value <= _LARGEST
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _fault(value: Any, shape: Any, path: str) -> str | None:
    origin = get_origin(shape)
    if shape is Any:
        return None
    if origin is NotRequired:
        return _fault(value, get_args(shape)[0], path)
    if origin in (Union, UnionType):
        found = [_fault(value, inner, path) for inner in get_args(shape)]
        if None in found:
            return None
        near = [one for one in found if one and not one.startswith(f"{path or 'it'} is ")]
        return near[0] if near else _not(value, shape, path)
    if is_typeddict(shape) or is_dataclass(shape):
        return _object(value, shape, path)
    plain = origin or (NoneType if shape is None else shape)
    if plain in (dict, Mapping):
        if not isinstance(value, dict):
            return _not(value, dict, path)
        inner = (get_args(shape) or (Any, Any))[1]
        return _first(value.items(), inner, path, "{}.{}")
    if plain in (list, tuple):
        if not isinstance(value, list):
            return _not(value, list, path)
        return _first(enumerate(value), (get_args(shape) or (Any,))[0], path, "{}[{}]")
    return None if _plain(value, plain) else _not(value, plain, path)


def _object(value: Any, shape: Any, path: str) -> str | None:
    if not isinstance(value, dict):
        return _not(value, dict, path)
    for name, inner, needed in _fields(shape):
        here = f"{path}.{name}" if path else name
        if name not in value:
            if needed:
                return f"{here} is missing"
            continue
        wrong = _fault(value[name], inner, here)
        if wrong is not None:
            return wrong
    return None


@cache
def _fields(shape: Any) -> list[tuple[str, Any, bool]]:
    """Name, shape, and whether it must be there."""
    hints = get_type_hints(shape, include_extras=True)
    if is_typeddict(shape):
        needed = shape.__required_keys__
    else:
        needed = {f.name for f in fields(shape) if (f.default, f.default_factory) == _NEITHER}
    return [(name, inner, name in needed) for name, inner in hints.items()]


def _first(items: Any, shape: Any, path: str, form: str) -> str | None:
    """The fault of the first item that has one."""
    if shape is Any:
        return None
    found = (_fault(item, shape, form.format(path, key).lstrip(".")) for key, item in items)
    return next((one for one in found if one is not None), None)


def _not(value: Any, shape: Any, path: str) -> str:
    kinds = get_args(shape) if get_origin(shape) in (Union, UnionType) else (shape,)
    wanted = " or ".join(_WORDS.get(get_origin(kind) or kind, "an object") for kind in kinds)
    return f"{path or 'it'} is {kind_of(value)}, not {wanted}"
