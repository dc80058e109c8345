import numpy as np
import pytest
from checks import refused, tables
from neuroscribe.tools.scenes.drawing import mask, render
from neuroscribe.tools.scenes.edits import EDIT_NAMES, EDITS, apply, read_edit
from neuroscribe.tools.scenes.scene import Scene, Thing

TABLES = tables(__file__)

CAT = Thing(name="cat", colour="red", size=0.3, x=0.25, y=0.3)
CUP = Thing(name="cup", colour="blue", texture="striped", size=0.2, x=0.75, y=0.7)
SCENE = Scene(background="meadow", things=(CAT, CUP), seed=5)


@pytest.mark.parametrize(
    ("edit", "changed"), TABLES["an_edit_changes_what_it_says_and_nothing_else"]
)
def test_an_edit_changes_what_it_says_and_nothing_else(edit, changed):
    found = apply(SCENE, edit)
    things = tuple(
        thing.model_copy(update=changed.get(str(at), {})) for at, thing in enumerate(SCENE.things)
    )
    assert found == SCENE.model_copy(update={"things": things})


def test_things_come_and_go():
    assert apply(SCENE, {"edit": "remove", "which": "cat"}).things == (CUP,)
    assert apply(SCENE, {"edit": "keep", "which": "cat"}).things == (CAT,)
    assert apply(SCENE, {"edit": "remove", "which": "all"}).things == ()
    assert apply(SCENE, {"edit": "reorder", "which": "cat", "to": "front"}).things == (CUP, CAT)
    assert apply(SCENE, {"edit": "reorder", "which": "cup", "to": "back"}).things == (CUP, CAT)
    dog = {"name": "dog", "colour": "black", "size": 0.2, "x": 0.5, "y": 0.5}
    assert apply(SCENE, {"edit": "add", "thing": dog}).things[2] == Thing.model_validate(dog)
    free = apply(SCENE, {"edit": "add", "thing": {"name": "dog"}})
    assert free.things[:2] == SCENE.things
    assert not (mask(free, 0) ^ mask(SCENE, 0)).any()
    said = apply(SCENE, {"edit": "add", "thing": "a small white bird at the bottom left"}).things[2]
    assert (said.name, said.colour, said.extent) == ("bird", "white", "small")
    assert said.places == {"bottom", "left"}
    moved = apply(SCENE, {"edit": "move", "which": "cat", "to": ["bottom", "left"]})
    assert moved.things[0].places == {"bottom", "left"}
    assert moved.things[1] == CUP


def test_backgrounds_change_behind_the_same_things():
    sea = apply(SCENE, {"edit": "background", "background": "sea"})
    assert sea == SCENE.model_copy(update={"background": "sea"})
    inside = mask(SCENE, 0) & (render(SCENE) == render(sea)).all(-1)
    assert inside.sum() > 0.9 * mask(SCENE, 0).sum()
    plain = apply(SCENE, {"edit": "background", "colour": "yellow", "texture": "dotted"})
    assert (plain.background, plain.colour, plain.texture) == ("plain", "yellow", "dotted")
    again = apply(plain, {"edit": "background", "texture": "plain"})
    assert (again.colour, again.texture) == ("yellow", "plain")
    assert apply(SCENE, {"edit": "background", "seed": 9}).seed == 9


def test_pixels_away_from_an_edit_stay_as_they_are():
    for edit in (
        {"edit": "recolour", "which": 0, "colour": "cyan"},
        {"edit": "remove", "which": 0},
        {"edit": "retexture", "which": 0, "texture": "checked"},
    ):
        changed = (render(SCENE) != render(apply(SCENE, edit))).any(-1)
        ys, xs = np.nonzero(changed)
        assert changed.any()
        assert xs.max() < 0.42 * 224
        assert ys.max() < 0.47 * 224


def test_edits_follow_each_other_and_are_json():
    found = apply(
        SCENE,
        [
            {"edit": "recolour", "which": "cat", "colour": "white"},
            {"edit": "resize", "which": "the white cat", "by": 0.5},
            {"edit": "keep", "which": "white"},
        ],
    )
    assert found.things == (CAT.model_copy(update={"colour": "white", "size": 0.15}),)
    assert apply(SCENE, []) == SCENE
    for kind, name in zip(EDITS, EDIT_NAMES, strict=True):
        assert kind.model_fields["edit"].default == name
    edit = read_edit({"edit": "move", "which": "cat", "by": [0.1, 0]})
    assert read_edit(edit.model_dump(mode="json")) == edit


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        *TABLES["what_cannot_be_edited_is_refused_in_a_line"],
        ({"edit": "resize", "which": 0, "size": float("nan")}, "cannot be read"),
    ],
)
def test_what_cannot_be_edited_is_refused_in_a_line(edit, words):
    refused(words, apply, SCENE, edit)
