"""Survey, exemplars and activations say what is true of a unit whose function is known."""

import json
import re

import numpy as np
import pytest
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call
from neuroscribe.tools.render.text import snippet

TRUTH = {"cat": 2.0, "dog": 1.0}


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


def test_survey_of_a_unit_that_never_fires(make_lab) -> None:
    found = call(make_lab("planted/1"), "survey", {})
    assert found.data["stats"]["dead"]
    assert "dead" in found.text
    assert str(found.data["stats"]["count"]) in found.text
    shown = call(make_lab("planted/1"), "exemplars", {})
    assert shown.data["measured"] == []
    assert "never above 0" in shown.text


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


def test_top_exemplars_are_the_highest_peaks(lab: Lab) -> None:
    found = call(lab, "exemplars", {"many": 6})
    column = np.nan_to_num(lab.column(lab.unit), nan=-1.0)
    peaks = np.sort(column.max(1))[::-1]
    assert [item["peak"] for item in found.data["measured"]] == peaks[:6].tolist()
    windows = [item["window"] for item in found.data["measured"]]
    assert len(set(windows)) == 6
    for item in found.data["measured"]:
        assert item["tokens"][item["place"]] == "cat"
        assert len(item["tokens"]) == len(item["activations"])
    again = call(lab, "exemplars", {"many": 3, "skip": 3})
    assert [item["window"] for item in again.data["measured"]] == windows[3:]


def test_quantile_exemplars_reach_every_band(lab: Lab) -> None:
    found = call(lab, "exemplars", {"kind": "quantile", "many": 2})
    assert [item["peak"] for item in found.data["measured"]] == [2.0, 1.0]


def test_low_exemplars_show_what_else_is_needed(lab: Lab) -> None:
    found = call(lab, "exemplars", {"kind": "low", "many": 3})
    assert found.data["measured"]
    for item in found.data["measured"]:
        assert item["tokens"][item["place"]] in TRUTH
        assert item["tokens"][item["place"] - 1] == "no"
        assert item["peak"] == 0


def test_low_exemplars_know_word_forms_and_say_when_there_are_no_more(planted) -> None:
    explore = cut(
        planted, ["the cat sat", "we saw no cat", "my dog ran on", "no dog sat"], length=16
    )
    lab = Lab(planted, explore, unit=planted.unit("planted/0"))
    found = call(lab, "exemplars", {"kind": "low", "many": 6})
    assert [item["window"] for item in found.data["measured"]] == [1, 3] or [
        item["window"] for item in found.data["measured"]
    ] == [3, 1]
    assert "only 2 such exist" in found.text
    assert "further ones: skip=1" in call(lab, "exemplars", {"many": 1}).text


def test_low_exemplars_show_other_forms_of_the_word(stories260k) -> None:
    texts = ["One day she saw two dogs.", "Tom had one dog and a hat.", "We ran to the big tree."]
    lab = Lab(stories260k, cut(stories260k, texts, length=32), unit=stories260k.unit("mlp.2/3"))
    explore = lab.explore
    column = np.where(explore.counted, 0.0, np.nan).astype(np.float32)
    dogs = [at for at, word in enumerate(explore.words) if word == "dogs"]
    column[explore.counted & np.isin(explore.word, dogs)] = 3.0
    lab.columns[lab.unit] = column
    found = call(lab, "exemplars", {"kind": "low", "many": 6}).data["measured"]
    shown = [explore.words[explore.word[item["window"], item["place"]]] for item in found]
    assert "dog" in shown
    assert not {"dogs", "tree"} & set(shown)


def test_the_word_asked_for_is_said_in_every_text(lab: Lab, stories_lab: Lab) -> None:
    long = "we saw a dog " + "and a tree " * 10 + "and my cat"
    found = call(lab, "activations", {"texts": [long, "no cat ran"], "at": ["dog", "cat"]})
    first, second = found.text.splitlines()[1:]
    assert first.endswith("| at dog 1, cat 2")
    assert second.endswith("| at cat 0")
    twice = call(lab, "activations", {"texts": ["a cat saw my cat and no cat"], "at": "cat"}).text
    assert twice.endswith("| at cat 2 (2 times), cat 0")
    tokens = stories_lab.tokenize(["elephants"]).tokens(0)
    pieces = [token.strip() for token in tokens if token.strip() and token.strip() in "elephants"]
    said = call(stories_lab, "activations", {"texts": ["elephants sat"], "at": "elephants"}).text
    assert "| at " + "|".join(pieces) + " " in said
    assert len(pieces) > 1


def test_a_text_is_shown_up_to_its_peak_however_many_there_are(lab: Lab) -> None:
    long = "we saw a tree " + "and it ran on the red house " * 3 + "and my cat"
    found = call(lab, "activations", {"texts": [long] * 30})
    rows = found.text.splitlines()[1:31]
    assert all(row.endswith(". 2: " + long[:-3] + "«cat»{9}") for row in rows[1:10])
    assert rows[-1] == f"30. 2: {long[:-3]}«cat»{{9}}"


def test_an_edit_says_the_words_asked_for(lab: Lab) -> None:
    edits = [{"op": "replace", "find": "cat", "with": ["dog", "tree"]}]
    text = "we saw a cat and my dog"
    found = call(lab, "edit_text", {"text": text, "edits": edits, "at": ["dog", "cat"]})
    head, dog, tree = (line for line in found.text.splitlines() if " | at " in line)
    assert head.endswith("| at dog 1, cat 2")
    assert dog.startswith("'cat' to 'dog': 1")
    assert dog.endswith("| at dog 1 (2 times)")
    assert tree.endswith("| at dog 1")


def test_a_word_asked_for_is_not_found_inside_others(lab: Lab) -> None:
    texts = ["we saw a cat", "a catalogue of the dog"]
    first, second = call(lab, "activations", {"texts": texts, "at": "cat"}).text.splitlines()[1:3]
    assert first.endswith("| at cat 2")
    assert " | at " not in second


def test_a_survey_says_where_the_other_sign_is_seen(lab: Lab) -> None:
    assert "its places" not in call(lab, "survey", {}).text  # never below 0
    column = lab.column(lab.unit)
    lab.columns[lab.unit] = np.where(lab.explore.counted, column - 1, np.nan)
    found = call(lab, "survey", {})
    assert found.data["stats"]["opposite"]["meaning"]
    assert f"its places: exemplars with unit {lab.unit}-" in found.text
    assert call(lab, "exemplars", {"unit": f"{lab.unit}-"}).error is None


def test_strengths_cannot_be_read_as_the_text_and_window_starts_are_marked(stories260k) -> None:
    texts = ["Tom ran in {9} days to x{3} and 1984 trees."] + ["It is 19 and so on."] * 4
    windows = cut(stories260k, texts, length=48, document_per_row=True)
    values = np.where(windows.counted, 1.0, np.nan)
    drawn = snippet(windows, 0, values[0], scale=2.0, place=3, before=10_000, after=10_000)
    assert "{9}" not in drawn  # all strengths are 5
    plain = drawn.replace("{5}", "").replace("{ ", "{").replace("«", "").replace("»", "")
    assert plain == texts[0]
    lab = Lab(stories260k, windows, unit=stories260k.unit("mlp.2/3"))
    lab.columns[lab.unit] = np.where(windows.counted, np.arange(windows.ids.shape[1]) + 1.0, np.nan)
    shown = call(lab, "exemplars", {}).text.splitlines()
    assert "^: a window's start" in shown[0]
    assert ": ^Tom" in shown[1] or ": …" in shown[1]
    assert any(": ^It" in line for line in shown[1:])


def test_a_place_within_a_long_unbroken_string_is_shown_with_what_is_around_it(stories260k) -> None:
    windows = cut(stories260k, ["a" + "b.c." * 60], length=200, document_per_row=True)
    values = np.where(windows.counted, 0.0, np.nan)
    drawn = snippet(windows, 0, values[0], scale=1.0, place=80, before=20, after=10)
    assert 25 <= len(drawn) <= 45


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


def test_activations_are_those_of_the_function(lab: Lab) -> None:
    found = call(lab, "activations", {"texts": ["we saw my cat and no dog", "then a dog ran"]})
    first, second = found.data["measured"]
    assert first["tokens"][-4:] == ["cat", "and", "no", "dog"]
    assert first["activations"][-4:] == [2.0, 0.0, 0.0, 0.0]
    assert second["activations"][-2] == 1.0
    assert "«cat»{9}" in found.text
    assert "«dog»{5}" in found.text


def test_texts_that_cannot_be_measured_are_named(lab: Lab) -> None:
    assert "non-empty" in (call(lab, "activations", {"texts": ["", "  "]}).error or "")
    assert "texts" in (call(lab, "activations", {}).error or "")
    long = " ".join(["cat"] * 500)
    found = call(lab, "activations", {"texts": [long, ""]})
    assert "1 texts were cut" in found.text
    assert "1 empty" in found.text
    many = call(lab, "activations", {"texts": ["a cat"] * 70})
    assert len(many.data["measured"]) == 64
    assert "first 64 of 70" in many.text


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
