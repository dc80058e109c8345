"""Predicates on pictures: exact on scenes, one boolean core, plain about what they cannot read."""

import numpy as np
import pytest
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.scene_pictures import picture_of
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.errors import UsageError
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
CASES = [
    (OBJECT, [1, 1, 0, 0], "a cat"),
    ({"kind": "object", "names": ["cat", "dog"], "name": "pets"}, [1, 1, 0, 0], "pets"),
    (RED, [1, 0, 0, 0], "something red"),
    ({"kind": "texture", "textures": ["striped"]}, [1, 1, 0, 0], "something striped"),
    ({"kind": "size", "sizes": ["small"]}, [1, 0, 1, 0], "something small"),
    ({"kind": "place", "places": ["bottom"]}, [1, 1, 0, 0], "something at the bottom"),
    ({"kind": "thing", "of": [RED, OBJECT]}, [1, 0, 0, 0], "a red cat"),
    (
        {"kind": "thing", "of": [{"kind": "colour", "colours": ["blue"]}, OBJECT]},
        [0, 1, 0, 0],
        None,
    ),
    ({"kind": "number", "at_least": 2}, [1, 0, 1, 0], "2 or more things"),
    ({"kind": "number", "of": OBJECT, "at_least": 0, "at_most": 0}, [0, 0, 1, 1], None),
    ({"kind": "background", "names": ["meadow"]}, [0, 1, 0, 0], "a meadow background"),
    ({"kind": "background", "colours": ["yellow"]}, [0, 0, 1, 0], "a yellow background"),
    (
        {
            "kind": "relation",
            "first": OBJECT,
            "relation": "below",
            "second": {"kind": "object", "names": ["circle"]},
        },
        [1, 0, 0, 0],
        "a cat below a circle",
    ),
    ({"kind": "except", "of": OBJECT, "but": RED}, [0, 1, 0, 0], None),
    ({"kind": "or", "of": [RED, {"kind": "number", "at_least": 2}]}, [1, 0, 1, 0], None),
    (
        {"kind": "graded", "levels": [{"of": OBJECT, "value": 0.5}, {"of": RED, "value": 1}]},
        [1, 0.5, 0, 0],
        None,
    ),
]


@pytest.mark.parametrize(("data", "truth", "words"), CASES, ids=lambda item: str(item)[:60])
def test_truth_on_scenes(rows, data, truth, words) -> None:
    predicate = parse(data)
    assert predicate.evaluate(rows)[:, 0].tolist() == truth
    assert parse(predicate.model_dump()) == predicate
    if words is not None:
        assert predicate.english() == words


def test_areas_and_likeness_are_read_from_pixels(rows) -> None:
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
    with pytest.raises(UsageError, match="3 features"):
        parse({"kind": "like", "examples": short}).evaluate(rows)


def test_text_and_pictures_are_told_apart(rows, stories260k) -> None:
    with pytest.raises(UsageError, match="reads text"):
        parse({"kind": "words", "words": ["cat"]}).evaluate(rows)
    with pytest.raises(UsageError, match="reads pictures"):
        parse(OBJECT).evaluate(cut(stories260k, ["a cat"], length=8))


def test_slips_are_named() -> None:
    assert parse({"colours": ["red"]}).kind == "colour"
    with pytest.raises(UsageError, match="below at_least"):
        parse({"kind": "number", "at_least": 3, "at_most": 1})
    with pytest.raises(UsageError, match="needs names"):
        parse({"kind": "background"})
    assert {"object", "thing", "area", "like"} <= set(PICTURE_KINDS)
