"""A list of pictures on disk: what identifies each, and how those are made that were drawn.

Pixels are not kept: the pictures of a corpus are found again in it by their keys, and drawn ones
are made again from their recipes.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import UsageError
from .image_rows import ImageRows
from .pictures import ImageCorpus, Picture

FILE = "pictures.json"


class KeptPicture(NamedTuple):
    """What is kept of one picture."""

    id: str
    key: str
    recipe: dict[str, Any] | None


@dataclass(frozen=True)
class PictureList:
    """Pictures without their pixels, in the order of the rows that they were."""

    pictures: tuple[KeptPicture, ...]
    hash: str

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def ids(self) -> np.ndarray:
        """int32 `[image, 1]` zeros, as of image rows."""
        return np.zeros((len(self), 1), np.int32)

    def found_in(self, source: ImageCorpus | Iterable[Picture]) -> list[Picture]:
        """The pictures themselves, from a corpus that holds them (or drawn again).

        Raises:
            UsageError: if some are not there; says how many and which.
        """
        pictures = source.pictures if isinstance(source, ImageCorpus) else source
        there = {picture.key: picture for picture in pictures}
        result = [there.get(kept.key) or _drawn(kept) for kept in self.pictures]
        missing = [kept.id for kept, one in zip(self.pictures, result, strict=True) if one is None]
        if missing:
            raise UsageError(
                f"{len(missing)} of {len(self)} pictures are not in this corpus, such as "
                f"{missing[0]}; give the corpus that was used"
            )
        return [picture for picture in result if picture is not None]


def list_of(rows: ImageRows) -> PictureList:
    """What is kept of image rows; the hash tells the pictures and how the target sees them."""
    image = rows.target.image
    digest = hashlib.sha256(f"{image.size} {image.description}".encode())
    for picture in rows.pictures:
        digest.update(picture.key.encode())
    kept = tuple(KeptPicture(p.id, p.key, p.recipe) for p in rows.pictures)
    return PictureList(kept, digest.hexdigest()[:16])


def save_pictures(pictures: ImageRows | PictureList, folder: Path) -> None:
    """Writes a list of pictures to a folder."""
    kept = pictures if isinstance(pictures, PictureList) else list_of(pictures)
    folder.mkdir(parents=True, exist_ok=True)
    inner = json.dumps([item._asdict() for item in kept.pictures], ensure_ascii=False)
    check = hashlib.sha256(inner.encode()).hexdigest()
    whole = {"hash": kept.hash, "check": check, "pictures": inner}
    (folder / FILE).write_text(json.dumps(whole), encoding="utf-8")


def load_pictures(folder: Path) -> PictureList:
    """The list of a folder.

    Raises:
        UsageError: if it is missing or damaged.
    """
    try:
        whole = json.loads((folder / FILE).read_text(encoding="utf-8"))
        inner = whole["pictures"]
        if hashlib.sha256(inner.encode()).hexdigest() != whole["check"]:
            raise ValueError("checksum")
        kept = tuple(KeptPicture(**item) for item in json.loads(inner))
        return PictureList(kept, str(whole["hash"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"the list of pictures in {folder} is damaged ({error}); "
            "delete the folder and run the same command again"
        ) from error


def _drawn(kept: KeptPicture) -> Picture | None:
    """A picture of a scene, from its recipe; None where it has none, or it gives another one."""
    recipe = kept.recipe or {}
    if "scene" not in recipe or set(recipe) - {"scene", "side"}:
        return None
    from ..scenes.scene import Scene
    from .scene_pictures import SIDE, picture_of

    try:
        scene = Scene.model_validate(recipe["scene"])
        made = picture_of(scene, id=kept.id, side=int(recipe.get("side", SIDE)))
    except (ValueError, TypeError):
        return None
    return made if made.key == kept.key else None
