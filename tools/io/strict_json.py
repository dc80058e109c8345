"""Reads JSON that an endpoint or an LLM wrote: it parses to plain small values, or is a ValueError.

1. Nesting beyond a limit, and integers that no float holds, are refused: they may parse, and
   overflow a stack or a number later.
2. NaN and infinities, which are no JSON but which servers write, become null.
3. Lone surrogates become U+FFFD: no file, database or request takes them.
"""

import json
import math
import re
from typing import Any, NoReturn

DEEPEST = 100
"""Levels of nesting; tool arguments and answers have fewer than ten."""
_DIGITS = 300  # of an integer; a float ends at 308
_LONE = re.compile("[\ud800-\udfff]")


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    Args:
        text: Bytes are read as UTF-8, wrong ones as U+FFFD.

    Raises:
        ValueError: in one line, if it is no JSON or goes beyond a limit.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig", "replace")
    try:
        result = json.loads(text, parse_int=_integer, parse_constant=lambda _: None)
    except RecursionError:
        _refuse_depth()
    return _cleaned(result, DEEPEST)


def without_surrogates(text: str) -> str:
    """The text with U+FFFD in the place of lone surrogates."""
    return _LONE.sub("\ufffd", text)


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _DIGITS:
        raise ValueError(f"it holds an integer of {len(digits):,} digits")
    return int(digits)


def _cleaned(value: Any, levels: int) -> Any:
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not isinstance(value, dict | list):
        return value
    if levels == 0:
        _refuse_depth()
    if isinstance(value, list):
        return [_cleaned(item, levels - 1) for item in value]
    return {without_surrogates(key): _cleaned(item, levels - 1) for key, item in value.items()}


def _refuse_depth() -> NoReturn:
    raise ValueError(f"it is nested more than {DEEPEST} levels deep")


def decoded(value: Any) -> Any:
    """Language models often write a nested value as JSON text: reads it where it is such text."""
    if not isinstance(value, str) or value.strip()[:1] not in ("[", "{"):
        return value
    try:
        return read_json(value)
    except ValueError:
        return value
