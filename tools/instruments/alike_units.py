"""Which units do the same: correlations of activations between all units of sites.

1. One pass over explore sums every unit and every product of two; Pearson's r of all pairs
   follows.
2. Control: the same with the places of explore in another order for the second unit of each pair,
   which keeps what each unit is and breaks what they share: the largest |r| of all pairs there.
"""

from typing import Annotated, Any

import numpy as np
from torch import Tensor

from ..activations.records import Rows
from ..activations.selectivity import sites_of
from ..data.windows import batches
from ..errors import UsageError
from ..evidence import Result
from ..lab import Lab, at_places
from ..models import Unit
from ..registry import UpTo, tool
from ..render.text import number

MOST = 25
MOST_UNITS = 4096
"""Of all pairs; their products fill a square."""
_ROWS = 64
_FLAT = 1e-6


@tool(needs=("open",))
def alike_units(
    lab: Lab,
    sites: list[str] | None = None,
    *,
    unit: str | None = None,
    many: Annotated[int, UpTo(MOST)] = 8,
) -> Result:
    """Correlates the activations of all pairs of units of sites over the corpus: the most alike,
    and the most opposite; with a unit, the units most like it. Beside what unrelated pairs reach.

    Args:
        sites: Such as mlp.3 or mlp (all layers); left out: all neurons. At most 4,096 units.
        unit: A unit; left out: all pairs are ranked.
        many: How many pairs of each kind to list, at most 25.
    """
    chosen = sites_of(lab.target, sites)
    known = None if unit is None else lab.target.unit(unit)
    if known is not None and known.site not in chosen:
        chosen.append(known.site)
    units = [Unit(name, at) for name in chosen for at in range(lab.target.sites[name].units)]
    if len(units) > MOST_UNITS:
        raise UsageError(
            f"{', '.join(chosen)} have {len(units):,} units; name sites with at most {MOST_UNITS:,}"
        )
    r, control = _correlations(lab, chosen, len(units))
    first, second = np.triu_indices(len(units), 1)
    if known is not None:
        second = np.delete(np.arange(len(units)), units.index(Unit(known.site, known.index)))
        first = np.full_like(second, units.index(Unit(known.site, known.index)))
    values = (known.sign if known is not None else 1) * r[first, second]  # [pair]
    ranked = np.flatnonzero(np.isfinite(values))
    if not ranked.size:
        which = str(known) if known is not None else f"all units of {', '.join(chosen)}"
        raise UsageError(
            f"{which} never changes over the corpus, or is not finite there: nothing correlates "
            "with that; name another unit or other sites"
        )
    order = ranked[np.argsort(-values[ranked], kind="stable")]
    pairs = [
        {
            "first": str(known or units[first[at]]),
            "second": str(units[second[at]]),
            "correlation": float(values[at]),
        }
        for at in [*order[:many], *order[::-1][:many]]
    ]
    n = len(pairs) // 2
    data = {
        "sites": chosen,
        "pairs": len(values),
        "alike": pairs[:n],
        "opposite": pairs[n:],
        "control": control,
        "constant": int((~np.isfinite(np.diag(r))).sum()),
    }
    return Result("\n".join(_lines(data, len(units))), data)


def _lines(data: dict[str, Any], n: int) -> list[str]:
    def listed(pairs: list[dict[str, Any]]) -> str:
        return "; ".join(f"{p['first']} and {p['second']} {p['correlation']:+.4f}" for p in pairs)

    constant = data["constant"]
    return [
        f"{data['pairs']:,} pairs of {n:,} units of {', '.join(data['sites'])}; control, the same "
        f"pairs with their rows shuffled: at most |r| = {number(data['control'])}"
        + (f"; {constant} units are constant or not finite, and left out" if constant else ""),
        f"most alike: {listed(data['alike'])}",
        f"most opposite: {listed(data['opposite'])}",
    ]


def _correlations(lab: Lab, sites: list[str], units: int) -> tuple[np.ndarray, float]:
    """Pearson's r `[unit, unit]`, NaN for pairs with a unit that is constant or not finite; and the
    largest |r| with rows shuffled.
    """
    total = np.zeros(units)
    product, shuffled = np.zeros((units, units)), np.zeros((units, units))
    places, shift, rng = 0, None, lab.rng()
    sound = np.ones(units, bool)
    for _, rows in batches(lab.explore, _ROWS):
        x = _values(lab, sites, rows)
        finite = np.isfinite(x).all(0)
        sound &= finite
        x[:, ~finite] = 0
        shift = x.mean(0) if shift is None else shift  # near the mean: nothing is lost in float32
        x = x - shift
        total += x.sum(0, dtype=np.float64)
        places += len(x)
        product += x.T @ x
        shuffled += x.T @ x[rng.permutation(len(x))]
    both = np.outer(total, total) / places
    product, shuffled = product - both, shuffled - both
    size = np.sqrt(np.maximum(np.diag(product), 0))
    flat = ~sound | (size < _FLAT * np.sqrt(places))
    scale = np.where(flat, np.inf, size)
    r = product / np.outer(scale, scale)
    other = shuffled / np.outer(scale, scale)
    np.fill_diagonal(other, 0)
    np.fill_diagonal(r, 1.0)
    r[flat], r[:, flat] = np.nan, np.nan
    return r, float(np.abs(other).max(initial=0))


def _values(lab: Lab, sites: list[str], rows: Rows) -> np.ndarray:
    """float32 `[place, unit]` of some rows of explore; on pictures a place is a picture."""
    parts: dict[str, np.ndarray] = {}

    def take(name: str, values: Tensor) -> None:
        parts[name] = at_places(lab.target, rows, name, values)

    lab.trace(rows, sites, output=False, take=take)
    return np.concatenate([parts[name] for name in sites], 1)
