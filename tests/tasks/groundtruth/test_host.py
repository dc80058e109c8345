from dataclasses import replace
from pathlib import Path

import pytest
from neuroscribe.tasks.groundtruth.text import host
from neuroscribe.tasks.groundtruth.text import suite as suite_module
from neuroscribe.tasks.groundtruth.text.host import suite_host
from neuroscribe.tasks.groundtruth.text.host.train import every_word
from neuroscribe.tasks.groundtruth.text.sets import prose_sets
from neuroscribe.tasks.groundtruth.text.suite import _fitted, _prose
from neuroscribe.tasks.groundtruth.text.words import Category
from neuroscribe.tools.models.target import Target


@pytest.fixture(scope="module")
def suite() -> Target:
    return suite_host()


def test_every_word_of_tier_a_is_one_token(suite):
    for text in every_word():
        assert len(suite.tokenizer(text, add_special_tokens=False)["input_ids"]) == 1, text
        coded = suite.tokenizer(f"the {text}.", add_special_tokens=False)["input_ids"]
        assert len(coded) == 3, text


def test_every_word_of_a_prose_set_is_one_token_whatever_the_running_python_says(
    suite, monkeypatch
):
    def newer(documents, *, limit: int, seed: int) -> list[Category]:
        first, *others = prose_sets(documents, limit=limit, seed=seed)
        return [replace(first, words=(*first.words, "zqxvkology")), *others]

    monkeypatch.setattr(suite_module, "prose_sets", newer)
    found = _fitted(_prose(10**9, 0), suite).sets.values()
    assert len(found) >= 40
    for word in (word for each in found for word in each.words):
        coded = suite.tokenizer(f"the {word} of", add_special_tokens=False)["input_ids"]
        assert len(coded) == 3, word


def test_a_long_number_is_spelled(suite):
    coded = suite.tokenizer("in 4256", add_special_tokens=False)["input_ids"]
    assert [suite.tokenizer.decode([i]).strip() for i in coded] == ["in", "", "4", "2", "5", "6"]
    assert suite.tokenizer.decode(coded) == "in 4256"


def test_it_is_small_and_fresh(suite):
    files = Path(next(iter(host.__path__))).glob("*.*")
    assert sum(path.stat().st_size for path in files) < 3_000_000
    assert suite.name == "suite"
    assert suite_host().network is not suite.network
    assert {"mlp.0", "mlp.1"} <= set(suite.sites)
