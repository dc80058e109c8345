"""What tools measure a unit on: inputs with their activations, in the form that evidence keeps."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..data.windows import TokenWindows
from ..errors import UsageError
from ..lab import Lab
from ..models import Unit

MOST_TEXTS = 64
"""Texts of one call."""


class Flat(NamedTuple):
    """The counted places of explore in a row; every array is `[place]`."""

    values: np.ndarray
    window: np.ndarray
    place: np.ndarray
    not_finite: int
    """Counted places whose activation was NaN or infinite; they are left out."""


class Measured(NamedTuple):
    """Texts with the unit's activations."""

    windows: TokenWindows
    values: np.ndarray
    """float32 `[text, place]`, NaN where not counted."""
    items: list[dict[str, Any]]
    """The same in the form of `measured`."""
    notes: list[str]
    """What was cut or left out."""


def flat(lab: Lab, unit: Unit) -> Flat:
    """The unit over all counted places of explore."""
    column = lab.column(unit)  # [window, place]
    finite = np.isfinite(column)
    good = finite & lab.explore.counted
    window, place = np.nonzero(good)
    return Flat(column[good], window, place, int((lab.explore.counted & ~finite).sum()))


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
    many = min(known.size, max(5, round(0.001 * known.size)))
    return max(float(np.partition(known, -many)[-many:].mean()), 0.0) / 2


def full_scale(lab: Lab, unit: Unit) -> float:
    """The unit's largest activation over explore: strength 10 of a drawing."""
    values = flat(lab, unit).values
    return float(values.max()) if values.size else 0.0


def item(
    unit: Unit,
    windows: TokenWindows,
    row: int,
    values: np.ndarray,
    *,
    source: str,
    window: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One entry of `measured`; `window` where it is a row of explore, else its text is kept."""
    attended = windows.attended[row]
    shown = values[attended]
    where: dict[str, Any] = (
        {"text": windows.texts[int(windows.document[row])]}
        if window is None
        else {"window": int(window)}
    )
    tokens = windows.tokens(row)
    glued: dict[str, Any] = {}
    if not any(" " in token for token in tokens):  # surfaces without spaces: keep where words go on
        start, end = windows.start[row][attended], windows.end[row][attended]
        glued = {"glued": (1 + np.flatnonzero((start[1:] == end[:-1]) & (end[1:] > 0))).tolist()}
    return {
        "unit": str(unit),
        **where,
        "source": source,
        "tokens": tokens,
        **glued,
        "activations": [float(v) if np.isfinite(v) else None for v in shown],
        **more,
    }


def of_texts(
    lab: Lab, unit: Unit, texts: Sequence[str], *, source: str, most: int = MOST_TEXTS
) -> Measured:
    """Measures the unit on written texts.

    Raises:
        UsageError: if no text has a token that counts.
    """
    given = [text for text in texts if isinstance(text, str)]
    kept = [text for text in given if text.strip()]
    notes = []
    if len(given) < len(texts):
        notes.append(f"{len(texts) - len(given)} entries were not text and were left out")
    if len(kept) < len(given):
        notes.append(f"{len(given) - len(kept)} empty texts were left out")
    if len(kept) > most:
        notes.append(f"only the first {most} of {len(kept)} texts were measured")
        kept = kept[:most]
    if not kept:
        raise UsageError("there is no text to measure: pass texts, a list of non-empty strings")
    windows = lab.tokenize(kept)
    cut = [
        row
        for row in range(len(windows))
        if windows.texts[row][int(windows.end[row].max(initial=0)) :].strip()
    ]
    if cut:
        notes.append(f"{len(cut)} texts were cut to the context of {windows.ids.shape[1]} tokens")
    values = lab.activations(windows, [unit])[0]  # [text, place]
    lost = int((windows.counted & ~np.isfinite(values)).sum())
    if lost:
        notes.append(f"{lost} activations were not finite and were left out")
        values = np.where(np.isfinite(values), values, np.nan)
    items = [item(unit, windows, row, values[row], source=source) for row in range(len(windows))]
    return Measured(windows, values, items, notes)


def peak_of(values: np.ndarray) -> float | None:
    """The largest finite value."""
    return float(np.nanmax(values)) if np.isfinite(values).any() else None


def said(notes: Sequence[str]) -> str:
    """Notes as the last line of a result."""
    return f"Note: {'; '.join(notes)}." if notes else ""
