"""Exemplars of a unit: rows of explore where it is most active, or in a band, or hardly.

How they are chosen is said in `activations/examples.py`. Texts are shown with activations marked;
pictures in words and on a contact sheet.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from ..activations.examples import Example, low, pairs, quantile, top
from ..activations.reach import out_of_reach
from ..activations.records import full_scale, of_explore, reference
from ..data.image_rows import ImageRows
from ..errors import UsageError
from ..evidence import Result
from ..images.recipes import pictures_of
from ..lab import Lab
from ..models import Unit
from ..registry import UpTo, tool
from ..render.captions import show
from ..render.text import MARKS, STARTS, marks_key, number, snippet

Kind = Literal["top", "quantile", "low", "pairs"]
_KINDS = {"top": top, "quantile": quantile, "low": low, "pairs": pairs}
_LOST = "; cannot reach the output"
Shown = tuple[str, list[str], list[dict[str, Any]], tuple[Path, ...]]
"""The first line, a line each, the entries of `measured`, image files."""


@tool(needs=("inputs",))
def exemplars(
    lab: Lab,
    unit: str | None = None,
    *,
    kind: Kind = "top",
    many: Annotated[int, UpTo(24)] = 8,
    skip: int = 0,
) -> Result:
    """Shows windows or pictures of explore with the unit's activations: marked in texts; pictures
    as a sheet and in words, with where and on what the active region is.

    In a text the place shown stands in «», {2} to {9} behind a token is its strength in tenths of
    the maximum, ^ is where a window begins. On the sheet what is outside the active region is
    darkened.

    Args:
        unit: The unit, such as mlp.3/7 or conv.3/7; left out: the unit under study.
        kind: top: highest peaks. quantile: bands from high to low. low: the words and tokens of the
            top ones, or pictures much like these, where the unit stays low. pairs: one token where
            it is active, then silent.
        many: How many windows or pictures.
        skip: For top, low and pairs: leave out so many first.

    Returns:
        measured
    """
    chosen, skip = lab.chosen(unit), max(0, skip)
    if full_scale(lab, chosen) <= 0:
        return Result(
            f"{chosen} was never above 0 on explore: it has no exemplars.",
            {"unit": str(chosen), "kind": kind, "measured": []},
        )
    pictures = isinstance(lab.explore, ImageRows)
    if pictures and kind == "pairs":
        raise UsageError("pairs are places of one token; for pictures use kind low")
    examples = _KINDS[kind](lab, chosen, many, skip)
    head, lines, measured, images = (_pictures if pictures else _texts)(lab, chosen, examples, kind)
    if not lines:
        head = f"{chosen}: explore has no further {kind} exemplars."
        if kind == "low" and not skip and not pictures:
            head = f"{chosen}: the words of its top exemplars are never low."
        if kind == "pairs":
            head = f"{chosen}: no token is active at one place and silent at another."
    elif len(lines) < many * (2 if kind == "pairs" else 1):
        lines.append("there are no further ones" if skip else f"only {len(lines)} such exist")
    elif kind != "quantile":
        lines.append(f"further ones: skip={skip + many}")
    return Result(
        "\n".join([head, *lines]),
        {"unit": str(chosen), "kind": kind, "measured": measured},
        images,
    )


def _texts(lab: Lab, unit: Unit, examples: list[Example], kind: Kind) -> Shown:
    scale, column = full_scale(lab, unit), lab.column(unit)
    out = out_of_reach(lab.target, lab.explore, unit.site)
    lost = sum(out is not None and bool(out[example]) for example in examples)
    lines, measured = [], []
    for rank, (window, place) in enumerate(examples, 1):
        values = column[window]
        peak = float(values[place])
        text = snippet(lab.explore, window, values, scale=scale, place=place, edge=True)
        mark = _LOST if out is not None and out[window, place] else ""
        lines.append(f"{rank}. {number(peak)} (window {window}{mark}): {text}")
        measured.append(of_explore(lab, unit, window, place, source=kind, peak=peak))
    legend = marks_key(lab, MARKS, STARTS)
    head = f"{unit}, {kind} exemplars; activation at «» (max {number(scale)}{legend}):"
    if lost:
        head += f"\n{lost} of these {len(examples)} places cannot reach the output"
    return head, lines, measured, ()


def _pictures(lab: Lab, unit: Unit, examples: list[Example], kind: Kind) -> Shown:
    windows = [window for window, _ in examples]
    names = [f"window {window}" for window in windows]
    values = lab.column(unit)[windows, 0]
    shown = show(lab, unit, pictures_of(lab).rows(windows), values, names=names, sheet=kind)
    measured = [
        of_explore(lab, unit, window, source=kind, region=region)
        for window, region in zip(windows, shown.regions, strict=True)
    ]
    lines = [f"{rank}. {line}" for rank, line in enumerate(shown.lines, 1)]
    return f"{unit}, {kind} exemplars ({reference(lab, unit)}):", lines, measured, shown.images
