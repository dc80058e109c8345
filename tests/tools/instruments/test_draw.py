"""What is drawn is measured, and made again to the bit."""

from checks import done, made_again, rejects
from neuroscribe.agent import actions as _actions  # noqa: F401
from neuroscribe.agent.ledger import Ledger
from neuroscribe.tools.activations.records import inputs_of
from neuroscribe.tools.data.image_rows import ImageRows
from neuroscribe.tools.registry import call

RED_THING = {"kind": "colour", "colours": ["red"]}


def test_drawn_pictures_are_measured_and_score_hypotheses(pictures):
    red = {"things": [{"name": "cat", "colour": "red", "size": 0.5}]}
    blue = {"things": [{"name": "cat", "colour": "blue", "size": 0.5}]}
    wrong = {"things": [{"name": "catt", "colour": "blue"}]}
    found = done(pictures, "draw", scenes=[red, blue, wrong], prompts=["a red circle", "a zug"])
    peaks = [item["activations"][0] for item in found.data["measured"]]
    assert len(peaks) == 3
    assert peaks[0] > 0.3
    assert peaks[1] > 0.3
    assert peaks[2] == 0
    assert "catt" in found.text
    assert "zug" in found.text
    ledger = Ledger(pictures, pictures.unit)
    one = call(pictures, "hypothesise", {"statement": "red", "predictor": RED_THING})
    ledger.update([one, found])
    assert ledger.rows[0]["written"]["balanced"] == 1
    assert ledger.rows[0]["explore"] is None


def test_a_prompt_is_drawn_in_several_ways(pictures):
    found = call(pictures, "draw", {"prompts": ["a cat"], "many": 4})
    recipes = [item["recipe"] for item in found.data["measured"]]
    assert len({str(recipe) for recipe in recipes}) == 4
    assert all(recipe["scene"]["things"][0]["name"] == "cat" for recipe in recipes)
    rejects("pass prompts or scenes", pictures, "draw")
    unknown = call(pictures, "draw", {"prompts": ["a red zug"]})
    assert "zug" in str(unknown.error)
    model = call(pictures, "draw", {"prompts": ["a cat"], "by": "openai"})
    assert "no image model is configured" in str(model.error)


def test_what_is_drawn_and_not_shown_is_named(pictures):
    scene = {"things": [{"name": "cat", "colour": "red", "size": 0.5}]}
    found = done(
        pictures, "draw", prompts=["a red cat", "a blue dog"], scenes=[scene], many=3, shown=2
    )
    rest = found.text.partition("the other 5, with their peaks:\n")[2].splitlines()
    assert [line.partition(":")[0].strip() for line in rest[:2]] == ["a red cat", "a blue dog"]
    assert [line.partition(":")[2].count(",") for line in rest[:2]] == [0, 2]
    assert "red cat" in rest[2]
    assert rest[1].endswith("0, 0, 0")
    odd = {
        "things": [{"name": "tree", "colour": "green", "x": 1 / 3, "y": 2 / 3, "size": 0.333333333}]
    }
    found = call(pictures, "draw", {"scenes": [odd], "prompts": ["two red cats on a meadow"]})
    rows = inputs_of(pictures, found.data["measured"])
    assert isinstance(rows, ImageRows)
    made_again(pictures, found.data["measured"])
    assert all(picture.scene is not None for picture in rows.pictures)
