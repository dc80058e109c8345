"""Searches all units of many sites for those that go with a predictor, and says what chance gives.

1. The documents are parted in two halves, those in which the predictor holds evenly.
2. On the first half every unit is correlated with the predictor, in both directions, in one pass
   (see `association`); the best are kept.
3. The best are measured on the second half: correlation with an interval by bootstrap over
   documents, AUROC, means. Nothing was chosen there.
4. Control: the predictor's documents are put in another order, `SHUFFLES` times, which keeps how
   often and how bunched it holds, and the same search is made for each. `p` says how often the best
   of *all* units for such a predictor did as well on the first half (Westfall & Young 1993), so
   that it accounts for the number of units; the winners are measured on the second half as well.
5. Second control, where the predictor is about words: the same search for `SHUFFLES` lists of
   frequency-matched words. A unit that does no better than the best units for these responds to the
   words, but is none *for* them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..data.image_rows import ImageRows
from ..errors import UsageError
from ..lab import Lab
from ..models import Target, Unit
from ..statistics.association import pearson
from ..statistics.bootstrap import Resampler
from ..statistics.bootstrap import interval as interval_of
from ..statistics.permutation import p_value
from ..statistics.within import aurocs
from .agreement import HOLDS, interval, means
from .association import SIGNS, associations
from .records import Rows

SHUFFLES = 20
LEAST = 5
"""Observations of each half where the predictor holds, under which there are too few."""
_DRAWS = 200
"""Resamples of documents behind an interval, as for correlations."""
_MOST = 0.5**0.5
"""Correlation from which a predictor explains at least half of a unit's variance. In a small
vocabulary every token has units of its own: these are for it though others are for others."""
_NOT_NEURONS = ("head", "attn_out", "mlp_out", "resid", "logit")


class Inputs(NamedTuple):
    """What units are compared with."""

    rows: Rows
    degrees: np.ndarray
    """float32 `[row, place]` in 0..1: the predictor."""
    by_row: bool = False
    """Whether a row counts as one observation, with the unit's peak in it."""
    matched: np.ndarray | None = None
    """bool `[list, row, place]`: lists of frequency-matched words; None: there are none."""
    kind: str = "words"
    """What these lists are of: words, or tokens."""

    @property
    def known(self) -> np.ndarray:
        """bool `[row, place]`: the observations."""
        if not self.by_row:
            return self.rows.counted
        first = np.zeros(self.degrees.shape, bool)
        first[:, 0] = True
        return first

    @property
    def holds(self) -> np.ndarray:
        """bool `[row, place]`: the observations where the predictor holds."""
        return self.known & (self.degrees >= HOLDS)


class Hit(NamedTuple):
    """A unit with how well it goes with the predictor, on documents that did not choose it."""

    unit: Unit
    chosen: float
    """Correlation on the half that chose it."""
    correlation: float | None
    interval: list[float] | None
    auroc: float | None
    auroc_interval: list[float] | None
    inside: float
    """Mean activation where the predictor holds, and elsewhere."""
    outside: float
    p: float
    """How often the best of all units for a shuffled predictor did as well; see the module."""
    p_words: float | None
    """The same for lists of other words; None without any."""
    values: np.ndarray
    """float32 `[row, place]` on the second half, NaN where there is no observation."""


class Search(NamedTuple):
    """What came of it."""

    hits: list[Hit]
    """Best first, by the half that chose."""
    units: int
    control_chosen: list[float]
    """Best correlation of all units with each shuffled predictor, on the half that chose it."""
    control: list[float]
    """The same units and shuffled predictors on the other half."""
    control_words: list[float]
    """Best correlation with each list of other words, on the half that chose it."""
    rows: np.ndarray
    """Indices of the second half's rows."""

    def responds(self, hit: Hit) -> bool:
        """Whether a unit does better than chance, on both halves."""
        if hit.p > 1 / SHUFFLES or hit.correlation is None or hit.interval is None:
            return False
        return hit.interval[0] > max(0.0, *self.control)

    def selective(self, hit: Hit) -> bool:
        """Whether it does better than the best units for lists of other words too, or the predictor
        says most of what it does (`_MOST`), however many units there are for other words.
        """
        if not self.responds(hit):
            return False
        strong = hit.interval is not None and hit.interval[0] >= _MOST
        return strong or hit.p_words is None or hit.p_words <= 1 / SHUFFLES


def neuron_sites(target: Target) -> list[str]:
    """The sites of all neurons or channels of a target."""
    modules = dict(target.network.named_modules())
    names = [
        name
        for name, site in target.sites.items()
        if name.partition(".")[0] not in _NOT_NEURONS
        and site.code is None
        and (name == "planted" or name.removesuffix(":in") not in modules)
    ]
    if not names:
        text = target.image is None and not target.numbers
        places = ("sequence", "joined") if text else None
        names = [  # a network of one's own: nobody knows which are neurons
            name for name, site in target.sites.items() if places is None or site.layout in places
        ]
    names = target.usable(names)
    if not names:
        raise UsageError(
            f"{target.name} has no sites of neurons; pass sites, such as "
            f"{', '.join(list(target.sites)[:3]) or 'the path of a module'}"
        )
    return names


def sites_of(target: Target, given: Sequence[str] | None) -> list[str]:
    """The sites that a person named; `mlp` stands for all of `mlp.N`. None: all neurons.

    Raises:
        UsageError: for a site that the target does not have.
    """
    if not given:
        return neuron_sites(target)
    names: dict[str, None] = {}
    for name in given:
        family = [known for known in target.sites if known.startswith(f"{name.strip()}.")]
        if name.strip() not in target.sites and family:
            names |= dict.fromkeys(family)
        else:
            names[target.site(name.strip()).name] = None
    return list(names)


def content_of(rows: Rows) -> np.ndarray:
    """int64 `[row]`: which document, where documents of the same text are one."""
    texts = rows.texts if isinstance(rows, ImageRows) else [rows.texts[i] for i in rows.document]
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int64)


def halves(inputs: Inputs) -> np.ndarray:
    """bool `[row]`: the second half; documents in which the predictor holds are parted evenly."""
    document = content_of(inputs.rows)
    held = np.bincount(document, inputs.holds.any(1)) > 0
    order = np.lexsort((np.arange(held.size), held))
    second = np.zeros(held.size, bool)
    second[order[1::2]] = True
    return second[document]


def too_few(inputs: Inputs) -> bool:
    """Whether the predictor holds too seldom, or fails too seldom, to tell anything."""
    second = halves(inputs)
    off = inputs.known & ~inputs.holds
    return any(
        int(where[part].sum()) < LEAST or int(where[part].any(1).sum()) < 2
        for where in (inputs.holds, off)
        for part in (second, ~second)
    )


def search(lab: Lab, inputs: Inputs, sites: Sequence[str], n: int) -> Search:
    """The units that go with the predictor best; see the module.

    Args:
        lab: The lab; shuffles come from `lab.rng()`.
        inputs: Where the predictor holds.
        sites: Whose units.
        many: How many units to keep.
    """
    shuffles, intervals, areas = map(lab.rng, ("shuffles", "intervals", "areas"))
    second = halves(inputs)
    parts = [_part(inputs, ~second), _part(inputs, second)]
    layers = [
        np.stack([part.degrees, *(_shuffled(part, shuffles) for _ in range(SHUFFLES))])
        for part in parts
    ]  # [predictor, row, place] of each half
    if inputs.matched is not None:
        layers[0] = np.concatenate([layers[0], inputs.matched[:, ~second].astype(np.float32)])
    correlations = associations(lab, parts[0].rows, layers[0], sites, by_row=inputs.by_row)
    best = _best(correlations, 0, n)
    winners = [_best(correlations, at, 1)[0] for at in range(1, SHUFFLES + 1)]
    top = [score for _, score in winners]
    words = [_best(correlations, at, 1)[0][1] for at in range(1 + SHUFFLES, len(layers[0]))]
    names = list(dict.fromkeys(unit for unit, _ in (*best, *winners)))
    values = _measured(lab, parts[1], names)
    part, known = parts[1], parts[1].known
    control = [
        pearson(values[unit][known], layer[known]) or 0.0
        for (unit, _), layer in zip(winners, layers[1][1:], strict=True)
    ]
    hits = [
        _hit(part, unit, score, values[unit], (top, words), (intervals, areas))
        for unit, score in best
        if score > 0
    ]
    units = sum(lab.target.sites[name].units for name in correlations)
    return Search(hits, units, top, control, words, np.flatnonzero(second))


def _hit(
    part: Inputs,
    unit: Unit,
    chosen: float,
    values: np.ndarray,
    controls: tuple[Sequence[float], Sequence[float]],
    draws: tuple[np.random.Generator, np.random.Generator],
) -> Hit:
    known = part.known & np.isfinite(values)
    column, degrees = values[known], part.degrees[known]
    holds = degrees >= HOLDS
    document = content_of(part.rows)[np.nonzero(known)[0]]
    _, document = np.unique(document, return_inverse=True)
    _, inside, outside = means(column, holds)
    area, span = _area(column, holds, document, draws[1])
    return Hit(
        unit,
        chosen,
        pearson(degrees, column),
        interval(degrees, column, document, draws[0]),
        area,
        span,
        inside or 0.0,
        outside or 0.0,
        p_value(chosen, controls[0]),
        p_value(chosen, controls[1]) if controls[1] else None,
        values,
    )


def _area(
    column: np.ndarray, holds: np.ndarray, document: np.ndarray, rng: np.random.Generator
) -> tuple[float | None, list[float] | None]:
    """AUROC of a unit for the observations where a predictor holds, with its interval."""
    if holds.all() or not holds.any():
        return None, None
    resampler = Resampler(document, seed=rng, resamples=_DRAWS)
    one = np.zeros(len(column), np.int64)
    found = interval_of(aurocs(one, column, holds, np.ones(1, bool), resampler))
    return found.value, [found.low, found.high] if np.isfinite(found.low) else None


def _part(inputs: Inputs, rows: np.ndarray) -> Inputs:
    return Inputs(inputs.rows.rows(rows), inputs.degrees[rows], inputs.by_row)


def _shuffled(inputs: Inputs, rng: np.random.Generator) -> np.ndarray:
    """The predictor with its documents in another order: `[row, place]`.

    What it gives for a document stays together, and is laid over the places of others.
    """
    known = inputs.known
    degrees = inputs.degrees[known]  # [observation], documents one after the other
    document = inputs.rows.document[np.nonzero(known)[0]]
    _, number = np.unique(document, return_inverse=True)
    order = rng.permutation(int(number.max(initial=-1)) + 1)
    out = np.zeros(inputs.degrees.shape, np.float32)
    out[known] = degrees[np.argsort(order[number], kind="stable")]
    return out


def _best(correlations: dict[str, np.ndarray], predictor: int, n: int) -> list[tuple[Unit, float]]:
    """The units with the highest correlation with one predictor, over all sites."""
    ranked: list[tuple[Unit, float]] = []
    for name, scores in correlations.items():
        flat = scores[predictor].ravel()  # [sign * unit]
        units = scores.shape[2]
        top = np.argsort(-flat, kind="stable")[:n]
        ranked += [(Unit(name, int(at % units), SIGNS[at // units]), float(flat[at])) for at in top]
    return sorted(ranked, key=lambda item: -item[1])[:n]


def _measured(lab: Lab, part: Inputs, units: Sequence[Unit]) -> dict[Unit, np.ndarray]:
    """The units on one half: float32 `[row, place]`, NaN where there is no observation."""
    values = lab.activations(part.rows, units)  # [unit, row, place]
    if part.by_row and not isinstance(part.rows, ImageRows):
        peaks = np.where(np.isfinite(values), values, -np.inf).max(2)
        values = np.full(values.shape, np.nan, np.float32)
        values[:, :, 0] = np.where(np.isfinite(peaks), peaks, np.nan)
    return dict(zip(units, values, strict=True))
