"""Contact sheets: pictures in a grid, each with its number, its activation and its active region.

The active region stands in its own colours; around it the picture is darkened, the more the weaker
the unit is there. A sheet is one JPEG of at most `MOST` pictures, about 720 pixels wide, so that
it costs a language model little.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..images.maps import Region
from ..lab import Lab

MOST = 16
_COLUMNS = 4
_SIDE = 176
_GAP = 4
_LINE = 14
_DARK = 0.45  # what stays of the light where the unit is silent
_GROUND = (250, 250, 250)
_INK = (20, 20, 20)


def overlaid(pixels: np.ndarray, region: Region | None) -> np.ndarray:
    """A picture darkened where the unit is not active: uint8 `[height, width, 3]`."""
    if region is None:
        return (pixels * _DARK).astype(np.uint8)
    keep = np.where(region.mask, 1.0, _DARK + (1 - _DARK) * 0.5 * region.weight)
    return (pixels * keep[..., None]).round().astype(np.uint8)


def contact_sheet(tiles: Sequence[np.ndarray], captions: Sequence[str]) -> Image.Image:
    """Pictures in rows of four, each under its caption.

    Args:
        tiles: uint8 `[height, width, 3]` each; those beyond `MOST` are left out.
        captions: One short line each.
    """
    tiles = tiles[:MOST]
    columns, cell = _columns(len(tiles)), _SIDE + _GAP
    sheet = Image.new("RGB", sheet_size(len(tiles)), _GROUND)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(11)
    for at, (pixels, caption) in enumerate(zip(tiles, captions, strict=False)):
        x = _GAP + (at % columns) * cell
        y = _GAP + (at // columns) * (cell + _LINE)
        pen.text((x, y), _fitting(caption, font), fill=_INK, font=font)
        image = Image.fromarray(pixels)
        image.thumbnail((_SIDE, _SIDE))
        small = image.size[0] < _SIDE and image.size[1] < _SIDE
        grown = image.resize((_SIDE, _SIDE), Image.Resampling.NEAREST) if small else image
        sheet.paste(grown, (x, y + _LINE))
    return sheet


def contact_sheets(tiles: Mapping[str, np.ndarray]) -> list[Image.Image]:
    """Pictures by their caption, on as few sheets as hold them, about as many on each."""
    names = list(tiles)
    return [
        contact_sheet([tiles[names[i]] for i in part], [names[i] for i in part])
        for part in _parts(len(names))
    ]


def sheet_sizes(n: int) -> list[tuple[int, int]]:
    """Width and height of each of the sheets that hold `n` pictures."""
    return [sheet_size(len(part)) for part in _parts(n)]


def sheet_size(n: int) -> tuple[int, int]:
    """Width and height of a sheet of `n` pictures."""
    columns, cell = _columns(n), _SIDE + _GAP
    return columns * cell + _GAP, -(-n // columns) * (cell + _LINE) + _GAP


def _columns(n: int) -> int:
    return min(_COLUMNS, max(1, n))


def _parts(n: int) -> list[np.ndarray]:
    """The numbers of the pictures on each sheet."""
    return np.array_split(np.arange(n), -(-n // MOST)) if n else []


def keep(lab: Lab, sheet: Image.Image, name: str) -> tuple[Path, ...]:
    """Writes a sheet into the lab's folder, if it has one, under the coming evidence's id."""
    folder = lab.evidence.folder
    if folder is None:
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    data = io.BytesIO()
    sheet.save(data, "JPEG", quality=85)
    tail = hashlib.sha256(data.getvalue()).hexdigest()[:8]
    path = folder / f"{lab.evidence.next_id}-{name}-{tail}.jpg"
    path.write_bytes(data.getvalue())
    return (path,)


def _fitting(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    while len(text) > 1 and font.getlength(text) > _SIDE:
        text = text[:-1]
    return text
