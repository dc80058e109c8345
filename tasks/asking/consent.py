"""Which calls cost so much that a person is asked first, and what they would cost."""

import time
from collections.abc import Mapping
from typing import Any

from ...tools.errors import UsageError
from ...tools.lab import Lab, measure
from ...tools.unit_search import sites_of

PASSES = {
    "find_units": 1.0,
    "survey_sites": 1.0,
    "compare_units": 3.0,
    "alike_units": 2.0,
    "check_on": 1.5,
    "investigate_unit": 4.0,
    "unit_effect": 3.0,
    "output_effect": 1.0,
    "similar_units": 3.0,
}
"""About how often a tool reads the exploration corpus."""
LONG = 60.0
"""Seconds from which a call is asked about."""
_LETTERS = 4  # a token
_FASTER = 5.0  # a sweep than as many whole passes
_TIMED = 16  # rows that are timed


def cost(lab: Lab, tool: str, arguments: Mapping[str, Any]) -> str | None:
    """What a call would cost, in words; None where it is cheap.

    Args:
        lab: The bench; its speed is measured once, where a call might be long.
        tool: The tool's name.
        arguments: The call's arguments.
    """
    passes = PASSES.get(tool, 0.0)
    if tool == "sweep_units":
        passes = _swept(lab, arguments) / max(1, int(lab.explore.attended.sum()))
    if not passes:
        return None
    seconds = passes * _pass_seconds(lab)
    return f"about {_duration(seconds)} of computing" if seconds >= LONG else None


def _swept(lab: Lab, arguments: Mapping[str, Any]) -> float:
    """Tokens that a sweep reads, about; it begins each run at the block that it changes."""
    try:
        names = sites_of(lab.target, arguments.get("sites"))
    except (UsageError, AttributeError, TypeError):
        return 0.0  # the call itself will say what is wrong
    units = sum(lab.target.sites[name].units for name in names)
    letters = sum(len(str(prompt)) for prompt in arguments.get("prompts") or [])
    return units * (letters / _LETTERS) / _FASTER


def _pass_seconds(lab: Lab) -> float:
    """Seconds of one forward pass over explore, from a few of its rows."""
    if "pass seconds" not in lab.memo:
        site = next(iter(lab.target.sites))
        rows = lab.explore.rows(slice(0, _TIMED))
        started = time.monotonic()
        measure(lab.target, rows, [lab.target.unit(f"{site}/0")])
        taken = time.monotonic() - started
        lab.memo["pass seconds"] = taken * len(lab.explore) / max(1, len(rows))
    return lab.memo["pass seconds"]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
