"""One picture from a file or from bytes: upright, RGB, 8 bits a channel.

What Pillow tells of the file is settled before anything is decoded: its format must be one of a few
that need no other program, and its size must be within limits (a small file may unpack to any
number of pixels). Then:

1. Of an animation or a file of several pages the first picture is taken.
2. The picture is turned upright as its camera says.
3. Pixels of more than 8 bits are scaled to 8, not cut off: 16 bits by their range, whole numbers
   and fractions beyond that by the lowest and highest value in the picture.
4. What is transparent lies on white.
"""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from ..errors import UsageError, said

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
MOST_PIXELS = 64_000_000
"""Pixels of one picture."""
MOST_BYTES = 512 * 2**20
"""Bytes of one file."""
LONGEST = 64
"""How many times longer than wide a picture may be."""


class Decoded(NamedTuple):
    """A picture, and what had to be done that changes what is seen."""

    picture: Image.Image
    """RGB."""
    notes: tuple[str, ...]


def decode(source: Path | bytes) -> Decoded:
    """The picture in a file, or in bytes.

    Raises:
        UsageError: if there is none that can be used; gives the reason, without the name.
    """
    try:
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if not size:
            raise UsageError("it is empty")
        if size > MOST_BYTES:
            raise UsageError(f"it has {size:,} bytes; the limit is {MOST_BYTES:,}")
        opened = Image.open(
            io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS
        )
        with opened as raw:
            _check(raw)
            notes = []
            if getattr(raw, "is_animated", False):
                notes.append("of several frames or pages the first is taken")
            raw.load()
            if raw.mode in ("F", "I") or raw.mode.startswith("I;"):
                notes.append("scaled to 8 bits")
            return Decoded(_flat(_eight_bits(_upright(raw))), tuple(notes))
    except UsageError:
        raise
    except Image.DecompressionBombError as error:
        raise UsageError(f"it unpacks to more than {MOST_PIXELS:,} pixels") from error
    except Image.UnidentifiedImageError as error:
        raise UsageError(f"it is no picture in one of the formats {', '.join(FORMATS)}") from error
    except MemoryError as error:
        raise UsageError("there is not enough memory to unpack it") from error
    except Exception as error:  # a damaged file makes Pillow raise many kinds
        raise UsageError(f"it is damaged: {said(error, 120)}") from error


def _check(raw: Image.Image) -> None:
    width, height = raw.size
    if width * height > MOST_PIXELS:
        raise UsageError(f"it unpacks to {width} x {height} pixels; the limit is {MOST_PIXELS:,}")
    if max(raw.size) > LONGEST * min(raw.size):
        raise UsageError(f"it has {width} x {height} pixels: one side is {LONGEST} times the other")


def _eight_bits(raw: Image.Image) -> Image.Image:
    """Grey values of more than 8 bits, scaled."""
    if raw.mode not in ("I", "F") and not raw.mode.startswith("I;"):
        return raw
    values = np.asarray(raw).astype(np.float64)
    values = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if raw.mode != "F" and low >= 0 and (raw.mode != "I" or high < 1 << 16):
        low, high = 0.0, 65535.0
    elif raw.mode == "F" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif raw.mode == "F" and low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    scaled = (values - low) * (255 / max(high - low, 1e-300))
    return Image.fromarray(np.rint(np.clip(scaled, 0, 255)).astype(np.uint8))


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # unreadable notes of the camera: the picture itself is sound
        return picture


def _flat(picture: Image.Image) -> Image.Image:
    """RGB, on white where it is transparent."""
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(white, clear).convert("RGB")
    return picture.convert("RGB")
