"""Which calls cost so much that a person has to approve them, and what they would cost.

The cost is counted and not timed, so that it is the same each time it is asked for: the operations
of a forward pass over explore (counted on a few rows, whatever the network is) times the passes
that a tool makes.
"""

from collections.abc import Mapping
from typing import Any

from torch.utils.flop_counter import FlopCounterMode

from ...tools.activations.selectivity import sites_of
from ...tools.errors import UsageError
from ...tools.lab import Lab, measure

PASSES = {
    "find_units": 1.0,
    "survey_sites": 1.0,
    "compare_units": 3.0,
    "alike_units": 2.0,
    "check_on": 1.5,
    "investigate_unit": 4.0,
    "unit_effect": 3.0,
    "similar_units": 3.0,
}
"""About how often a tool reads the exploration corpus."""
LONG = 60.0
"""Seconds from which a call is asked about."""
_LETTERS = 4  # a token
_FASTER = 5.0  # a sweep than as many whole passes
_COUNTED = 4  # rows whose operations are counted
_A_SECOND = {"cpu": 2e10}
"""Operations a second: one core does 1e10 on networks of 1e5 weights and 4e10 on those of 2e7."""
_ACCELERATED = 2e12  # on anything else: a hundredth of what such devices reach on large matrices


def cost(lab: Lab, tool: str, arguments: Mapping[str, Any]) -> str | None:
    """What a call would cost, in words; None where it is cheap.

    Args:
        lab: The lab; what a pass costs is counted once, where a call might be long.
        tool: The tool's name.
        arguments: The call's arguments.
    """
    passes = PASSES.get(tool, 0.0)
    if tool == "sweep_units":
        passes = _swept(lab, arguments) / max(1, int(lab.explore.attended.sum()))
    if not passes:
        return None
    rate = _A_SECOND.get(lab.target.device.type, _ACCELERATED)
    seconds = passes * _pass_operations(lab) / rate
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


def _pass_operations(lab: Lab) -> float:
    """Operations of one forward pass over explore, counted on a few of its rows."""
    if "pass operations" not in lab.memo:
        site = list(lab.target.sites)[-1]  # the last, so that the whole network runs
        rows = lab.explore.rows(slice(0, _COUNTED))
        with FlopCounterMode(display=False) as counter:
            measure(lab.target, rows, [lab.target.unit(f"{site}/0")])
        each = counter.get_total_flops() / max(1, int(rows.attended.sum()))
        lab.memo["pass operations"] = each * int(lab.explore.attended.sum())
    return lab.memo["pass operations"]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
