"""Survey, exemplars, drawings and tests say what is true of channels whose function is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from colour_target import BLUE, DEAD, GREEN, RED, picture
from neuroscribe.agent import actions as _actions  # noqa: F401
from neuroscribe.agent.ledger import Ledger
from neuroscribe.tools.activations.records import inputs_of
from neuroscribe.tools.data.image_rows import ImageRows, image_rows
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call, offered
from neuroscribe.tools.render.picture_words import main_colours
from neuroscribe.tools.scenes.palette import rgb
from PIL import Image

RED_THING = {"kind": "colour", "colours": ["red"]}
CAT = {"kind": "object", "names": ["cat"]}

MIXED = 22  # on every picture, most without green


def has(scene, colour: str) -> bool:
    return any(thing.colour == colour for thing in scene.things)


def test_tools_are_offered_by_what_the_target_takes(lab: Lab) -> None:
    names = set(offered(lab))
    assert {"survey", "exemplars", "draw", "test_hypotheses"} <= names
    assert not {"activations", "edit_text", "write_texts", "lens", "output_effect"} & names
    assert "pictures" in offered(lab)["survey"].description
    text = call(lab, "activations", {"texts": ["a"]})
    assert "there is no tool 'activations'" in str(text.error)


def test_survey_names_what_goes_with_a_colour_channel(lab: Lab, scenes) -> None:
    found = call(lab, "survey", {})
    assert found.error is None
    stats = found.data["stats"]
    assert stats["count"] == len(scenes)
    assert found.data["cues"][0]["name"] == "something red"
    assert found.data["cues"][0]["holds"] == sum(has(scene, "red") for scene in scenes)
    assert found.data["cues"][0]["outside"] == pytest.approx(0, abs=1e-6)
    assert 0 < found.data["cover"]["median_share"] < 0.25
    assert stats["opposite"]["meaning"] is False
    assert sum(found.data["histogram"]["counts"]) == len(scenes)


def test_survey_reads_colours_from_pixels_where_no_scene_is_known(make_lab, photo_rows) -> None:
    found = call(make_lab(f"conv.0/{BLUE}", rows=photo_rows), "survey", {})
    assert found.data["cues"][0]["name"] == "share of blue"


def test_a_dead_channel_is_said_to_be_dead(make_lab) -> None:
    lab = make_lab(f"conv.0/{DEAD}")
    assert "is dead" in call(lab, "survey", {}).text
    shown = call(lab, "exemplars", {})
    assert shown.data["measured"] == []
    assert "never above 0" in shown.text


def test_top_exemplars_are_the_highest_and_say_where(lab: Lab, scenes) -> None:
    found = call(lab, "exemplars", {"many": 5})
    column = lab.column(lab.unit)[:, 0]
    peaks = [item["activations"][0] for item in found.data["measured"]]
    assert peaks == pytest.approx(np.sort(column)[::-1][:5].tolist(), rel=1e-5)
    for item in found.data["measured"]:
        red = [t for t in scenes[item["window"]].things if t.colour == "red"]
        left, top, right, bottom = item["region"]["box"]
        assert any(left < t.x < right and top < t.y < bottom for t in red)
    assert found.text.count("on the red") == 5
    with Image.open(found.images[0]) as sheet:
        assert sheet.format == "JPEG"
        assert max(sheet.size) < 900
    assert Path(found.images[0]).stat().st_size < 200_000


def test_exemplars_without_scenes_say_the_colours(make_lab, photo_rows) -> None:
    lab = make_lab(f"conv.0/{GREEN}", rows=photo_rows)
    found = call(lab, "exemplars", {"many": 3})
    assert found.text.count("colours green ") == 3
    assert "on the green" not in found.text
    assert "detector: " in found.text  # drawings that only pixels tell


def test_low_exemplars_are_low_and_alike(lab: Lab, scenes) -> None:
    found = call(lab, "exemplars", {"kind": "low", "many": 6})
    bar = call(lab, "survey", {}).data["stats"]["active_above"]
    assert len(found.data["measured"]) == 6
    assert all(item["activations"][0] <= bar for item in found.data["measured"])
    assert all(item["source"] == "low" for item in found.data["measured"])


def test_quantiles_fall(lab: Lab) -> None:
    found = call(lab, "exemplars", {"kind": "quantile", "many": 6})
    peaks = [item["activations"][0] for item in found.data["measured"]]
    assert peaks == sorted(peaks, reverse=True)
    assert len(set(peaks)) > 1


def test_quantiles_show_what_was_not_shown_before(make_lab) -> None:
    lab = make_lab(f"conv.0/{MIXED}")
    seen: set[int] = set()
    for kind in ("top", "quantile", "quantile", "quantile"):
        found = call(lab, "exemplars", {"kind": kind, "many": 4})
        values = lab.column(lab.unit)[:, 0]
        top = values.max()
        for item in found.data["measured"]:
            at = item["window"]
            if kind == "quantile" and at in seen:
                band = np.ceil(4 * values[at] / top)
                same = np.flatnonzero(np.ceil(4 * values / top) == band)
                assert set(same.tolist()) <= seen, "there was another one in its band"
        seen |= {item["window"] for item in found.data["measured"]}
    assert len(seen) > 8


def test_a_region_of_two_colours_is_not_their_mean() -> None:
    pixels = np.zeros((10, 10, 3), np.uint8)
    pixels[:6] = rgb("red")
    pixels[6:] = rgb("blue")
    pixels[0, 0] = rgb("white")
    assert main_colours(pixels) == "red 59%, blue 40%"
    assert main_colours(pixels[:1, :1]) == "white 100%"


def test_survey_names_what_goes_against_a_unit(make_lab) -> None:
    text = call(make_lab(f"conv.0/{MIXED}"), "survey", {}).text
    lines = text.partition("goes against it, beyond chance:\n")[2].splitlines()
    assert [line.partition("(-0.")[0].strip() for line in lines] == [
        "something green",
        "a grey background",
    ]
    red = call(make_lab(f"conv.0/{RED}"), "survey", {}).text
    assert "goes against it" not in red


def test_hypotheses_are_tested_against_every_picture(lab: Lab, scenes) -> None:
    found = call(lab, "test_hypotheses", {"hypotheses": [RED_THING, CAT]})
    red, cat = found.data["tests"]
    column = lab.column(lab.unit)[:, 0]
    truth = np.array([has(scene, "red") for scene in scenes])
    assert red["correlation"] == pytest.approx(np.corrcoef(truth, column)[0, 1], rel=1e-4)
    assert red["holds"] == truth.sum()
    assert red["correlation"] > 0.9 > abs(cat["correlation"])
    assert "miss of P2" in found.text
    for item in found.data["measured"]:
        if item["source"].startswith("miss of P2"):
            assert not any(t.name == "cat" for t in scenes[item["window"]].things)


def test_drawn_pictures_are_measured_and_score_hypotheses(lab: Lab) -> None:
    red = {"things": [{"name": "cat", "colour": "red", "size": 0.5}]}
    blue = {"things": [{"name": "cat", "colour": "blue", "size": 0.5}]}
    wrong = {"things": [{"name": "catt", "colour": "blue"}]}
    found = call(lab, "draw", {"scenes": [red, blue, wrong], "prompts": ["a red circle", "a zug"]})
    peaks = [item["activations"][0] for item in found.data["measured"]]
    assert len(peaks) == 3
    assert peaks[0] > 0.3
    assert peaks[1] > 0.3
    assert peaks[2] == 0
    assert "catt" in found.text
    assert "zug" in found.text
    ledger = Ledger(lab, lab.unit)
    one = call(lab, "hypothesise", {"statement": "red", "predictor": RED_THING})
    ledger.update([one, found])
    assert ledger.rows[0]["written"]["balanced"] == 1
    assert ledger.rows[0]["explore"] is None


def test_a_prompt_is_drawn_in_several_ways(lab: Lab) -> None:
    found = call(lab, "draw", {"prompts": ["a cat"], "many": 4})
    recipes = [item["recipe"] for item in found.data["measured"]]
    assert len({str(recipe) for recipe in recipes}) == 4
    assert all(recipe["scene"]["things"][0]["name"] == "cat" for recipe in recipes)


def test_what_is_drawn_and_not_shown_is_named(lab: Lab) -> None:
    scene = {"things": [{"name": "cat", "colour": "red", "size": 0.5}]}
    found = call(
        lab,
        "draw",
        {"prompts": ["a red cat", "a blue dog"], "scenes": [scene], "many": 3, "shown": 2},
    )
    rest = found.text.partition("the other 5, with their peaks:\n")[2].splitlines()
    assert [line.partition(":")[0].strip() for line in rest[:2]] == ["a red cat", "a blue dog"]
    assert [line.partition(":")[2].count(",") for line in rest[:2]] == [0, 2]
    assert "red cat" in rest[2]
    assert rest[1].endswith("0, 0, 0")


def test_what_was_drawn_is_made_again_to_the_bit(lab: Lab) -> None:
    odd = {
        "things": [{"name": "tree", "colour": "green", "x": 1 / 3, "y": 2 / 3, "size": 0.333333333}]
    }
    found = call(lab, "draw", {"scenes": [odd], "prompts": ["two red cats on a meadow"]})
    rows = inputs_of(lab, found.data["measured"])
    assert isinstance(rows, ImageRows)
    again = lab.activations(rows, [lab.unit])[0, :, 0]
    said = [item["activations"][0] for item in found.data["measured"]]
    assert again.tolist() == pytest.approx(said, rel=1e-5)
    assert all(picture.scene is not None for picture in rows.pictures)


def test_nothing_to_draw_is_said(lab: Lab) -> None:
    assert "pass prompts or scenes" in str(call(lab, "draw", {}).error)
    unknown = call(lab, "draw", {"prompts": ["a red zug"]})
    assert "zug" in str(unknown.error)
    model = call(lab, "draw", {"prompts": ["a cat"], "by": "openai"})
    assert "no image model is configured" in str(model.error)


def test_file_names_and_classes_of_the_data_are_not_shown(colours, make_lab, scenes) -> None:
    """They may give away what the model was trained to say."""
    given = [picture(scene, known=False, label="firetruck") for scene in scenes[:20]]
    named = [replace(one, id="n0123_firetruck.jpg") for one in given]
    lab = make_lab(rows=image_rows(colours, named))
    for name in ("survey", "exemplars", "unit_effect"):
        found = call(lab, name, {})
        assert "firetruck" not in found.text
        assert "firetruck" not in str(found.data)
