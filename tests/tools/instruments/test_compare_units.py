"""Comparing two units and checking one elsewhere, where it is known what they are."""

from dataclasses import replace

import numpy as np
import pytest
from neuroscribe.tools import instruments as _belt  # noqa: F401
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.planted import Spec, plant
from neuroscribe.tools.registry import call


def _word(name: str):
    def values(ids: np.ndarray, vocabulary) -> np.ndarray:
        return vocabulary.among([name])[ids].astype(np.float32)

    return values


@pytest.fixture(scope="module")
def twins(word_model: Target) -> Target:
    """`planted/0` and `planted/1` are active at the same word and write the same; `planted/2` is
    active at another."""
    row = word_model.network.get_output_embeddings().weight[5]
    specs = [Spec(_word(name), output=row) for name in ("cat", "cat")]
    return plant(word_model, [*specs, Spec(_word("dog"), output=-row)], block=1)


@pytest.fixture
def bench(twins: Target, texts: list[str]) -> Lab:
    return Lab(twins, cut(twins, texts, length=32), open=True)


def test_twins_go_together(bench: Lab) -> None:
    found = call(bench, "compare_units", {"first": "planted/0", "second": "planted/1"}).data
    assert found["alike"]
    assert found["correlation"] == pytest.approx(1, abs=1e-3)
    assert found["percentile"] == 100
    assert found["first_alone"] == found["second_alone"] == 0
    assert found["cosine"] == pytest.approx(1, abs=1e-3)
    assert found["shared"] == found["tops"]
    assert not found["tokens"]["first"]


def test_strangers_do_not(bench: Lab) -> None:
    found = call(bench, "compare_units", {"first": "planted/0", "second": "planted/2"}).data
    assert not found["alike"]
    assert found["both"] == 0
    assert found["first_alone"] > 20 < found["second_alone"]
    assert found["cosine"] == pytest.approx(-1, abs=1e-3)
    assert [one["token"].strip() for one in found["tokens"]["first"]] == ["cat"]
    assert [one["token"].strip() for one in found["tokens"]["second"]] == ["dog"]


def test_other_units_are_compared_too(bench: Lab) -> None:
    found = call(bench, "compare_units", {"first": "mlp.0/3", "second": "head.1/0"})
    assert found.error is None
    assert found.data["cosine"] is None
    assert found.data["pairs"] > 10


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"first": "mlp.0/1", "second": "mlp.0/1"}, "with itself"),
        ({"first": "mlp.0/1", "second": "mlp.7/1"}, "no site"),
        ({"first": "mlp.0/1"}, "second"),
    ],
)
def test_what_cannot_be_compared_is_said(bench: Lab, arguments: dict, said: str) -> None:
    found = call(bench, "compare_units", arguments)
    assert found.error is not None
    assert said in found.error


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


def test_an_interval_is_of_the_documents_there_are(bench: Lab) -> None:
    """Explore keeps a document's number though others are left out; gaps are no documents."""
    spread = replace(bench.explore, document=bench.explore.document * 50)
    apart = Lab(bench.target, spread, open=True)
    asked = {"first": "planted/0", "second": "mlp.0/3"}
    one, other = (call(lab, "compare_units", asked).data["interval"] for lab in (bench, apart))
    assert other == pytest.approx(one, abs=1e-6)
