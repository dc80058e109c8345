"""A survey says what is true of units whose function is known, on texts and on pictures."""

import json
import re

import numpy as np
import pytest
from checks import done, rejects
from colour_target import BLUE, DEAD, RED
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call, offered

MIXED = 22
"""A channel that is on on every picture, most without green."""


def has(scene, colour: str) -> bool:
    return any(thing.colour == colour for thing in scene.things)


def test_survey_counts_exactly(lab):
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


def test_not_a_number_is_counted_and_left_out(lab, monkeypatch):
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


@pytest.mark.parametrize(
    ("bench", "meaning", "said"), [("minilm_lab", False, "floor"), ("stories_lab", True, "gated")]
)
def test_the_other_sign_of_a_gated_unit_is_real(bench, meaning, said, request):
    """That of another unit is the floor of its activation function."""
    found = call(request.getfixturevalue(bench), "survey", {})
    assert found.data["stats"]["opposite"]["meaning"] is meaning
    assert said in found.text


def test_a_survey_says_where_the_other_sign_is_seen_and_how_the_place_matters(lab):
    assert "its places" not in call(lab, "survey", {}).text  # never below 0
    column = lab.column(lab.unit)
    lab.columns[lab.unit] = np.where(lab.explore.counted, column - 1, np.nan)
    found = call(lab, "survey", {})
    assert found.data["stats"]["opposite"]["meaning"]
    assert f"its places: exemplars with unit {lab.unit}-" in found.text
    done(lab, "exemplars", {"unit": f"{lab.unit}-"})
    assert "the place in the window" not in call(lab, "survey", {}).text
    counted = lab.explore.counted
    ramp = np.where(counted, np.cumsum(counted, 1) - 1, np.nan).astype(np.float32)
    lab.columns[lab.unit] = ramp
    text = call(lab, "survey", {}).text
    assert "the place in the window alone predicts it with correlation 1.00" in text
    assert "mean by place: 1 0, 2 1, 3 2, " in text


def test_the_lists_of_a_survey_say_a_word_once(lab):
    found = call(lab, "survey", {})
    listed = [line for line in found.text.splitlines() if " by mean" in line or "carry" in line]
    names = re.findall(r'"(\w+)" [-\d.]+ x\d+', " ".join(listed))
    assert len(names) == len(set(names))
    assert {entry["name"] for entry in found.data["carried"]} <= set(names)
    rejects("mlp.0", lab, "survey", {"unit": "mpl.0/1"})
    rejects("0 to 1", lab, "survey", {"unit": "planted/99"})
    lab.unit = None
    rejects("pass unit", lab, "survey")


@pytest.mark.parametrize("name", ["survey", "exemplars"])
@pytest.mark.parametrize("bench", ["stories_lab", "minilm_lab"])
def test_real_models_give_compact_text(name, bench, request):
    lab = request.getfixturevalue(bench)
    found = done(lab, name)
    assert len(found.text) < 2400
    for sign in ("mlp.1/5-", "head.1/1", "resid.0/3"):
        done(lab, name, {"unit": sign})


def test_tools_are_offered_by_what_the_target_takes(pictures, minilm_lab, open_stories_lab):
    minilm_lab.open = True
    for lab in (open_stories_lab, minilm_lab):  # an encoder by a metric
        assert {"attribute", "lens"} <= set(offered(lab))
    names = set(offered(pictures))
    assert {"survey", "exemplars", "draw", "test_hypotheses"} <= names
    assert not {"activations", "edit_text", "write_texts", "lens", "output_effect"} & names
    assert "pictures" in offered(pictures)["survey"].description
    text = call(pictures, "activations", {"texts": ["a"]})
    assert "there is no tool 'activations'" in str(text.error)


def test_survey_names_what_goes_with_a_colour_channel(pictures, scenes):
    found = done(pictures, "survey")
    stats = found.data["stats"]
    assert stats["count"] == len(scenes)
    assert found.data["cues"][0]["name"] == "something red"
    assert found.data["cues"][0]["holds"] == sum(has(scene, "red") for scene in scenes)
    assert found.data["cues"][0]["outside"] == pytest.approx(0, abs=1e-6)
    assert 0 < found.data["cover"]["median_share"] < 0.25
    assert stats["opposite"]["meaning"] is False
    assert sum(found.data["histogram"]["counts"]) == len(scenes)


def test_survey_reads_pixels_and_names_what_goes_against_a_unit(make_pictures, photo_rows):
    found = call(make_pictures(f"conv.0/{BLUE}", rows=photo_rows), "survey", {})
    assert found.data["cues"][0]["name"] == "share of blue"
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
def test_a_unit_that_never_fires_is_dead(make, unit, request):
    lab = request.getfixturevalue(make)(unit)
    found = call(lab, "survey", {})
    assert found.data["stats"]["dead"]
    assert "is dead" in found.text
    assert str(found.data["stats"]["count"]) in found.text
    shown = call(lab, "exemplars", {})
    assert shown.data["measured"] == []
    assert "never above 0" in shown.text
