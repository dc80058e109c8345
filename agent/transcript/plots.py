"""Small plots as inline SVG: no picture files, no scripts, crisp at any size, readable text.

Every function takes plain numbers and gives markup that is safe in a page: names are escaped.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from ...tools.io.plain_text import clip

COLOURS = ("#0b7285", "#d9480f", "#5f3dc4", "#2b8a3e", "#c2255c", "#1864ab", "#846358", "#868e96")
_INK, _RULE = "#667085", "#e7e9ee"
_SIZE = (420, 190)


class Point(NamedTuple):
    """One point of a curve, with an interval where there is one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    note: str = ""
    """Shown when the pointer rests on the point."""


class Series(NamedTuple):
    """A named line."""

    name: str
    points: Sequence[Point]


class _Frame:
    """Axes: the ranges of both, and the picture coordinates of a value."""

    def __init__(
        self,
        xs: tuple[float, float],
        ys: tuple[float, float],
        *,
        size: tuple[int, int],
        margin: tuple[int, int, int, int] = (10, 12, 34, 46),
    ) -> None:
        self.width, self.height = size
        self.top, self.right, self.bottom, self.left = margin
        self.xs = _open(*xs)
        self.ys = _open(*ys)
        self.parts: list[str] = []

    def x(self, value: float) -> float:
        share = (value - self.xs[0]) / (self.xs[1] - self.xs[0])
        return round(self.left + share * (self.width - self.left - self.right), 1)

    def y(self, value: float) -> float:
        share = (value - self.ys[0]) / (self.ys[1] - self.ys[0])
        return round(self.height - self.bottom - share * (self.height - self.top - self.bottom), 1)

    def axes(
        self,
        x_name: str,
        y_name: str,
        *,
        x_ticks: Sequence[tuple[float, str]],
        y_ticks: Sequence[tuple[float, str]],
    ) -> None:
        floor, far = self.height - self.bottom, self.width - self.right
        for value, said in y_ticks:
            y = self.y(value)
            self.parts.append(f'<path d="M{self.left} {y}H{far}" stroke="{_RULE}"/>')
            self.text(self.left - 6, y + 3.5, said, anchor="end")
        for value, said in x_ticks:
            self.text(self.x(value), floor + 14, said)
        self.parts.append(f'<path d="M{self.left} {floor}H{far}" stroke="#b6bcc8"/>')
        self.text((self.left + far) / 2, self.height - 4, x_name)
        middle = (self.top + floor) / 2
        self.parts.append(
            f'<text x="11" y="{middle}" text-anchor="middle" fill="{_INK}" '
            f'transform="rotate(-90 11 {middle})">{escape(y_name)}</text>'
        )

    def text(
        self, x: float, y: float, said: str, *, anchor: str = "middle", colour: str = _INK
    ) -> None:
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">'
            f"{escape(said)}</text>"
        )

    def done(self, title: str) -> Markup:
        return Markup(
            f'<svg class="plot" viewBox="0 0 {self.width} {self.height}" role="img" '
            f'aria-label="{escape(title)}" style="max-width:{self.width}px">'
            + "".join(self.parts)
            + "</svg>"
        )


def histogram(
    edges: Sequence[float],
    counts: Sequence[float],
    *,
    x_name: str,
    y_name: str = "count",
    log: bool = False,
    marks: Sequence[tuple[float, str]] = (),
) -> Markup:
    """Bars between edges.

    Args:
        edges: `[bin + 1]`, rising.
        counts: `[bin]`.
        x_name: What is counted.
        y_name: Name of the height.
        log: Heights by the logarithm, for counts that differ by orders of magnitude.
        marks: Vertical lines with a word, such as the median.
    """

    def height(count: float) -> float:
        return math.log10(1 + count) if log else count

    top = max((height(count) for count in counts), default=0) or 1
    frame = _Frame((edges[0], edges[-1]), (0, top * (1.25 if marks else 1.06)), size=_SIZE)
    if log:
        powers = [10**power for power in range(0, int(math.log10(max(counts) or 1)) + 1)]
        y_ticks = [(height(power), _short(power)) for power in powers]
    else:
        y_ticks = _ticks(0, top, 3)
    frame.axes(x_name, y_name, x_ticks=_ticks(edges[0], edges[-1], 5), y_ticks=y_ticks)
    floor = frame.y(0)
    for left, right, count in zip(edges, edges[1:], counts, strict=False):
        if count <= 0:
            continue
        x, y = frame.x(left), frame.y(height(count))
        wide = max(0.8, frame.x(right) - x - 1)
        frame.parts.append(
            f'<rect x="{x + 0.5:.1f}" y="{y}" width="{wide:.1f}" height="{floor - y:.1f}" rx="1" '
            f'fill="{COLOURS[0]}" fill-opacity=".78"><title>{escape(_short(left))} to '
            f"{escape(_short(right))}: {_short(count)}</title></rect>"
        )
    for value, said in marks:
        x = frame.x(min(max(value, frame.xs[0]), frame.xs[1]))
        frame.parts.append(
            f'<path d="M{x} {frame.top}V{floor}" stroke="#1d2733" stroke-dasharray="3 3"/>'
        )
        left = x > frame.width * 0.7
        anchor = "end" if left else "start"
        frame.text(x + (-5 if left else 5), frame.top + 9, said, anchor=anchor, colour="#1d2733")
    return frame.done(f"Histogram of {x_name}")


def lines(
    series: Sequence[Series],
    *,
    x_name: str,
    y_name: str,
    x_labels: Sequence[tuple[float, str]] | None = None,
    size: tuple[int, int] = (860, 240),
) -> Markup:
    """Lines over a shared axis, each named at its end in its own colour."""
    points = [point for line in series for point in line.points]
    if not points:
        return Markup("")
    values = [v for p in points for v in (p.y, p.low, p.high) if v is not None]
    named = any(line.name for line in series)
    every = -(-len(x_labels or ()) // 16) or 1
    frame = _Frame(
        (min(p.x for p in points), max(p.x for p in points)),
        (min(0.0, *values), max(0.0, *values)),
        size=size,
        margin=(10, 74 if named else 12, 34, 46),
    )
    frame.axes(
        x_name,
        y_name,
        x_ticks=_ticks(*frame.xs, 6) if x_labels is None else x_labels[::every],
        y_ticks=_ticks(*frame.ys, 4),
    )
    for i, line in enumerate(series):
        _line(frame, line, COLOURS[i % len(COLOURS)])
    taken: list[float] = []
    ends = [(frame.y(line.points[-1].y), i) for i, line in enumerate(series) if line.points]
    for y, i in sorted(ends):
        y = max(y + 3.5, taken[-1] + 12) if taken else y + 3.5
        taken.append(y)
        end = frame.x(series[i].points[-1].x) + 8
        name = clip(series[i].name, 10)
        frame.text(end, y, name, anchor="start", colour=COLOURS[i % len(COLOURS)])
    return frame.done(f"{y_name} by {x_name}")


def curve(
    points: Sequence[Point],
    *,
    x_name: str,
    y_name: str,
    size: tuple[int, int] = _SIZE,
) -> Markup:
    """One line with its intervals."""
    return lines([Series("", points)], x_name=x_name, y_name=y_name, size=size)


def scatter(
    points: Sequence[Point],
    *,
    x_name: str,
    y_name: str,
    alike: bool = True,
) -> Markup:
    """Points over two scales of the same kind, with the line on which both are equal; or, where the
    scales are not `alike`, without it."""
    if not points:
        return Markup("")
    values = [value for point in points for value in (point.x, point.y)]
    ends = xs = (min(0.0, *values), max(1.0, *values))
    if not alike:
        xs = (0.0, max(point.x for point in points) or 1.0)
        ends = (min(0.0, *(point.y for point in points)), max(1.0, *(point.y for point in points)))
    frame = _Frame(xs, ends, size=(420, 200))
    frame.axes(x_name, y_name, x_ticks=_ticks(*xs, 5), y_ticks=_ticks(*ends, 5))
    if alike:
        start, stop = (frame.x(ends[0]), frame.y(ends[0])), (frame.x(ends[1]), frame.y(ends[1]))
        frame.parts.append(
            f'<path d="M{start[0]} {start[1]}L{stop[0]} {stop[1]}" stroke="#b6bcc8" '
            'stroke-dasharray="4 4"/>'
        )
    for point in points:
        frame.parts.append(
            f'<circle cx="{frame.x(point.x)}" cy="{frame.y(point.y)}" r="3.4" '
            f'fill="{COLOURS[0]}" fill-opacity=".6"><title>{escape(point.note)}</title></circle>'
        )
    return frame.done(f"{y_name} against {x_name}")


def interval_bar(
    value: float, low: float | None, high: float | None, *, base: float | None = None
) -> Markup:
    """A value in -0.2..1 as a dot on its interval; a tick where chance stands."""
    frame = _Frame((-0.2, 1.0), (0, 1), size=(120, 16), margin=(0, 4, 0, 4))

    def x(number: float) -> float:
        return frame.x(min(max(number, -0.2), 1.0))

    frame.parts.append(f'<path d="M{x(-0.2)} 8H{x(1)}" stroke="{_RULE}" stroke-width="2"/>')
    frame.parts.append(f'<path d="M{x(0)} 3V13" stroke="#b6bcc8"/>')
    if base is not None:
        frame.parts.append(f'<path d="M{x(base)} 3V13" stroke="{COLOURS[1]}"/>')
    if low is not None and high is not None:
        frame.parts.append(
            f'<path d="M{x(low)} 8H{x(high)}" stroke="{COLOURS[0]}" stroke-opacity=".45" '
            'stroke-width="5" stroke-linecap="round"/>'
        )
    frame.parts.append(f'<circle cx="{x(value)}" cy="8" r="3.6" fill="{COLOURS[0]}"/>')
    return Markup(f'<svg class="bar" width="120" height="16">{"".join(frame.parts)}</svg>')


def _line(frame: _Frame, line: Series, colour: str) -> None:
    path = " ".join(f"{frame.x(p.x)},{frame.y(p.y)}" for p in line.points)
    frame.parts.append(
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8" '
        'stroke-linejoin="round"/>'
    )
    for p in line.points:
        x, y = frame.x(p.x), frame.y(p.y)
        if p.low is not None and p.high is not None:
            frame.parts.append(
                f'<path d="M{x} {frame.y(p.low)}V{frame.y(p.high)}" stroke="{colour}" '
                'stroke-opacity=".45" stroke-width="1.4"/>'
            )
        note = p.note or f"{line.name} {_short(p.y)}".strip()
        frame.parts.append(
            f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}">'
            f"<title>{escape(note)}</title></circle>"
        )


def _open(low: float, high: float) -> tuple[float, float]:
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ticks(low: float, high: float, about: int) -> list[tuple[float, str]]:
    low, high = _open(low, high)
    raw = (high - low) / about
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    found = [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]
    return [(value, _short(value)) for value in found]


def _short(value: float) -> str:
    if value and abs(value) >= 10_000:
        return f"{value / 1000:.4g}k" if abs(value) < 1e6 else f"{value / 1e6:.3g}M"
    return f"{0.0 if abs(value) < 1e-12 else value:.4g}"
