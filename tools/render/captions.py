"""Pictures shown to a planner: a line of text each, and a contact sheet for those that can see."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..data.image_rows import ImageRows
from ..images.maps import Region, maps, region
from ..images.regions import box_of
from ..lab import Lab
from ..models import Unit
from .contact_sheet import MOST, contact_sheet, keep, overlaid
from .picture_words import caption, detected, read_by, region_words, said_by, told, where
from .text import number


class Shown(NamedTuple):
    """Pictures as text and as one image."""

    lines: list[str]
    """`8.31 (window 17): a red cat at the left; background meadow | active: left, 14% ...`"""
    regions: list[dict[str, Any] | None]
    """Of each picture, for the payload: `where`, `share`, `box`; None where it is not active."""
    images: tuple[Path, ...]


def show(
    lab: Lab,
    unit: Unit,
    rows: ImageRows,
    values: Sequence[float] | np.ndarray,
    *,
    names: Sequence[str],
    sheet: str,
    captions: Sequence[bool] | None = None,
) -> Shown:
    """Says and shows pictures with the unit's activation and active region.

    Args:
        lab: The lab.
        unit: The unit.
        rows: The pictures.
        values: `[image]` its peaks.
        names: What each is called: `window 17`, `recolour cat to blue`.
        sheet: Name of the image file.
        captions: `[image]` whether to say what a picture shows; None: where it is known.
    """
    active = regions(lab, unit, rows)
    classes, read = said_by(lab, rows), read_by(rows)
    lines, summaries = [], []
    for at in range(len(rows)):
        wanted = told(rows, at) if captions is None else captions[at]
        parts = [caption(rows, at)] if wanted else []
        seen = detected(rows, at) if captions is None else ""
        parts += [seen] if seen else []
        if active is not None:
            parts.append(region_words(lab, rows, at, active[at]))
        parts += [words for words in (classes[at], read[at]) if words]
        head = f"{number(float(values[at]))} ({names[at]})" if names[at] else ""
        lines.append(f"{head or number(float(values[at]))}: {' | '.join(parts)}")
        summaries.append(None if active is None else summary(active[at]))
    n = min(MOST, len(rows))
    images: tuple[Path, ...] = ()
    if lab.evidence.folder is not None and n:
        tiles = [
            rows.seen(at) if active is None else overlaid(rows.seen(at), active[at])
            for at in range(n)
        ]
        heads = [f"{at + 1}. {number(float(values[at]))} {names[at]}" for at in range(n)]
        images = keep(lab, contact_sheet(tiles, heads), sheet)
    return Shown(lines, summaries, images)


def regions(lab: Lab, unit: Unit, rows: ImageRows) -> list[Region | None] | None:
    """The active region of each picture; None for a unit without a map."""
    values = maps(lab, rows, unit)
    if values is None:
        return None
    size = lab.target.image.size  # type: ignore[union-attr]
    return [region(one, size) for one in values]


def summary(region: Region | None) -> dict[str, Any] | None:
    """A region in numbers: where, its share of the picture, its bounding box in shares."""
    if region is None:
        return None
    return {
        "where": where(region.mask),
        "share": float(region.mask.mean()),
        "box": box_of(region.mask, 3),
    }
