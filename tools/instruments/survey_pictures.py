"""Surveys a unit over all pictures of explore: how strongly, how widely, and what goes with it.

1. Moments, quantiles and a histogram of the peak on every picture.
2. Both signs: whether the opposite one carries meaning, from the activation function.
3. How much of a picture the active region covers, and where it lies, on the pictures where the unit
   is active.
4. The statements about pictures that go best with the activation (see `cues.py`), and those that go
   against it by more than chance.
"""

from collections import Counter
from typing import Annotated, Any

import numpy as np

from ..activations.cues import Cue, cues
from ..activations.records import activity, flat
from ..evidence import Result
from ..images.recipes import pictures_of
from ..lab import Lab
from ..models import Unit
from ..registry import UpTo, tool
from ..render.captions import regions
from ..render.picture_words import where
from ..render.text import number
from .survey import numbers

_BINS = 20
_REGIONS = 32  # pictures whose active regions are looked at
_AGAINST = 5  # statements that go against a unit


@tool(needs=("image",))
def survey(lab: Lab, unit: str | None = None, *, many: Annotated[int, UpTo(40)] = 10) -> Result:
    """Measures the unit on all pictures of explore: how often it is active, how much of a picture
    it covers, both signs, which things, colours and settings go with it. Start here.

    Args:
        unit: The unit, such as conv.3/7; left out: the unit under study.
        many: How many things, colours and settings to list.
    """
    chosen = lab.chosen(unit)
    rows = pictures_of(lab)
    data = flat(lab, chosen)
    if not data.values.size:
        return Result(
            f"{chosen}: explore has no picture with a finite activation.",
            {"unit": str(chosen), "stats": {"count": 0, "not_finite": data.not_finite}},
        )
    stats = numbers(data, rows, lab.target.site(chosen.site), chosen)
    counts, edges = np.histogram(data.values, bins=_BINS)
    payload: dict[str, Any] = {
        "unit": str(chosen),
        "stats": stats,
        "histogram": {"counts": counts, "edges": edges},
    }
    if stats["dead"]:
        return Result(_dead(chosen, stats), payload)
    every = cues(lab, rows, lab.column(chosen)[:, 0])
    found, tried = every[:many], len(every)
    cover = _cover(lab, chosen)
    chance = float(np.sqrt(2 * np.log(max(2, tried)) / max(2, stats["count"])))
    payload |= {"cues": [cue._asdict() for cue in found], "chance": chance, "cover": cover}
    against = [cue for cue in reversed(every) if cue.correlation < -chance][:_AGAINST]
    lines = [
        "goes with it (r: mean where so, mean elsewhere, pictures), "
        f"of {tried} statements; chance alone reaches about {chance:.2f}:",
        *_cues(found),
    ]
    if against:
        lines += ["goes against it, beyond chance:", *_cues(against)]
    return Result("\n".join([*_text(chosen, stats, cover), *lines]), payload)


def _cover(lab: Lab, unit: Unit) -> dict[str, Any] | None:
    """Size and place of the active region where the unit is most active."""
    column = np.nan_to_num(lab.column(unit)[:, 0], nan=-np.inf)
    bar = activity(column)
    order = [int(at) for at in np.argsort(-column, kind="stable")[:_REGIONS] if column[at] > bar]
    found = regions(lab, unit, pictures_of(lab).rows(order)) if order else None
    masks = [one.mask for one in found or () if one is not None]
    if not masks:
        return None
    shares = [float(mask.mean()) for mask in masks]
    return {
        "pictures": len(masks),
        "median_share": float(np.median(shares)),
        "where": dict(Counter(where(mask) for mask in masks).most_common()),
    }


def _dead(unit: Unit, stats: dict[str, Any]) -> str:
    return (
        f"{unit} is dead: it was never above 0 on {stats['count']} pictures (max "
        f"{number(stats['max'])}, sd {number(stats['sd'])}). Conclude so, unless a picture of your "
        "own moves it (draw)."
    )


def _text(
    unit: Unit,
    stats: dict[str, Any],
    cover: dict[str, Any] | None,
) -> list[str]:
    at, opposite = stats["thresholds"], stats["opposite"]
    rows = [
        f"{unit} over explore: {stats['count']} pictures; the activation of a picture is the "
        "unit's maximum over space",
        f"above 0 on {stats['firing_rate']:.1%} of pictures; mean {number(stats['mean'])}, sd "
        f"{number(stats['sd'])}, max {number(stats['max'])}, median "
        f"{number(stats['quantiles']['0.5'])}, min {number(stats['min'])}",
        f"active, above half of the mean of its strongest five ({number(stats['active_above'])}): "
        f"{stats['active']} pictures; top 10% above {number(at['0.9'])}, top 1% above "
        f"{number(at['0.99'])}",
        f"other sign: {opposite['why']}; {opposite['energy']:.0%} of energy",
    ]
    if cover is not None:
        places = ", ".join(f"{name} x{many}" for name, many in list(cover["where"].items())[:4])
        rows.append(
            f"active region on its {cover['pictures']} strongest pictures: median "
            f"{cover['median_share']:.0%} of the picture; {places}"
        )
    if stats["not_finite"]:
        rows.append(f"{stats['not_finite']} activations were not finite and were left out")
    return rows


def _cues(found: list[Cue]) -> list[str]:
    return [
        f"  {cue.name} ({cue.correlation:.2f}: {number(cue.inside)}, {number(cue.outside)}, "
        f"x{cue.holds})"
        for cue in found
    ]
