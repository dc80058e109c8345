"""Predicates on pictures: exact on scenes, one boolean core, plain about what they cannot read."""

import numpy as np
import pytest
from checks import refused, tables
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.scene_pictures import picture_of
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import PICTURE_KINDS, parse
from neuroscribe.tools.scenes.scene import Scene, Thing

CAT = Thing(name="cat", colour="red", texture="striped", size=0.4, x=0.2, y=0.8)
DOT = Thing(name="circle", colour="blue", size=0.15, x=0.8, y=0.2)
SCENES = [
    Scene(things=(CAT, DOT)),
    Scene(things=(CAT.model_copy(update={"colour": "blue"}),), background="meadow"),
    Scene(things=(DOT, DOT.model_copy(update={"x": 0.2})), colour="yellow", texture="dotted"),
    Scene(),
]


@pytest.fixture(scope="module")
def target() -> Target:
    return Target.load("pictures")


@pytest.fixture(scope="module")
def rows(target: Target):
    return image_rows(target, [picture_of(scene) for scene in SCENES])


OBJECT = {"kind": "object", "names": ["cat"]}
RED = {"kind": "colour", "colours": ["red"]}
CASES = tables(__file__)["cases"]


@pytest.mark.parametrize(("data", "truth", "words"), CASES, ids=lambda item: str(item)[:60])
def test_truth_on_scenes(rows, data, truth, words):
    predicate = parse(data)
    assert predicate.evaluate(rows)[:, 0].tolist() == truth
    assert parse(predicate.model_dump()) == predicate
    if words is not None:
        assert predicate.english() == words


def test_areas_and_likeness_are_read_from_pixels(rows):
    area = parse({"kind": "area", "colours": ["yellow"], "at_least": 0.5})
    assert area.evaluate(rows)[:, 0].tolist() == [0, 0, 1, 0]
    from neuroscribe.tools.predicates.features import features

    x = features(rows, "pictures")
    assert np.allclose(np.linalg.norm(x, axis=1), 1)
    examples = [
        {"name": str(at), "strength": strength, "features": x[at].tolist()}
        for at, strength in ((0, 1.0), (2, 0.0))
    ]
    like = parse({"kind": "like", "examples": examples, "sharpness": 60})
    found = like.evaluate(rows)[:, 0]
    assert found[0] > 0.9
    assert found[2] < 0.1
    assert "pictures like 0" in like.english()
    short = [{**example, "features": example["features"][:3]} for example in examples]
    refused("3 features", parse({"kind": "like", "examples": short}).evaluate, rows)


def test_what_cannot_be_is_said(rows, stories260k):
    refused("reads text", parse({"kind": "words", "words": ["cat"]}).evaluate, rows)
    refused("reads pictures", parse(OBJECT).evaluate, cut(stories260k, ["a cat"], length=8))
    assert parse({"colours": ["red"]}).kind == "colour"
    refused("below at_least", parse, {"kind": "number", "at_least": 3, "at_most": 1})
    refused("needs names", parse, {"kind": "background"})
    assert {"object", "thing", "area", "like"} <= set(PICTURE_KINDS)
