"""Tier M: how well a description tells the judged words of held-out pairs apart.

Places of one token are compared (`statistics/within`): in every pair a word stands on both sides,
so that token identity gets .5. Beside the description's own AUROC stand

    true    the true description, read without error: the side that the text was written for
    best    ridge regression from a reader's states, fitted on explore (`scoring/reference.py`)

With a judge, the description's label and the true description are judged in the same way, at the
same places (`words/`): pairs right.

Shares are excess over .5, of the description and of what stands beside it. Truth is the unit's
activation, so that the true description is below 1 where the unit errs. Intervals resample pairs of
texts, those of means and shares units. Our formulation.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ...agent.description import Description
from ...tools.data.windows import TokenWindows
from ...tools.models.text_reader import load_text_reader
from ...tools.statistics.bootstrap import Resampler
from ...tools.statistics.intervals import mean
from ...tools.statistics.within import within
from ..groundtruth.planted import PlantedUnit
from ..groundtruth.text.meaning.suite import MeaningBench
from ..scoring.measured import Measured, Splits
from ..scoring.predictions import predictions
from ..scoring.reference import Reference
from .scorers.judges import Judge
from .words.judging import Asked, scores
from .words.judging import judged as degrees_of
from .words.places import draw

SOURCES = ("own", "true", "best")
LEAST = 0.05
"""Above chance, on average, from which a share of it says something."""


def held_pairs(
    ground: MeaningBench,
    unit: PlantedUnit,
    description: Description,
    splits: Splits,
    *,
    seed: int,
    reader: str | None = None,
    judge: Judge | None = None,
) -> dict[str, Any]:
    """AUROC within tokens on held-out pairs: of a description, the true one and the best predictor.

    Args:
        ground: The bench.
        unit: One of its units.
        description: What a planner says of it.
        splits: Its activations on the corpus.
        seed: Of resamples and of the judge's places.
        reader: A second network for the best predictor.
        judge: Reads labels.

    Returns:
        `own`, `true` and, with a reader, `best`: each with its interval, or None where too few
        judged words are active; `n`: active judged words; with a judge, `judge`.
    """
    windows, judged = ground.held.windows, ground.judged(unit)
    values, active = ground.activations[unit.unit].astype(np.float64), ground.active(unit)
    predicted = {
        "own": _predicted(description, splits, windows),
        "true": ground.intended(unit).astype(np.float64),
    }
    if reader is not None:
        predicted["best"] = _best(ground, splits, reader)
    pair = np.broadcast_to(ground.held.pair[:, None], judged.shape)[judged]
    resampler, token = Resampler(pair, seed=seed), windows.ids[judged]
    result: dict[str, Any] = {}
    for name, prediction in predicted.items():
        found = within(token, prediction[judged], values[judged], active[judged], resampler)
        result |= {name: found.auroc and found.auroc.as_dict(), "n": found.n}
    if judge is not None:
        there = Measured(windows, np.where(judged, values, np.nan))
        said = {"own": description.label, "true": unit.text}
        result["judge"] = _by_judge(judge, splits._replace(test=there), said, seed)
    return result


def _by_judge(judge: Judge, splits: Splits, said: Mapping[str, str], seed: int) -> dict[str, Any]:
    """Pairs right under each text; an empty one is worth chance and is not asked about."""
    places = draw(splits, np.random.default_rng(seed), causal=False)
    if isinstance(places, str):
        return {"too few": places}
    asked = Asked()
    result: dict[str, Any] = {}
    for name, text in said.items():
        if not text.strip():
            result[name] = {"value": 0.5, "low": 0.5, "high": 0.5, "n": 0}
            continue
        degrees = degrees_of(judge, places, text, asked, pairs_only=places.paired)
        result[name] = scores(places, degrees, seed=seed, pairs_only=places.paired)["pairs"]
    return {**result, "asked": asked.as_dict()}


def by_kind(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means over units of each kind and over all, with intervals over units.

    `of true`, `of best` and `judge of true` are ratios of sums of what is above .5. `missing` units
    have too few active words among those that are judged.
    """
    given = [(r["kind"], r["pairs"]) for r in records if r.get("pairs")]
    rows = {}
    for kind in ("all", *sorted({kind for kind, _ in given})):
        some = [pairs for own, pairs in given if kind in ("all", own)]
        known = [pairs for pairs in some if pairs["own"]]
        if known:
            rows[kind] = {**_row(known), "missing": len(some) - len(known)}
    return rows


def _row(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: mean([one[name]["value"] for one in found if one.get(name)]) for name in SOURCES
    }
    row |= {f"of {name}": _ratio(found, name) for name in SOURCES[1:]}
    judged = [one["judge"] for one in found if _judged(one)]
    if judged:
        row |= {f"judge {name}": mean([j[name]["value"] for j in judged]) for name in SOURCES[:2]}
        row["judge of true"] = _ratio(judged, "true")
    return row


def _judged(one: Mapping[str, Any]) -> bool:
    """Whether a judge read both texts at enough pairs."""
    given = one.get("judge") or {}
    return all((given.get(name) or {}).get("value") is not None for name in SOURCES[:2])


def _ratio(found: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """The ratio of sums over units, with its interval by bootstrap over units.

    None where what stands beside is hardly above chance.
    """
    both = [one for one in found if one.get(name) and one[name]["value"] is not None]
    above, below = (np.array([one[key]["value"] for one in both]) - 0.5 for key in ("own", name))
    if not both or below.mean() < LEAST:
        return {"value": None, "low": None, "high": None, "n": len(both)}

    def ratio(sums: np.ndarray) -> np.ndarray:
        return sums[:, 0] / np.maximum(sums[:, 1], LEAST * len(both))

    return Resampler(np.arange(len(both))).interval(ratio, above, below).as_dict(n=len(both))


@cache
def _reference(ground: MeaningBench, explore: TokenWindows, name: str) -> Reference:
    reader = load_text_reader(name, ground.target)
    return Reference.of(reader, ground.target, {"explore": explore, "test": ground.held.windows})


def _best(ground: MeaningBench, splits: Splits, reader: str) -> np.ndarray:
    """What a readout of the reader's states predicts, `[window, place]`."""
    reference = _reference(ground, splits.explore.windows, reader)
    prediction = np.zeros(reference.test.known.shape)
    prediction[reference.test.known] = reference.predict(splits)
    return prediction


def _predicted(description: Description, splits: Splits, windows: TokenWindows) -> np.ndarray:
    """What a description predicts, `[window, place]`; nothing without components."""
    prediction = np.zeros(windows.ids.shape)
    if description.components:
        everywhere = Measured(windows, np.where(windows.counted, 0.0, np.nan))
        prediction[windows.counted] = predictions(description, splits.validation, everywhere)[
            1
        ].total
    return prediction
