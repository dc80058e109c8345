"""What the modular suite finds: a row a neuron, and the sums over rows."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ....tools.statistics.bootstrap import median
from ..functions.blackbox import Answer
from ..functions.scores import Score
from ..functions.suite import mean
from .truth import THRESHOLD

CLEAR = 0.85
"""Share of the variance from which a neuron is nothing but its frequency, or nearly."""


class Row(NamedTuple):
    """One neuron and one seed."""

    seed: int
    neuron: int
    truth: int
    """Its frequency; 0: none."""
    share: float
    said: int | None
    """The frequency that the answer names; None: it names nothing."""
    answer: Answer
    score: Score
    nmse: Mapping[str, float]
    """Of the answer, the baselines and the controls on hidden pairs."""
    seconds: float

    @property
    def right(self) -> bool:
        """Whether the frequency, or that there is none, is exact."""
        return self.said == self.truth and self.score.failed is None


def nmse_of(true: np.ndarray, given: np.ndarray) -> float:
    """Mean squared miss over the variance; 0 for a neuron that never changes and is met."""
    missed, spread = float(np.mean(np.square(true - given))), float(np.var(true))
    return missed / spread if spread > 1e-12 else float(missed > 1e-12)


def record_of(row: Row) -> dict[str, Any]:
    """For the records of a run."""
    return {
        "seed": row.seed,
        "name": f"mlp.0/{row.neuron}",
        "kind": "one frequency" if row.truth else "no frequency",
        "truth": {"frequency": row.truth, "share": round(row.share, 4)},
        "answer": {"frequency": row.said, "words": row.answer.words, "code": row.answer.code},
        "score": {"right": row.right, "nmse": row.nmse, "failed": row.score.failed},
        "seconds": round(row.seconds, 4),
    }


def summed(rows: Sequence[Row], chance: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """The summary.

    Args:
        rows: All neurons and seeds.
        chance: What came of the untrained copies, one a seed.
    """
    failed = Counter(row.score.failed for row in rows if row.score.failed)
    kinds = {
        "one frequency": lambda row: row.truth > 0,
        "one frequency, clear": lambda row: row.truth > 0 and row.share >= CLEAR,
        "no frequency": lambda row: row.truth == 0,
    }
    result: dict[str, Any] = {
        "suite": "modular",
        **_summary(rows),
        "threshold": THRESHOLD,
        "kinds": {
            name: _summary([row for row in rows if holds(row)]) for name, holds in kinds.items()
        },
        "baselines": {
            name: {"nmse": {"unseen": _median(rows, name)}}
            for name in ("constant", "nearest")
            if rows and name in rows[0].nmse
        },
        "failed": sum(failed.values()),
        "reasons": dict(failed.most_common()),
        "seconds": round(sum(row.seconds for row in rows), 2),
    }
    if chance:
        with_one = [row for row in rows if row.truth > 0]
        result["controls"] = {
            "untrained": {
                key: round(float(np.mean([one[key] for one in chance])), 4) for key in chance[0]
            },
            **{
                name: {
                    "exact": _mean(with_one, lambda row, name=name: row.nmse[f"{name} right"]),
                    "nmse": {"unseen": _median(with_one, name)},
                }
                for name in ("shuffled", "random frequency")
            },
        }
    return result


def _summary(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "n": len({row.neuron for row in rows}),
        "exact": _mean(rows, lambda row: float(row.right)),
        "nmse": {"unseen": _median(rows, "answer")},
    }


def _by_neuron(rows: Sequence[Row], value: Callable[[Row], float]) -> list[float]:
    """Averages over seeds."""
    held: dict[int, list[float]] = {}
    for row in rows:
        held.setdefault(row.neuron, []).append(value(row))
    return [float(np.mean(values)) for values in held.values()]


def _mean(rows: Sequence[Row], value: Callable[[Row], float]) -> dict[str, Any]:
    return mean(_by_neuron(rows, value))


def _median(rows: Sequence[Row], name: str) -> dict[str, Any]:
    return dict(median(_by_neuron(rows, lambda row: row.nmse[name]))._asdict())
