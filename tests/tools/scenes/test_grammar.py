from collections import Counter

import numpy as np
import pytest
from checks import refused
from neuroscribe.tools.scenes.drawing import draw, mask
from neuroscribe.tools.scenes.grammar import sample, scenes, shared, visible
from neuroscribe.tools.scenes.scene import Scene, Thing
from neuroscribe.tools.scenes.things import GROUPS


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_scenes_are_different_seeded_and_valid():
    found = scenes(200, seed=3)
    assert found == scenes(200, seed=3)
    assert len(set(found)) == 200
    assert found != scenes(200, seed=4)
    for scene in found[:10]:
        draw(scene, 32)
        assert Scene.model_validate_json(scene.model_dump_json()) == scene


def test_things_can_be_seen():
    found = scenes(300, seed=5)
    covered = [
        shared(one, other)
        for scene in found
        for at, one in enumerate(scene.things)
        for other in scene.things[:at]
    ]
    assert np.mean(np.array(covered) <= 0.04) > 0.97
    for scene in found[:25]:
        for index, thing in enumerate(scene.things):
            alone = Scene(things=(thing,))
            assert mask(scene, index, 64).sum() > 0.8 * mask(alone, 0, 64).sum()
    for scene in found:
        if scene.background == "plain":
            assert all(visible(thing.colour, scene.colour) for thing in scene.things)


def test_nothing_predicts_anything_else():
    found = [scene for scene in scenes(600, seed=6) if scene.things]
    colours = Counter(thing.colour for scene in found for thing in scene.things)
    assert max(colours.values()) < 1.8 * min(colours.values())
    numbers = Counter(len(scene.things) for scene in found)
    assert set(numbers) == {1, 2, 3, 4}
    red = [scene.background == "plain" for scene in found if scene.things[0].colour == "red"]
    plain = np.mean([scene.background == "plain" for scene in found])
    assert np.mean(red) == pytest.approx(plain, abs=0.2)


def test_settings_restrict():
    scene = sample(
        rng(),
        names=["animals", "car"],
        colours=["red", "blue"],
        textures=["striped"],
        backgrounds=["meadow", "sea"],
        number=(3, 3),
        size=(0.2, 0.25),
    )
    assert len(scene.things) == 3
    for thing in scene.things:
        assert thing.name in (*GROUPS["animals"], "car")
        assert thing.colour in ("red", "blue")
        assert thing.texture == "striped"
        assert 0.2 <= thing.size <= 0.25
    assert scene.background in ("meadow", "sea")


def test_what_is_included_is_there():
    for seed in range(20):
        scene = sample(
            np.random.default_rng(seed),
            number=2,
            including=[{"name": "cat", "colour": "white", "x": 0.2}],
        )
        cats = [thing for thing in scene.things if thing.name == "cat" and thing.colour == "white"]
        assert cats
        assert cats[0].x == 0.2
        assert len(scene.things) == 2
        assert scene.background != "plain" or scene.colour != "white"


def test_too_little_room_and_too_few_scenes():
    scene = sample(rng(), number=24, size=(0.3, 0.3))
    assert len(scene.things) == 24
    one = Thing(name="square", colour="red", size=0.4, x=0.5, y=0.5)
    assert shared(one, one.model_copy(update={"size": 0.2})) == pytest.approx(1)
    assert shared(one, one.model_copy(update={"x": 0.7})) == pytest.approx(0.5)
    assert shared(one, one.model_copy(update={"x": 0.95})) == 0
    plain = {"backgrounds": ["plain"], "background_textures": ["plain"]}
    colours = ["red", "blue"]
    refused("allow only 2", scenes, 3, number=0, background_colours=colours, **plain)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"names": ["cta"]}, "no thing 'cta'; nearest: cat"),
        ({"colours": ["redd"]}, "nearest: red"),
        ({"backgrounds": ["beach"]}, "no background"),
        ({"textures": ["wavy"]}, "no texture"),
        ({"colours": []}, "leave it out"),
        ({"number": (3, 2)}, "0 to 24 things"),
        ({"size": (0.5, 0.2)}, "the smaller first"),
    ],
)
def test_what_is_unknown_is_refused(settings, words):
    refused(words, sample, rng(), **settings)
