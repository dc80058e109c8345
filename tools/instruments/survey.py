"""Surveys a unit over all of explore: how often, how strongly and on which tokens it is active.

1. Moments, quantiles and a histogram of the activation at every counted place.
2. Both signs: whether the opposite one carries meaning, from the activation function.
3. How much of it token identity explains: the mean activation of each token is learnt on half of
   the documents and correlated with the activation in the other half, both ways.
4. The tokens and the words with the highest mean, and the words that carry most of the activation.
"""

from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import numpy as np

from ..activations.records import Flat, activity, flat
from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows
from ..evidence import Result
from ..lab import Lab
from ..models import Site, Unit
from ..registry import UpTo, tool
from ..render.text import number, quoted
from ..statistics.association import pearson

QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999)
TAILS = (0.9, 0.99, 0.999)
_BINS = 20
_BY_PLACE = 0.2  # correlation below which the place explains under 4% of variance
_PLACES = 8  # places of one mean: eight of them in the usual window


@dataclass(frozen=True)
class Mean:
    """A token or word with its mean activation."""

    name: str
    mean: float
    maximum: float
    count: int


@tool(needs=("text",))
def survey(lab: Lab, unit: str | None = None, *, many: Annotated[int, UpTo(40)] = 10) -> Result:
    """Measures the unit on all of explore: how often it is active, its distribution, both signs,
    the tokens and words with the highest mean. Start here.

    Args:
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        many: How many tokens and words to list.
    """
    chosen = lab.chosen(unit)
    site = lab.target.site(chosen.site)
    data = flat(lab, chosen)
    if not data.values.size:
        return Result(
            f"{chosen}: explore has no place with a finite activation.",
            {"unit": str(chosen), "stats": {"count": 0, "not_finite": data.not_finite}},
        )
    stats = statistics(data, lab.explore, site, chosen)
    least = max(2, min(5, data.values.size // 2000))
    tokens = by_token(data, lab.explore, least)
    words = by_word(lab.column(chosen), lab.explore, least)
    carried = sorted(words, key=lambda one: -one.mean * one.count)[: max(1, many * 6 // 10)]
    counts, edges = np.histogram(data.values, bins=_BINS)
    payload: dict[str, Any] = {
        "unit": str(chosen),
        "stats": stats,
        "histogram": {"counts": counts, "edges": edges},
        "tokens": [asdict(entry) for entry in tokens[:many]],
        "words": [asdict(entry) for entry in words[:many]],
        "carried": [asdict(entry) for entry in carried],
        "least_count": least,
    }
    where = None if stats["dead"] else by_place(data, lab.explore)
    text = _text(chosen, stats, tokens[:many], words[:many], carried, least, where)
    return Result(text, payload)


def statistics(data: Flat, windows: TokenWindows, site: Site, unit: Unit) -> dict[str, Any]:
    """Numbers about the unit at the counted places."""
    return numbers(data, windows, site, unit) | {"token_identity": token_identity(data, windows)}


def numbers(
    data: Flat, windows: TokenWindows | ImageRows, site: Site, unit: Unit
) -> dict[str, Any]:
    """Those of them that mean the same for text and for pictures."""
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
        "windows": len(windows),
        "documents": int(np.unique(windows.document).size),
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


def token_identity(data: Flat, windows: TokenWindows) -> float | None:
    """Correlation of the activation with its token's mean: see `foretold_by`."""
    return foretold_by(windows.ids[data.window, data.place], data, windows)


def foretold_by(kinds: np.ndarray, data: Flat, windows: TokenWindows) -> float | None:
    """Correlation of the activation with the mean of its kind, learnt on the other half by
    document.

    Args:
        kinds: A whole number from 0 for each counted place: its token, or its place in the text.
        data: The activations.
        windows: Where they were measured.

    Returns:
        None where it cannot be told: one document, or no variance.
    """
    _, document = np.unique(windows.document[data.window], return_inverse=True)
    half = document % 2
    if half.max(initial=0) == 0:
        return None
    size = int(kinds.max()) + 1
    predicted = np.empty(data.values.size)
    for part in (0, 1):
        learn, test = half != part, half == part
        values = data.values[learn].astype(np.float64)
        total = np.bincount(kinds[learn], values, minlength=size)
        seen = np.bincount(kinds[learn], minlength=size)
        table = np.where(seen > 0, total / np.maximum(seen, 1), values.mean())
        predicted[test] = table[kinds[test]]
    return pearson(predicted, data.values)


def by_place(data: Flat, windows: TokenWindows) -> str | None:
    """How the mean goes with the place in the window, where places alone foretell the unit."""
    place = data.place - windows.counted.argmax(1)[data.window]
    known = foretold_by(place, data, windows)
    if known is None or known < _BY_PLACE:
        return None
    part = place // _PLACES
    means = np.bincount(part, data.values.astype(np.float64)) / np.maximum(np.bincount(part), 1)
    said = ", ".join(
        f"{at * _PLACES + 1}-{(at + 1) * _PLACES} {number(mean)}" for at, mean in enumerate(means)
    )
    return (
        f"the place in the window alone predicts it with correlation {known:.2f} (cross-fitted); "
        f"mean by place: {said}"
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
    lowered: dict[str, int] = {}
    index = np.array([lowered.setdefault(w.lower(), len(lowered)) for w in windows.words], int)
    kinds = index[windows.word[good][first]] if keys.size else np.zeros(0, int)
    return _means(kinds, top, tuple(lowered), least)


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


def _opposite(values: np.ndarray, site: Site, unit: Unit) -> dict[str, Any]:
    """Whether the other sign carries meaning, with what is known of it."""
    negative = np.minimum(values, 0)
    energy = float((values**2).sum())
    share = float((negative**2).sum() / energy) if energy > 0 else 0.0
    known = {"min": float(values.min()), "rate": float((values < 0).mean()), "energy": share}
    if site.readout == "norm":
        return {**known, "meaning": False, "why": "the readout is a norm: it has no other sign"}
    if site.floor is not None:
        side = "negative" if unit.sign > 0 else "positive (this reading is the negative side)"
        if unit.sign > 0:
            why = f"the {side} side is the activation function's floor ({site.floor:g})"
            return {**known, "meaning": False, "why": why}
        why = f"the {side} side is the one with meaning; this one is the floor ({site.floor:g})"
        return {**known, "meaning": True, "why": why}
    why = "both signs are real" + (": the unit is gated" if site.gated else "")
    return {**known, "meaning": share > 0.01, "why": why}


def _text(
    unit: Unit,
    stats: dict[str, Any],
    tokens: list[Mean],
    words: list[Mean],
    carried: list[Mean],
    least: int,
    where: str | None,
) -> str:
    if stats["dead"]:
        return (
            f"{unit} is dead: it was never above 0 at {stats['count']} places of "
            f"{stats['windows']} windows (max {number(stats['max'])}, sd {number(stats['sd'])}). "
            "Conclude so, unless a text of your own moves it (activations)."
        )
    at = stats["thresholds"]
    opposite = stats["opposite"]
    rows = [
        f"{unit} over explore: {stats['count']} places, {stats['windows']} windows, "
        f"{stats['documents']} documents",
        f"above 0 at {stats['firing_rate']:.1%} of places; mean {number(stats['mean'])}, "
        f"sd {number(stats['sd'])}, max {number(stats['max'])}, median "
        f"{number(stats['quantiles']['0.5'])}",
        f"active, above half of the mean of its top 0.1% ({number(stats['active_above'])}): "
        f"{stats['active']} places; top 10% above "
        + ", top 1% above ".join([number(at["0.9"]), number(at["0.99"])])
        + f", top 0.1% above {number(at['0.999'])}",
        "share of positive activation in the top "
        + ", ".join(f"{top} of places: {share:.0%}" for top, share in stats["mass_share"].items()),
        f"other sign: {opposite['why']}; min {number(opposite['min'])}, "
        f"{opposite['energy']:.0%} of energy"
        + (
            f"; its places: exemplars with unit {replace(unit, sign=-unit.sign)}"
            if opposite["meaning"]
            else ""
        ),
    ]
    known = stats["token_identity"]
    if known is not None:
        rows.append(
            f"token identity alone predicts it with correlation {known:.2f} "
            f"({max(known, 0) ** 2:.0%} of variance, cross-fitted)"
            + ("; the context matters" if known < 0.5 else "")
        )
    if where is not None:
        rows.append(where)
    if stats["not_finite"]:
        rows.append(f"{stats['not_finite']} activations were not finite and were left out")
    rows.append(f"tokens by mean (x count, at least {least}): " + _listed(tokens))
    # A word that is one token, or that a list above named, is not said again.
    named = {(entry.name.strip().lower(), entry.count) for entry in tokens}
    more = [entry for entry in words if (entry.name, entry.count) not in named]
    if more or not words:
        rows.append("words by mean of their peak: " + _listed(more, len(words) - len(more)))
    named |= {(entry.name, entry.count) for entry in words}
    heavy = [entry for entry in carried if (entry.name, entry.count) not in named]
    if heavy:
        said = _listed(heavy, len(carried) - len(heavy))
        rows.append("words that carry most (mean x count): " + said)
    return "\n".join(rows)


def _listed(entries: list[Mean], above: int = 0) -> str:
    """A list of words; `above`: how many more of it stand in a list before."""
    if not entries:
        return "none is frequent enough"
    said = ", ".join(f"{quoted(e.name)} {number(e.mean)} x{e.count}" for e in entries)
    return said + (f", and {above} of those above" if above else "")
