"""Areas of pictures: what is painted there is measured there, and `patch` holds where it is."""

import numpy as np
import pytest
from checks import refused
from colour_target import colour_target
from neuroscribe.tools.data.image_rows import ImageRows, image_rows
from neuroscribe.tools.data.pictures import Picture
from neuroscribe.tools.predicates import PICTURE_KINDS, parse
from neuroscribe.tools.predicates.patches import MEASURES, SIZES, local_measures
from PIL import Image

SIDE = 128
Y, X = np.mgrid[:SIDE, :SIDE]


def edge(dark: np.ndarray) -> np.ndarray:
    """A grey picture that is dark in one part of its upper left quarter."""
    pixels = np.full((SIDE, SIDE, 3), 200)
    pixels[dark & (Y < 64) & (X < 64)] = 20
    return pixels


PAINTED = {
    "upright": edge(X < 32),
    "level": edge(Y < 32),
    "rising": edge(X + Y < 64),
    "falling": edge(X > Y),
    "spot": edge((abs(X - 32) < 5) & (abs(Y - 32) < 5)),
}


@pytest.fixture(scope="module")
def painting() -> ImageRows:
    pictures = [
        Picture(name, f"patches {name}", lambda p=pixels: Image.fromarray(p.astype(np.uint8)))
        for name, pixels in PAINTED.items()
    ]
    return image_rows(colour_target(), pictures)


@pytest.mark.parametrize(
    ("measure", "low", "high", "name", "words"),
    [
        ("vertical lines", 0.1, 0.6, "upright", "vertical lines"),
        ("horizontal lines", 0.1, 0.6, "level", "horizontal lines"),
        ("rising lines", 0.1, 0.6, "rising", "lines rising to the right"),
        ("falling lines", 0.1, 0.6, "falling", "lines falling to the right"),
        ("light left", 0.5, 0.2, "upright", "dark left of light"),
        ("light above", 0.5, 0.2, "level", "dark above light"),
        ("light inside", 0.5, 0.3, "spot", "a dark spot"),
    ],
)
def test_what_is_painted_there_is_measured_there(painting, measure, low, high, name, words):
    row, m, i = list(PAINTED).index(name), list(MEASURES).index(measure), list(SIZES).index("small")
    values = np.stack([local_measures(painting, k)[i, 7, 7, m] for k in range(len(PAINTED))])
    strongest = values.argmax() if high > low else values.argmin()
    assert strongest == row
    look = {"measure": measure, "low": low, "high": high}
    patch = parse({"kind": "patch", "looks": [look]})
    assert patch.noun() == words
    degrees = patch.evaluate(painting)[:, 0]
    assert degrees[row] == degrees.max() > 0.5
    assert parse(patch.model_dump()) == patch


def test_a_patch_has_all_its_looks_in_one_area(painting):
    def patch(*measures: str) -> np.ndarray:
        looks = [{"measure": measure, "low": 0, "high": 0.3} for measure in measures]
        return parse({"kind": "patch", "looks": looks}).evaluate(painting)[:, 0]

    upright, level, both = (
        patch("vertical lines"),
        patch("horizontal lines"),
        patch("vertical lines", "horizontal lines"),
    )
    assert (both <= np.minimum(upright, level) + 1e-6).all()
    assert both[1] < 0.3 < level[1]  # its lines are all level


def test_what_no_patch_is_is_said():
    look = {"measure": "blue", "low": 0.1, "high": 0.5}
    refused("no measure 'bleu'", parse, {"kind": "patch", "looks": [{**look, "measure": "bleu"}]})
    refused("equal", parse, {"kind": "patch", "looks": [{**look, "high": 0.1}]})
    refused("looks", parse, {"kind": "patch", "looks": []})
    refused("size", parse, {"kind": "patch", "looks": [look], "size": "huge"})
    assert "patch" in PICTURE_KINDS
