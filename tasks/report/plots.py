"""Figures of studies and benchmarks, as data that draw themselves, by matplotlib.

They are files too, so that they can stand in a paper. Small plots that live in a page alone, one a
table row or a transcript step, are `agent/transcript/plots.py`: markup that takes no time to draw
and names its points under the pointer. Both have the same colours.

`save` writes a figure as a file and gives it as SVG for the `src` of an `img`.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from markupsafe import Markup

from ...agent.transcript.plots import COLOURS
from .tables import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, OTHER = COLOURS[:2]
SOFT = "#adb5bd"
_RULE, _GRID = "#ced4da", "#eef0f3"


def save(figure: "Figure", path: Path) -> Markup:
    """Writes a figure as PNG, and gives it as SVG for the `src` of a picture."""
    import matplotlib as mpl

    figure.savefig(path, dpi=130)
    drawn = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "neuroscribe"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    encoded = base64.b64encode(drawn.getvalue()).decode()
    return Markup("data:image/svg+xml;base64,") + Markup(encoded)


class Drawing(Protocol):
    """What can be drawn."""

    def figure(self) -> "Figure":
        """Draws it."""
        ...


@dataclass(frozen=True, eq=False)
class Heat:
    """A grid of numbers, written into its cells."""

    values: np.ndarray
    """`[row, column]`; NaN is left blank."""
    rows: Sequence[str]
    columns: Sequence[str]
    x: str
    y: str = ""
    title: str = ""
    low: float | None = 0.0
    """None: the colours are centred on 0 and reach to `high` on both sides."""
    high: float | None = 1.0
    """None: the largest value."""
    marked: tuple[int, int] | None = None
    """The row and column of a cell that is framed."""
    cell: float = 0.58
    """Inches."""

    def figure(self) -> "Figure":
        """Draws it."""
        from matplotlib.patches import Rectangle

        width, height = len(self.columns), len(self.rows)
        figure, axes = _figure(1.5 + self.cell * width, 1.2 + 0.42 * height)
        centred = self.low is None
        most = self.high or float(np.nanmax(np.abs(self.values))) or 1.0
        low = -most if self.low is None else self.low
        high = most if centred else self.high
        colours = "PuOr_r" if centred else "YlGnBu"
        axes.imshow(self.values, cmap=colours, vmin=low, vmax=high, aspect="auto")
        span = (high or 1.0) - low
        for (row, column), value in np.ndenumerate(self.values):
            if value != value:
                continue
            share = (value - low) / span if span else 0.0
            dark = abs(share - 0.5) > 0.36 if centred else share > 0.6
            text, colour = number(float(value)), "white" if dark else "#222"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
        if self.marked is not None:
            row, column = self.marked
            frame = {"fill": False, "edgecolor": OTHER, "lw": 2}
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **frame))
        axes.set_xticks(range(width), list(self.columns), fontsize=8)
        axes.set_yticks(range(height), list(self.rows), fontsize=8)
        axes.set_xlabel(self.x, fontsize=9)
        axes.set_ylabel(self.y, fontsize=9)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        if self.title:
            axes.set_title(self.title, loc="left", fontsize=10)
        return figure


@dataclass(frozen=True, eq=False)
class Bars:
    """Values with their intervals, some in each row, in one colour."""

    values: Sequence[Mapping[str, Any] | None]
    """`value, low, high` by row; None or no value: no bar."""
    label: str | None = None
    colour: str | Sequence[str] = INK
    offset: float = 0.0
    """Below the middle of the row."""


@dataclass(frozen=True, eq=False)
class Intervals:
    """Rows of values with intervals, and dots beside them."""

    rows: Sequence[str]
    bars: Sequence[Bars]
    x: str
    dots: Sequence[Sequence[float]] = ()
    """By row."""
    dot_label: str | None = None
    spread: float = 0.0
    """How far the dots of a row are spread, half way down and up."""
    dot_offset: float = 0.0
    rule: float | None = None
    """Where a vertical line stands."""
    dashed: bool = False
    limits: tuple[float, float] | None = None
    height: tuple[float, float] = (0.95, 0.5)
    """Inches: of the frame, of a row."""

    def figure(self) -> "Figure":
        """Draws it."""
        frame, each = self.height
        n = len(self.rows)
        figure, axes = _figure(7.4, frame + each * n)
        for row, values in enumerate(self.dots):
            heights = row + self.dot_offset + np.linspace(-self.spread, self.spread, len(values))
            label = self.dot_label if row == 0 else None
            axes.scatter(values, heights, s=13, color=SOFT, zorder=2, label=label)
        for bars in self.bars:
            colours = [bars.colour] * n if isinstance(bars.colour, str) else bars.colour
            for row, value in enumerate(bars.values):
                if value is None or value["value"] is None:
                    continue
                middle, colour = row + bars.offset, colours[row]
                label = bars.label if row == 0 else None
                axes.plot([value["low"], value["high"]], [middle, middle], color=colour, lw=2)
                axes.scatter([value["value"]], [middle], s=42, color=colour, zorder=4, label=label)
        if self.rule is not None:
            style = "--" if self.dashed else "-"
            axes.axvline(self.rule, color=_RULE, lw=1, ls=style, zorder=1)
        axes.set_yticks(range(n), list(self.rows), fontsize=9)
        axes.set_ylim(n - 0.5, -0.5)
        if self.limits:
            axes.set_xlim(*self.limits)
        axes.set_xlabel(self.x, fontsize=9)
        labels = sum(1 for bars in self.bars if bars.label) + (self.dot_label is not None)
        if labels:
            place = "outside lower right"
            figure.legend(loc=place, ncols=labels, fontsize=8, frameon=False)
        return plain(figure, axes)


@dataclass(frozen=True, eq=False)
class Curves:
    """Lines of means with interval bands."""

    lines: Mapping[str, Sequence[Mapping[str, Any]]]
    """By name: `value, low, high` at each tick."""
    ticks: Sequence[str]
    x: str
    y: str
    dashed: Sequence[str] = ()
    """The names of those that are."""

    def figure(self) -> "Figure":
        """Draws it."""
        figure, axes = _figure(5.9, 3.4)
        places = np.arange(len(self.ticks))
        for colour, (name, points) in zip(COLOURS * 3, self.lines.items(), strict=False):
            middle, low, high = (
                np.array([np.nan if p[key] is None else p[key] for p in points], float)
                for key in ("value", "low", "high")
            )
            style = "--" if name in self.dashed else "-"
            axes.plot(places, middle, style, color=colour, lw=1.7, marker="o", ms=3.5, label=name)
            axes.fill_between(places, low, high, color=colour, alpha=0.14, lw=0)
        axes.axhline(0, color=_RULE, lw=1, zorder=0)
        axes.set_xticks(places, list(self.ticks), fontsize=8)
        if max(map(len, self.ticks), default=0) > 6:
            axes.tick_params(axis="x", rotation=40)
        axes.set_xlabel(self.x, fontsize=9)
        axes.set_ylabel(self.y, fontsize=9)
        axes.legend(frameon=False, fontsize=8)
        plain(figure, axes)
        axes.grid(axis="y", color=_GRID)
        return figure


@dataclass(frozen=True, eq=False)
class Sheet:
    """Pictures in rows."""

    pictures: Sequence[Sequence[np.ndarray]]
    """`[row][column]`: `[y, x, 3]`."""
    rows: Sequence[str]
    titles: Sequence[Sequence[tuple[str, str]]] = ()
    """A text and its colour over each."""
    size: tuple[float, float] = (4.4, 3.7)
    """Inches."""

    def figure(self) -> "Figure":
        """Draws it."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=self.size, layout="constrained")
        columns = max(map(len, self.pictures))
        grid = figure.subplots(len(self.rows), columns, squeeze=False)
        for (row, column), axes in np.ndenumerate(grid):
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
            if column < len(self.pictures[row]):
                axes.imshow(self.pictures[row][column])
            if self.titles:
                text, colour = self.titles[row][column]
                axes.set_title(text, fontsize=8, color=colour)
            if column == 0:
                axes.set_ylabel(self.rows[row], fontsize=9)
        return figure


def _figure(width: float, height: float) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def plain(figure: "Figure", axes: "Axes") -> "Figure":
    """Without the box."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color=_GRID, zorder=0)
    axes.set_axisbelow(True)
    return figure
