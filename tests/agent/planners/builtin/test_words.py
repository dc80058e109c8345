"""The built-in planner's words: labels of planted units that a person would write."""

import json

import numpy as np
import pytest
from neuroscribe.agent.investigate import Investigation, investigate
from neuroscribe.agent.planners import planner_factory
from neuroscribe.agent.planners.builtin.text.fitting import (
    exchanged,
    explained_unseen,
    fit_rules,
    null_score,
)
from neuroscribe.agent.planners.builtin.text.phrases import lists_words
from neuroscribe.agent.planners.builtin.text.rules import Clause
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse

LABELS = {
    0: "animals",
    1: "months or weekdays",
    2: "units of time after numbers",
    3: "full stop after currencies (earlier in the sentence)",
    6: "capitalised numbers",
    9: "fruits or weather",
    11: "full stop after royalty (earlier in the sentence)",
}
ALIKE = (9, 11)
"""Of the form of 1 and of 3, which the default tests describe."""


@pytest.fixture(scope="module")
def explore(planted: Target) -> TokenWindows:
    corpus = load_corpus("builtin:stories", target=planted)
    return cut(planted, corpus.splits().explore, length=64, most_tokens=50_000)


@pytest.fixture(scope="module")
def memo() -> dict:
    return {}


def _described(planted: Target, explore: TokenWindows, memo: dict, unit: str) -> Investigation:
    if unit not in memo:
        lab = Lab(planted, explore)
        lab.memo.update(memo)
        memo[unit] = investigate(lab, unit, planner_factory("builtin"))
        memo |= {key: value for key, value in lab.memo.items() if "builtin" in str(key)}
    return memo[unit]


@pytest.mark.parametrize(
    "number",
    [pytest.param(n, marks=[pytest.mark.slow] if n in ALIKE else [], id=str(n)) for n in LABELS],
)
def test_labels_are_what_a_person_would_write(
    planted: Target, explore: TokenWindows, memo: dict, number: int
) -> None:
    found = _described(planted, explore, memo, f"planted/{number}")
    assert found.status == "described"
    assert found.description.label == LABELS[number]
    assert [part.words for part in found.description.components] == [LABELS[number]]
    assert len(found.description.rejected) >= 2
    assert len(json.dumps(found.description.components[0].predictor)) < 6000


def test_the_rival_that_the_corpus_cannot_part_is_rejected_by_sentences(
    planted: Target, explore: TokenWindows, memo: dict
) -> None:
    found = _described(planted, explore, memo, "planted/7")
    assert found.description.label == "full stop after diseases (earlier in the sentence)"
    rival = next(r for r in found.description.rejected if "medicines" in r.words)
    assert "written" in rival.reason or "only the conclusion" in rival.reason
    assert rival.evidence


def test_a_units_activations_on_other_documents_explain_nothing(
    planted: Target, explore: TokenWindows
) -> None:
    from neuroscribe.agent.planners.builtin.text.investigation import Investigation as Work

    lab = Lab(planted, explore)
    work = Work(lab, planted.unit("planted/4"), 0)
    sample = work.sample()
    rng = np.random.default_rng(0)
    moved = exchanged(sample, rng)
    assert np.allclose(np.sort(moved.target), np.sort(sample.target))
    assert null_score(sample, rng, times=1) < 0.02
    assert explained_unseen(sample, fit_rules(sample).terms) > 0.5


def test_noise_is_said_to_be_uninterpretable(planted: Target, explore: TokenWindows) -> None:
    lab = Lab(planted, explore)
    unit = planted.unit("planted/4")
    column = lab.column(unit)
    rng = np.random.default_rng(1)
    noise = np.where(np.isfinite(column), rng.exponential(1, column.shape), np.nan)
    lab.column = lambda _: noise.astype(np.float32)  # type: ignore[method-assign]
    found = investigate(lab, unit, planner_factory("builtin"))
    assert found.status == "uninterpretable"
    assert not found.description.components


def test_every_predictor_parses_again(planted: Target, explore: TokenWindows, memo: dict) -> None:
    found = _described(planted, explore, memo, "planted/3")
    for component in found.description.components:
        held = parse(component.predictor).evaluate(explore)
        assert 0 < held.sum() < explore.counted.sum() / 4


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        (Clause("rank", frozenset({5})), "6th token"),
        (Clause("rank", frozenset({5, 6, 7})), "tokens 6-8"),
        (Clause("rank", frozenset({0, 1, 5, 20, 21, 22})), "tokens 1-2 and 21-23"),
        (Clause("position", span=(5, 6, False)), "6th token"),
        (Clause("position", span=(0, 1, False)), "first token"),
        (Clause("position", span=(0, 4, False)), "first 4 tokens"),
        (Clause("position", span=(46, None, False)), "tokens 47 on"),
    ],
)
def test_positions_are_said_as_a_person_counts(clause: Clause, said: str) -> None:
    from neuroscribe.agent.planners.builtin.text.phrases import _positions

    assert _positions(clause) == said


@pytest.mark.parametrize(
    ("label", "listed"),
    [
        ("words such as 'at', 'of'; less at the start of a text", True),
        ("tokens such as comma, 'the'", True),
        ("words, not words such as 'february', 'late'", True),
        ("words after numbers", False),
        ("months such as 'may', 'june'", False),
        ("tokens 3 to 56; also words such as 'in'", False),
    ],
)
def test_labels_that_list_some_words_of_many_are_known(label, listed):
    assert lists_words(label) == listed
