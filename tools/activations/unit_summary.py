"""Numbers that sum up one unit over explore: its distribution, both signs, its tokens and words."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.windows import TokenWindows
from ..models import Site, Unit
from ..render.text import number
from ..statistics.association import pearson
from .agreement import TAILS
from .groupings import lowered
from .records import Flat, Rows, activity

QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999)
_BY_PLACE = 0.2  # correlation below which the place explains under 4% of variance
_EACH = 32  # places up to which each has a mean of its own
_LONG = np.array([0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32])
"""Where parts of a longer window begin, then every 16 places: a mean changes most at the start."""


@dataclass(frozen=True)
class Mean:
    """A token or word with its mean activation."""

    name: str
    mean: float
    maximum: float
    count: int


def distribution(data: Flat, rows: Rows, site: Site, unit: Unit) -> dict[str, Any]:
    """Numbers about the unit at the counted places of texts, or on pictures."""
    values = data.values.astype(np.float64)
    thresholds = dict(zip(TAILS, np.quantile(values, TAILS), strict=True))
    positive = np.sort(np.maximum(values, 0))[::-1]
    mass = positive.sum()
    share = {
        f"{100 * top:g}%": float(positive[: max(1, round(top * values.size))].sum() / mass)
        for top in (0.01, 0.001)
        if mass > 0
    }
    peak = float(values.max())
    return {
        "count": int(values.size),
        "windows": len(rows),
        "documents": int(np.unique(rows.document).size),
        "not_finite": data.not_finite,
        "dead": bool(peak <= 0 or values.std() < 1e-9),
        "firing_rate": float((values > 0).mean()),
        "active_above": activity(values),
        "active": int((values > activity(values)).sum()),
        "mean": float(values.mean()),
        "sd": float(values.std()),
        "max": peak,
        "min": float(values.min()),
        "quantiles": {str(q): float(np.quantile(values, q)) for q in QUANTILES},
        "thresholds": {str(tail): float(at) for tail, at in thresholds.items()},
        "above": {str(tail): int((values > at).sum()) for tail, at in thresholds.items()},
        "mass_share": share,
        "opposite": _opposite(values, site, unit),
    }


def _opposite(values: np.ndarray, site: Site, unit: Unit) -> dict[str, Any]:
    """Whether the other sign carries meaning, with what is known of it."""
    negative = np.minimum(values, 0)
    energy = float((values**2).sum())
    share = float((negative**2).sum() / energy) if energy > 0 else 0.0
    known = {"min": float(values.min()), "rate": float((values < 0).mean()), "energy": share}
    if site.readout == "norm":
        return {**known, "meaning": False, "why": "the readout is a norm: it has no other sign"}
    if site.floor is None:
        why = "both signs are real" + (": the unit is gated" if site.gated else "")
        why = why if known["rate"] else "it is never below 0 here"
        return {**known, "meaning": share > 0.01, "why": why}
    if unit.sign > 0:
        why = f"the negative side is the activation function's floor ({site.floor:g})"
        return {**known, "meaning": False, "why": why}
    why = (
        "the positive (this reading is the negative side) side is the one with meaning; this one "
        f"is the floor ({site.floor:g})"
    )
    return {**known, "meaning": True, "why": why}


def token_identity(data: Flat, windows: TokenWindows) -> float | None:
    """Correlation of the activation with the mean of its token, learnt on other documents."""
    return _cross_fitted(windows.ids[data.window, data.place], data, windows)


def token_means(ids: np.ndarray, values: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The mean of each token of one set of places, read at another; the mean of all for others.

    Args:
        ids: `[place]` whole numbers from 0.
        values: `[place]`.
        asked: `[other place]`.
    """
    values = values.astype(np.float64)
    size = int(max(ids.max(initial=0), asked.max(initial=0))) + 1
    count = np.bincount(ids, minlength=size)
    total = np.bincount(ids, values, minlength=size)
    return np.where(count > 0, total / np.maximum(count, 1), values.mean())[asked]


def _cross_fitted(kinds: np.ndarray, data: Flat, windows: TokenWindows) -> float | None:
    """Correlation of the activation with the mean of its kind, learnt on the other half by
    document; None where it cannot be told: one document, or no variance.

    Args:
        kinds: A whole number from 0 for each counted place: its token, or its place in the text.
        data: The activations.
        windows: Where they were measured.
    """
    _, document = np.unique(windows.document[data.window], return_inverse=True)
    half = document % 2
    if half.max(initial=0) == 0:
        return None
    predicted = np.empty(data.values.size)
    for part in (0, 1):
        learn, test = half != part, half == part
        predicted[test] = token_means(kinds[learn], data.values[learn], kinds[test])
    return pearson(predicted, data.values)


def by_place(data: Flat, windows: TokenWindows) -> str | None:
    """How the mean goes with the place in the window, where places alone predict the unit."""
    if windows.inner is not None:  # what stands around a text has no place in it
        data = data.at(windows.inner[data.window, data.place])
    place = windows.rank[data.window, data.place]
    known = _cross_fitted(place, data, windows)
    if known is None or known < _BY_PLACE:
        return None
    most = int(place.max())
    starts = np.arange(most + 1) if most < _EACH else np.r_[_LONG, np.arange(48, most + 1, 16)]
    part = np.searchsorted(starts, place, "right") - 1
    means = np.bincount(part, data.values.astype(np.float64)) / np.maximum(np.bincount(part), 1)
    listed = ", ".join(
        f"{first + 1}{f'-{last}' if last > first + 1 else ''} {number(mean)}"
        for first, last, mean in zip(starts, [*starts[1:], most + 1], means, strict=True)
    )
    return (
        f"the place in the window alone predicts it with correlation {known:.2f} (cross-fitted); "
        f"mean by place: {listed}"
    )


def by_token(data: Flat, windows: TokenWindows, least: int) -> list[Mean]:
    """Tokens seen at least so often, highest mean first."""
    ids = windows.ids[data.window, data.place]
    return _means(ids, data.values, windows.vocabulary, least)


def by_word(column: np.ndarray, windows: TokenWindows, least: int) -> list[Mean]:
    """Words, lower-cased, by the mean over occurrences of the largest activation in the word."""
    good = (windows.word >= 0) & windows.counted & np.isfinite(column)
    document = np.broadcast_to(windows.document[:, None], windows.ids.shape)[good]
    key = document.astype(np.int64) * 2**31 + windows.ordinal[good]
    keys, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    top = np.full(keys.size, -np.inf)
    np.maximum.at(top, inverse, column[good])
    kind, names = lowered(windows)
    kinds = kind[windows.word[good][first]] if keys.size else np.zeros(0, int)
    return _means(kinds, top, names, least)


def _means(kinds: np.ndarray, values: np.ndarray, names: tuple[str, ...], least: int) -> list[Mean]:
    if not kinds.size:
        return []
    count = np.bincount(kinds)
    total = np.bincount(kinds, values.astype(np.float64))
    top = np.full(count.size, -np.inf)
    np.maximum.at(top, kinds, values)
    seen = np.flatnonzero(count >= least)
    order = seen[np.argsort(-total[seen] / count[seen], kind="stable")]
    return [Mean(names[k], float(total[k] / count[k]), float(top[k]), int(count[k])) for k in order]
