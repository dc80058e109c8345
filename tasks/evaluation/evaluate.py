"""The benchmark of a planner, from Python."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ...tools.errors import UsageError, nearest
from ..report.tables import table_html, with_interval
from ..report.usage import spent_words
from .planner_run import Plan, run_planner
from .summary import recovery_rows


@dataclass(frozen=True)
class Evaluation:
    """How often a planner was right on units whose function is known."""

    folder: Path
    """With `evaluation.json`, `report.html` and one line a unit."""
    result: Mapping[str, Any]
    """Everything that was counted; see docs/evaluating.md."""

    @property
    def recovered(self) -> dict[str, Mapping[str, Any]]:
        """By tier: `value, low, high, n` of the units that were recovered."""
        return {tier: entry["recovery"] for tier, entry in self.result["tiers"].items()}

    def _repr_html_(self) -> str:
        """The table of a notebook."""
        names = list(self.result["baselines"])
        rows = (
            [tier, row.kind, str(row.value["n"]), *map(with_interval, (row.value, *row.baselines))]
            for tier in self.result["tiers"]
            for row in recovery_rows(self.result, tier, names)
        )
        return table_html(
            f"{self.result['units']} units, {self.result['failed']} failed",
            ["tier", "kind", "n", "recovered", *names],
            rows,
            notes=[spent_words(self.result["spent"]), f"{self.folder / 'report.html'}"],
            words=2,
        )


def evaluate(
    planner: str = "builtin",
    *,
    seeds: Sequence[int] = (1,),
    out: str | Path,
    processes: int = 0,
    progress: Callable[[int, int], None] | None = None,
    **more: Any,
) -> Evaluation:
    """Measures a planner against units whose function is known.

    Args:
        planner: `builtin` or `openai:MODEL`.
        seeds: Of the benches; from 1000 on: for reports.
        out: The folder; the same call goes on with it.
        processes: Benches at a time; 0: one a core.
        progress: Told of units done and units there are.
        more: Any other field of `Plan`, such as `suite`, `tiers`, `kinds`, `units` or `tokens`.

    Raises:
        UsageError: if something given is unusable; says what and what to do.
    """
    known = {item.name for item in fields(Plan)}
    for name in more:
        if name not in known:
            raise UsageError(f"evaluate has no setting '{name}'; nearest: {nearest(name, known)}")
    plan = Plan(planner=planner, seeds=tuple(seeds), **more)
    folder = Path(out)
    return Evaluation(folder, run_planner(plan, folder, processes=processes, progress=progress))
