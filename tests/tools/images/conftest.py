"""Benches over drawn pictures and a network whose channels are known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from colour_target import RED, colour_target, picture, scene_of
from neuroscribe.tools import instruments as _belt  # noqa: F401
from neuroscribe.tools.data.image_rows import ImageRows, image_rows
from neuroscribe.tools.evidence import EvidenceStore
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.scenes.scene import Scene

MakeLab = Callable[..., Lab]


@pytest.fixture(scope="session")
def colours() -> Target:
    """`conv.0/0` is red, 1 green, 2 blue, 3 dark, 4 never active."""
    return colour_target()


@pytest.fixture(scope="session")
def scenes() -> list[Scene]:
    """Eighty scenes."""
    rng = np.random.default_rng(0)
    return [scene_of(rng) for _ in range(80)]


@pytest.fixture(scope="session")
def drawn_rows(colours: Target, scenes: list[Scene]) -> ImageRows:
    """Pictures whose scenes are known."""
    return image_rows(colours, [picture(scene) for scene in scenes])


@pytest.fixture(scope="session")
def photo_rows(colours: Target, scenes: list[Scene]) -> ImageRows:
    """The same pictures, without their scenes."""
    return image_rows(colours, [picture(scene, known=False) for scene in scenes])


@pytest.fixture
def make_lab(colours: Target, drawn_rows: ImageRows, tmp_path: Path) -> MakeLab:
    """Makes fresh benches over the drawn scenes."""

    def make(unit: str = f"conv.0/{RED}", *, rows: ImageRows | None = None, **more) -> Lab:
        store = EvidenceStore(tmp_path / "pictures")
        found = drawn_rows if rows is None else rows
        return Lab(colours, found, unit=colours.unit(unit), evidence=store, **more)  # type: ignore[arg-type]

    return make


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """A fresh bench whose unit is red."""
    return make_lab()
