"""Edits change what they say and nothing else, on scenes and on pixels."""

import json
from dataclasses import replace

import numpy as np
import pytest
from checks import done, made_again, rejects, tables
from neuroscribe.tools.activations.records import inputs_of
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.scene_pictures import picture_of
from neuroscribe.tools.registry import call
from neuroscribe.tools.scenes.scene import Scene

CAT = {"name": "cat", "colour": "red", "size": 0.4, "x": 0.3, "y": 0.5}
CIRCLE = {"name": "circle", "colour": "green", "size": 0.3, "x": 0.75, "y": 0.5}
BOTH = {"background": "meadow", "things": [CAT, CIRCLE]}


def after(found) -> dict[str, float]:
    return {row["edit"]: row["after"] for row in found.data["variants"]}


def test_a_scene_is_edited_exactly(pictures):
    edits = [
        {"edit": "recolour", "which": "cat", "colour": ["blue", "red"]},
        {"edit": "recolour", "which": "circle", "colour": "red"},
        {"edit": "remove", "which": "cat"},
        {"edit": "background", "background": "desert"},
    ]
    found = done(pictures, "edit_image", {"pictures": BOTH, "edits": edits})
    peaks = after(found)
    before = found.data["variants"][0]["before"]
    assert before > 0.3
    assert peaks["recolour which=cat colour=blue"] == 0
    assert peaks["recolour which=cat colour=red"] == before
    assert peaks["recolour which=circle colour=red"] > 0.3
    assert peaks["remove which=cat"] == 0
    assert peaks["background background=desert"] == pytest.approx(before, abs=0.05)
    recipes = [item["recipe"] for item in found.data["measured"]]
    scenes = [Scene.model_validate(recipe["scene"]) for recipe in recipes]
    assert scenes[1].things[0].colour == "blue"
    assert scenes[1].things[1] == scenes[0].things[1]


def test_masks_follow_the_thing(pictures):
    region = {"thing": "cat"}
    edits = [
        {"edit": "cover", "region": region},
        {"edit": "background", "region": region, "fill": ["grey", "blur", "mean"]},
        {"edit": "cover", "region": {**region, "shift": [0.0, 0.45]}},
        {"edit": "move", "region": region, "by": [0.3, 0.0]},
        {"edit": "grey"},
    ]
    found = call(pictures, "edit_image", {"pictures": BOTH, "edits": edits})
    values = [row["after"] for row in found.data["variants"]]
    before = found.data["variants"][0]["before"]
    assert values[0] < 0.1 * before
    assert values[1:4] == pytest.approx([before] * 3)
    assert values[4] == before
    assert values[5] == pytest.approx(before, abs=0.05)
    assert values[6] == 0
    made_again(pictures, found.data["measured"][1:])


def test_photos_are_edited_where_the_unit_is_active(make_pictures, photo_rows):
    lab = make_pictures(rows=photo_rows)
    top = [item["window"] for item in call(lab, "exemplars", {"many": 3}).data["measured"]]
    edits = [
        {"edit": "remove"},
        {"edit": "recolour", "colour": ["blue", "orange"]},
        {"edit": "replace", "name": "cat", "colour": "green"},
        {"edit": "background", "fill": "grey"},
    ]
    found = call(lab, "edit_image", {"pictures": top, "edits": edits})
    rows = found.data["variants"]
    ratio = {
        row["edit"]: np.mean([r["after"] / r["before"] for r in rows if r["edit"] == row["edit"]])
        for row in rows
    }
    assert ratio["remove"] < 0.4
    assert ratio["recolour colour=blue"] < 0.2
    assert ratio["recolour colour=orange"] > 0.4
    assert ratio["replace name=cat colour=green"] < 0.4
    assert ratio["background fill=grey"] == pytest.approx(1, abs=0.02)
    assert "over 3 pictures" in found.text
    made_again(lab, found.data["measured"][3:], rel=1e-4)


@pytest.mark.parametrize(("edit", "said"), tables(__file__)["what_cannot_be_edited_is_said"])
def test_what_cannot_be_edited_is_said(pictures, edit, said):
    good = {"edit": "remove", "which": "cat"}
    found = done(pictures, "edit_image", {"pictures": [BOTH], "edits": [edit, good]})
    assert len(found.data["variants"]) == 1
    assert said in found.text
    alone = call(pictures, "edit_image", {"pictures": [BOTH], "edits": [edit]})
    assert said in str(alone.error)


def test_what_is_a_picture_and_what_is_none(pictures):
    edits = [{"edit": "grey"}]
    for given, said in (
        (900, "explore has 0 to 79"),
        ("a red zug", "zug"),
        ({"x": 1}, "a picture is"),
    ):
        rejects(said, pictures, "edit_image", {"pictures": [given], "edits": edits})
    given = ["a red cat on a meadow", "3", 3, {"window": 3}, BOTH, {"scene": BOTH}]
    found = call(pictures, "edit_image", {"pictures": given, "edits": [{"edit": "grey"}]})
    assert len(found.data["originals"]) == 6
    assert [item.get("window") for item in found.data["originals"]][1:4] == [3, 3, 3]


def test_a_scene_of_the_corpus_is_drawn_again_as_large(pictures):
    """What an edit leaves alone keeps its pixels, whatever side the corpus was drawn at."""
    for side in (128, 224):
        rows = image_rows(pictures.target, [picture_of(Scene.model_validate(BOTH), side=side)])
        pictures.explore = rows  # type: ignore[assignment]
        same = [{"edit": "recolour", "which": "cat", "colour": "red"}]
        found = call(pictures, "edit_image", {"pictures": [0], "edits": same})
        again = inputs_of(pictures, found.data["measured"][1:])
        assert (again.pixels() == rows.pixels()).all()
        pictures.columns.clear()


def test_demands_without_measure_are_bounded(pictures):
    many = {"edit": "recolour", "which": "cat", "colour": ["red", "blue"] * 500}
    found = done(pictures, "edit_image", {"pictures": BOTH, "edits": [[many, many, many]]})
    assert len(found.data["variants"]) <= 63
    assert len(call(pictures, "draw", {"prompts": ["a cat"], "many": 10**9}).data["measured"]) == 64
    nested: dict = {"scene": BOTH}
    for _ in range(200):
        nested = {"of": nested, "edits": [{"edit": "grey"}]}
    deep = call(pictures, "edit_image", {"pictures": [nested], "edits": [{"edit": "flip"}]})
    assert "nested deeper" in str(deep.error)
    for side in (10**6, "x", None):
        wide = call(
            pictures, "edit_image", {"pictures": [{"scene": BOTH, "side": side}], "edits": []}
        )
        assert "the side of a picture" in str(wide.error)
    for value in (float("inf"), float("nan"), "x"):
        odd = [{"edit": "brightness", "by": value}, {"edit": "rotate", "degrees": value}]
        odd += [{"edit": "blur", "radius": value}, {"edit": "grey"}]
        shown = done(pictures, "edit_image", {"pictures": [BOTH], "edits": odd})
        json.dumps(dict(shown.data), allow_nan=False)


def test_a_scene_that_may_not_be_told_is_not(make_pictures, drawn_rows):
    lab = make_pictures(rows=replace(drawn_rows.rows(slice(0, 12)), by_pixels=True))
    for name, arguments in (("survey", {}), ("exemplars", {}), ("occlude", {"picture": 3})):
        found = done(lab, name, arguments)
        assert "on the red" not in found.text
        assert "something red" not in found.text
        assert "without the" not in found.text
    edits = [{"edit": "recolour", "which": "the red square", "colour": "blue"}]
    hidden = call(lab, "edit_image", {"pictures": [3], "edits": edits})
    assert "name a region" in str(hidden.error)
