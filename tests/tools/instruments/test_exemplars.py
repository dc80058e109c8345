"""Exemplars are what they are said to be, on texts and on pictures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from colour_target import GREEN, picture
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call
from PIL import Image

TRUTH = {"cat": 2.0, "dog": 1.0}
MIXED = 22
"""A channel that is on on every picture, most without green."""


def test_top_exemplars_are_the_highest_peaks(lab):
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


def test_quantile_exemplars_reach_every_band(lab):
    found = call(lab, "exemplars", {"kind": "quantile", "many": 2})
    assert [item["peak"] for item in found.data["measured"]] == [2.0, 1.0]
    found = call(lab, "exemplars", {"kind": "low", "many": 3})
    assert found.data["measured"]
    for item in found.data["measured"]:
        assert item["tokens"][item["place"]] in TRUTH
        assert item["tokens"][item["place"] - 1] == "no"
        assert item["peak"] == 0


def test_low_exemplars_know_word_forms_and_say_when_there_are_no_more(planted):
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


def test_low_exemplars_show_other_forms_of_the_word(stories260k):
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


def test_top_exemplars_are_the_highest_and_say_where(pictures, scenes):
    found = call(pictures, "exemplars", {"many": 5})
    column = pictures.column(pictures.unit)[:, 0]
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


def test_exemplars_without_scenes_say_the_colours(make_pictures, photo_rows):
    lab = make_pictures(f"conv.0/{GREEN}", rows=photo_rows)
    found = call(lab, "exemplars", {"many": 3})
    assert found.text.count("colours green ") == 3
    assert "on the green" not in found.text
    assert "detector: " in found.text  # drawings that only pixels tell


def test_low_exemplars_are_low_and_alike(pictures, scenes):
    found = call(pictures, "exemplars", {"kind": "low", "many": 6})
    bar = call(pictures, "survey", {}).data["stats"]["active_above"]
    assert len(found.data["measured"]) == 6
    assert all(item["activations"][0] <= bar for item in found.data["measured"])
    assert all(item["source"] == "low" for item in found.data["measured"])
    found = call(pictures, "exemplars", {"kind": "quantile", "many": 6})
    peaks = [item["activations"][0] for item in found.data["measured"]]
    assert peaks == sorted(peaks, reverse=True)
    assert len(set(peaks)) > 1


def test_pairs_hold_one_token_active_and_silent_in_turn(lab):
    column = lab.column(lab.unit).copy()
    column[::2] = np.where(np.isfinite(column[::2]), 0.0, np.nan)  # active in every second row
    lab.columns[lab.unit] = column
    items = call(lab, "exemplars", {"kind": "pairs", "many": 5}).data["measured"]
    shown = [(item["tokens"][item["place"]], item["peak"]) for item in items]
    assert len(shown) == 10
    for (token, high), (same, low) in zip(shown[::2], shown[1::2], strict=True):
        assert token == same
        assert high > 1.0 / 2 > low


def test_pairs_are_of_tokens(make_pictures):
    found = call(make_pictures(f"conv.0/{MIXED}"), "exemplars", {"kind": "pairs"})
    assert "for pictures use kind low" in str(found.error)


def test_quantiles_show_what_was_not_shown_before(make_pictures):
    lab = make_pictures(f"conv.0/{MIXED}")
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


def test_file_names_and_classes_of_the_data_are_not_shown(colours, make_pictures, scenes):
    """They may give away what the model was trained to say."""
    given = [picture(scene, known=False, label="firetruck") for scene in scenes[:20]]
    named = [replace(one, id="n0123_firetruck.jpg") for one in given]
    lab = make_pictures(rows=image_rows(colours, named))
    for name in ("survey", "exemplars", "unit_effect"):
        found = call(lab, name, {})
        assert "firetruck" not in found.text
        assert "firetruck" not in str(found.data)
