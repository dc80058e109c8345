"""Image atoms that are read from pixels alone: how much of a colour there is, what it looks like.

They need no scene, no detector and no language: what is left for photographs where no model that
joins pictures and words is at hand. Likeness is measured in the features of a second network, which
the description names.
"""

from typing import ClassVar, Literal

import numpy as np
from pydantic import BaseModel, Field

from ..errors import UsageError
from ..scenes.scene import Scene
from .images import ImageAtom
from .view import View
from .view_images import ImageView


class Area(ImageAtom, frozen=True):
    """At least this share of the picture has one of these colours."""

    kind: Literal["area"] = "area"
    listed: ClassVar[str] = "colours"
    colours: tuple[str, ...] = Field(min_length=1)
    at_least: float = Field(gt=0, le=1, allow_inf_nan=False)

    def holds(self, scene: Scene) -> bool:
        raise UsageError("'area' is read from pixels, not from a scene")

    def values(self, view: View | ImageView) -> np.ndarray:
        from .features import colour_shares, known_colours

        if not isinstance(view, ImageView):
            return super().values(view)
        at = [known_colours(name) for name in self.colours]
        shares = colour_shares(view.rows)[:, at].sum(1, keepdims=True)  # [image, 1]
        return (shares >= self.at_least).astype(np.float32)

    def noun(self) -> str:
        return f"{self.at_least:.0%} or more {' or '.join(self.colours)}"


class Example(BaseModel, frozen=True, extra="forbid"):
    """A picture that others are compared with."""

    name: str
    strength: float = Field(ge=0, le=1, allow_inf_nan=False)
    """Of the unit there, as a share of its strongest."""
    features: tuple[float, ...] = Field(min_length=1)


class Like(ImageAtom, frozen=True):
    """As strong as the pictures of explore that a picture is most alike, by a second network.

    An example weighs `exp(sharpness * cosine)`, the cosine between features. Our formulation.
    """

    kind: Literal["like"] = "like"
    listed: ClassVar[str] = "examples"
    network: str = "pictures"
    """Target whose features say what is alike; another one than the network under study."""
    examples: tuple[Example, ...] = Field(min_length=2, max_length=64)
    sharpness: float = Field(default=12.0, gt=0, le=100)

    def holds(self, scene: Scene) -> bool:
        raise UsageError("'like' is read from pixels, not from a scene")

    def values(self, view: View | ImageView) -> np.ndarray:
        from .features import features

        if not isinstance(view, ImageView):
            return super().values(view)
        given = np.array([example.features for example in self.examples])  # [example, feature]
        x = features(view.rows, self.network)  # [image, feature]
        if x.shape[1] != given.shape[1]:
            raise UsageError(
                f"examples have {given.shape[1]} features, network '{self.network}' gives "
                f"{x.shape[1]}"
            )
        weight = np.exp(self.sharpness * (x @ given.T - 1))  # unit vectors
        strength = np.array([example.strength for example in self.examples])
        result = weight @ strength / np.maximum(weight.sum(1), 1e-12)
        return result[:, None].astype(np.float32)

    def noun(self) -> str:
        strong = sorted(self.examples, key=lambda example: -example.strength)[:3]
        names = ", ".join(example.name for example in strong)
        return f"pictures like {names} (by features of '{self.network}')"
