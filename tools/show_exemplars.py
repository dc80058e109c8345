"""Exemplars of a unit: the windows of explore where it is most active, or in a band, or hardly.

top        the windows with the highest peaks
quantile   one window from each of `many` equal bands between 0 and the maximum
low        windows that hold the tokens of the top exemplars and where the unit stays low
"""

from typing import Any, Literal

import numpy as np

from .evidence import Result
from .lab import Lab
from .measured import flat, full_scale, item
from .models import Unit
from .registry import tool
from .render_text import number, snippet


@tool(needs=("text",))
def exemplars(
    lab: Lab,
    unit: str | None = None,
    *,
    kind: Literal["top", "quantile", "low"] = "top",
    many: int = 8,
    skip: int = 0,
) -> Result:
    """Shows windows of the exploration corpus with the unit's activations marked: the peak token
    in «», strengths 1 to 9 in brackets (9 is 90% or more of the unit's maximum).

    Args:
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        kind: top: highest peaks. quantile: from high to low bands of activation, which shows what
            weaker activations have in common. low: the same tokens as in the top exemplars, where
            the unit stays low, which shows what else it needs.
        many: How many windows, at most 24.
        skip: For top and low: leave out this many first, to see further ones.
    """
    chosen = lab.chosen(unit)
    many = max(1, min(many, 24))
    scale = full_scale(lab, chosen)
    column = lab.column(chosen)
    if scale <= 0:
        return Result(
            f"{chosen} was never above 0 on explore: it has no exemplars.",
            {"unit": str(chosen), "kind": kind, "measured": []},
        )
    pick = {"top": top_places, "quantile": quantile_places, "low": low_places}[kind]
    found = pick(lab, chosen, many, skip)
    measured: list[dict[str, Any]] = []
    rows: list[str] = []
    for number_, (window, place) in enumerate(found, 1):
        values = column[window]
        measured.append(
            item(
                chosen,
                lab.explore,
                window,
                values,
                source=kind,
                window=window,
                place=place,
                peak=float(values[place]),
            )
        )
        shown = snippet(lab.explore, window, values, scale=scale, place=place)
        rows.append(f"{number_}. {number(float(values[place]))} (window {window}): {shown}")
    head = f"{chosen}, {kind} exemplars; activation at «» (max {number(scale)}):"
    if not rows:
        head = f"{chosen}: explore has no further {kind} exemplars."
        if kind == "low" and not skip:
            head = f"{chosen}: the tokens of its top exemplars are never below half of its maximum."
    return Result(
        "\n".join([head, *rows]), {"unit": str(chosen), "kind": kind, "measured": measured}
    )


def top_places(lab: Lab, unit: Unit, many: int, skip: int = 0) -> list[tuple[int, int]]:
    """`(window, place)` of the highest peaks, one a window, texts around the peak all different."""
    column = np.where(lab.explore.counted, lab.column(unit), np.nan)
    peaks = np.where(np.isfinite(column), column, -np.inf)  # [window, place]
    place = peaks.argmax(1)
    height = peaks[np.arange(len(peaks)), place]
    order = np.argsort(-height, kind="stable")
    out: list[tuple[int, int]] = []
    seen: set[tuple[int, ...]] = set()
    for window in order:
        if height[window] <= 0 or len(out) >= many + skip:
            break
        at = int(place[window])
        near = tuple(lab.explore.ids[window, max(0, at - 5) : at + 1].tolist())
        if near not in seen:
            seen.add(near)
            out.append((int(window), at))
    return out[skip:]


def quantile_places(lab: Lab, unit: Unit, many: int, skip: int = 0) -> list[tuple[int, int]]:
    """One place from each of `many` equal bands of activation, highest first, windows differ."""
    data = flat(lab, unit)
    rng = lab.rng()
    edges = np.linspace(0, data.values.max(), many + 1)
    out: list[tuple[int, int]] = []
    used: set[int] = set()
    for band in range(many - 1, -1, -1):
        inside = np.flatnonzero((data.values > edges[band]) & (data.values <= edges[band + 1]))
        for at in rng.permutation(inside):
            window = int(data.window[at])
            if window not in used:
                used.add(window)
                out.append((window, int(data.place[at])))
                break
    return out


def low_places(lab: Lab, unit: Unit, many: int, skip: int = 0) -> list[tuple[int, int]]:
    """Places with the tokens of the top exemplars where the unit is below a tenth of its maximum.

    Where there is none, the lowest of their places below half of the maximum are given.
    """
    data = flat(lab, unit)
    tops = top_places(lab, unit, 24)
    ids = lab.explore.ids
    wanted = {int(ids[window, place]) for window, place in tops}
    token = ids[data.window, data.place]
    same = np.isin(token, list(wanted))
    low = np.flatnonzero(same & (data.values < 0.1 * data.values.max()))
    if not low.size:
        low = np.flatnonzero(same & (data.values < 0.5 * data.values.max()))
        low = low[np.argsort(data.values[low], kind="stable")]
    else:
        low = lab.rng().permutation(low)
    out: list[tuple[int, int]] = []
    used: set[int] = set()
    per_token: dict[int, int] = {}
    most = -(-(many + skip) // max(1, len(wanted))) + 1
    for at in low:
        window, kind = int(data.window[at]), int(token[at])
        if window in used or per_token.get(kind, 0) >= most:
            continue
        used.add(window)
        per_token[kind] = per_token.get(kind, 0) + 1
        out.append((window, int(data.place[at])))
        if len(out) >= many + skip:
            break
    return out[skip:]
