"""Confidence over the planted units of several runs: one run hardly has enough that are wrong."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...tools.errors import UsageError
from .planner_run import read_records
from .summary import of_confidence

TIERS = ("A", "B", "C", "M")


def pooled_confidence(folders: Sequence[Path], tiers: Sequence[str] = TIERS) -> dict[str, Any]:
    """What `summary.of_confidence` says of the units of some tiers in several runs together.

    Args:
        folders: Of `evaluate planner`. A unit of a bench (seed and tier) counts once, as in the
            first folder that has it: a seed that was run twice is no further evidence.
        tiers: Whose units count.

    Raises:
        UsageError: if a folder has no records, or a tier is unknown.
    """
    if not tiers or not set(tiers) <= set(TIERS):
        raise UsageError(f"--tiers takes {','.join(TIERS)}, not {','.join(tiers)}")
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for folder in folders:
        records = list(read_records(folder))
        if not records:
            raise UsageError(f"{folder} has no records of 'evaluate planner' (units-SEED-TIER)")
        for record in records:
            found.setdefault((record["bench"], record["unit"]), record)
    return of_confidence([r for r in found.values() if r["tier"] in tiers])
