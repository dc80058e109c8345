"""Measures every unit of whole sites over all of explore, and ranks them.

One pass keeps sums alone: mean, standard deviation, largest and smallest activation, and the
shares of places above 0 and above a level that the planner names. On pictures a place is a picture,
at which a unit has its maximum over space.
"""

from typing import Annotated, Any, Literal

import numpy as np
from torch import Tensor

from ..activations.selectivity import sites_of
from ..data.image_rows import ImageRows
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
    measured = _measured(lab, chosen, above)
    rows: list[dict[str, Any]] = []
    for name in chosen:
        stats = measured[name]
        rows += [
            {
                "unit": str(Unit(name, at)),
                **{key: float(values[at]) for key, values in stats.items()},
            }
            for at in range(lab.target.sites[name].units)
        ]
    if not rows:
        raise UsageError("these sites have no units")
    rows.sort(key=lambda row: row[order], reverse=not least_first)
    never = sum(row["above"] == 0 for row in rows)
    silent = sum(row["max"] == row["min"] for row in rows)
    what = "pictures" if isinstance(lab.explore, ImageRows) else "places"
    places = int(lab.explore.counted.sum())
    listed = rows[:many]
    lines = [
        f"{len(rows):,} units of {', '.join(chosen)} over {places:,} {what} of explore; {never:,} "
        f"never exceed {number(above)}, {len(rows) - never:,} do; {silent:,} are constant",
        f"by {order}, {'lowest' if least_first else 'highest'} first; share above 0"
        + (f" and above {number(above)}" if above else "")
        + ":",
        *(_line(row, above) for row in listed),
    ]
    data = {
        "sites": chosen,
        "order": order,
        "above": above,
        "surveyed": len(rows),
        "places": places,
        "never_above": never,
        "constant": silent,
        "units": listed,
    }
    return Result("\n".join(lines), data)


def _line(row: dict[str, Any], above: float) -> str:
    level = f", {row['above']:.2%}" if above else ""
    return (
        f"{row['unit']}: max {number(row['max'])}, mean {number(row['mean'])}, sd "
        f"{number(row['sd'])}, min {number(row['min'])}; {row['firing']:.2%}{level}"
    )


def _measured(lab: Lab, sites: list[str], above: float) -> dict[str, dict[str, np.ndarray]]:
    """Numbers of every unit, `[unit]` each, by site."""
    shape = {name: lab.target.sites[name].units for name in sites}
    sums = {name: np.zeros((4, many)) for name, many in shape.items()}
    high = {name: np.full(many, -np.inf) for name, many in shape.items()}
    low = {name: np.full(many, np.inf) for name, many in shape.items()}
    places = 0
    for at in range(0, len(lab.explore), _ROWS):
        rows = lab.explore.rows(slice(at, at + _ROWS))
        places += int(rows.counted.sum())
        lab.meter.forward_tokens += int(rows.attended.sum())

        def take(name: str, values: Tensor, rows: Any = rows) -> None:
            x = at_places(lab.target, rows, name, values).astype(np.float64)
            sums[name] += np.stack(
                [x.sum(0), np.square(x).sum(0), (x > 0).sum(0), (x > above).sum(0)]
            )
            np.maximum(high[name], x.max(0, initial=-np.inf), out=high[name])
            np.minimum(low[name], x.min(0, initial=np.inf), out=low[name])

        lab.target.trace(rows, sites, output=False, take=take)
    found = {}
    for name, (total, squares, firing, over) in sums.items():
        mean = total / places
        found[name] = {
            "max": high[name],
            "min": low[name],
            "mean": mean,
            "sd": np.sqrt(np.maximum(squares / places - np.square(mean), 0)),
            "firing": firing / places,
            "above": over / places,
        }
    return found
