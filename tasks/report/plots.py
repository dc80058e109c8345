"""Plots of reports over matplotlib: grids, differences beside controls, curves with bands.

Every function makes a `Figure`; `save` writes it as a file and gives SVG for the `src` of an `img`.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .tables import number

INK, OTHER, SOFT = "#0b7285", "#d9480f", "#adb5bd"
COLOURS = (INK, OTHER, "#5f3dc4", "#2b8a3e", "#c2255c", "#868e96")


class Compared(Protocol):
    """A difference beside those of its controls."""

    @property
    def name(self) -> str: ...
    @property
    def drop(self) -> Mapping[str, Any]:
        """`value, low, high`."""
        ...

    @property
    def draws(self) -> Sequence[float]:
        """The difference of every control."""
        ...


def save(figure: Figure, path: Path) -> Markup:
    """Writes a figure as PNG, and gives it as SVG for the `src` of a picture."""
    figure.savefig(path, dpi=130)
    drawn = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "neuroscribe"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    encoded = base64.b64encode(drawn.getvalue()).decode()
    return Markup("data:image/svg+xml;base64,") + Markup(encoded)


def heat(
    values: np.ndarray,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    x: str,
    y: str,
    title: str = "",
    low: float | None = 0.0,
    high: float | None = 1.0,
    marked: tuple[int, int] | None = None,
    digits: int = 2,
    cell: float = 0.58,
) -> Figure:
    """A grid of numbers, written into its cells; `values` is `[row, column]`, NaN is left blank.

    Where `low` is None the colours are centred on 0 and reach to `high` on both sides (None: to the
    largest value), so that grids beside each other can share it. `cell` is the width of a cell in
    inches.
    """
    wide, tall = len(columns), len(rows)
    figure = Figure(figsize=(1.5 + cell * wide, 1.2 + 0.42 * tall), layout="constrained")
    axes = figure.subplots()
    if low is None:
        most = high or float(np.nanmax(np.abs(values))) or 1.0
        low, high, colours = -most, most, "PuOr_r"
    else:
        colours = "YlGnBu"
    axes.imshow(values, cmap=colours, vmin=low, vmax=high, aspect="auto")
    span = (high or 1.0) - low
    for row in range(tall):
        for column in range(wide):
            value = values[row, column]
            if value != value:
                continue
            share = (value - low) / span if span else 0.0
            dark = share > 0.6 if colours == "YlGnBu" else abs(share - 0.5) > 0.36
            axes.text(
                column,
                row,
                number(float(value), digits),
                ha="center",
                va="center",
                fontsize=8,
                color="white" if dark else "#222",
            )
    if marked is not None:
        axes.add_patch(_frame(marked[1], marked[0]))
    axes.set_xticks(range(wide), list(columns), fontsize=8)
    axes.set_yticks(range(tall), list(rows), fontsize=8)
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if title:
        axes.set_title(title, loc="left", fontsize=10)
    return figure


def drops(tested: Sequence[Compared], *, what: str = "drop of p(target)") -> Figure:
    """Each chosen set's drop with its interval, and its controls as dots."""
    figure = Figure(figsize=(7.4, 0.95 + 0.5 * len(tested)), layout="constrained")
    axes = figure.subplots()
    for i, one in enumerate(tested):
        spread = np.linspace(-0.16, 0.16, len(one.draws)) if one.draws else []
        axes.scatter(
            one.draws,
            [i + s for s in spread],
            s=13,
            color=SOFT,
            zorder=2,
            label="a control set" if i == 0 else None,
        )
        bar(axes, one.drop, i, label="chosen units" if i == 0 else None)
    axes.axvline(0, color="#ced4da", lw=1, zorder=1)
    axes.set_yticks(range(len(tested)), [one.name for one in tested], fontsize=9)
    axes.set_ylim(len(tested) - 0.5, -0.5)
    axes.set_xlabel(f"{what} on held-out prompts, 95% interval", fontsize=9)
    figure.legend(loc="outside lower right", ncols=2, fontsize=8, frameon=False)
    return plain(figure, axes)


def bar(
    axes: Axes, value: Mapping[str, Any], at: float, *, label: str | None = None, colour: str = INK
) -> None:
    """A mean with its interval, lying."""
    if value["value"] is None:
        return
    axes.plot([value["low"], value["high"]], [at, at], color=colour, lw=2, zorder=3)
    axes.scatter([value["value"]], [at], s=42, color=colour, zorder=4, label=label)


def curves(
    lines: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    ticks: Sequence[str],
    x: str,
    y: str,
    title: str = "",
    zero: bool = False,
    dashed: Sequence[str] = (),
) -> Figure:
    """Lines of means with interval bands, by name."""
    figure = Figure(figsize=(5.9, 3.4), layout="constrained")
    axes = figure.subplots()
    i = np.arange(len(ticks))
    for colour, (name, points) in zip(COLOURS * 3, lines.items(), strict=False):
        middle = [np.nan if p["value"] is None else p["value"] for p in points]
        low = [np.nan if p["low"] is None else p["low"] for p in points]
        high = [np.nan if p["high"] is None else p["high"] for p in points]
        style = "--" if name in dashed else "-"
        axes.plot(i, middle, style, color=colour, lw=1.7, marker="o", ms=3.5, label=name)
        axes.fill_between(i, low, high, color=colour, alpha=0.14, lw=0)
    if zero:
        axes.axhline(0, color="#ced4da", lw=1, zorder=0)
    axes.set_xticks(i, list(ticks), fontsize=8)
    if max(map(len, ticks), default=0) > 6:
        axes.tick_params(axis="x", rotation=40)
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    if title:
        axes.set_title(title, loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8)
    figure = plain(figure, axes)
    axes.grid(axis="y", color="#eef0f3")
    return figure


def plain(figure: Figure, axes: Axes) -> Figure:
    """Without the box."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#eef0f3", zorder=0)
    axes.set_axisbelow(True)
    return figure


def _frame(column: int, row: int) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=OTHER, lw=2)
