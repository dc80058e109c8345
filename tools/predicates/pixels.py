"""Image atoms that are read from pixels alone: how much of a colour there is, what it looks like.

They need no scene, no detector and no language: what is left for photographs where no model that
joins pictures and words is at hand. Likeness is measured in the features of a second network, which
the description names.
"""

from typing import ClassVar, Literal

import numpy as np
from pydantic import BaseModel, Field

from ..data.image_rows import ImageRows
from ..errors import UsageError
from ..scenes.palette import index_of
from .features import colour_shares, features
from .images import OfPixels


class Area(OfPixels, frozen=True):
    """At least this share of the picture has one of these colours."""

    kind: Literal["area"] = "area"
    listed: ClassVar[str] = "colours"
    colours: tuple[str, ...] = Field(min_length=1)
    at_least: float = Field(gt=0, le=1, allow_inf_nan=False)

    def degrees(self, rows: ImageRows) -> np.ndarray:
        at = [index_of(name) for name in self.colours]
        return colour_shares(rows)[:, at].sum(1) >= self.at_least

    def noun(self) -> str:
        return f"{self.at_least:.0%} or more {' or '.join(self.colours)}"


class Example(BaseModel, frozen=True, extra="forbid"):
    """A picture that others are compared with."""

    name: str
    strength: float = Field(ge=0, le=1, allow_inf_nan=False)
    """Of the unit there, as a share of its strongest."""
    features: tuple[float, ...] = Field(min_length=1)


class Like(OfPixels, frozen=True):
    """As strong as the pictures of explore that a picture is most alike, by a second network.

    An example weighs `exp(sharpness * cosine)`, the cosine between features. Our formulation.
    """

    kind: Literal["like"] = "like"
    listed: ClassVar[str] = "examples"
    network: str = "pictures"
    """Target whose features say what is alike; another one than the network under study."""
    examples: tuple[Example, ...] = Field(min_length=2, max_length=64)
    sharpness: float = Field(default=12.0, gt=0, le=100)

    def degrees(self, rows: ImageRows) -> np.ndarray:
        given = np.array([example.features for example in self.examples])  # [example, feature]
        x = features(rows, self.network)  # [image, feature]
        if x.shape[1] != given.shape[1]:
            raise UsageError(
                f"examples have {given.shape[1]} features, network '{self.network}' gives "
                f"{x.shape[1]}"
            )
        weight = np.exp(self.sharpness * (x @ given.T - 1))  # unit vectors
        strength = np.array([example.strength for example in self.examples])
        return weight @ strength / np.maximum(weight.sum(1), 1e-12)

    def noun(self) -> str:
        strong = sorted(self.examples, key=lambda example: -example.strength)[:3]
        names = ", ".join(example.name for example in strong)
        return f"pictures like {names} (by features of '{self.network}')"
