"""Changes of pixels: of what the target sees of a picture, whatever it shows.

    {"edit": "grey"}    {"edit": "blur", "radius": 0.03}    {"edit": "brightness", "by": 0.5}
    {"edit": "flip"}    {"edit": "rotate", "degrees": 90}   {"edit": "crop", "box": [0, 0, 1, 0.5]}
    {"edit": "cover", "region": R, "fill": F}        the region is filled
    {"edit": "background", "region": R, "fill": F}   everything else is filled
    {"edit": "remove", "region": R}                  it is closed from what is around it
    {"edit": "recolour", "region": R, "colour": C}   its hue; light and shade stay
    {"edit": "move", "region": R, "by": [0.3, 0]}    cut out, put back to the right and down
    {"edit": "paste", "region": R, "picture": RECIPE}    the same pixels of another picture
    {"edit": "add", "thing": {...}}                  a drawn thing on top
    {"edit": "replace", "region": R, "name": "cat", "colour": "red"}    a drawn thing instead

F is a colour, `mean` (of the picture), `blur` (what is there, blurred beyond recognition) or the
recipe of a picture. grey and blur take a region too. Pixels outside a region stay as they are.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from ..data.image_rows import ImageRows
from ..errors import UsageError, nearest
from ..lab import Lab
from ..scenes.drawing import put, scene_of, tile
from ..scenes.palette import nearest_colour, rgb
from .regions import bounds, mask_of

_HEAVY = 0.12  # share of the side by which what is blurred beyond recognition is blurred
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)

Edit = Mapping[str, Any]
Made = Callable[[Mapping[str, Any]], np.ndarray]
"""Another picture by its recipe, as the target sees it: uint8 `[height, width, 3]`."""


class Canvas:
    """A picture under work."""

    def __init__(self, lab: Lab, rows: ImageRows, made: Made) -> None:
        self.lab = lab
        self.rows = rows
        """The one picture that the edits start from: regions are found in it."""
        self.made = made
        self.pixels = rows.seen(0).astype(np.float32)  # [height, width, 3]

    @property
    def side(self) -> int:
        """Of the shorter edge, in pixels."""
        return min(self.pixels.shape[:2])

    def mask(self, edit: Edit) -> np.ndarray:
        """The region of an edit, bool `[height, width]`.

        Raises:
            UsageError: if it names none.
        """
        if edit.get("region") is None:
            raise UsageError(f'{edit["edit"]} needs a region, such as {{"box": [0, 0, 0.5, 0.5]}}')
        return mask_of(self.lab, self.rows, edit["region"])

    def fill(self, given: Any) -> np.ndarray:
        """What stands in for covered pixels, float32 `[height, width, 3]`."""
        if given == "mean":
            return np.broadcast_to(self.pixels.mean((0, 1)), self.pixels.shape)
        if given == "blur":
            return blurred(self.pixels, _HEAVY * self.side)
        if isinstance(given, Mapping):
            return self.made(given).astype(np.float32)
        return np.broadcast_to(np.array(rgb(str(given)), np.float32), self.pixels.shape)

    def put(self, mask: np.ndarray, pixels: np.ndarray) -> None:
        """Replaces the pixels under a mask."""
        self.pixels = np.where(mask[..., None], pixels, self.pixels)


def apply(lab: Lab, rows: ImageRows, edits: Sequence[Any], made: Made) -> np.ndarray:
    """The first of `rows` with the edits made in order: uint8 `[height, width, 3]`.

    Raises:
        UsageError: for an edit that cannot be made, with the reason.
    """
    canvas = Canvas(lab, rows, made)
    for edit in edits:
        if not isinstance(edit, Mapping) or edit.get("edit") not in OPS:
            name = edit.get("edit") if isinstance(edit, Mapping) else edit
            close = nearest(str(name), OPS)
            raise UsageError(f"there is no edit of pixels '{name}'; nearest: {close}")
        try:
            OPS[str(edit["edit"])](canvas, edit)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"{edit['edit']} cannot be made so: {error!r}"[:200]) from None
    return np.nan_to_num(canvas.pixels).round().clip(0, 255).astype(np.uint8)


def blurred(pixels: np.ndarray, radius: float) -> np.ndarray:
    """A picture `[height, width, 3]` blurred by so many pixels."""
    return gaussian_filter(pixels, (radius, radius, 0), mode="nearest")


def closed(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A picture whose masked pixels are drawn from those around, the nearer the more.

    Known pixels are averaged over windows that grow until a masked pixel has some in sight.
    """
    known = (~mask).astype(np.float32)
    if not known.any():
        return np.broadcast_to(pixels.mean((0, 1)), pixels.shape).copy()
    out, left, radius = pixels.copy(), mask.copy(), 2.0
    while left.any():
        weight = gaussian_filter(known, radius, mode="nearest")
        near = left & (weight > 0.05)
        total = blurred(pixels * known[..., None], radius)
        out[near] = total[near] / weight[near][:, None]
        left &= ~near
        radius *= 1.6
    return np.where(mask[..., None], blurred(out, 2.0), out)


def _grey(canvas: Canvas, edit: Edit) -> None:
    grey = np.repeat((canvas.pixels @ _LUMA)[..., None], 3, -1)
    canvas.put(_where(canvas, edit), grey)


def _blur(canvas: Canvas, edit: Edit) -> None:
    radius = float(edit.get("radius", 0.03))
    canvas.put(_where(canvas, edit), blurred(canvas.pixels, min(0.5, radius) * canvas.side))


def _where(canvas: Canvas, edit: Edit) -> np.ndarray:
    if edit.get("region") is not None:
        return canvas.mask(edit)
    return np.ones(canvas.pixels.shape[:2], bool)


def _flip(canvas: Canvas, edit: Edit) -> None:
    canvas.pixels = canvas.pixels[:, ::-1]


def _rotate(canvas: Canvas, edit: Edit) -> None:
    image = Image.fromarray(canvas.pixels.round().astype(np.uint8))
    fill = tuple(int(v) for v in canvas.pixels.mean((0, 1)))
    turned = image.rotate(
        -float(edit.get("degrees", 90)), Image.Resampling.BILINEAR, fillcolor=fill
    )
    canvas.pixels = np.asarray(turned, np.float32)


def _brightness(canvas: Canvas, edit: Edit) -> None:
    canvas.put(_where(canvas, edit), (canvas.pixels * float(edit.get("by", 0.5))).clip(0, 255))


def _crop(canvas: Canvas, edit: Edit) -> None:
    inside = mask_of(canvas.lab, canvas.rows, edit.get("region") or {"box": edit.get("box")})
    image = Image.fromarray(canvas.pixels.round().astype(np.uint8)).crop(bounds(inside))
    size = canvas.pixels.shape[1::-1]
    canvas.pixels = np.asarray(image.resize(size, Image.Resampling.BICUBIC), np.float32)


def _cover(canvas: Canvas, edit: Edit) -> None:
    canvas.put(canvas.mask(edit), canvas.fill(edit.get("fill", "grey")))


def _background(canvas: Canvas, edit: Edit) -> None:
    canvas.put(~canvas.mask(edit), canvas.fill(edit.get("fill", "grey")))


def _remove(canvas: Canvas, edit: Edit) -> None:
    canvas.pixels = closed(canvas.pixels, canvas.mask(edit))


def _recolour(canvas: Canvas, edit: Edit) -> None:
    """The colour, lighter and darker as the pixels were lighter and darker than their mean."""
    mask = canvas.mask(edit)
    light = canvas.pixels @ _LUMA  # [height, width]
    shade = light / max(float(light[mask].mean()), 1.0)
    canvas.put(
        mask, (shade[..., None] * np.array(rgb(str(edit.get("colour"))), np.float32)).clip(0, 255)
    )


def _move(canvas: Canvas, edit: Edit) -> None:
    mask = canvas.mask(edit)
    height, width = mask.shape
    right, down = (float(v) for v in edit["by"])
    dx, dy = round(right * width), round(down * height)
    whole, behind = canvas.pixels, closed(canvas.pixels, mask)
    ys, xs = np.nonzero(mask)
    inside = (ys + dy >= 0) & (ys + dy < height) & (xs + dx >= 0) & (xs + dx < width)
    behind[ys[inside] + dy, xs[inside] + dx] = whole[ys[inside], xs[inside]]
    canvas.pixels = behind


def _paste(canvas: Canvas, edit: Edit) -> None:
    canvas.put(canvas.mask(edit), canvas.made(edit["picture"]).astype(np.float32))


def _add(canvas: Canvas, edit: Edit) -> None:
    if not isinstance(edit.get("thing"), Mapping):
        raise UsageError('add needs a thing, such as {"name": "cat", "colour": "red"}')
    (thing,) = scene_of({"things": [edit["thing"]]}).things
    height, width = canvas.pixels.shape[:2]
    side = max(height, width)
    square = np.zeros((side, side, 3), np.float32)
    square[:height, :width] = canvas.pixels
    put(square, tile(thing, side))
    canvas.pixels = square[:height, :width]


def _replace(canvas: Canvas, edit: Edit) -> None:
    """Closed, and a thing drawn on it, as large and, unless said otherwise, of its mean colour."""
    mask = canvas.mask(edit)
    height, width = mask.shape
    side = max(height, width)
    ys, xs = np.nonzero(mask)
    thing = {
        "name": edit.get("name"),
        "colour": edit.get("colour") or nearest_colour(canvas.pixels[mask].mean(0)),
        "x": float(xs.mean() + 0.5) / side,
        "y": float(ys.mean() + 0.5) / side,
        "size": float(np.clip(max(np.ptp(xs), np.ptp(ys)) / side, 0.05, 1)),
    }
    canvas.pixels = closed(canvas.pixels, mask)
    _add(canvas, {"edit": "add", "thing": thing})


OPS: dict[str, Callable[[Canvas, Edit], None]] = {
    "grey": _grey,
    "blur": _blur,
    "flip": _flip,
    "rotate": _rotate,
    "brightness": _brightness,
    "crop": _crop,
    "cover": _cover,
    "background": _background,
    "keep": _background,
    "remove": _remove,
    "recolour": _recolour,
    "move": _move,
    "paste": _paste,
    "add": _add,
    "replace": _replace,
}
