"""Readers of image atoms by name: what a person writes to say who looks at photos.

detector                  the project's own detector of drawn scenes
clip:MODEL                a CLIP or SigLIP, zero-shot
dino:MODEL[+sam:MODEL]    Grounding DINO, and SAM to cut out what it finds
MODEL                     any network that takes pictures, by its classes and its states

MODEL is a name that ships (`efficientnet`), a Hugging Face id, a folder or, for the last,
`path/to/file.py:factory`.
"""

import re
from typing import TYPE_CHECKING, Any

from ..errors import UsageError, nearest, said

if TYPE_CHECKING:
    from ..data.image_rows import PictureReader
    from ..models.target import Target

KINDS = ("detector", "efficientnet", "clip:MODEL", "dino:MODEL", "dino:MODEL+sam:MODEL")


def load_reader(spec: str) -> "PictureReader":
    """The reader of that name.

    Raises:
        UsageError: if there is none, or its model cannot be read.
    """
    kind, _, rest = spec.partition(":")
    if spec == "detector":
        from .scene_detector import detector

        return detector()
    if kind == "clip" and rest:
        from ..models import Target
        from .clip_reader import ClipReader

        return ClipReader(Target.load(rest))
    if kind == "dino" and rest:
        from transformers import AutoModelForMaskGeneration, AutoModelForZeroShotObjectDetection

        from .grounding_reader import GroundingReader

        finds, _, cuts = rest.partition("+sam:")
        return GroundingReader(
            _loaded(AutoModelForZeroShotObjectDetection, finds),
            _loaded(AutoModelForMaskGeneration, cuts) if cuts else None,
            name=spec,
        )
    if not _names_a_model(spec):
        raise UsageError(f"there is no reader '{spec}'; nearest: {nearest(spec, KINDS)}")
    from ..models import Target
    from .clip_reader import ClipReader
    from .network_reader import NetworkReader

    target = Target.load(spec)
    return NetworkReader(target, spec) if target.clip is None else ClipReader(target)


def load_picture_reader(spec: str, target: "Target") -> "PictureReader":
    """The reader of that name, for the pictures of a target.

    Raises:
        UsageError: if there is none, or it is the target itself.
    """
    from ..models.picture_reader import check_picture_reader
    from .network_reader import NetworkReader

    reader = load_reader(spec)
    if isinstance(reader, NetworkReader):
        check_picture_reader(reader.network, target)
    return reader


def _names_a_model(spec: str) -> bool:
    """Whether it looks like a model: a name that ships, a factory, a folder, a hub id."""
    from ..models.trust import built_in

    return built_in(spec) or re.search(r"\.py:\w+$", spec) is not None or "/" in spec


def _loaded(kind: Any, name: str) -> tuple[Any, Any]:
    from transformers import AutoProcessor

    from ..models.checkpoints import quiet
    from ..models.load import checked_device

    try:
        with quiet():
            network = kind.from_pretrained(name, weights_only=True).to(checked_device(None))
            return network, AutoProcessor.from_pretrained(name, backend="pil")
    except Exception as error:  # the libraries raise many kinds; each becomes one clear line
        raise UsageError(f"the reader's model '{name}' cannot be read: {said(error)}") from error
