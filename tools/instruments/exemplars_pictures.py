"""Exemplars of a unit: the pictures of explore where it is most active, or in a band, or hardly.

top        the pictures with the highest peaks
quantile   one picture from each of `many` equal bands between 0 and the maximum
low        pictures that look or read most like the top ones, and where the unit stays low
"""

from typing import Annotated, Literal

import numpy as np

from ..activations.cues import statements
from ..activations.picture_records import item, reference
from ..activations.records import activity, flat
from ..data.image_rows import ImageRows
from ..evidence import Result
from ..images.recipes import pictures_of
from ..lab import Lab
from ..models import Unit
from ..registry import UpTo, tool
from ..render.captions import show

_TOPS = 12


@tool(needs=("image",))
def exemplars(
    lab: Lab,
    unit: str | None = None,
    *,
    kind: Literal["top", "quantile", "low"] = "top",
    many: Annotated[int, UpTo(16)] = 8,
    skip: int = 0,
) -> Result:
    """Shows pictures of explore with the unit's activation, as a sheet and in words: what they
    show, and where, how large and on what the active region is.

    On the sheet what is outside the active region is darkened.

    Args:
        unit: The unit, such as conv.3/7; left out: the unit under study.
        kind: top: highest peaks. quantile: bands from high to low. low: pictures much like the top
            ones where the unit stays low.
        many: How many pictures.
        skip: For top and low: leave out so many first.
    """
    chosen = lab.chosen(unit)
    skip = max(0, skip)
    explore = pictures_of(lab)
    data = flat(lab, chosen)
    if not data.values.size or data.values.max() <= 0:
        return Result(
            f"{chosen} was never above 0 on explore: it has no exemplars.",
            {"unit": str(chosen), "kind": kind, "measured": []},
        )
    pick = {"top": top_pictures, "quantile": quantile_pictures, "low": low_pictures}[kind]
    found = pick(lab, chosen, many, skip)
    rows, values = explore.rows(found), lab.column(chosen)[found, 0]
    names = [f"window {at}" for at in found]
    shown = show(lab, chosen, rows, values, names=names, sheet=kind)
    measured = [
        item(
            chosen, explore, at, values[k], source=kind, window=at,
            region=shown.regions[k],
        )
        for k, at in enumerate(found)
    ]  # fmt: skip
    head = f"{chosen}, {kind} exemplars ({reference(lab, chosen)}):"
    lines = [f"{k}. {line}" for k, line in enumerate(shown.lines, 1)]
    if not lines:
        head = f"{chosen}: explore has no further {kind} exemplars."
    elif len(lines) < many:
        lines.append("there are no further ones" if skip else f"only {len(lines)} such exist")
    elif kind != "quantile":
        lines.append(f"further ones: skip={skip + many}")
    return Result(
        "\n".join([head, *lines]),
        {"unit": str(chosen), "kind": kind, "measured": measured},
        shown.images,
    )


def top_pictures(lab: Lab, unit: Unit, many: int, skip: int = 0) -> list[int]:
    """Rows of explore with the highest peaks above zero, contents all different."""
    column = np.nan_to_num(lab.column(unit)[:, 0], nan=-np.inf)
    out: list[int] = []
    seen: set[str] = set()
    for at in np.argsort(-column, kind="stable"):
        key = pictures_of(lab).pictures[int(at)].key
        if column[at] > 0 and key not in seen:
            seen.add(key)
            out.append(int(at))
        if len(out) >= many + skip:
            break
    return out[skip:]


def quantile_pictures(lab: Lab, unit: Unit, many: int, skip: int = 0) -> list[int]:
    """One picture from each of `many` equal bands of activation, highest first.

    Where a band has pictures that no result has shown before, it is one of these.
    """
    data, before = flat(lab, unit), _shown_before(lab, unit)
    rng = lab.rng()
    edges = np.linspace(0, data.values.max(), many + 1)
    out: list[int] = []
    for band in range(many - 1, -1, -1):
        inside = (data.values > edges[band]) & (data.values <= edges[band + 1])
        if not inside.any():
            continue
        chosen = int(data.window[rng.choice(np.flatnonzero(inside))])
        fresh = [int(at) for at in data.window[inside] if int(at) not in before]
        out.append(int(rng.choice(fresh)) if chosen in before and fresh else chosen)
    return out


def _shown_before(lab: Lab, unit: Unit) -> set[int]:
    """Rows of explore that earlier calls showed for this unit."""
    found = [known for known in lab.evidence if known.tool == "exemplars" and not known.error]
    return {
        int(item["window"])
        for known in found
        if known.data.get("unit") == str(unit)
        for item in known.data["measured"]
    }


def low_pictures(lab: Lab, unit: Unit, many: int, skip: int = 0) -> list[int]:
    """The pictures most like the strongest ones where the unit is low, most alike first.

    Likeness is the overlap of what the statements of `cues.py` say of two pictures, rare ones
    weighing more; the same best likeness comes once for each of the strongest in turn.
    """
    data = flat(lab, unit)
    column = np.nan_to_num(lab.column(unit)[:, 0], nan=np.inf)
    half = 0.5 * float(data.values.max())
    bar = max(0.0, min(activity(data.values), half, float(np.median(data.values))))
    low = np.flatnonzero(column <= bar)
    tops = top_pictures(lab, unit, _TOPS)
    if not low.size or not tops:
        return []
    table = likeness(lab, pictures_of(lab), tops)[:, low]  # [top, low]
    ranked = [low[np.argsort(-row, kind="stable")] for row in table]
    out: list[int] = []
    for rank in range(len(low)):
        for order in ranked:
            if int(order[rank]) not in out:
                out.append(int(order[rank]))
        if len(out) >= many + skip:
            break
    return out[skip : skip + many]


def likeness(lab: Lab, rows: ImageRows, some: list[int]) -> np.ndarray:
    """How alike some pictures are to all: cosine over the statements, `[some, image]`."""
    table = np.stack([degrees for _, degrees in statements(lab, rows)], 1)  # [image, statement]
    table = (table - table.mean(0)) / np.maximum(table.std(0), 1e-6)
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
    return table[some] @ table.T
