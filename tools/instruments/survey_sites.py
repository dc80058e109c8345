"""Measures every unit of whole sites over all of explore, and ranks them.

One pass keeps sums alone: mean, standard deviation, largest and smallest activation, and the
shares of places above 0 and above a level that the planner names. On pictures a place is a picture,
at which a unit has its maximum over space.
"""

from typing import Annotated, Any, Literal

import numpy as np
from torch import Tensor

from ..activations.frequencies import frequencies_of_sites, key_frequencies, numbers_in
from ..activations.selectivity import sites_of
from ..data.image_rows import ImageRows
from ..data.windows import batches
from ..errors import UsageError
from ..evidence import Result
from ..lab import Lab, at_places
from ..models import Unit
from ..registry import UpTo, tool
from ..render.text import number

MOST = 50
_ROWS = 64
Order = Literal["max", "mean", "min", "sd", "firing", "above"]


@tool(needs=("open",))
def survey_sites(
    lab: Lab,
    sites: list[str] | None = None,
    *,
    order: Order = "max",
    above: float = 0.0,
    least_first: bool = False,
    many: Annotated[int, UpTo(MOST)] = 10,
) -> Result:
    """Measures every unit of whole sites over the corpus in one pass and ranks them: which are the
    strongest, the most or least often active, how many never exceed a level.

    Args:
        sites: Such as mlp.3, head.2 or mlp (all layers); left out: all neurons.
        order: What to rank by: max, mean, min, sd, firing (share of places above 0), or above.
        above: A level: counts how many units exceed it anywhere, and ranks by how often (above).
        least_first: Rank from the lowest.
        many: How many units to list, at most 50.
    """
    chosen = sites_of(lab.target, sites)
    rows = [
        {"unit": str(Unit(name, at)), **{key: float(values[at]) for key, values in stats.items()}}
        for name, stats in _measured(lab, chosen, above).items()
        for at in range(lab.target.sites[name].units)
    ]
    if not rows:
        raise UsageError("these sites have no units")
    rows.sort(key=lambda row: row[order], reverse=not least_first)
    data: dict[str, Any] = {
        "sites": chosen,
        "order": order,
        "above": above,
        "surveyed": len(rows),
        "places": int(lab.explore.counted.sum()),
        "never_above": sum(row["above"] == 0 for row in rows),
        "constant": sum(row["max"] == row["min"] for row in rows),
        "units": rows[:many],
    }
    what = "pictures" if isinstance(lab.explore, ImageRows) else "places"
    n, never = len(rows), data["never_above"]
    level = f" and above {number(above)}" if above else ""
    lines = [
        f"{n:,} units of {', '.join(chosen)} over {data['places']:,} {what} of explore; {never:,} "
        f"never exceed {number(above)}, {n - never:,} do; {data['constant']:,} are constant",
        f"by {order}, {'lowest' if least_first else 'highest'} first; share above 0{level}:",
        *(_line(row, above) for row in data["units"]),
    ]
    if lab.numeric:
        lines += _frequencies(lab, chosen, data)
    return Result("\n".join(lines), data)


def _frequencies(lab: Lab, sites: list[str], data: dict[str, Any]) -> list[str]:
    """Lines on the key frequencies of sites, where texts hold numbers; adds them to the payload."""
    try:
        numbers = numbers_in(lab.explore)
    except UsageError:
        return []
    found = frequencies_of_sites(lab, numbers, sites, lab.rng("frequencies"))
    keys = {site: key_frequencies(one) for site, one in found.items()}
    data["frequencies"] = {site: key._asdict() for site, key in keys.items()}
    where = ", ".join(map(str, numbers.positions))
    return [
        f"{site}, by the numbers at the places {where} modulo {numbers.modulus}: {key.words()}"
        for site, key in keys.items()
    ]


def _line(row: dict[str, Any], above: float) -> str:
    level = f", {row['above']:.2%}" if above else ""
    return (
        f"{row['unit']}: max {number(row['max'])}, mean {number(row['mean'])}, sd "
        f"{number(row['sd'])}, min {number(row['min'])}; {row['firing']:.2%}{level}"
    )


def _measured(lab: Lab, sites: list[str], above: float) -> dict[str, dict[str, np.ndarray]]:
    """Numbers of every unit, `[unit]` each, by site."""
    sums = {name: np.zeros((4, lab.target.sites[name].units)) for name in sites}
    high = {name: np.full(total.shape[1], -np.inf) for name, total in sums.items()}
    low = {name: np.full(total.shape[1], np.inf) for name, total in sums.items()}
    for _, rows in batches(lab.explore, _ROWS):

        def take(name: str, values: Tensor, rows: Any = rows) -> None:
            x = at_places(lab.target, rows, name, values).astype(np.float64)
            sums[name] += [x.sum(0), np.square(x).sum(0), (x > 0).sum(0), (x > above).sum(0)]
            np.maximum(high[name], x.max(0, initial=-np.inf), out=high[name])
            np.minimum(low[name], x.min(0, initial=np.inf), out=low[name])

        lab.trace(rows, sites, output=False, take=take)
    results = {}
    for name, total in sums.items():
        mean, square, firing, over = total / int(lab.explore.counted.sum())
        results[name] = {
            "max": high[name],
            "min": low[name],
            "mean": mean,
            "sd": np.sqrt(np.maximum(square - np.square(mean), 0)),
            "firing": firing,
            "above": over,
        }
    return results
