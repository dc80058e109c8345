"""Checking a unit elsewhere, where it is known what it is."""

import numpy as np
import pytest
from neuroscribe.tools.activations.records import inputs_of
from neuroscribe.tools.data.pictures import ImageCorpus
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call

CAT = {"kind": "words", "words": ["cat"]}


def test_a_hypothesis_holds_elsewhere(bench: Lab, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    words = ["cat", "dog", "the", "red", "house"]
    (tmp_path / "other.jsonl").write_text(
        "".join(f'{{"text": "{" ".join(rng.choice(words, 20))}"}}\n' for _ in range(60))
    )
    given = {"unit": "planted/0", "data": "other.jsonl", "hypothesis": CAT}
    found = call(bench, "check_on", given)
    assert found.error is None
    assert found.data["hypothesis"]["again"] == "holds"
    assert found.data["hypothesis"]["there"]["correlation"] == pytest.approx(1, abs=1e-3)
    assert found.data["there"]["active"] > found.data["explore"]["active"]
    assert all("text" in item for item in found.data["measured"])


def test_a_hypothesis_that_is_wrong_elsewhere_fails(bench: Lab) -> None:
    texts = ["the dog saw the red house .", "a dog ran on the tree ."] * 6
    wrong = {"kind": "words", "words": ["tree", "house"]}
    found = call(bench, "check_on", {"unit": "planted/2", "texts": texts, "hypothesis": wrong})
    assert found.data["hypothesis"]["again"] == "fails"


def test_a_result_stands_for_its_predictor(bench: Lab) -> None:
    first = call(bench, "find_units", {"what": CAT, "sites": ["planted"]})
    texts = ["the cat saw a dog .", "a dog saw the cat ."] * 5
    given = {"unit": "planted/0", "texts": texts, "hypothesis": first.id}
    assert call(bench, "check_on", given).data["hypothesis"]["predictor"]["words"] == ["cat"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"data": "hf:wikitext"}, "would have to be fetched"),
        ({"data": "builtin:nothing"}, "there is no corpus"),
        ({"data": "/etc/passwd"}, "outside the working folder"),
        ({"data": "../../secret.txt"}, "outside the working folder"),
        ({"data": "~/notes.txt:text"}, "outside the working folder"),
        ({}, "pass either data"),
        ({"texts": ["a cat"], "data": "builtin:stories"}, "pass either data"),
        ({"texts": ["a cat"], "hypothesis": "H9"}, "no hypothesis"),
        ({"texts": [" "]}, "empty"),
    ],
)
def test_what_cannot_be_checked_is_said(bench: Lab, arguments: dict, said: str) -> None:
    found = call(bench, "check_on", {"unit": "planted/0", **arguments})
    assert found.error is not None
    assert said in found.error


def test_explored_documents_are_not_checked_again(
    bench: Lab, texts: list[str], tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "same.jsonl").write_text("".join(f'{{"text": "{text}"}}\n' for text in texts))
    found = call(bench, "check_on", {"unit": "planted/0", "data": "same.jsonl"})
    assert found.error is not None
    assert "explored already" in found.error


def test_a_channel_is_checked_on_other_pictures(open_pictures: Lab) -> None:
    red = {"kind": "area", "colours": ["red"], "at_least": 0.03}
    given = {"unit": "conv.0/0", "data": "builtin:scenes:240", "hypothesis": red}
    found = call(open_pictures, "check_on", given)
    assert found.error is None
    assert found.data["hypothesis"]["again"] in ("holds", "weaker")
    assert all("recipe" in item for item in found.data["measured"])
    assert len(inputs_of(open_pictures, found.data["measured"])) == len(found.data["measured"])


def test_texts_are_not_for_pictures(open_pictures: Lab) -> None:
    found = call(open_pictures, "check_on", {"unit": "conv.0/0", "texts": ["a red circle"]})
    assert found.error is not None
    assert "draw" in found.error


def test_pictures_that_were_explored_or_would_be_held_out_are_not_shown(
    open_pictures: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    found = call(
        open_pictures, "check_on", {"unit": "conv.0/0", "data": "builtin:scenes:120", "many": 12}
    )
    fair = [
        one for one in whole.pictures if split_of(one.key) == "explore" and one.key not in known
    ]
    assert 0 < len(fair) < len(whole.pictures)
    assert found.data["there"]["places"] == len(fair)
