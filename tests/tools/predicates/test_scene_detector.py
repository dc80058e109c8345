from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from neuroscribe.tools.data.image_rows import ImageRows, image_rows
from neuroscribe.tools.data.scene_pictures import picture_of
from neuroscribe.tools.models.image_input import crop_and_normalise
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.predicates import scene_detector as module
from neuroscribe.tools.predicates.scene_detector import Detector, detect, detector
from neuroscribe.tools.scenes.drawing import render
from neuroscribe.tools.scenes.grammar import scenes
from neuroscribe.tools.scenes.ground import UNKNOWN, ground_of
from neuroscribe.tools.scenes.scene import Scene, Thing
from scene_agreement import compare, detected


def rows_of(found: list[Scene], side: int = 96) -> ImageRows:
    target = SimpleNamespace(name="eye", image=crop_and_normalise(side))
    return image_rows(target, [picture_of(scene, side=side) for scene in found])


@pytest.mark.parametrize(
    ("n", "side", "seed", "least", "lower"),
    [
        (14, 224, 71, 0.95, {"relation": 0.9, "thing": 0.92}),
        (9, 64, 72, 0.8, {"background": 0.95}),  # small pictures are read less well
    ],
)
def test_it_finds_what_is_in_fresh_scenes(n, side, seed, least, lower):
    found = detected(n, side=side, seed=seed)
    kinds = ["object", "colour", "texture", "size", "place", "number", "background"]
    for kind, limit in {**dict.fromkeys(kinds, least), **lower}.items():
        assert found[kind].f1 >= limit, (kind, found)


def test_every_background_is_told_from_the_others():
    for scene in scenes(24, seed=5):
        found = ground_of(render(scene, 112))
        assert found.background == scene.background
        if scene.background == "plain":
            assert (found.colour, found.texture) == (scene.colour, scene.texture)
    assert detector() is detector()
    assert detector().name == "detector"


def test_things_that_touch_are_two():
    pair = (
        Thing(name="square", colour="red", size=0.3, x=0.3, y=0.5),
        Thing(name="circle", colour="blue", size=0.3, x=0.58, y=0.5),
    )
    found = detect(render(Scene(things=pair)))
    assert sorted((t.name, t.colour) for t in found.things) == [
        ("circle", "blue"),
        ("square", "red"),
    ]
    for thing in found.things:
        true = next(t for t in pair if t.name == thing.name)
        assert abs(thing.x - true.x) < 0.02
        assert abs(thing.size - true.size) < 0.02


def test_what_is_not_drawn_is_unknown():
    dice = np.random.default_rng(0)
    noise = dice.integers(0, 256, (96, 96, 3), dtype=np.uint8)
    smooth = np.linspace(0, 255, 96 * 96 * 3).reshape(96, 96, 3).astype(np.uint8)
    for pixels in (noise, smooth):
        found = detect(pixels)
        assert found.background == UNKNOWN
        assert not found.things


@pytest.mark.parametrize("shape", [(1, 1, 3), (9, 300, 3), (300, 9, 3), (8, 8, 3)])
def test_pictures_of_any_shape_are_read(shape):
    assert not detect(np.full(shape, 250, np.uint8)).things


def test_the_reader_answers_atoms_from_pixels_and_looks_once(monkeypatch):
    found = scenes(10, seed=8, number=(1, 2), size=(0.3, 0.5))
    rows = replace(rows_of(found), by_pixels=True, reader=Detector())
    seen = []
    monkeypatch.setattr(module, "detect", lambda pixels: seen.append(1) or detect(pixels))
    for predicate in (
        {"kind": "object", "names": sorted({found[0].things[0].name, found[3].things[0].name})},
        {"kind": "colour", "colours": [found[1].things[0].colour]},
        {"kind": "number", "at_least": 2},
    ):
        by_pixels = parse(predicate).evaluate(rows)
        true = parse(predicate).evaluate(replace(rows, by_pixels=False))
        assert 0 < true.sum() < len(rows)
        assert (by_pixels == true).mean() >= 0.9
    assert len(seen) == len(rows)


def test_agreement_is_counted_by_fact():
    cat, dog = Thing(name="cat", colour="red"), Thing(name="dog", colour="red")
    found = compare([Scene(things=(cat,)), Scene()], [Scene(things=(cat, dog)), Scene()])
    assert found["object"] == (1, 2, 1)
    assert found["object"].f1 == pytest.approx(2 / 3)
    assert found["object"].share == 0.5
    assert found["colour"].f1 == 1
    assert found["number"].f1 == 0.5
