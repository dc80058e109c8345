"""What tools measure a unit on: inputs with their activations, in the form that evidence keeps.

    {"unit": ..., "window": 17 | "text": "..." | "recipe": {...}, "source": ...,
     "tokens": [...], "activations": [...]}

An observation is a counted place of a text, or a whole picture: its one place, whose token is a
caption and whose activation is the unit's maximum over space.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows
from ..images.recipes import Recipe, made_rows
from ..lab import Lab
from ..models import Unit
from ..render.picture_words import caption
from ..render.text import number

Rows = TokenWindows | ImageRows


class Flat(NamedTuple):
    """The counted places of some rows one after the other; every array is `[place]`."""

    values: np.ndarray
    window: np.ndarray
    place: np.ndarray
    not_finite: int
    """Counted places whose activation was NaN or infinite; they are left out."""

    def at(self, index: np.ndarray) -> "Flat":
        """Some of the places."""
        return Flat(self.values[index], self.window[index], self.place[index], self.not_finite)


def flat(lab: Lab, unit: Unit) -> Flat:
    """The unit over all counted places of explore."""
    return flattened(lab.explore, lab.column(unit))


def flattened(rows: Rows, values: np.ndarray) -> Flat:
    """Activations `[window, place]` at the counted places."""
    finite = np.isfinite(values)
    good = finite & rows.counted
    window, place = np.nonzero(good)
    return Flat(values[good], window, place, int((rows.counted & ~finite).sum()))


def activity(values: np.ndarray) -> float:
    """The activation above which a unit counts as active: half of the mean of its strongest 0.1%.

    The mean is over five places at least. It fits units that are on or off, seldom or often, as
    well as graded ones; the tails are given apart wherever this is used. Our formulation.

    Args:
        values: The unit over explore; places that are not finite are left out.
    """
    known = values[np.isfinite(values)]
    if known.size == 0:
        return 0.0
    n = min(known.size, max(5, round(0.001 * known.size)))
    return max(float(np.partition(known, -n)[-n:].mean()), 0.0) / 2


def silence(values: np.ndarray) -> float:
    """The activation up to which a unit counts as silent: a quarter of `activity`.

    Or the median where that is higher, for units that are never quite off; but never above half of
    `activity`. What lies between is neither. Our formulation.

    Args:
        values: The unit over explore; places that are not finite are left out.
    """
    known = values[np.isfinite(values)]
    active = activity(known)
    return min(max(active / 4, float(np.median(known)) if known.size else 0.0), active / 2)


def full_scale(lab: Lab, unit: Unit) -> float:
    """The unit's largest activation over explore: strength 10 of a drawing."""
    values = flat(lab, unit).values
    return float(values.max()) if values.size else 0.0


def reference(lab: Lab, unit: Unit) -> str:
    """What activations of the unit are to be compared with."""
    values = flat(lab, unit).values
    if not values.size:
        return "not measured on explore"
    middle = "median" if isinstance(lab.explore, ImageRows) else "mean"
    value = float(np.median(values) if middle == "median" else values.mean())
    return (
        f"on explore: {middle} {number(value)}, active above {number(activity(values))}, max "
        f"{number(float(values.max()))}"
    )


def item(
    unit: Unit,
    rows: Rows,
    row: int,
    values: np.ndarray | float,
    *,
    source: str,
    window: int | None = None,
    recipe: Recipe | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One entry of `measured`.

    Args:
        unit: The unit.
        rows: What was measured.
        row: Which of it.
        values: `[place]` the unit there; a number for a picture.
        source: Where the input comes from.
        window: Its number in explore, where it stands there; else
        recipe: how the picture was made; a text is kept itself.
        more: Further fields.
    """
    attended = rows.attended[row]
    tokens = _tokens(rows, row)
    where: dict[str, Any] = {"recipe": recipe}
    if window is not None:
        where = {"window": int(window)}
    elif not isinstance(rows, ImageRows):
        where = {"text": rows.texts[int(rows.document[row])]}
    known = np.ravel(values)[attended]
    return {
        "unit": str(unit),
        **where,
        "source": source,
        **tokens,
        "activations": [float(v) if np.isfinite(v) else None for v in known],
        **more,
    }


def of_explore(
    lab: Lab, unit: Unit, window: int, place: int | None = None, *, source: str, **more: Any
) -> dict[str, Any]:
    """The entry of `measured` of a row of explore; of a text with the place that it is about."""
    if place is not None and not isinstance(lab.explore, ImageRows):
        more = {"place": int(place), **more}
    values = lab.column(unit)[window]
    return item(unit, lab.explore, window, values, source=source, window=window, **more)


def inputs_of(lab: Lab, measured: Sequence[Mapping[str, Any]]) -> Rows:
    """The token windows, or image rows, behind `measured` items of a tool result.

    Items name a row of explore (`window`), a text (`text`) or how a picture was made
    (`recipe`); one kind in one call.
    """
    if all("window" in entry for entry in measured):
        return lab.explore.rows([int(entry["window"]) for entry in measured])
    if lab.target.image is not None:
        return made_rows(lab, [entry["recipe"] for entry in measured])
    return lab.tokenize([str(entry["text"]) for entry in measured])


def peak_of(values: np.ndarray) -> float | None:
    """The largest finite value."""
    return float(np.nanmax(values)) if np.isfinite(values).any() else None


def _tokens(rows: Rows, row: int) -> dict[str, Any]:
    """A row's tokens; where none holds a space, also which of them go on with a word (`glued`)."""
    if isinstance(rows, ImageRows):
        return {"tokens": [caption(rows, row)]}
    tokens = rows.tokens(row)
    if any(" " in token for token in tokens):
        return {"tokens": tokens}
    attended = rows.attended[row]
    start, end = rows.start[row][attended], rows.end[row][attended]
    glued = 1 + np.flatnonzero((start[1:] == end[:-1]) & (end[1:] > 0))
    return {"tokens": tokens, "glued": glued.tolist()}
