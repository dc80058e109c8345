"""Image models behind one interface: they draw a picture from words, or change one as told.

The project's own drawings need no model. An image model is named `openai:MODEL` or
`diffusers:FOLDER`; what it makes cannot be made again, so each picture is kept as a file in the
lab's folder, and its recipe names that file by a hash of its pixels.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PIL import Image

from ...errors import UsageError, nearest

if TYPE_CHECKING:
    from ...lab import Lab

KINDS = ("openai:MODEL", "diffusers:FOLDER")
LARGEST = 2048
"""Pixels a side of a picture that a model may give; larger ones are made smaller."""


class Backend(Protocol):
    """An image model."""

    @property
    def name(self) -> str:
        """As the user names it."""
        ...

    @property
    def price(self) -> float:
        """Money for one picture."""
        ...

    def generate(self, prompt: str, *, seed: int, seconds: float | None = None) -> Image.Image:
        """A picture of these words; a network is waited for that many seconds at most.

        Raises:
            UsageError: if the model refuses or cannot be reached, in one line.
        """
        ...

    def edit(
        self, picture: Image.Image, instruction: str, *, seed: int, seconds: float | None = None
    ) -> Image.Image:
        """The picture, changed as told.

        Raises:
            UsageError: if the model refuses, cannot be reached or cannot edit, in one line.
        """
        ...


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


def backend_of(lab: "Lab", name: str) -> Backend:
    """An image model of a lab, by its full name or its kind (`openai`).

    Raises:
        UsageError: if the lab has none of that name.
    """
    found = [one for key, one in lab.backends.items() if name in (key, key.partition(":")[0])]
    if found:
        return found[0]
    if not lab.backends:
        raise UsageError(
            f"no image model is configured, so '{name}' cannot draw; leave out by, and the scenes' "
            f"own words are drawn (models are configured as {' or '.join(KINDS)})"
        )
    raise UsageError(f"there is no image model '{name}'; nearest: {nearest(name, lab.backends)}")


def generated(lab: "Lab", backend: Backend, prompt: str, *, copy: int = 0) -> dict[str, Any]:
    """Lets a model draw, keeps the picture, and gives its recipe; `copy` tells attempts apart."""
    _folder(lab)
    seed = _seed(lab, f"{prompt} {copy}" if copy else prompt)
    picture = backend.generate(prompt, seed=seed, seconds=lab.meter.remaining)
    lab.meter.cost += backend.price
    return {**kept(lab, picture), "by": backend.name, "prompt": prompt, "seed": seed}


def edited(
    lab: "Lab",
    backend: Backend,
    picture: Image.Image,
    instruction: str,
    of: Mapping[str, Any],
) -> dict[str, Any]:
    """Lets a model change a picture, keeps the result, and gives its recipe."""
    _folder(lab)
    seed = _seed(lab, instruction)
    found = backend.edit(picture, instruction, seed=seed, seconds=lab.meter.remaining)
    lab.meter.cost += backend.price
    made = {"by": backend.name, "prompt": instruction, "from": dict(of), "seed": seed}
    return {**kept(lab, found), **made}


def kept(lab: "Lab", picture: Image.Image) -> dict[str, Any]:
    """Writes a picture into the lab's folder: its file name and the hash of its pixels."""
    folder = _folder(lab)
    picture = picture.convert("RGB")
    picture.thumbnail((LARGEST, LARGEST))
    known = fingerprint(picture)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{known[:16]}.png"
    if not path.exists():
        picture.save(path, "PNG")
    return {"file": path.name, "sha256": known}


def _folder(lab: "Lab") -> Path:
    if lab.evidence.folder is None:
        raise UsageError("pictures of an image model are kept in a folder, and this lab has none")
    return lab.evidence.folder


def fingerprint(picture: Image.Image) -> str:
    """A hash of a picture's size and pixels, whatever file it lies in."""
    return hashlib.sha256(f"{picture.size}".encode() + picture.tobytes()).hexdigest()


def recorded(folder: Path, payloads: Sequence[Any]) -> dict[str, Backend]:
    """Stand-ins for the models behind recorded results: they give the kept files again."""
    from .stand_ins import stand_ins

    return stand_ins(folder, payloads)


def _seed(lab: "Lab", words: str) -> int:
    """Of one picture: depends on the lab's seed, the coming evidence and the words alone."""
    text = f"{lab.seed} {lab.evidence.next_id} {words}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) % 2**31
