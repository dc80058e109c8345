"""Diffusion models in a folder or on the Hugging Face hub, through diffusers (extra `diffusers`).

A pipeline whose call needs a picture edits (InstructPix2Pix and its like); any other draws from
words. Weights are read from safetensors alone, and no code of a model is run.
"""

import inspect
import threading
from pathlib import Path
from typing import Any

from PIL import Image

from ...errors import UsageError, said


class Diffusers:
    """A text-to-image model, an editing model, or both.

    Args:
        model: Folder or hub name of a pipeline.
        editor: Of another pipeline that edits, where `model` only draws.
        steps: Denoising steps.
        side: Pixels of a side; None: the pipeline's default.
        device: Where it runs; None: a GPU where there is one.

    Raises:
        UsageError: if diffusers is not installed.
    """

    price = 0.0

    def __init__(
        self,
        model: str,
        *,
        editor: str | None = None,
        steps: int = 20,
        side: int | None = None,
        device: str | None = None,
    ) -> None:
        _diffusers()
        self.name = f"diffusers:{model}"
        self._names = tuple(dict.fromkeys(name for name in (model, editor) if name))
        self._steps = steps
        self._side = side
        self._device = device
        self._loaded: dict[bool, Any] = {}
        self._lock = threading.Lock()

    def generate(self, prompt: str, *, seed: int, seconds: float | None = None) -> Image.Image:
        """A picture of these words."""
        size = {} if self._side is None else {"height": self._side, "width": self._side}
        return self._run(False, seed, prompt=prompt, **size)

    def edit(
        self, picture: Image.Image, instruction: str, *, seed: int, seconds: float | None = None
    ) -> Image.Image:
        """The picture, changed as told."""
        side = self._side or 512
        small = picture.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
        return self._run(True, seed, prompt=instruction, image=small)

    def _run(self, edits: bool, seed: int, **request: Any) -> Image.Image:
        import torch

        with self._lock:
            pipeline = self._pipeline(edits)
            generator = torch.Generator().manual_seed(seed)
            try:
                result = pipeline(
                    **request,
                    num_inference_steps=self._steps,
                    generator=generator,
                    num_images_per_prompt=1,
                )
            except (ValueError, RuntimeError, TypeError) as error:
                raise UsageError(f"{self.name} cannot draw this: {said(error)}") from error
        flagged = getattr(result, "nsfw_content_detected", None)
        if flagged and any(flagged):
            raise UsageError(f"{self.name} refuses to show what it drew; use other words")
        return result.images[0].convert("RGB")

    def _pipeline(self, edits: bool) -> Any:
        """The pipeline that edits, or the one that draws; loaded when it is first needed."""
        if not self._loaded:
            for name in self._names:
                made = self._load(name)
                self._loaded.setdefault(needs_picture(made), made)
        if edits not in self._loaded:
            what = "edits pictures" if edits else "draws from words"
            raise UsageError(
                f"{self.name} has no pipeline that {what}; "
                + ("name one as editor" if edits else "name a text-to-image model")
            )
        return self._loaded[edits]

    def _load(self, name: str) -> Any:
        import torch

        local = Path(name).exists()
        try:
            made = _diffusers().DiffusionPipeline.from_pretrained(
                name, use_safetensors=True, trust_remote_code=False, local_files_only=local
            )
        except (OSError, ValueError, ImportError, RuntimeError) as error:
            raise UsageError(f"cannot load the diffusion model '{name}': {said(error)}") from error
        made.set_progress_bar_config(disable=True)
        device = self._device or ("cuda" if torch.cuda.is_available() else "cpu")
        return made.to(device)


def needs_picture(pipeline: Any) -> bool:
    """Whether a pipeline's call starts from a picture."""
    parameters = inspect.signature(type(pipeline).__call__).parameters
    return "image" in parameters


def _diffusers() -> Any:
    try:
        import diffusers  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UsageError(
            "diffusers is not installed; install it with: pip install 'neuroscribe[diffusers]'"
        ) from error
    return diffusers
