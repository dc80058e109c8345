"""Checking a unit elsewhere, where it is known what it is."""

import numpy as np
import pytest
from checks import done, rejects, tables
from neuroscribe.tools.activations.records import inputs_of
from neuroscribe.tools.data.pictures import ImageCorpus
from neuroscribe.tools.registry import call

CAT = {"kind": "words", "words": ["cat"]}


def test_a_hypothesis_holds_elsewhere(bench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    words = ["cat", "dog", "the", "red", "house"]
    (tmp_path / "other.jsonl").write_text(
        "".join(f'{{"text": "{" ".join(rng.choice(words, 20))}"}}\n' for _ in range(60))
    )
    given = {"unit": "planted/0", "data": "other.jsonl", "hypothesis": CAT}
    found = done(bench, "check_on", given)
    assert found.data["hypothesis"]["again"] == "holds"
    assert found.data["hypothesis"]["there"]["correlation"] == pytest.approx(1, abs=1e-3)
    assert found.data["there"]["active"] > found.data["explore"]["active"]
    assert all("text" in item for item in found.data["measured"])


def test_a_hypothesis_that_is_wrong_elsewhere_fails(bench, texts, tmp_path, monkeypatch):
    written = ["the dog saw the red house .", "a dog ran on the tree ."] * 6
    wrong = {"kind": "words", "words": ["tree", "house"]}
    found = call(bench, "check_on", {"unit": "planted/2", "texts": written, "hypothesis": wrong})
    assert found.data["hypothesis"]["again"] == "fails"
    first = call(bench, "find_units", {"what": CAT, "sites": ["planted"]})
    written = ["the cat saw a dog .", "a dog saw the cat ."] * 5
    given = {"unit": "planted/0", "texts": written, "hypothesis": first.id}
    assert call(bench, "check_on", given).data["hypothesis"]["predictor"]["words"] == ["cat"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "same.jsonl").write_text("".join(f'{{"text": "{text}"}}\n' for text in texts))
    rejects("explored already", bench, "check_on", {"unit": "planted/0", "data": "same.jsonl"})


@pytest.mark.parametrize(("arguments", "said"), tables(__file__)["what_cannot_be_checked_is_said"])
def test_what_cannot_be_checked_is_said(bench, arguments, said):
    rejects(said, bench, "check_on", {"unit": "planted/0", **arguments})


def test_a_channel_is_checked_on_other_pictures(open_pictures):
    red = {"kind": "area", "colours": ["red"], "at_least": 0.03}
    given = {"unit": "conv.0/0", "data": "builtin:scenes:240", "hypothesis": red}
    found = done(open_pictures, "check_on", given)
    assert found.data["hypothesis"]["again"] in ("holds", "weaker")
    assert all("recipe" in item for item in found.data["measured"])
    assert len(inputs_of(open_pictures, found.data["measured"])) == len(found.data["measured"])
    rejects("draw", open_pictures, "check_on", {"unit": "conv.0/0", "texts": ["a red circle"]})


def test_pictures_that_were_explored_or_would_be_held_out_are_not_shown(open_pictures, monkeypatch):
    """The rule of texts: `Corpus.unseen`."""
    from neuroscribe.tools.data.corpus import split_of
    from neuroscribe.tools.images import recipes
    from neuroscribe.tools.instruments import check_on

    whole = check_on.load_corpus(
        "builtin:scenes:120", target=open_pictures.target, seed=open_pictures.seed + 1
    )
    known = {one.key for one in recipes.pictures_of(open_pictures).pictures}
    both = ImageCorpus("both", [*whole.pictures, *recipes.pictures_of(open_pictures).pictures])
    monkeypatch.setattr(check_on, "load_corpus", lambda *_, **__: both)
    found = done(open_pictures, "check_on", unit="conv.0/0", data="builtin:scenes:120", many=12)
    fair = [
        one for one in whole.pictures if split_of(one.key) == "explore" and one.key not in known
    ]
    assert 0 < len(fair) < len(whole.pictures)
    assert found.data["there"]["places"] == len(fair)
