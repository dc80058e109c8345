"""Which metrics and scorers notice a description that is wrong (Oikarinen et al. 2025).

Missing labels: the description leaves out half of the places where the unit is active. Extra
labels: it claims as many places again where the unit is not. A number that does not fall then
cannot tell a right description from one that is too narrow, or too broad.

1. A metric is tested on units that are active on a concept, at several base rates: half of its
   labels are dropped at random, or as many are added at random.
2. A scorer is tested on planted units with an oracle for a judge, which believes what it reads; the
   true description also with a judge that answers at random, and with an oracle of which half of
   the answers cannot be read.
3. A test is passed where the number falls by `LEAST` of its value or more, and surely so, at
   *every* base rate and in every group of planted units.

What fails is marked in reports (`scorers/marks.py`); the benchmark counts the marks that differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np
from neuroscribe.tasks.evaluation.scorers import SCORERS
from neuroscribe.tasks.evaluation.scorers.contract import Case, Panel, Score
from neuroscribe.tasks.scoring.sanity_marks import FAILING, Change

from tests.support.oracles import Sometimes, Unreadable, oracle_panel, random_panel
from tests.support.scorer_bench import PLAN, SanityBench, sanity_bench

from .bench import Measure
from .metrics import METRICS, Data

LEAST = 0.05
"""Of its value with the true description, that a number must lose."""
RATES = (0.1, 0.03, 0.01, 0.003)
INPUTS = 40_000
TRIALS = 8
CHANGES: tuple[Change, ...] = ("missing", "extra")


class Fall(NamedTuple):
    """How much a number falls when the description is made worse, as a share of its value.

    That of the group of trials in which it falls least: where it fails, if it does.
    """

    fall: float
    low: float
    high: float
    """95% of the mean, over trials."""
    by: dict[str, float]
    """Mean fall by base rate, or by group of units."""

    @property
    def passes(self) -> bool:
        """Whether the number notices."""
        return self.fall >= LEAST and self.low > 0


class Sanity(NamedTuple):
    """What a metric or scorer does under both changes."""

    true: float
    """Mean value with the true description."""
    missing: Fall
    extra: Fall

    @property
    def passes(self) -> bool:
        """Whether it notices both changes."""
        return self.missing.passes and self.extra.passes

    @property
    def failing(self) -> tuple[Change, ...]:
        """The tests that it fails."""
        return tuple(name for name in CHANGES if not getattr(self, name).passes)


def falls(true: Sequence[float], changed: Sequence[float]) -> np.ndarray:
    """`[trial]`: 1 - changed / true."""
    return 1 - np.asarray(changed, float) / np.maximum(np.asarray(true, float), 1e-9)


def least_fall(by: dict[str, np.ndarray]) -> Fall:
    """The mean fall of the group that falls least, with its interval.

    Args:
        by: Falls of the trials of each group, `[trial]`.
    """
    means = {name: float(values.mean()) for name, values in by.items()}
    chosen = by[min(means, key=lambda name: means[name])]
    error = chosen.std(ddof=1) / np.sqrt(len(chosen)) if len(chosen) > 1 else 0.0
    middle = float(chosen.mean())
    return Fall(middle, float(middle - 1.96 * error), float(middle + 1.96 * error), means)


def metric_sanity(*, seed: int = 0) -> dict[str, Sanity]:
    """Every metric under both tests."""
    values: dict[str, dict[str, dict[str, list[float]]]] = {}
    for rate in RATES:
        for trial in range(TRIALS):
            rng = np.random.default_rng([seed, round(1e6 * rate), trial])
            for change, data in _trial(rate, rng).items():
                for name, metric in METRICS.items():
                    kept = values.setdefault(name, {}).setdefault(change, {})
                    kept.setdefault(f"{rate:g}", []).append(metric(data))
    return {name: sanity_of(found) for name, found in values.items()}


def sanity_of(found: dict[str, dict[str, list[float]]]) -> Sanity:
    """From values by change (`true`, `missing`, `extra`) and group of trials."""
    true = found["true"]
    by = {
        change: {group: falls(true[group], found[change][group]) for group in true}
        for change in CHANGES
    }
    mean = float(np.mean([value for values in true.values() for value in values]))
    missing, extra = (least_fall(by[change]) for change in CHANGES)
    return Sanity(mean, missing, extra)


def _trial(rate: float, rng: np.random.Generator) -> dict[str, Data]:
    """One unit that is active on a concept, with the concept's labels true and changed."""
    concept = np.zeros(INPUTS, bool)
    concept[rng.choice(INPUTS, round(rate * INPUTS), replace=False)] = True
    noise = np.maximum(rng.normal(0, 0.06, INPUTS), -0.17)
    activation = np.where(concept, rng.uniform(0.5, 2.5, INPUTS), noise)
    active = activation > 0.4
    there, absent = np.flatnonzero(concept), np.flatnonzero(~concept)
    missing, extra = concept.copy(), concept.copy()
    missing[rng.choice(there, len(there) // 2, replace=False)] = False
    extra[rng.choice(absent, len(there), replace=False)] = True
    labels = {"true": concept, "missing": missing, "extra": extra}
    return {name: Data(activation, active, label, rng) for name, label in labels.items()}


class Row(NamedTuple):
    """What one scorer does."""

    sanity: Sanity
    random: float | None
    """Mean value with the true description and a judge that answers at random."""
    nonsense: float | None
    """Mean value with the true description and an oracle that is unreadable half of the time."""
    failed: float | None
    """Share of its answers that the score says could not be read."""


def scorer_sanity(
    bench: SanityBench, *, names: Sequence[str] | None = None, trials: int = 3, seed: int = 0
) -> dict[str, Row]:
    """Every scorer on every subject; parts that are scores of their own are rows as well."""
    values: dict[str, dict[str, dict[str, list[float]]]] = {}
    shares: dict[str, list[float]] = {}
    for name in names or SCORERS:
        for number, trial in product(range(len(bench.subjects)), range(trials)):
            scores = _scores(bench, name, number, [seed, trial, number])
            if any(score.value is None for score in scores.values()):
                continue
            for change, score in scores.items():
                for row, value in _rows(name, score):
                    kept = values.setdefault(row, {}).setdefault(change, {})
                    kept.setdefault(bench.subjects[number].group, []).append(value)
            if "nonsense" in scores:
                spoilt = scores["nonsense"]
                shares.setdefault(name, []).append(spoilt.failed / max(spoilt.n, 1))
    return {
        row: Row(
            sanity_of(found),
            _mean(found.get("random")),
            _mean(found.get("nonsense")),
            float(np.mean(shares[row])) if row in shares else None,
        )
        for row, found in values.items()
    }


def _scores(bench: SanityBench, name: str, number: int, seed: list[int]) -> dict[str, Score]:
    """A scorer's scores of one subject by setting, all over the same items."""
    scorer = SCORERS[name]
    return {
        setting: scorer(case, panel, np.random.default_rng([*seed, 7]))
        for setting, panel, case in _settings(bench, number, seed, scorer.needs)
    }


PARTS = {
    "detection": {"detection, F1 at base rate": ("f1_at_base_rate", "value")},
    "fuzzing": {"fuzzing, F1 at base rate": ("f1_at_base_rate", "value")},
    "simulation": {"simulation, top and random": ("unweighted", "value")},
    "intruder": {"intruder, blind": ("blind", "value")},
    "predictive": {"predictive, unrelated only": ("unrelated", "value")},
}
"""Parts of scores that are tested too, by the names that they get."""


def _rows(name: str, score: Score) -> Iterator[tuple[str, float]]:
    assert score.value is not None
    yield name, score.value
    for row, (part, entry) in PARTS.get(name, {}).items():
        if part in score.parts:
            yield row, score.parts[part][entry]


def _settings(
    bench: SanityBench, number: int, seed: list[int], needs: Sequence[str]
) -> Iterator[tuple[str, Panel, Case]]:
    """Descriptions and panels: the three descriptions with oracles, the true one with others."""
    for change in ("true", "missing", "extra"):
        case = bench.case(number, change)
        oracle = bench.oracle(number, np.random.default_rng([*seed, 1]))
        yield change, oracle_panel(oracle, case.description), case
    if not set(needs) & {"judge", "embedder", "loss", "target"}:
        return
    case = bench.case(number, "true")
    yield "random", random_panel(np.random.default_rng([*seed, 2])), case
    if not set(needs) & {"judge", "target"}:
        return
    rng = np.random.default_rng([*seed, 3])
    panel = oracle_panel(bench.oracle(number, rng), case.description)
    assert panel.judge is not None
    half = Sometimes(panel.judge, Unreadable(rng), share=0.5, rng=rng)
    yield "nonsense", replace(panel, judge=half), case


def _mean(by: dict[str, list[float]] | None) -> float | None:
    values = [value for values in (by or {}).values() for value in values]
    return float(np.mean(values)) if values else None


def run(quick: bool) -> list[Measure]:
    """How many marks differ from what is measured, and by how much each number falls at least."""
    bench = sanity_bench(stories=300, plan=PLAN[::2]) if quick else sanity_bench()
    found = metric_sanity()
    names = ("predicate", "detection") if quick else None
    rows = scorer_sanity(bench, names=names, trials=1 if quick else 3)
    found |= {name: row.sanity for name, row in rows.items()}
    differ = [name for name, one in found.items() if one.failing != FAILING.get(name.lower(), ())]
    note = f"oracle judge; {', '.join(differ)}" if differ else "oracle judge"
    out = [Measure("marks of metrics and scorers that differ", len(differ), "", 0, note=note)]
    for name, one in found.items():
        for change in CHANGES:
            note = "noticed" if change not in one.failing else "not noticed"
            fall = 100 * getattr(one, change).fall
            out.append(Measure(f"{name}: fall with {change} labels", fall, "%", note=note))
    return out
