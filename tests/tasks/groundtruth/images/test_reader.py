"""The reader of pixels: how right it is on drawn pictures."""

import numpy as np
import pytest
from neuroscribe.tasks.groundtruth.images.reader import SIDE, Reader
from neuroscribe.tools.scenes.drawing import draw
from neuroscribe.tools.scenes.scene import Scene, Thing
from PIL import Image, ImageFilter

from tests.support.scene_agreement import agreement, samples


def seen(picture):
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


@pytest.mark.parametrize("hand", ["scenes", "own"])
def test_atoms_are_read_as_the_graph_has_them(hand):
    shares = agreement(*samples(60, seed=31)[hand])
    assert shares.pop("all") >= 0.98
    assert min(shares.values()) >= 0.96, shares


def test_an_edge_a_blur_and_an_empty_picture_do_no_harm():
    things = (
        Thing(name="star", colour="red", size=0.4, x=0.3, y=0.3),
        Thing(name="cat", colour="blue", size=0.4, x=0.95, y=0.7),
    )
    scene = Scene(colour="yellow", things=things)
    blurred = draw(scene, 128).filter(ImageFilter.GaussianBlur(1))
    empty = draw(Scene(background="meadow", seed=4), 128)
    flat = Image.new("RGB", (64, 64), (128, 128, 128))
    first, second, third = Reader().read(np.stack([seen(p) for p in (blurred, empty, flat)]))
    names = {thing.name: thing.colour for thing in first.scene.things}
    assert names["star"] == "red"
    assert (second.scene.background, second.scene.things) == ("meadow", ())
    assert third.scene.things == ()


def test_things_that_touch_are_told_apart():
    things = (
        Thing(name="circle", colour="red", size=0.3, x=0.3, y=0.5),
        Thing(name="square", colour="blue", size=0.3, x=0.55, y=0.7),
    )
    (read,) = Reader().read(seen(draw(Scene(things=things), 128))[None])
    assert {(t.name, t.colour) for t in read.scene.things} == {
        ("circle", "red"),
        ("square", "blue"),
    }


def test_a_thing_covers_the_places_where_it_is():
    thing = Thing(name="house", colour="red", size=0.4, x=0.25, y=0.75)
    (read,) = Reader().read(seen(draw(Scene(colour="white", things=(thing,)), 128))[None])
    cover = read.cover(0, (12, 12))
    assert cover.max() == 1.0
    assert cover[9, 3] > 0.9
    assert cover[:5].max() == 0
    behind = read.cover(-1, (12, 12))
    assert behind[2, 9] == 1.0
    assert behind[9, 3] < 0.1
