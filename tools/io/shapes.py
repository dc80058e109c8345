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
from typing import (
    Any,
    NamedTuple,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from ..errors import UsageError
from .numbers import is_number

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
    wrong = _checker(shape)(value)
    return None if wrong is None else f"{wrong.path.lstrip('.') or 'it'} {wrong.message}"


class _Fault(NamedTuple):
    path: str
    """From the value on: `.units[2]`."""
    message: str


Checker = Callable[[Any], _Fault | None]


@cache
def _checker(shape: Any) -> Checker:
    """What looks for the first fault of a value."""
    origin, inner = get_origin(shape), get_args(shape)
    if shape is Any:
        return lambda value: None
    if origin in (Union, UnionType):
        return _either(shape, [_checker(one) for one in inner])
    if is_typeddict(shape) or is_dataclass(shape):
        return _object([(name, _checker(one), needed) for name, one, needed in _fields(shape)])
    plain = origin or (NoneType if shape is None else shape)
    if plain in (dict, Mapping):
        return _each(dict, inner[1] if inner else Any, lambda value: value.items(), ".{}")
    if plain in (list, tuple):
        return _each(list, inner[0] if inner else Any, enumerate, "[{}]")
    return lambda value: None if _plain(value, plain) else _not(value, plain)


def _either(shape: Any, checkers: list[Checker]) -> Checker:
    def check(value: Any) -> _Fault | None:
        faults = []
        for checker in checkers:
            wrong = checker(value)
            if wrong is None:
                return None
            faults.append(wrong)
        return next((wrong for wrong in faults if wrong.path), _not(value, shape))

    return check


def _object(parts: list[tuple[str, Checker, bool]]) -> Checker:
    def check(value: Any) -> _Fault | None:
        if not isinstance(value, dict):
            return _not(value, dict)
        for name, checker, needed in parts:
            if name not in value:
                if needed:
                    return _Fault(f".{name}", "is missing")
            elif (wrong := checker(value[name])) is not None:
                return _Fault(f".{name}{wrong.path}", wrong.message)
        return None

    return check


def _each(kind: type, shape: Any, items: Callable[[Any], Any], form: str) -> Checker:
    checker = None if shape is Any else _checker(shape)

    def check(value: Any) -> _Fault | None:
        if not isinstance(value, kind):
            return _not(value, kind)
        if checker is None:
            return None
        for key, item in items(value):
            if (wrong := checker(item)) is not None:
                return _Fault(form.format(key) + wrong.path, wrong.message)
        return None

    return check


def _plain(value: Any, kind: type) -> bool:
    if kind is float:
        return is_number(value) and -_LARGEST <= value <= _LARGEST
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _fields(shape: Any) -> list[tuple[str, Any, bool]]:
    """Name, shape, and whether it must be there."""
    hints = get_type_hints(shape)
    if is_typeddict(shape):
        needed = shape.__required_keys__
    else:
        needed = {f.name for f in fields(shape) if (f.default, f.default_factory) == _NEITHER}
    return [(name, inner, name in needed) for name, inner in hints.items()]


def _not(value: Any, shape: Any) -> _Fault:
    kinds = get_args(shape) if get_origin(shape) in (Union, UnionType) else (shape,)
    wanted = " or ".join(_WORDS.get(get_origin(kind) or kind, "an object") for kind in kinds)
    return _Fault("", f"is {kind_of(value)}, not {wanted}")
