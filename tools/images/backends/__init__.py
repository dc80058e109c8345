"""Image models behind one interface: they draw a picture from words, or change one as told.

The project's own drawings need no model. An image model is named `openai:MODEL` or
`diffusers:FOLDER`; what it makes cannot be made again, so each picture is kept as a file in the
lab's folder, and its recipe names that file by a hash of its pixels.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from PIL import Image

from ...errors import UsageError, nearest
from ...lab import Backend, Lab
from ..kept import folder_of, kept

KINDS = ("openai:MODEL", "diffusers:FOLDER")


def open_backend(spec: str, **options: Any) -> Backend:
    """The image model that a user named.

    Args:
        spec: `openai:MODEL` or `diffusers:FOLDER`.
        options: Of the backend: see there.

    Raises:
        UsageError: if there is no such backend, or what it needs is not installed.
    """
    kind, _, model = spec.partition(":")
    if kind == "openai" and model:
        from .openai_images import OpenAIImages

        return OpenAIImages(model, **options)
    if kind == "diffusers" and model:
        from .diffusers_models import Diffusers

        return Diffusers(model, **options)
    raise UsageError(f"there is no image backend '{spec}'; the backends are {', '.join(KINDS)}")


def backend_of(lab: Lab, name: str) -> Backend:
    """An image model of a lab, by its full name or its kind (`openai`).

    Raises:
        UsageError: if the lab has none of that name.
    """
    matches = [one for key, one in lab.backends.items() if name in (key, key.partition(":")[0])]
    if matches:
        return matches[0]
    if not lab.backends:
        raise UsageError(
            f"no image model is configured, so '{name}' cannot draw; leave out by, and the scenes' "
            f"own words are drawn (models are configured as {' or '.join(KINDS)})"
        )
    raise UsageError(f"there is no image model '{name}'; nearest: {nearest(name, lab.backends)}")


def generated(lab: Lab, backend: Backend, prompt: str, *, copy: int = 0) -> dict[str, Any]:
    """Lets a model draw, keeps the picture, and gives its recipe; `copy` tells attempts apart."""
    folder_of(lab)
    seed = _seed(lab, f"{prompt} {copy}" if copy else prompt)
    picture = backend.generate(prompt, seed=seed, seconds=lab.meter.remaining)
    lab.meter.cost += backend.price
    return {**kept(lab, picture), "by": backend.name, "prompt": prompt, "seed": seed}


def edited(
    lab: Lab,
    backend: Backend,
    picture: Image.Image,
    instruction: str,
    of: Mapping[str, Any],
) -> dict[str, Any]:
    """Lets a model change a picture, keeps the result, and gives its recipe."""
    folder_of(lab)
    seed = _seed(lab, instruction)
    changed = backend.edit(picture, instruction, seed=seed, seconds=lab.meter.remaining)
    lab.meter.cost += backend.price
    made = {"by": backend.name, "prompt": instruction, "from": dict(of), "seed": seed}
    return {**kept(lab, changed), **made}


def _seed(lab: Lab, words: str) -> int:
    """Of one picture: depends on the lab's seed, the coming evidence and the words alone."""
    text = f"{lab.seed} {lab.evidence.next_id} {words}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) % 2**31
