import itertools

import numpy as np
import pytest
from checks import refused
from neuroscribe.tools.scenes.backgrounds import BACKGROUNDS, SETTINGS, TINTS
from neuroscribe.tools.scenes.drawing import draw, mask, render
from neuroscribe.tools.scenes.palette import COLOURS, PALETTE, nearest_colour, nearest_colours
from neuroscribe.tools.scenes.scene import TEXTURES, Scene, Thing
from neuroscribe.tools.scenes.things import GROUPS, NAMES, PICTOGRAMS, THINGS, drawing_of


def test_every_colour_of_the_palette_is_its_own_nearest_and_far_from_the_others():
    for name, value in PALETTE.items():
        assert nearest_colour(value) == name
    for one, other in itertools.combinations(PALETTE.values(), 2):
        assert np.linalg.norm(np.subtract(one, other)) > 60
    table = np.array(list(PALETTE.values()))
    for name, tints in TINTS.items():
        for tint in tints:
            assert np.linalg.norm(table - tint, axis=1).min() > 6, (name, tint)


def test_every_thing_fills_its_square_and_has_a_body():
    for name in NAMES:
        points = np.array([p for part in THINGS[name] for p in part.points])
        extent = points.max(0) - points.min(0)
        assert extent.max() == pytest.approx(1), name
        assert np.allclose((points.max(0) + points.min(0)) / 2, 0.5), name
        shown = mask(Scene(things=(Thing(name=name, colour="red", size=0.8),)), 0, 128)
        pixels = render(Scene(things=(Thing(name=name, colour="red", size=0.8),)), 128)
        red = COLOURS.index("red")
        assert (nearest_colours(pixels)[shown] == red).mean() > 0.2, name


def test_names_of_groups_are_names_of_things():
    assert len(PICTOGRAMS) >= 24
    assert len(GROUPS["figures"]) >= 12
    for names in GROUPS.values():
        assert set(names) <= set(NAMES)
        assert len(set(names)) == len(names) > 1
    refused("nearest: cat", drawing_of, "catt")


def test_silhouettes_differ():
    shapes = {}
    for name in NAMES:
        scene = Scene(things=(Thing(name=name, colour="blue", size=0.94),))
        shapes[name] = mask(scene, 0, 64)
    for one, other in itertools.combinations(NAMES, 2):
        both = (shapes[one] & shapes[other]).sum() / (shapes[one] | shapes[other]).sum()
        assert both < 0.93, (one, other, both)


def test_the_same_scene_gives_the_same_pixels_and_the_seed_only_moves_accidents():
    for background in BACKGROUNDS:
        scene = Scene(background=background, things=(Thing(name="cat", colour="red"),), seed=3)
        first = np.asarray(draw(scene, 64))
        assert (first == np.asarray(draw(scene, 64))).all()
        other = np.asarray(draw(scene.model_copy(update={"seed": 4}), 64))
        assert (first != other).any() == (background in SETTINGS)
        shown = mask(scene, 0, 64)
        inside = shown & (np.roll(shown, 2, 0) & np.roll(shown, -2, 0))
        assert (first[inside] == other[inside]).mean() > 0.9


def test_a_larger_side_shows_the_same_picture():
    scene = Scene(
        background="sea",
        things=(Thing(name="boat", colour="orange", texture="striped", size=0.5),),
    )
    small = np.asarray(draw(scene, 96), float)
    large = np.asarray(draw(scene, 192).reduce(2), float)
    assert np.abs(small - large).mean() < 4


def test_textures_differ_inside_the_thing_alone():
    shown = [
        render(Scene(things=(Thing(name="square", colour="green", texture=texture, size=0.5),)), 96)
        for texture in TEXTURES
    ]
    where = mask(Scene(things=(Thing(name="square", colour="green", size=0.5),)), 0, 96)
    for one, other in itertools.combinations(shown, 2):
        different = (one != other).any(-1)
        assert different[where].mean() > 0.2
        assert not different[~where].any()


def test_a_mask_is_what_is_seen_of_a_thing():
    under = Thing(name="square", colour="red", size=0.4, x=0.4, y=0.5)
    over = Thing(name="square", colour="blue", size=0.4, x=0.6, y=0.5)
    scene = Scene(things=(under, over))
    assert not (mask(scene, 0, 100) & mask(scene, 1, 100)).any()
    assert mask(scene, 1, 100).sum() == pytest.approx(1600, rel=0.06)
    assert mask(scene, 0, 100).sum() == pytest.approx(800, rel=0.06)
    refused("2 things", mask, scene, 2)
    scene = Scene(things=(Thing(name="circle", colour="red", size=0.5, x=0, y=1),))
    assert mask(scene, 0, 80)[79, 0]
    assert np.asarray(draw(scene, 1)).shape == (1, 1, 3)
    refused("nearest: meadow", draw, Scene(background="meadows"))
    refused("no colour 'rde'", draw, Scene(things=(Thing(name="cat", colour="rde"),)))
    refused("a side", draw, Scene(), 100_000)
