"""A survey says what is true of units whose function is known, on texts and on pictures."""

import json
import re

import numpy as np
import pytest
from colour_target import BLUE, DEAD, RED
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call, offered

MIXED = 22
"""A channel that is on on every picture, most without green."""


def has(scene, colour: str) -> bool:
    return any(thing.colour == colour for thing in scene.things)


def test_survey_counts_exactly(lab: Lab) -> None:
    found = call(lab, "survey", {})
    column = lab.column(lab.unit)
    values = column[lab.explore.counted]
    stats = found.data["stats"]
    assert stats["count"] == values.size
    assert stats["firing_rate"] == pytest.approx((values > 0).mean(), rel=1e-4)
    assert stats["max"] == 2.0
    assert sum(found.data["histogram"]["counts"]) == values.size
    assert [entry["name"] for entry in found.data["tokens"][:2]] == ["cat", "dog"]
    cat = lab.explore.ids == lab.explore.vocabulary.index("cat")
    entry = found.data["tokens"][0]
    assert entry["count"] == int((cat & lab.explore.counted).sum())
    assert entry["mean"] == pytest.approx(column[cat & lab.explore.counted].mean(), rel=1e-4)
    assert 0.8 < stats["token_identity"] < 1.0  # all but the words behind `no`


def test_not_a_number_is_counted_and_left_out(lab: Lab, monkeypatch) -> None:
    measured = Lab.activations

    def broken(self: Lab, windows, units) -> np.ndarray:
        values = measured(self, windows, units)
        values[:, windows.ids == windows.vocabulary.index("dog")] = np.nan
        return values

    monkeypatch.setattr(Lab, "activations", broken)
    lab.columns[lab.unit] = lab.activations(lab.explore, [lab.unit])[0]
    dog = lab.explore.ids == lab.explore.vocabulary.index("dog")
    lost = int((dog & lab.explore.counted).sum())
    found = call(lab, "survey", {})
    assert found.data["stats"]["not_finite"] == lost > 0
    assert f"{lost} activations were not finite" in found.text
    shown = call(lab, "activations", {"texts": ["we saw a dog and a cat"]})
    assert shown.data["measured"][0]["activations"][-1] == 2.0
    assert "1 activations were not finite" in shown.text
    lab.hypotheses |= {"H1": {"kind": "words", "words": ["cat"]}, "H2": {"kind": "repeated"}}
    for name in ("exemplars", "test_hypotheses", "separate"):
        json.dumps(dict(call(lab, name, {}).data), allow_nan=False)


def test_the_floor_of_an_activation_function_is_no_sign(minilm_lab: Lab) -> None:
    found = call(minilm_lab, "survey", {})
    assert found.data["stats"]["opposite"]["meaning"] is False
    assert "floor" in found.text


def test_both_signs_of_a_gated_unit_are_real(stories_lab: Lab) -> None:
    found = call(stories_lab, "survey", {})
    assert found.data["stats"]["opposite"]["meaning"] is True
    assert "gated" in found.text


def test_a_survey_says_where_the_other_sign_is_seen(lab: Lab) -> None:
    assert "its places" not in call(lab, "survey", {}).text  # never below 0
    column = lab.column(lab.unit)
    lab.columns[lab.unit] = np.where(lab.explore.counted, column - 1, np.nan)
    found = call(lab, "survey", {})
    assert found.data["stats"]["opposite"]["meaning"]
    assert f"its places: exemplars with unit {lab.unit}-" in found.text
    assert call(lab, "exemplars", {"unit": f"{lab.unit}-"}).error is None


def test_the_lists_of_a_survey_say_a_word_once(lab: Lab) -> None:
    found = call(lab, "survey", {})
    listed = [line for line in found.text.splitlines() if " by mean" in line or "carry" in line]
    names = re.findall(r'"(\w+)" [-\d.]+ x\d+', " ".join(listed))
    assert len(names) == len(set(names))
    assert {entry["name"] for entry in found.data["carried"]} <= set(names)


def test_a_survey_says_how_a_unit_goes_with_the_place(lab: Lab) -> None:
    assert "the place in the window" not in call(lab, "survey", {}).text
    counted = lab.explore.counted
    ramp = np.where(counted, np.cumsum(counted, 1) - 1, np.nan).astype(np.float32)
    lab.columns[lab.unit] = ramp
    text = call(lab, "survey", {}).text
    assert "the place in the window alone predicts it with correlation 1.00" in text
    assert "mean by place: 1-8 3.5, 9-16 " in text


def test_unknown_units_name_the_nearest(lab: Lab) -> None:
    assert "mlp.0" in (call(lab, "survey", {"unit": "mpl.0/1"}).error or "")
    assert "0 to 1" in (call(lab, "survey", {"unit": "planted/99"}).error or "")
    lab.unit = None
    assert "pass unit" in (call(lab, "survey", {}).error or "")


@pytest.mark.parametrize("name", ["survey", "exemplars"])
@pytest.mark.parametrize("bench", ["stories_lab", "minilm_lab"])
def test_real_models_give_compact_text(name: str, bench: str, request) -> None:
    lab = request.getfixturevalue(bench)
    found = call(lab, name, {})
    assert found.error is None
    assert len(found.text) < 2400
    for sign in ("mlp.1/5-", "head.1/1", "resid.0/3"):
        assert call(lab, name, {"unit": sign}).error is None


def test_tools_are_offered_by_what_the_target_takes(pictures: Lab) -> None:
    names = set(offered(pictures))
    assert {"survey", "exemplars", "draw", "test_hypotheses"} <= names
    assert not {"activations", "edit_text", "write_texts", "lens", "output_effect"} & names
    assert "pictures" in offered(pictures)["survey"].description
    text = call(pictures, "activations", {"texts": ["a"]})
    assert "there is no tool 'activations'" in str(text.error)


def test_survey_names_what_goes_with_a_colour_channel(pictures: Lab, scenes) -> None:
    found = call(pictures, "survey", {})
    assert found.error is None
    stats = found.data["stats"]
    assert stats["count"] == len(scenes)
    assert found.data["cues"][0]["name"] == "something red"
    assert found.data["cues"][0]["holds"] == sum(has(scene, "red") for scene in scenes)
    assert found.data["cues"][0]["outside"] == pytest.approx(0, abs=1e-6)
    assert 0 < found.data["cover"]["median_share"] < 0.25
    assert stats["opposite"]["meaning"] is False
    assert sum(found.data["histogram"]["counts"]) == len(scenes)


def test_survey_reads_colours_from_pixels_where_no_scene_is_known(
    make_pictures, photo_rows
) -> None:
    found = call(make_pictures(f"conv.0/{BLUE}", rows=photo_rows), "survey", {})
    assert found.data["cues"][0]["name"] == "share of blue"


def test_survey_names_what_goes_against_a_unit(make_pictures) -> None:
    text = call(make_pictures(f"conv.0/{MIXED}"), "survey", {}).text
    lines = text.partition("goes against it, beyond chance:\n")[2].splitlines()
    assert [line.partition("(-0.")[0].strip() for line in lines] == [
        "something green",
        "a grey background",
    ]
    red = call(make_pictures(f"conv.0/{RED}"), "survey", {}).text
    assert "goes against it" not in red


@pytest.mark.parametrize(
    ("make", "unit"), [("make_lab", "planted/1"), ("make_pictures", f"conv.0/{DEAD}")]
)
def test_a_unit_that_never_fires_is_dead(make: str, unit: str, request) -> None:
    lab = request.getfixturevalue(make)(unit)
    found = call(lab, "survey", {})
    assert found.data["stats"]["dead"]
    assert "is dead" in found.text
    assert str(found.data["stats"]["count"]) in found.text
    shown = call(lab, "exemplars", {})
    assert shown.data["measured"] == []
    assert "never above 0" in shown.text
