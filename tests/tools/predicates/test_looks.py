"""Predicates on photographs: measures of pixels, classes of a second network."""

import numpy as np
import pytest
from checks import refused
from colour_target import colour_target
from neuroscribe.tools.data.image_rows import ImageRows, image_rows
from neuroscribe.tools.data.pictures import Picture
from neuroscribe.tools.data.scene_pictures import picture_of
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import PICTURE_KINDS, parse
from neuroscribe.tools.predicates.features import features
from neuroscribe.tools.predicates.network_reader import NetworkReader
from neuroscribe.tools.predicates.readers import load_reader
from neuroscribe.tools.scenes.scene import Scene, Thing
from PIL import Image

SIDE = 128


def painted(name: str, pixels: np.ndarray) -> Picture:
    return Picture(name, name, lambda: Image.fromarray(pixels.astype(np.uint8)))


def drawings() -> dict[str, np.ndarray]:
    """Pictures whose look is known."""
    grey = np.full((SIDE, SIDE, 3), 128)
    sky = grey.copy()
    sky[: SIDE // 3] = (36, 84, 208)
    bars = grey.copy()
    bars[:, (np.arange(SIDE) // 8) % 2 == 0] = 250
    bright = np.full((SIDE, SIDE, 3), 250)
    return {"grey": grey, "sky": sky, "bars": bars, "bright": bright}


@pytest.fixture(scope="module")
def painting() -> ImageRows:
    return image_rows(colour_target(), [painted(*item) for item in drawings().items()])


@pytest.mark.parametrize(
    ("measure", "at", "holds", "words"),
    [
        ("blue", "top", "sky", "much blue at the top"),
        ("vertical lines", "middle", "bars", "vertical lines in the middle"),
        ("brightness", "border", "bright", "brightness around the border"),
        ("contrast", "all", "bars", "strong contrast"),
        ("edges", "left", "bars", "fine detail at the left"),
    ],
)
def test_a_look_holds_where_it_is_seen(painting, measure, at, holds, words):
    look = {"kind": "look", "measure": measure, "at": at, "low": 0.1, "high": 0.9}
    degrees = parse(look).evaluate(painting)[:, 0]
    assert list(drawings())[int(degrees.argmax())] == holds
    assert parse(look).noun() == words
    turned = parse({**look, "low": 0.9, "high": 0.1})
    assert np.allclose(turned.evaluate(painting)[:, 0], 1 - degrees)
    assert turned.noun() != words
    assert parse(turned.model_dump()) == turned


def test_what_no_look_is_is_said():
    look = {"kind": "look", "measure": "blue", "low": 0.1, "high": 0.5}
    refused("no measure 'bleu'", parse, {**look, "measure": "bleu"})
    refused("equal", parse, {**look, "high": 0.1})
    refused("top", parse, {**look, "at": "corner"})
    assert {"class", "look"} <= set(PICTURE_KINDS)


@pytest.fixture(scope="module")
def animals() -> ImageRows:
    """Scenes that are read from pixels by the network that ships."""
    things = [
        Thing(name=name, colour=colour, size=0.7)
        for name in ("cat", "car", "boat")
        for colour in ("red", "blue")
    ]
    pictures = [picture_of(Scene(things=(thing,)), side=96) for thing in things]
    reader = load_reader("pictures")
    return ImageRows(
        tuple(pictures), colour_target(), np.arange(6, dtype=np.int32), reader, by_pixels=True
    )


def test_a_class_is_what_the_reader_sees(animals):
    degrees = parse({"kind": "class", "names": ["cat"]}).evaluate(animals)[:, 0]
    assert degrees[:2].min() > 0.6
    assert degrees[2:].max() < 0.2
    both = parse({"kind": "class", "names": ["car", "boat"], "network": "pictures"})
    assert both.evaluate(animals)[2:, 0].min() > 0.6
    assert both.english() == "a car or a boat (as 'pictures' sees it)"
    assert parse({"kind": "class", "names": ["dogs", "tabby"]}).noun() == "dogs or a tabby"
    seen = parse({"kind": "object", "names": ["cat"]}).evaluate(animals)[:, 0]
    assert np.allclose(seen, degrees)
    x = features(animals, "pictures")
    assert (x[0] @ x[1]) > (x[0] @ x[2])


def test_a_reader_is_another_network_that_ships_or_was_named(animals, painting):
    cat = {"kind": "class", "names": ["cat"]}
    refused("no class or group 'catt'.*cat", parse({**cat, "names": ["catt"]}).evaluate, animals)
    refused("reads the pictures: --reader", parse(cat).evaluate, painting)
    for name in ("x/y", "evil.py:load"):
        refused("does not ship", parse({**cat, "network": name}).evaluate, painting)
    own = image_rows(Target.load("pictures"), painting.pictures)
    refused("the target itself", parse({**cat, "network": "pictures"}).evaluate, own)
    refused(
        "tells classes of photos",
        parse({"kind": "texture", "textures": ["dotted"]}).evaluate,
        animals,
    )
    assert isinstance(animals.reader, NetworkReader)
    refused("no reader 'effcientnet'; nearest: efficientnet", load_reader, "effcientnet")
    rows = image_rows(painting.target, painting.pictures, reader=load_reader("planted"))
    refused("takes no pictures", parse(cat).evaluate, rows)
