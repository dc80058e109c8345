"""Changes of pixels keep to their region."""

import numpy as np
import pytest
from colour_target import colour_target, picture
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.images.maps import whereabouts
from neuroscribe.tools.images.pixels import closed
from neuroscribe.tools.images.recipes import made_rows
from neuroscribe.tools.images.regions import mask_of
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.scenes.scene import Scene

CAT = {"name": "cat", "colour": "red", "size": 0.4, "x": 0.3, "y": 0.5}
CIRCLE = {"name": "circle", "colour": "green", "size": 0.3, "x": 0.75, "y": 0.5}
BOTH = {"background": "meadow", "things": [CAT, CIRCLE]}


def test_pixels_outside_a_region_stay_to_the_bit(pictures):
    region = {"thing": "cat"}
    of = {"scene": BOTH}
    fills = [{"edit": "cover", "fill": "mean"}, {"edit": "recolour", "colour": "blue"}]
    fills += [{"edit": "grey"}, {"edit": "blur", "radius": 0.1}, {"edit": "remove"}]
    fills += [{"edit": "paste", "picture": {"window": 0}}]
    recipes = [{"of": of, "edits": [{**edit, "region": region}]} for edit in fills]
    original, *changed = made_rows(pictures, [of, *recipes]).pixels()
    mask = mask_of(pictures, made_rows(pictures, [of]), region)
    assert 0.02 < mask.mean() < 0.2
    for pixels in changed:
        assert (pixels[~mask] == original[~mask]).all()
        assert (pixels[mask] != original[mask]).any(-1).mean() > 0.8


def test_closing_and_regions_of_a_colour(pictures):
    pixels = np.zeros((40, 40, 3), np.float32)
    pixels[:, 20:] = 200
    mask = np.zeros((40, 40), bool)
    mask[10:30, 5:12] = True
    assert closed(pixels, mask)[mask].max() < 20
    assert (closed(pixels, np.ones((40, 40), bool)) == 100).all()
    rows = made_rows(pictures, [{"scene": {"colour": "white", "things": [CIRCLE]}}])
    mask = mask_of(pictures, rows, {"colour": "green"})
    assert 0.03 < mask.mean() < 0.09
    assert mask_of(pictures, rows, {"not": {"colour": "green"}}).mean() == pytest.approx(
        1 - mask.mean()
    )
    grown = mask_of(pictures, rows, {"colour": "green", "grow": 0.05})
    assert grown[mask].all()
    assert grown.sum() > mask.sum()


def test_what_is_seen_is_not_resized_again():
    """A target that cuts the middle out sees an edited picture as it was edited."""
    target = colour_target(resize=60)
    base = image_rows(target, [picture(Scene.model_validate(BOTH), known=False)])
    lab = Lab(target, base, unit=target.unit("conv.0/0"))  # type: ignore[arg-type]
    box = {"edit": "cover", "region": {"box": [0, 0, 0.1, 0.1]}, "fill": "mean"}
    edited = made_rows(lab, [{"of": {"window": 0}, "edits": [box]}])
    same = (edited.seen(0) == base.seen(0)).all(-1)
    assert not same[:5, :5].any()
    assert same.sum() == 48 * 48 - 25
    points = whereabouts(lab, base.pictures[0])
    assert points[24, 0, 0] == pytest.approx(0.1, abs=0.02)  # what is cut off on the left
    assert points[24, -1, 0] == pytest.approx(0.9, abs=0.02)
    assert (whereabouts(lab, edited.pictures[0])[24, 0, 0]) < 0.02
