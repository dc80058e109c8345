"""Which numbers fail a sanity test, so that reports can say it beside them.

`tests/benchmarks/bench_scorers.py` measures this anew and compares the two. Scorers' entries are
about the score itself, with a judge that reads perfectly; a real judge only adds to them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Change = Literal["missing", "extra"]
"""The description misses half of what the unit responds to, or claims as much again."""

_SAID: Mapping[Change, str] = {
    "missing": "does not notice a description that misses half of what the unit responds to",
    "extra": "does not notice a description that claims twice as much",
}
FAILING: Mapping[str, tuple[Change, ...]] = MappingProxyType(
    {
        "accuracy": ("missing", "extra"),
        "balanced accuracy": ("extra",),
        "inverse balanced accuracy": ("missing",),
        "auc": ("extra",),
        "mad": ("missing",),
        "precision": ("missing",),
        "recall": ("extra",),
        "top-and-random correlation": ("extra",),
        "detection": ("extra",),
        "fuzzing": ("extra",),
        "fuzzing, f1 at base rate": ("extra",),
        "intruder": ("extra",),
        "intruder, blind": ("missing", "extra"),
        "embedding": ("extra",),
        "surprisal": ("extra",),
        "predictive": ("missing",),
        "predictive, unrelated only": ("missing",),
        "simulation, top and random": ("extra",),
        "output": ("missing", "extra"),
    }
)
"""Sanity tests that a metric or scorer fails, by its name in lower case; others pass both."""


def mark(name: str) -> str | None:
    """What a report says beside a number that fails a sanity test; None for one that passes."""
    failed = FAILING.get(name.lower().replace("_", " "))
    if not failed:
        return None
    return f"{name} fails a sanity test: it " + " and ".join(_SAID[change] for change in failed)
