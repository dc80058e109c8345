"""Image atoms read by an open-vocabulary detector and a model that cuts out what it found.

1. Grounding DINO (Liu et al. 2023) looks for each name that the atom mentions, one at a time; for
   an atom without names it looks for objects of any kind.
2. SAM (Kirillov et al. 2023), where it is given, cuts out what is in each box; without it the
   middle of the box stands for the thing.
3. What was found becomes a scene: names, places and sizes from the boxes, colours from the pixels.
   The atom is decided on that scene as on any other.

Textures and settings are not in such a scene; atoms that ask for them are refused.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from PIL import Image

from ..errors import UsageError
from ..scenes.palette import COLOURS, nearest_colours
from ..scenes.scene import Scene, Thing
from .core import Predicate
from .images import Background, ImageAtom, Object, Textured

if TYPE_CHECKING:
    from ..data.image_rows import ImageRows

ANY = "object"
"""What is looked for where an atom has no names."""
THRESHOLD = 0.35
"""Confidence from which something counts as found."""
_MOST = 24


class Detection(NamedTuple):
    """Something that was found."""

    left: float
    top: float
    right: float
    bottom: float
    """In pixels."""
    score: float


class GroundingReader:
    """Reads atoms with Grounding DINO, and SAM where there is one.

    Args:
        detector: The detector and its processor.
        cutter: SAM and its processor.
        name: For reports.
        threshold: Confidence from which something counts as found.
    """

    def __init__(
        self,
        detector: tuple[Any, Any],
        cutter: tuple[Any, Any] | None = None,
        *,
        name: str = "grounding-dino",
        threshold: float = THRESHOLD,
    ) -> None:
        self.network, self.processor = detector[0].eval().requires_grad_(False), detector[1]
        self.cutter = cutter
        self.name = name
        self.threshold = threshold
        self._found: dict[tuple[str, str], list[Thing]] = {}

    def degrees(self, atom: Predicate, rows: "ImageRows") -> np.ndarray:
        """float32 `[image]`: 1 where the atom holds in what was found.

        Raises:
            UsageError: if the atom asks for what a detector does not see.
        """
        if not isinstance(atom, ImageAtom):
            raise UsageError(f"'{atom.kind}' reads text, and these are pictures")
        for part in parts_of(atom):
            if isinstance(part, (Textured, Background)):
                raise UsageError(
                    f"a detector of things does not read '{part.kind}'; leave it out or read the "
                    "pictures with a CLIP"
                )
        names = {name for part in parts_of(atom) if isinstance(part, Object) for name in part.names}
        out = np.zeros(len(rows), np.float32)
        for row in range(len(rows)):
            result: list[Thing] = []
            for name in sorted(names) or [ANY]:
                result += self.things(rows, row, name)
            out[row] = atom.holds(Scene(things=tuple(result[:_MOST])))
        return out

    def things(self, rows: "ImageRows", row: int, name: str) -> list[Thing]:
        """What of that name is in a picture, as the target sees it; kept."""
        key = (f"{rows.pictures[row].key} {rows.target.image.description}", name)
        if key not in self._found:
            pixels = rows.seen(row)
            boxes = self.boxes(pixels, name)[:_MOST]
            masks = self.masks(pixels, boxes)
            self._found[key] = [
                _thing(pixels, box, mask, name) for box, mask in zip(boxes, masks, strict=True)
            ]
        return self._found[key]

    def boxes(self, pixels: np.ndarray, name: str) -> list[Detection]:
        """Where something of that name is, surest first."""
        height, width = pixels.shape[:2]
        inputs = self.processor(
            images=Image.fromarray(pixels), text=f"{name.lower().strip('. ')}.", return_tensors="pt"
        ).to(_device(self.network))
        with torch.no_grad():
            output = self.network(**inputs)
        (made,) = self.processor.post_process_grounded_object_detection(
            output,
            inputs["input_ids"],
            threshold=self.threshold,
            text_threshold=0.0,
            target_sizes=[(height, width)],
        )
        result = []
        for box, score in zip(made["boxes"].tolist(), made["scores"].tolist(), strict=True):
            left, right = np.clip((box[0], box[2]), 0, width)
            top, bottom = np.clip((box[1], box[3]), 0, height)
            if right - left >= 1 and bottom - top >= 1:
                result.append(
                    Detection(float(left), float(top), float(right), float(bottom), score)
                )
        return sorted(result, key=lambda box: -box.score)

    def masks(self, pixels: np.ndarray, boxes: list[Detection]) -> list[np.ndarray]:
        """What is cut out of each box: bool `[height, width]`."""
        if self.cutter is None or not boxes:
            return [_middle(pixels, box) for box in boxes]
        network, processor = self.cutter
        inputs = processor(
            images=Image.fromarray(pixels),
            input_boxes=[[list(box[:4]) for box in boxes]],
            return_tensors="pt",
        ).to(_device(network))
        with torch.no_grad():
            output = network(**inputs, multimask_output=False)
        (made,) = processor.image_processor.post_process_masks(
            output.pred_masks.cpu(),
            inputs["original_sizes"].cpu(),
            inputs["reshaped_input_sizes"].cpu(),
        )
        masks = np.asarray(made[:, 0]).astype(bool)  # [box, height, width]
        return [
            mask if mask.any() else _middle(pixels, box)
            for mask, box in zip(masks, boxes, strict=True)
        ]


def parts_of(atom: Predicate) -> list[Predicate]:
    """An image atom and the atoms inside it."""
    result: list[Predicate] = [atom]
    for field in type(atom).model_fields:
        value = getattr(atom, field)
        inner = value if isinstance(value, tuple) else (value,)
        for item in inner:
            if isinstance(item, Predicate):
                result += parts_of(item)
    return result


def _thing(pixels: np.ndarray, box: Detection, mask: np.ndarray, name: str) -> Thing:
    height, width = pixels.shape[:2]
    colours = np.bincount(nearest_colours(pixels[mask]), minlength=len(COLOURS))
    wide, high = (box.right - box.left) / width, (box.bottom - box.top) / height
    return Thing(
        name=name,
        colour=COLOURS[int(colours.argmax())],
        size=float(np.clip(max(wide, high), 0.05, 1)),
        x=float(np.clip((box.left + box.right) / 2 / width, 0, 1)),
        y=float(np.clip((box.top + box.bottom) / 2 / height, 0, 1)),
    )


def _middle(pixels: np.ndarray, box: Detection) -> np.ndarray:
    """The middle half of a box in each direction."""
    mask = np.zeros(pixels.shape[:2], bool)
    wide, high = box.right - box.left, box.bottom - box.top
    left, top = int(box.left + wide / 4), int(box.top + high / 4)
    right, bottom = int(np.ceil(box.right - wide / 4)), int(np.ceil(box.bottom - high / 4))
    mask[top : max(bottom, top + 1), left : max(right, left + 1)] = True
    return mask


def _device(network: Any) -> torch.device:
    return next(network.parameters()).device
