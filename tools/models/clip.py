"""Pictures beside phrases: a model that embeds both (CLIP).

The similarity of a picture and a phrase is the cosine of their embeddings, times the temperature
that the model was trained with.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ..errors import UsageError
from .image_input import ImageInput

if TYPE_CHECKING:
    from .target import Target

_TOGETHER = 32


class Clip:
    """A model of pictures and phrases, with its tokenizer."""

    def __init__(self, network: nn.Module, tokenizer: Any, image: ImageInput) -> None:
        self.network: Any = network.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.image = image

    @property
    def bias(self) -> float | None:
        """What is added to the scaled cosines of a model that judges pairs one by one (SigLIP)."""
        bias = getattr(self.network, "logit_bias", None)
        return None if bias is None else float(bias.detach().float())

    @property
    def scale(self) -> float:
        """What the cosines are multiplied by."""
        scale = getattr(self.network, "logit_scale", None)
        return 100.0 if scale is None else float(scale.detach().float().exp())

    def pictures(self, rows: Any) -> np.ndarray:
        """Embeddings of pictures, of length 1: float32 `[image, d]`.

        Args:
            rows: Image rows; of another target, what that sees of them is looked at.
        """
        own = rows.target.image is self.image
        result = []
        for start in range(0, len(rows), _TOGETHER):
            each = [rows.seen(row) for row in range(start, min(start + _TOGETHER, len(rows)))]
            seen = np.stack(each if own else [self.image.see(Image.fromarray(p)) for p in each])
            pixels = self.image.normalise(torch.from_numpy(seen).to(self._weight.device))
            with torch.no_grad():
                made = self.network.get_image_features(pixel_values=pixels.to(self._weight.dtype))
            result.append(_unit(made))
        return np.concatenate(result) if result else np.zeros((0, 0), np.float32)

    def phrases(self, phrases: Sequence[str]) -> np.ndarray:
        """Embeddings of phrases, of length 1: float32 `[phrase, d]`.

        Raises:
            UsageError: if the model came without a tokenizer.
        """
        if self.tokenizer is None:
            raise UsageError(
                "this CLIP has no tokenizer, so that no phrase can be compared with pictures; "
                "put its tokenizer.json into the model's folder"
            )
        longest = int(self.network.config.text_config.max_position_embeddings)
        made = self.tokenizer(
            list(phrases),
            padding="max_length" if "siglip" in self.network.config.model_type else True,
            truncation=True,
            max_length=longest,
            return_tensors="pt",
        ).to(self._weight.device)
        keep = {key: made[key] for key in ("input_ids", "attention_mask") if key in made}
        with torch.no_grad():
            return _unit(self.network.get_text_features(**keep))

    @property
    def _weight(self) -> Tensor:
        return next(self.network.parameters())


def clip_of(target: "Target") -> Clip:
    """The CLIP behind a target.

    Raises:
        UsageError: if there is none.
    """
    if target.clip is None:
        raise UsageError(
            f"{target.name} compares no pictures with phrases; load a CLIP, such as "
            "openai/clip-vit-base-patch32"
        )
    return target.clip


def _unit(made: Any) -> np.ndarray:
    """As float32 vectors of length 1."""
    result = made if isinstance(made, Tensor) else made.pooler_output
    values = result.detach().float().cpu().numpy()
    return values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-12)
