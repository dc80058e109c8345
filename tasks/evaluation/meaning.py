"""Tier M: how well a description tells the judged words of held-out pairs apart.

Places of one token are compared (`statistics/within`): in every pair a word stands on both sides,
so that token identity gets .5. Beside the description's own AUROC stand

    true    the true description, read without error: the side that the text was written for
    best    ridge regression from a reader's states, fitted on explore (`scoring/reference.py`)

and the description's excess over .5 as a share of theirs. Truth is the unit's activation, so that
the true description is below 1 where the unit errs. Intervals resample pairs. Our formulation.
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

SOURCES = ("own", "true", "best")


def held_pairs(
    ground: MeaningBench, unit: PlantedUnit, description: Description, splits: Splits, *, seed: int
) -> dict[str, Any]:
    """AUROC within tokens on held-out pairs: of a description, the true one and the best predictor.

    Returns:
        `own`, `true` and, where the bench names a reader, `best`: each with its interval, or None
        where too few judged words are active; `n`: active judged words.
    """
    windows, judged = ground.held.windows, ground.judged(unit)
    values = ground.activations[unit.unit].astype(np.float64)
    active = ground.active(unit)
    predicted = {
        "own": _predicted(description, splits, windows),
        "true": ground.intended(unit).astype(np.float64),
    }
    if ground.reader is not None:
        predicted["best"] = _best(ground, splits)
    pair = np.broadcast_to(ground.held.pair[:, None], judged.shape)[judged]
    resampler, token = Resampler(pair, seed=seed), windows.ids[judged]
    result: dict[str, Any] = {"reader": ground.reader}
    for name, prediction in predicted.items():
        found = within(token, prediction[judged], values[judged], active[judged], resampler)
        result |= {name: found.auroc and found.auroc.as_dict(), "n": found.n}
    return result


def by_kind(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means over units of each kind and over all, with intervals over units.

    `of true` and `of best` are ratios of sums: excess over .5 as a share of theirs.
    """
    known = [r for r in records if (r.get("pairs") or {}).get("own")]
    kinds = {"all": known, **{k: [r for r in known if r["kind"] == k] for k in _kinds(known)}}
    return {kind: _row(some) for kind, some in kinds.items() if some}


def _row(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    values = {
        name: [r["pairs"][name]["value"] for r in records if r["pairs"].get(name)]
        for name in SOURCES
    }
    row: dict[str, Any] = {name: mean(found) for name, found in values.items()}
    for name in SOURCES[1:]:
        pairs = [
            (r["pairs"]["own"]["value"] - 0.5, r["pairs"][name]["value"] - 0.5)
            for r in records
            if r["pairs"].get(name)
        ]
        row[f"of {name}"] = _ratio(pairs)
    return row


def _ratio(pairs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """The ratio of sums over units, with its interval by bootstrap over units."""
    if not pairs or sum(below for _, below in pairs) <= 0:
        return {"value": None, "low": None, "high": None, "n": len(pairs)}
    above, below = np.array(pairs).T
    resampler = Resampler(np.arange(len(pairs)))
    found = resampler.interval(lambda sums: sums[:, 0] / np.maximum(sums[:, 1], 1e-9), above, below)
    return found.as_dict(n=len(pairs))


def _kinds(records: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted({r["kind"] for r in records})


@cache
def _reference(ground: MeaningBench, explore: TokenWindows) -> Reference:
    assert ground.reader is not None
    windows = {"explore": explore, "test": ground.held.windows}
    return Reference.of(load_text_reader(ground.reader, ground.target), ground.target, windows)


def _best(ground: MeaningBench, splits: Splits) -> np.ndarray:
    """What a readout of the reader's states predicts, `[window, place]`."""
    reference = _reference(ground, splits.explore.windows)
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
