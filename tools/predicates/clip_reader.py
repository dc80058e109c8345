"""Image atoms read by a model of pictures and phrases, zero-shot (CLIP; Radford et al. 2021).

1. An atom becomes phrases: one for each name or colour that it allows, said as a caption would.
2. A picture is compared with each phrase and with phrases that fit every picture. The degree is the
   softmax share of the phrase among these, that is: whether it says more about the picture than
   nothing does. A model trained on single pairs (SigLIP) gives that probability itself.
3. Of several phrases the best counts.

What such a model cannot judge well (numbers, places, which thing has which colour) it judges badly
here too; the name of the reader stands in every report.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UsageError
from ..models.clip import Clip, clip_of
from .core import Predicate
from .images import Colour, ImageAtom, Object, OneThing, Textured

if TYPE_CHECKING:
    from ..data.image_rows import ImageRows
    from ..models.target import Target

NEUTRAL = (
    "a photo",
    "a photo of something",
    "a picture of an object",
    "a photo of a scene",
    "an image with a background",
)
"""Phrases that fit every picture."""


class ClipReader:
    """Reads atoms with a CLIP."""

    def __init__(self, target: "Target") -> None:
        self.clip: Clip = clip_of(target)
        self.name = f"clip:{target.name}"
        self._neutral: np.ndarray | None = None
        self._seen: dict[str, np.ndarray] = {}

    def degrees(self, atom: Predicate, rows: "ImageRows") -> np.ndarray:
        """float32 `[image]` in 0..1."""
        if not len(rows):
            return np.zeros(0, np.float32)
        pictures = self._pictures(rows)  # [image, d]
        phrases = self.clip.phrases(phrases_of(atom))  # [phrase, d]
        fits = self.clip.scale * pictures @ phrases.T  # [image, phrase]
        if self.clip.bias is not None:
            return (1 / (1 + np.exp(-(fits + self.clip.bias)))).max(1).astype(np.float32)
        if self._neutral is None:
            self._neutral = self.clip.phrases(NEUTRAL)
        rest = self.clip.scale * pictures @ self._neutral.T  # [image, neutral]
        top = np.maximum(fits, rest.max(1, keepdims=True))
        others = np.exp(rest[:, None] - top[..., None]).sum(2)  # [image, phrase]
        own = np.exp(fits - top)
        return (own / (own + others)).max(1).astype(np.float32)

    def _pictures(self, rows: "ImageRows") -> np.ndarray:
        """Embeddings, kept by picture and by how it is seen."""
        how = rows.target.image.description
        keys = [f"{picture.key} {how}" for picture in rows.pictures]
        new = [at for at, key in enumerate(keys) if key not in self._seen]
        if new:
            made: Any = self.clip.pictures(rows.rows(new))
            self._seen.update(zip((keys[at] for at in new), made, strict=True))
        return np.stack([self._seen[key] for key in keys])


def phrases_of(atom: Predicate) -> list[str]:
    """Captions of pictures in which an atom holds, one for each alternative.

    Raises:
        UsageError: if it is no image atom.
    """
    if not isinstance(atom, ImageAtom):
        raise UsageError(f"'{atom.kind}' reads text, and these are pictures")
    return [f"a photo of {one.noun()}" for one in _alternatives(atom)]


def _alternatives(atom: ImageAtom) -> list[ImageAtom]:
    """The atom for one name, colour or texture at a time."""
    if isinstance(atom, Object):
        return [Object(names=(name,)) for name in atom.names]
    if isinstance(atom, Colour):
        return [Colour(colours=(colour,)) for colour in atom.colours]
    if isinstance(atom, Textured):
        return [Textured(textures=(texture,)) for texture in atom.textures]
    if isinstance(atom, OneThing):
        for i, part in enumerate(atom.of):
            if isinstance(part, Object) and (len(part.names) > 1 or part.name):
                one: Any = _alternatives(part)
                return [OneThing(of=(*atom.of[:i], other, *atom.of[i + 1 :])) for other in one]
    return [atom]
