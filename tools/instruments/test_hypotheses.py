"""Tests hypotheses: their predictors against the unit at every place or picture of explore.

The numbers are those of `agreement`; on texts also how well a predictor ranks places of the same
token, where a table of tokens gets .50. Beside them stands what a predictor gets wrong: the places
where it holds and the unit is not active, lowest first, and the places where the unit is active and
it does not hold, highest first; on texts without a false positive, the lowest of its hits. Where
scenes are not known, atoms are read from pixels, and the result names who reads them.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from ..activations.agreement import HOLDS, Agreement, SameToken, agreement, stream
from ..activations.records import Flat, activity, flat, of_explore
from ..activations.shown_places import place_line, ranked
from ..data.image_rows import ImageRows
from ..evidence import Result
from ..hypotheses.like_requests import held_out
from ..hypotheses.resolve import Hypothesis, resolve
from ..lab import Lab
from ..models import Unit
from ..predicates.view_images import reader_of
from ..registry import UpTo, tool
from ..render.text import MARKS, STARTS, between, marks_key, number
from ..statistics.sampling import Sample, stratified
from ..statistics.within import LEAST_PARTNERED

_AT_LENGTH = 3
"""Hypotheses of one call whose errors are shown in full number."""
JUDGED = 160
"""Places that a language model judges for one hypothesis: 20 requests."""
_MAX_LEVELS = 9
"""Levels of a predictor that are listed one by one."""
_BANDS = (0.8, 0.6, 0.4, 0.2, 0.0)


class _Errors(NamedTuple):
    """Where a predictor is wrong, by kind, and in words where it is not; indices of places."""

    places: dict[str, list[int]]
    notes: list[str]


@tool(name="test_hypotheses", needs=("inputs",))
def compare(
    lab: Lab,
    hypotheses: list[str | dict[str, Any]] | None = None,
    unit: str | None = None,
    *,
    examples: Annotated[int, UpTo(8, 0)] = 3,
) -> Result:
    """Tests hypotheses at every place or picture of explore, and shows their largest false alarms
    and misses.

    Args:
        hypotheses: Ids (H1) or predictors; left out: all recorded.
        unit: The unit, such as mlp.3/7 or conv.3/7; left out: the unit under study.
        examples: How many of each to show; at most 2 from four hypotheses on.

    Returns:
        rows [{id, correlation, auroc, auprc, precision, recall}], to print; tests (more); measured
    """
    chosen = lab.chosen(unit)
    data, bar = flat(lab, chosen), activity(flat(lab, chosen).values)
    given = resolve(lab, hypotheses)
    pictures = isinstance(lab.explore, ImageRows)
    same_token = None if pictures else SameToken(lab.explore, data, stream(lab))
    n = examples if len(given) <= _AT_LENGTH else min(examples, 2)
    who: dict[tuple[str, int], list[str]] = {}
    tests: list[dict[str, Any]] = []
    rows: list[str] = []
    measured: list[dict[str, Any]] = []
    for hypothesis in given:
        sample = _sample(lab, data, bar) if hypothesis.predicate.sampled else None
        seen = data if sample is None else data.at(sample.drawn)
        degrees = hypothesis.evaluate(lab.explore, _places(lab, seen))[seen.window, seen.place]
        result = agreement(data, degrees, lab.explore.document, stream(lab), same_token, sample)
        errors = _errors(lab, seen, degrees >= HOLDS, bar, n)
        tests.append(
            {
                "id": hypothesis.id,
                "english": hypothesis.english,
                "predictor": hypothesis.predicate.model_dump(),
                **result.as_data(),
            }
        )
        levels = (data.values, degrees) if sample is None else (np.zeros(0), np.zeros(0))
        rows += _described(lab, hypothesis, result, *levels)
        rows += errors.notes if sample is None else [_judged(sample, data, bar, pictures=pictures)]
        rows += _fitted(lab, hypothesis)
        for name, places in errors.places.items():
            for at in places if sample is None else sample.drawn[places].tolist():
                who.setdefault((name, at), []).append(hypothesis.id)
                source, row = f"{name} of {hypothesis.id}", (data.window[at], data.place[at])
                measured.append(of_explore(lab, chosen, *map(int, row), source=source))
    for (name, at), ids in who.items():
        if name == "false alarm" and data.values[at] > bar / 2:
            name = "weak hit"
        rows.append(f"{name} of {', '.join(ids)}: {place_line(lab, chosen, data, at)}")
    if n < examples:
        rows.append(f"Note: {n} examples of each, as there are {len(given)} hypotheses.")
    rows += _read_by(lab)
    return Result(
        "\n".join([_head(lab, chosen, data, bar, tests), *rows]),
        {
            "unit": str(chosen),
            "rows": [_row(test) for test in tests],
            "tests": tests,
            "measured": measured,
        },
    )


def _row(test: dict[str, Any]) -> dict[str, Any]:
    """A test in the few numbers that a program prints."""
    auroc = (test.get("within") or {}).get("auroc")
    numbers = {
        "correlation": test["correlation"],
        "auroc": auroc and auroc["value"],
        **{name: test[name] for name in ("auprc", "precision", "recall")},
    }
    short = {name: value if value is None else round(value, 3) for name, value in numbers.items()}
    return {"id": test["id"], **short}


def _sample(lab: Lab, data: Flat, bar: float) -> Sample:
    """The same places for all that a language model judges; half active, if there are so many."""
    return stratified(data.values > bar, JUDGED, stream(lab))


def _places(lab: Lab, data: Flat) -> np.ndarray:
    """bool `[window, place]`."""
    out = np.zeros(lab.explore.counted.shape, bool)
    out[data.window, data.place] = True
    return out


def _fitted(lab: Lab, hypothesis: Hypothesis) -> list[str]:
    """A warning where examples were chosen by the activations that they are tested on."""
    atoms = hypothesis.predicate.atoms()
    if not any(getattr(one, "chosen", None) == "activation" for one in atoms):
        return []
    note = "  its examples were fitted to explore, so these numbers are too good"
    apart = held_out(lab, hypothesis.predicate)
    if apart is None or apart.correlation is None or apart.auroc is None:
        return [note]
    return [
        f"{note}: fitted on half of the documents, on the other half correlation within tokens "
        f"{number(apart.correlation.value)}{between(apart.correlation[1:])}, AUROC "
        f"{number(apart.auroc.value)}"
    ]


def _judged(sample: Sample, data: Flat, bar: float, *, pictures: bool) -> str:
    active = int((data.values[sample.drawn] > bar).sum())
    things = "pictures" if pictures else "places"
    return (
        f"  judged at a sample of {len(sample.drawn)} of {data.values.size} {things}, {active} of "
        f"them active; numbers are weighted to all {things}"
    )


def _head(lab: Lab, unit: Unit, data: Flat, bar: float, tests: list[dict[str, Any]]) -> str:
    best = max(tests, key=lambda t: -2 if t["correlation"] is None else t["correlation"])
    kind, top, legend = "places", "top 0.1%", marks_key(lab, MARKS, STARTS)
    if isinstance(lab.explore, ImageRows):
        kind, top, legend = "pictures", "strongest five", ""
    return (
        f"{unit} over explore: {data.values.size} {kind}; active = above half of the mean of its "
        f"{top}, {number(bar)}{legend}. Best: {best['id']} (correlation "
        f"{number(best['correlation'])}).{_basis(tests[0].get('within'))}"
    )


def _basis(within: dict[str, Any] | None) -> str:
    """What AUROCs within tokens rest on: the same for all hypotheses of a call."""
    if within is None:
        return ""
    counted = f"{within['n']} active places have a silent one of their token"
    if within["auroc"] is None:
        return f" No within-token AUROC: {counted}, {LEAST_PARTNERED} are needed."
    return f" Within-token AUROC ({counted}; {within['tokens']} tokens): a token table gets .50."


def _errors(lab: Lab, data: Flat, holds: np.ndarray, bar: float, n: int) -> _Errors:
    """The worst false positives and misses, and on texts the weakest hits if there are none."""
    off, values = data.values <= bar, data.values

    def worst(where: np.ndarray, key: np.ndarray, n: int) -> list[int]:
        return ranked(lab, data, np.where(where, key, -np.inf), n)

    places = {"false alarm": worst(holds & off, -values, n)}
    misses = worst(~holds & ~off, values, n)
    if isinstance(lab.explore, ImageRows):
        places["miss"] = misses
        none = [
            f"no {name}{'es' if name == 'miss' else 's'}" for name in places if not places[name]
        ]
        return _Errors(places, [f"  {' and '.join(none)}"] if none and holds.any() and n else [])
    notes = []
    if not (holds & off).any():
        places["weakest hit"] = worst(holds, -values, min(n, 2))
        if holds.any():
            notes.append("  no false alarms on explore; what may suppress it there, scan can tell")
    elif values[holds].min() > bar / 2:
        notes.append(f"  no clear false alarms, none below {number(bar / 2)}")
    if (~off).any() and not (~holds & ~off).any():
        notes.append(f"  no misses above {number(bar)}")
    return _Errors({**places, "miss": misses}, notes)


def _described(
    lab: Lab, hypothesis: Hypothesis, result: Agreement, values: np.ndarray, degrees: np.ndarray
) -> list[str]:
    """One test in two lines; `values` and `degrees` `[place]`."""
    pictures = isinstance(lab.explore, ImageRows)
    head = hypothesis.head
    if not result.holds:
        by = "draw" if pictures else "activations"
        return [head, f"  never holds on explore: test it with {by}, or widen it"]
    tail = result.headline
    where = _by_level(values, degrees) or (
        f"F1 {number(tail.f1)}, precision {number(tail.precision)}, recall {number(tail.recall)}; "
        f"holds at {result.holds} {'pictures' if pictures else 'places'}: mean "
        f"{number(result.mean_inside)}, elsewhere {number(result.mean_outside)}"
    )
    return [
        head,
        f"  correlation {number(result.correlation)}{between(result.interval)}; {_auroc(result)}"
        f"AUPRC {number(tail.auprc)} (base {number(tail.base_rate)}); {where}",
    ]


def _auroc(result: Agreement) -> str:
    """How well places of one token are ranked; empty on pictures and where too few are active."""
    auroc = result.within and result.within.auroc
    if not auroc:
        return ""
    return f"within-token AUROC {auroc.value:.2f} [{auroc.low:.2f}, {auroc.high:.2f}]; "


def _by_level(values: np.ndarray, degrees: np.ndarray) -> str:
    """The mean at each level of a predictor that has several; else empty.

    No single threshold is reported for it: the best one ignores all levels but one.
    """
    steps = np.unique(degrees)[::-1]
    if len(steps) <= 2:
        return ""
    if len(steps) > _MAX_LEVELS:  # as good as continuous: bands
        steps = np.array(_BANDS)
    edges = [np.inf, *steps[:-1]]
    bands = [(degrees >= low) & (degrees < high) for low, high in zip(steps, edges, strict=True)]
    return "mean by level: " + ", ".join(
        f"{step:.2g}: {number(float(values[band].mean()))} (n={int(band.sum())})"
        for step, band in zip(steps, bands, strict=True)
        if band.any()
    )


def _read_by(lab: Lab) -> list[str]:
    """Who reads the atoms of pictures, where scenes are not known."""
    rows = lab.explore
    if not isinstance(rows, ImageRows):
        return []
    blind = sum(picture.scene is None or rows.by_pixels for picture in rows.pictures)
    if not blind:
        return []
    return [f"({blind} pictures without a known scene were read by {reader_of(rows).name})"]
