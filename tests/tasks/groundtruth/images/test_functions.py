"""Functions of pictures: truth tables, pictures for cells, corpora that hide what they must."""

import numpy as np
import pytest
from neuroscribe.tasks.groundtruth.images import functions
from neuroscribe.tasks.groundtruth.images.atoms import SETTING, Behind, Like
from neuroscribe.tasks.groundtruth.images.compose import pool_of
from neuroscribe.tasks.groundtruth.images.draw import DRAWN_FIRST, EXPRESSIBLE, PictureDraw
from neuroscribe.tasks.groundtruth.images.inputs import corpus, probes
from neuroscribe.tasks.groundtruth.images.world import drawn_elsewhere, drawn_here
from neuroscribe.tasks.groundtruth.planted import LEAST
from neuroscribe.tools.models import Target
from neuroscribe.tools.scenes.scene import Scene, Thing

CAT, DOG, SUN = Like(("cat",)), Like(("dog",)), Like(("sun",))
RED = Like(colours=("red",))
SEA = Behind(names=("sea",))


def scene(*things, **more):
    """A scene from phrases: `red cat`, `striped dog`, `red cat left`."""
    made = []
    for number, phrase in enumerate(things):
        fields: dict = {"name": "cup", "colour": "blue", "x": 0.2 + 0.2 * number}
        for word in phrase.split():
            if word in ("left", "right"):
                fields["x"] = 0.2 if word == "left" else 0.8
            elif word in ("red", "green"):
                fields["colour"] = word
            elif word == "striped":
                fields["texture"] = word
            elif word == "large":
                fields["size"] = 0.4
            else:
                fields["name"] = word
        made.append(Thing.model_validate(fields))
    return Scene(things=tuple(made), **more)


OBJECT = functions.thing("object", CAT, DOG)
EITHER = functions.any_of([CAT, RED], SUN)
RED_CAT = functions.same_thing(CAT, RED)
PAIR = functions.with_other(CAT, DOG)
AT_SEA = functions.with_other(CAT, SEA)
NOT_RED = functions.unless_so(CAT, RED)
ALONE = functions.unless_other(CAT, DOG)
BUT_DOG = functions.exception(Like(("cat", "dog", "fish")), DOG, SUN)
RED_BUT = functions.exception(RED, CAT, SUN)
TWO = functions.count(CAT, 2)
JUST_TWO = functions.count(CAT, 2, 2)
LEFT = functions.same_thing(CAT, Like(places=("left",)), kind="place")
STRONG = functions.graded([CAT, DOG], (1.0, 0.4), SUN)
BY_SEA = functions.confounded(CAT, SEA, by_thing=False, overlap=1.0)
BY_CAT = functions.confounded(CAT, SEA, by_thing=True, overlap=1.0)
CASES = [
    (OBJECT, scene("dog", "cat"), 1, {1: 1}),
    (OBJECT, scene("dog"), 0, {}),
    (EITHER, scene("red dog", "cat"), 1, {0: 1, 1: 1}),
    (RED_CAT, scene("red dog", "cat"), 0, {}),
    (RED_CAT, scene("dog", "red cat"), 1, {1: 1}),
    (PAIR, scene("dog", "cat"), 1, {1: 1}),
    (PAIR, scene("sun", "cat"), 0, {1: 1}),
    (AT_SEA, scene("cat", background="sea"), 1, {0: 1}),
    (AT_SEA, scene("cat"), 0, {0: 1}),
    (NOT_RED, scene("red cat"), 0, {}),
    (NOT_RED, scene("red cat", "cat"), 1, {1: 1}),
    (ALONE, scene("cat", "sun"), 1, {0: 1}),
    (ALONE, scene("cat", "dog"), 0, {0: 1}),
    (BUT_DOG, scene("dog", "sun"), 0, {}),
    (BUT_DOG, scene("dog", "fish"), 1, {1: 1}),
    (RED_BUT, scene("red cat"), 0, {}),
    (RED_BUT, scene("red sun"), 1, {0: 1}),
    (TWO, scene("cat", "dog"), 0, {}),
    (TWO, scene("cat", "cat", "cat"), 1, {0: 1, 1: 1, 2: 1}),
    (JUST_TWO, scene("cat", "cat", "cat"), 0, {}),
    (LEFT, scene("cat right", "dog left"), 0, {}),
    (LEFT, scene("cat left"), 1, {0: 1}),
    (STRONG, scene("dog"), 0.4, {0: 0.4}),
    (STRONG, scene("dog", "cat"), 1, {0: 0.4, 1: 1}),
    (BY_SEA, scene("dog", background="sea"), 1, {SETTING: 1}),
    (BY_CAT, scene("cat"), 1, {0: 1}),
]


@pytest.mark.parametrize(("function", "picture", "level", "where"), CASES)
def test_a_form_is_active_where_it_says(function, picture, level, where):
    assert function.values([picture])[0] == level
    assert function.where(picture) == where


@pytest.fixture(scope="module")
def target():
    return Target.load("pictures")


@pytest.mark.parametrize("number", [0, 1])
def test_every_cell_of_every_kind_gets_pictures_that_are_in_it(number, target):
    rng = np.random.default_rng(number)
    world = drawn_elsewhere(rng, 44) if number == 0 else drawn_here(rng)
    draw = PictureDraw(world, rng)
    order = sorted(
        EXPRESSIBLE, key=lambda kind: DRAWN_FIRST.index(kind) if kind in DRAWN_FIRST else 9
    )
    made = [draw.function(kind, turn) for kind in order for turn in (2 * number + 1,)]
    pool = pool_of(world, without=tuple(draw.own_names), behind=draw.own_grounds)
    for function in made:
        found = probes(function, target, world, pool, seed=3)
        assert not found.short, function.text
        scenes = [picture.scene for picture in found.windows.pictures]
        for cell in function.cells:
            places = found.cells[cell.name][:, 0]
            assert len(places) >= LEAST
            assert ((found.level[places, 0] > 0) == cell.active).all(), (function.text, cell)
            for name, wanted in cell.pattern.items():
                assert all(function.atoms[name](scenes[at]) == wanted for at in places)


def test_a_corpus_hides_what_it_must_and_shows_the_rest():
    rng = np.random.default_rng(5)
    world = drawn_elsewhere(rng, 44)
    draw = PictureDraw(world, rng)
    made = [
        draw.function(kind, turn)
        for kind in (*DRAWN_FIRST, "and-not", "count")
        for turn in range(4)
    ]
    pool = pool_of(world, without=tuple(draw.own_names), behind=draw.own_grounds)
    scenes = corpus(made, world, pool, rng, size=300)
    assert len(scenes) == len(set(scenes)) == 300
    for function in made:
        assert (function.values(scenes) > 0).mean() >= 0.04, function.text
        for pattern in function.rare:
            have = [all(function.atoms[n](s) == v for n, v in pattern.items()) for s in scenes]
            limit = 0 if function.kind == "confounded" and function.slip == 0 else 0.02
            assert np.mean(have) <= limit, (function.text, pattern)
