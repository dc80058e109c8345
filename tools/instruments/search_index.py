"""Searches an exemplar index for units whose strongest places are of some kind; no forward pass.

1. The predictor is evaluated on the windows of the index, once.
2. Of every unit, in each direction that means something, the share of its k strongest places at
   which it holds. Places of one window are one sight: each window counts once, by its strongest.
3. Control: with the base rate of such places, how likely is as large a share by chance, for the
   best of all units (binomial, times their number)? Our formulation.
"""

from typing import Annotated, Any

import numpy as np
from scipy.stats import binom

from ..activations.selectivity import sites_of
from ..errors import UsageError
from ..evidence import Result
from ..exemplars import ExemplarIndex
from ..hypotheses.concept_query import wanted
from ..lab import Lab
from ..models import Unit
from ..predicates.core import HOLDS
from ..registry import UpTo, tool

MOST = 25
_MAX_P = 0.05
"""After correction; above it a share is no finding."""


@tool(needs=("text", "index", "open"))
def search_index(
    lab: Lab,
    what: str | list[str] | dict[str, Any],
    *,
    sites: list[str] | None = None,
    many: Annotated[int, UpTo(MOST)] = 8,
) -> Result:
    """Finds units whose strongest inputs in the exemplar index are mostly of one kind. Reads the
    index alone, so that it is quick on any model; find_units measures all places, not only the
    strongest.

    Args:
        what: A concept (animals), words, or a predictor as JSON.
        sites: Where to look, such as mlp.3 or mlp (all layers); left out: all sites of the index.
        many: How many units to list, at most 25.
    """
    index = lab.index
    assert index is not None
    one = wanted(lab, what)
    holds = one.predicate.evaluate(index.windows) > HOLDS  # [window, place]
    rate = float(holds[index.windows.counted].mean())
    rows, compared = [], 0
    for name in _sites(lab, index, sites):
        for sign in index.signs(name):
            windows, places = index.top_places(name, sign)  # [unit, k], -1 where there is none
            first = _first_of_window(windows)
            hits, seen = (holds[windows, places] & first).sum(1), first.sum(1)
            p = binom.sf(hits - 1, seen, rate)
            compared += len(hits)
            rows += [
                {
                    "unit": str(Unit(name, int(at), sign)),
                    "hits": int(hits[at]),
                    "of": int(seen[at]),
                    "p": float(p[at]),
                }
                for at in np.argsort(p, kind="stable")[:many]
            ]
    rows = [{**row, "p": min(1.0, row["p"] * compared)} for row in rows]
    rows = sorted(rows, key=lambda row: (row["p"], -row["hits"]))[:many]
    lines = [
        f"{one.english}: {rate:.2%} of the places of the index ({index.header['corpus']}); "
        f"{compared:,} units and directions by their strongest places, one a window:",
        *_lines(rows),
    ]
    lines += [one.note] if one.note else []
    data = {
        "what": one.english,
        "predictor": one.predicate.model_dump(),
        "base_rate": rate,
        "compared": compared,
        "found": rows,
    }
    return Result("\n".join(lines), data)


def _lines(rows: list[dict[str, Any]]) -> list[str]:
    good = [
        f"{row['unit']}: {row['hits']} of {row['of']}; p={row['p']:.2g} after correction for all"
        for row in rows
        if row["p"] <= _MAX_P
    ]
    near = [f"; the nearest, {row['unit']}, {row['hits']} of {row['of']}" for row in rows[:1]]
    return good or [f"none beyond chance{''.join(near)}"]


def _sites(lab: Lab, index: ExemplarIndex, given: list[str] | None) -> list[str]:
    """The sites of the index that were asked for."""
    if not given:
        return list(index.sites)
    asked = sites_of(lab.target, given)
    chosen = [name for name in asked if name in index.sites]
    if not chosen:
        raise UsageError(
            f"the index has no site {', '.join(asked[:4])}; it has "
            f"{', '.join(list(index.sites)[:8])}. find_units measures any site"
        )
    return chosen


def _first_of_window(windows: np.ndarray) -> np.ndarray:
    """Where a unit's places, best first, are the first of their window: bool `[unit, k]`."""
    out = np.zeros(windows.shape, bool)
    for unit, row in enumerate(windows):
        _, first = np.unique(row, return_index=True)
        out[unit, first] = True
    return out & (windows >= 0)
