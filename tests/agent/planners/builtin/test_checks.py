"""What the built-in planner makes of values: thresholds, forms of words, spellings, checks."""

from types import SimpleNamespace

import numpy as np
import pytest
from neuroscribe.agent.planners.builtin.confidence import Features, probability
from neuroscribe.agent.planners.builtin.findings import PredictiveCheck
from neuroscribe.agent.planners.builtin.text.bimodality import bimodality
from neuroscribe.agent.planners.builtin.text.pairs import likely
from neuroscribe.agent.planners.builtin.text.predictive_check import predictive_check
from neuroscribe.agent.planners.builtin.text.scan import ScanWords
from neuroscribe.agent.planners.builtin.text.texts import MeasuredTexts
from neuroscribe.agent.planners.builtin.text.vocabulary import vocabulary


def test_the_threshold_lies_under_the_weaker_of_two_strengths():
    rng = np.random.default_rng(0)
    background = np.abs(rng.normal(0, 0.05, 5000))
    weak, strong = 0.8 * rng.uniform(0.85, 1.25, 100), 2 * rng.uniform(0.85, 1.25, 100)
    found = bimodality(np.concatenate([background, weak, strong]))
    assert found.bimodal
    assert background.max() < found.threshold < weak.min()


def test_values_without_an_empty_stretch_are_not_on_or_off():
    assert not bimodality(np.abs(np.random.default_rng(0).normal(0, 1, 5000))).bimodal
    assert not bimodality(np.zeros(50)).bimodal


def test_a_form_that_is_one_token_is_written():
    vocabulary_ = ("<s>", " symbol", "S", "ymbol", " Paris")
    windows = SimpleNamespace(
        word=np.array([[-1, 0, 0, 1, 2]]),
        counted=np.array([[False, True, True, True, True]]),
        words=("Symbol", "symbol", "Paris"),
        ids=np.array([[0, 2, 3, 1, 4]]),
        vocabulary=vocabulary_,
    )
    found = _forms(windows)
    assert found["symbol"] == "symbol"
    assert found["paris"] == "Paris"


def _forms(windows) -> dict[str, str]:
    from unittest.mock import patch

    view = SimpleNamespace(begins=np.zeros_like(windows.counted))
    module = "neuroscribe.agent.planners.builtin.text.vocabulary.view_of"
    with patch(module, return_value=view):
        return vocabulary(windows, most=10)


def test_words_that_only_hold_a_pointed_token_are_not_tested():
    words = ScanWords(
        {"a": "a", "aas": "aas", "on": "on", "xyz": "xyz"},
        {"a": 1, "aas": 2, "on": 1, "xyz": 2},
        {"aas": ("a", "as"), "xyz": ("xy", "z")},
    )
    assert likely(("aas", "xyz", "on", "a"), words) == ("on", "a", "xyz")


@pytest.mark.parametrize("worst", [0.05, 0.4, 0.75, 0.9, 0.98])
def test_confidence_rises_with_what_was_foretold(worst):
    def sure(value: float | None) -> float:
        return probability(Features(value, 0.9, 3.0))

    assert sure(worst) <= sure(min(worst + 0.1, 0.995))
    assert sure(0.05) == sure(0.5)  # a worst cell that is said wrongly is no worse than chance
    assert sure(0.97) > 0.95
    assert sure(None) < 0.8  # without a check nothing is sure


@pytest.mark.parametrize("checked", [None, 0.7, 0.97])
def test_confidence_falls_with_length_and_with_what_new_documents_do_not_show(checked):
    sure = [probability(Features(checked, low, 3.0)) for low in (0.0, 0.5, 0.95)]
    assert sure == sorted(sure)
    long = [probability(Features(checked, 0.5, length)) for length in (1.0, 5.0, 40.0)]
    assert long == sorted(long, reverse=True)
    assert probability(Features(None, 0.4, 40.0)) < 0.2


def test_a_conclusion_is_as_good_as_its_worst_cell(target_and_scanner):
    scanner, right, wrong, texts = target_and_scanner
    good, bad = (predictive_check(scanner, [part], texts) for part in (right, wrong))
    assert isinstance(good, PredictiveCheck)
    assert good.right == good.n > 20
    assert good.worst > 0.95
    assert bad.worst < 0.8
    assert bad.right < bad.n


@pytest.fixture(scope="module")
def target_and_scanner():
    """A unit that is on at `oak` unless `the` stands before it; parts that say so, or only half."""
    from neuroscribe.agent.planners.builtin.text.feature_table import build
    from neuroscribe.agent.planners.builtin.text.rules import Clause, Rule
    from neuroscribe.agent.planners.builtin.text.terms import plain_term
    from neuroscribe.tasks.groundtruth.text.host import suite_host
    from neuroscribe.tools.data.windows import cut

    rng = np.random.default_rng(1)
    lines = [" ".join(rng.choice(["oak", "the", "robin", "was"], 20)) for _ in range(20)]
    windows = cut(suite_host(), lines, length=64)
    features = build(windows, {}, causal=True)
    index = {name: at for at, name in enumerate(features.names)}
    oak = Clause("word", frozenset({index["oak"]}))
    the = Clause("previous_word", frozenset({index["the"]}), negated=True)
    right, wrong = plain_term(Rule((oak, the))), plain_term(Rule((oak,)))
    values = np.where(
        windows.counted, right.rule.mask(features).reshape(features.shape) * 1.0, np.nan
    )
    scanner = SimpleNamespace(
        level=SimpleNamespace(threshold=0.5), sample=SimpleNamespace(features=features)
    )
    return scanner, right, wrong, MeasuredTexts(windows, values)
