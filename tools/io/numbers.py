"""Numbers that a user gives: one rule for the options of every verb and their Python twins.

No option takes NaN or infinity. None is negative, but those of `_SIGNED`; those of `_COUNTS` are at
least 1, where 0 would mean to do nothing. Bounds that an option states itself hold besides.
"""

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from ..errors import UsageError

_SIGNED = {"min_score"}  # a correlation
_COUNTS = {"steps", "tokens", "context_length", "concurrency", "k", "sample", "many", "pictures"}
_POSITIVE = {"timeout"}
_LARGEST = 2**63 - 1  # of whole numbers: what torch and numpy take as a seed or a size


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether it is a number, and not true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_numbers(options: Mapping[str, Any]) -> None:
    """Refuses numbers that no option can mean.

    Args:
        options: Options by their Python names; what is no number is let pass.

    Raises:
        UsageError: names the option, what it was given and what it takes.
    """
    for name, value in options.items():
        if not is_number(value):
            continue
        option = f"--{name.removesuffix('_').replace('_', '-')}"
        if not math.isfinite(value) if isinstance(value, float) else abs(value) > _LARGEST:
            given = f"{value}" if isinstance(value, float) else "too large"
            raise UsageError(f"{option} is {given}; it must be a number that can be reached")
        if name in _COUNTS and value < 1:
            raise UsageError(f"{option} is {value}; it must be at least 1")
        if name in _POSITIVE and value <= 0:
            raise UsageError(f"{option} is {value}; it must be above 0")
        if value < 0 and name not in _SIGNED:
            raise UsageError(f"{option} is {value}; it must not be negative")
