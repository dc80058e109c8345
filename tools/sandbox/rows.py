"""Runs a function that a model wrote on rows of tokens; it returns a number for each token."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import UsageError
from .functions import results_of
from .worker import Limits

LIMITS = Limits(seconds=5.0, memory=256 * 2**20)
_TOKENS = 20_000
"""Of rows that share the limits of one run."""


Row = Sequence[Sequence[Any]]
"""What `f` takes: the tokens, and whatever else there is one of a token."""


def numbers_by_token(code: str, rows: Sequence[Row]) -> list[list[float]]:
    """What `f` gives for each row: as many numbers as the row has tokens.

    Args:
        code: Python that defines `f`; nothing in it is trusted.
        rows: The arguments of each.

    Raises:
        UsageError: in one line, where the function fails, takes too long or too much memory, or
            returns anything but one finite number a token.
    """
    out: list[list[float]] = []
    for part in _parts(rows):
        results = results_of(code, [[list(each) for each in row] for row in part], limits=LIMITS)
        if isinstance(results, str):
            raise UsageError(f"the function did not run: {_reason(results)}")
        for row, (error, value) in zip(part, results, strict=True):
            out.append(_numbers(row[0], error, value))
    return out


def _parts(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Rows in order, so many tokens at a time."""
    part: list[Row] = []
    size = 0
    for row in rows:
        part.append(row)
        size += len(row[0])
        if size >= _TOKENS:
            yield part
            part, size = [], 0
    if part:
        yield part


def _reason(failed: str) -> str:
    if failed == "time-out":
        return (
            f"it takes more than {LIMITS.seconds:g} seconds for {_TOKENS:,} tokens or fewer; go "
            "over them once"
        )
    if failed == "memory":
        return f"it takes more than {LIMITS.memory // 2**20} megabytes"
    return failed


def _numbers(row: Sequence[str], error: str | None, value: Any) -> list[float]:
    """The numbers of one row.

    Raises:
        UsageError: if they are none.
    """
    text = "".join(row)
    where = f"on {text[:40]!r}"
    if error is not None:
        raise UsageError(f"the function fails {where}: {error}")
    if not isinstance(value, list | tuple) or len(value) != len(row):
        n = f"{len(value)} values" if isinstance(value, list | tuple) else type(value).__name__
        raise UsageError(
            f"the function returns {n} for {len(row)} tokens {where}; return a list with one "
            "number a token"
        )
    for one in value:
        if not isinstance(one, bool | int | float) or abs(one) > 1e300 or not math.isfinite(one):
            raise UsageError(f"the function returns {str(one)[:40]} {where}; return finite numbers")
    return [float(one) for one in value]
