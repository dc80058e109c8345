"""Tests hypotheses: their predictors against the unit's activation at every place of explore.

1. Pearson's correlation, with an interval by bootstrap over documents.
2. For "active" (above half of the mean of the top 0.1%) and at each tail (top 10%, 1%, 0.1%):
   AUPRC beside its base rate; F1, precision and recall on half of the documents with the
   prediction threshold that was best on the other half.
3. Mean activation where the predictor holds and where it does not.
4. What it gets wrong: the places where it holds and the unit is not active, lowest first, and the
   places where the unit is active and it does not hold, highest first. Where it has no false alarm,
   the lowest of its hits.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score

from ..activations.records import Flat, activity, flat, full_scale, item
from ..evidence import Result
from ..hypotheses.resolve import Hypothesis, resolve
from ..lab import Lab
from ..models import Unit
from ..registry import UpTo, tool
from ..render.text import MARKS, STARTS, number, snippet
from ..statistics.association import pearson
from ..statistics.bootstrap import Resampler, correlations
from ..statistics.bootstrap import interval as interval_of
from .survey import TAILS

HEADLINE = "half"
"""The tail whose numbers are said: see `activity`."""
_DRAWS = 200
_STREAM = 0x7E57
"""Of the bootstrap's draws: the same in every call, so that a predictor keeps its interval."""
_APART = 3  # hypotheses of one call that are shown at length
_LEVELS = 9  # of a predictor that are told one by one
HOLDS = 0.5
"""The degree from which a predictor holds."""


class Tail(NamedTuple):
    """How well a predictor finds the places above one threshold."""

    threshold: float
    base_rate: float
    auprc: float | None
    f1: float | None
    precision: float | None
    recall: float | None


@tool(name="test_hypotheses", needs=("text",))
def compare(
    lab: Lab,
    hypotheses: list[str | dict[str, Any]] | None = None,
    unit: str | None = None,
    *,
    examples: Annotated[int, UpTo(8, 0)] = 3,
) -> Result:
    """Tests hypotheses at every place of explore, and shows their largest false alarms and misses.

    Args:
        hypotheses: Ids (H1) or predictors; left out: all recorded.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        examples: How many of each to show; at most 2 from four hypotheses on.
    """
    chosen = lab.chosen(unit)
    data = flat(lab, chosen)
    given = resolve(lab, hypotheses)
    few, bar = examples if len(given) <= _APART else min(examples, 2), activity(data.values)
    cut = f"Note: {few} examples of each, as there are {len(given)} hypotheses."
    errors: dict[tuple[str, int], list[str]] = {}
    tests: list[dict[str, Any]] = []
    rows: list[str] = []
    measured: list[dict[str, Any]] = []
    for hypothesis in given:
        degrees = hypothesis.evaluate(lab.explore)[data.window, data.place]
        found = tested(data, degrees, lab.explore.document, stream(lab))
        said, off = degrees >= HOLDS, data.values <= bar
        alarms = _worst(lab, data, np.where(said & off, -data.values, -np.inf), few)
        weak = (
            []
            if (said & off).any()
            else _worst(lab, data, np.where(said, -data.values, -np.inf), min(few, 2))
        )
        misses = _worst(lab, data, np.where(~said & ~off, data.values, -np.inf), few)
        tails = {key: tail._asdict() for key, tail in found["tails"].items()}
        headline = found["tails"][HEADLINE]
        tests.append(
            {
                "id": hypothesis.id,
                "english": hypothesis.english,
                "predictor": hypothesis.predicate.model_dump(),
                **{key: value for key, value in found.items() if key != "tails"},
                **{key: value for key, value in headline._asdict().items() if key != "threshold"},
                "tails": tails,
            }
        )
        rows.extend(told(hypothesis, found, data.values, degrees))
        if found["holds"] and not (said & off).any():
            rows.append("  no false alarms on explore; what may suppress it there, scan can tell")
        elif found["holds"] and data.values[said].min() > bar / 2:
            rows.append(f"  no clear false alarms, none below {number(bar / 2)}")
        if (~off).any() and not (~said & ~off).any():
            rows.append(f"  no misses above {number(bar)}")
        for name, places in (("false alarm", alarms), ("weakest hit", weak), ("miss", misses)):
            for at in places:
                errors.setdefault((name, at), []).append(hypothesis.id)
                measured.append(_item(lab, chosen, data, at, f"{name} of {hypothesis.id}"))
    for (name, at), who in errors.items():
        if name == "false alarm" and data.values[at] > bar / 2:
            name = "weak hit"
        rows.append(f"{name} of {', '.join(who)}: {_shown(lab, chosen, data, at)}")
    order = sorted(tests, key=lambda t: -(t["correlation"] or -2))
    head = (
        f"{chosen} over explore: {data.values.size} places; active = above half of the mean of "
        f"its top 0.1%, {number(bar)}; {MARKS}; {STARTS}. "
        f"Best: {order[0]['id']} (correlation {number(order[0]['correlation'])})."
    )
    return Result(
        "\n".join([head, *rows, *([cut] if few < examples else [])]),
        {"unit": str(chosen), "tests": tests, "measured": measured},
    )


def stream(lab: Lab) -> np.random.Generator:
    """The draws of a test: they depend on the seed alone, not on the call."""
    return np.random.default_rng([lab.seed, _STREAM])


def tested(
    data: Flat, degrees: np.ndarray, document: np.ndarray, rng: np.random.Generator
) -> dict[str, Any]:
    """The numbers of one predictor; `degrees` `[place]` in 0..1, `document` `[window]`."""
    values = data.values.astype(np.float64)
    holds = degrees >= HOLDS
    _, part = np.unique(document[data.window], return_inverse=True)
    return {
        "correlation": pearson(degrees, values),
        "interval": interval(degrees, values, part, rng),
        "holds": int(holds.sum()),
        "mean_inside": float(values[holds].mean()) if holds.any() else None,
        "mean_outside": float(values[~holds].mean()) if (~holds).any() else None,
        "tails": {
            name: _tail(values, degrees, threshold, part % 2)
            for name, threshold in {
                HEADLINE: activity(values),
                **{str(tail): float(np.quantile(values, tail)) for tail in TAILS},
            }.items()
        },
    }


def interval(
    one: np.ndarray, other: np.ndarray, document: np.ndarray, rng: np.random.Generator
) -> list[float] | None:
    """95% interval of the correlation, bootstrapped over documents; None for one document."""
    many = int(document.max(initial=0)) + 1
    if many < 2 or pearson(one, other) is None:
        return None
    x, y = one - one.mean(dtype=np.float64), other - other.mean(dtype=np.float64)
    draws = Resampler(document, seed=rng, resamples=_DRAWS)
    found = interval_of(correlations(draws, x, y, constant=np.nan))
    return [found.low, found.high] if np.isfinite(found.low) else None


def _tail(values: np.ndarray, degrees: np.ndarray, threshold: float, half: np.ndarray) -> Tail:
    active = values > threshold
    if not active.any() or active.all():
        return Tail(threshold, float(active.mean()), None, None, None, None)
    auprc = float(average_precision_score(active, degrees))
    everywhere = np.ones(active.size, bool)
    halves = [half == 0, half == 1]
    folds = [(~test, test) for test in halves] if half.any() else [(everywhere, everywhere)]
    hits = chosen = 0
    for learn, test in folds:
        predicted = degrees[test] >= _best_threshold(active[learn], degrees[learn])
        hits += int((predicted & active[test]).sum())
        chosen += int(predicted.sum())
    recall = hits / int(active.sum())
    precision = hits / chosen if chosen else 0.0
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return Tail(threshold, float(active.mean()), auprc, f1, precision, recall)


def _best_threshold(active: np.ndarray, degrees: np.ndarray) -> float:
    levels = np.unique(degrees[degrees > 0])
    if not levels.size:
        return HOLDS
    if levels.size > 32:
        levels = np.quantile(levels, np.linspace(0, 1, 32))
    scores = []
    for level in levels:
        predicted = degrees >= level
        hits = (predicted & active).sum()
        scores.append(2 * hits / max(1, predicted.sum() + active.sum()))
    return float(levels[int(np.argmax(scores))])


def _worst(lab: Lab, data: Flat, key: np.ndarray, many: int) -> list[int]:
    """Places by falling key, one a window and one for each token with its predecessor."""
    out: list[int] = []
    seen: set[Any] = set()
    if many <= 0:
        return out
    for at in np.argsort(-key, kind="stable"):
        if not np.isfinite(key[at]) or len(out) >= many:
            break
        window, place = int(data.window[at]), int(data.place[at])
        near = tuple(lab.explore.ids[window, max(0, place - 1) : place + 1].tolist())
        if near not in seen and window not in seen:
            seen |= {near, window}
            out.append(int(at))
    return out


def _item(lab: Lab, unit: Unit, data: Flat, at: int, source: str) -> dict[str, Any]:
    window, place = int(data.window[at]), int(data.place[at])
    values = lab.column(unit)[window]
    return item(unit, lab.explore, window, values, source=source, window=window, place=place)


def _shown(lab: Lab, unit: Unit, data: Flat, at: int) -> str:
    window, place = int(data.window[at]), int(data.place[at])
    scale = full_scale(lab, unit)
    values = lab.column(unit)[window]
    text = snippet(
        lab.explore, window, values, scale=scale, place=place, before=56, after=16, edge=True
    )
    return f"{number(float(data.values[at]))} (window {window}): {text}"


def told(
    hypothesis: Hypothesis,
    found: Mapping[str, Any],
    values: np.ndarray,
    degrees: np.ndarray,
    *,
    things: str = "places",
    by: str = "activations",
) -> list[str]:
    """One test in two lines.

    Args:
        hypothesis: What was tested.
        found: What `tested` gave.
        values: float `[place]`, the unit.
        degrees: float `[place]`, the predictor.
        things: What the places are called.
        by: The tool with which a planner makes inputs.
    """
    head = f"{hypothesis.id}: {hypothesis.brief}"
    if not found["holds"]:
        return [head, f"  never holds on explore: test it with {by}, or widen it"]
    tail: Tail = found["tails"][HEADLINE]
    span = found["interval"]
    between = f" [{number(span[0])}, {number(span[1])}]" if span else ""
    return [
        head,
        f"  correlation {number(found['correlation'])}{between}; AUPRC {number(tail.auprc)} "
        f"(base {number(tail.base_rate)}); {_levels(found, values, degrees, things)}",
    ]


def _levels(found: Mapping[str, Any], values: np.ndarray, degrees: np.ndarray, things: str) -> str:
    """How a predictor does where it holds; level by level where it has several.

    No single cut is told of a predictor with levels: the best one ignores all but one of them.
    """
    steps = np.unique(degrees)[::-1]
    if len(steps) > 2:
        if len(steps) > _LEVELS:  # as good as continuous: bands
            steps = np.array([0.8, 0.6, 0.4, 0.2, 0.0])
        edges = [np.inf, *steps[:-1]]
        bands = [
            (degrees >= low) & (degrees < high) for low, high in zip(steps, edges, strict=True)
        ]
        return "mean by level: " + ", ".join(
            f"{step:.2g}: {number(float(values[band].mean()))} (n={int(band.sum())})"
            for step, band in zip(steps, bands, strict=True)
            if band.any()
        )
    tail: Tail = found["tails"][HEADLINE]
    return (
        f"F1 {number(tail.f1)}, precision {number(tail.precision)}, recall {number(tail.recall)}; "
        f"holds at {found['holds']} {things}: mean {number(found['mean_inside'])}, elsewhere "
        f"{number(found['mean_outside'])}"
    )
