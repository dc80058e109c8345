"""Names of word lists: classes that cover a list and are covered by it, on unseen documents too."""

from dataclasses import replace

import numpy as np
import pytest
from neuroscribe.agent.description import MOST_WORDS
from neuroscribe.agent.planners.builtin.text.classes import class_name
from neuroscribe.agent.planners.builtin.text.factors import Factor
from neuroscribe.agent.planners.builtin.text.feature_table import FeatureTable, build
from neuroscribe.agent.planners.builtin.text.phrases import label, phrase
from neuroscribe.agent.planners.builtin.text.rules import Clause, Rule
from neuroscribe.agent.planners.builtin.text.splits import Sample
from neuroscribe.agent.planners.builtin.text.terms import plain_term
from neuroscribe.tools.data.windows import TokenWindows
from neuroscribe.tools.english.word_classes import word_classes
from neuroscribe.tools.predicates import parse

WORDS = {one.plural: one.words for one in word_classes()}


@pytest.fixture(scope="module")
def features(stories: TokenWindows) -> FeatureTable:
    return build(stories.rows(slice(0, 300)), {}, causal=False)


def unit(features: FeatureTable, *lists: str) -> tuple[Sample, Rule]:
    """A unit that is on at the words of some classes, and the list of these words."""
    chosen = frozenset(features.ids_of(word for name in lists for word in WORDS[name]))
    rule = Rule((Clause("word", chosen),))
    held = rule.mask(features)
    return Sample(features, held * 1.0, features.counted * 1.0), rule


@pytest.mark.parametrize(
    ("lists", "name"),
    [
        (["prepositions"], "prepositions"),
        (["pronouns"], "pronouns"),
        (["determiners", "conjunctions"], "determiners and conjunctions"),
        ([one.plural for one in word_classes() if one.function], "function words"),
    ],
)
def test_a_list_is_called_by_its_classes(
    features: FeatureTable, lists: list[str], name: str
) -> None:
    sample, rule = unit(features, *lists)
    found = class_name(sample, "word", rule.mask(features))
    assert found is not None
    assert found.name == name
    assert found.share > 0.99
    part = plain_term(rule)
    assert label(sample, [part]).startswith(f"{name} such as")
    assert phrase(sample, part).startswith(f"{name} (100%) such as")


def test_a_name_that_says_more_than_the_list_is_not_given(features: FeatureTable) -> None:
    sample, _ = unit(features, "prepositions")
    few = Rule((Clause("word", frozenset(features.ids_of(["of", "in", "at"]))),))
    rare = Rule((Clause("word", frozenset(features.ids_of(["under", "over", "against"]))),))
    assert class_name(sample, "word", rare.mask(features)) is None
    names = label(sample, [plain_term(few)])
    assert names == "'of', 'in' or 'at'" or names.startswith("'")


def test_random_lists_have_no_name(features: FeatureTable) -> None:
    rng = np.random.default_rng(0)
    frequent = np.argsort(-np.bincount(features.axes["word"][features.axes["word"] >= 0]))[:300]
    named = 0
    for _ in range(60):
        rule = Rule((Clause("word", frozenset(rng.choice(frequent, 12, replace=False).tolist())),))
        held = rule.mask(features)
        sample = Sample(features, held * rng.exponential(1, held.size), features.counted * 1.0)
        named += class_name(sample, "word", held) is not None
        assert (
            label(sample, [plain_term(rule)]).startswith(("words such as", "tokens such as"))
            or named
        )
    assert named <= 3


def test_a_list_in_the_context_is_called_by_how_often_its_words_occur(
    features: FeatureTable,
) -> None:
    sample, rule = unit(features, "pronouns")
    near = Rule((Clause("earlier_5", rule.clauses[0].values),))
    assert label(sample, [plain_term(near)]).startswith("words within 5 tokens after pronouns")


def test_a_label_says_the_most_telling_factors_once_and_in_twelve_words(
    features: FeatureTable,
) -> None:
    each = {one.words: one for one in features.conditions.each}
    told = ["after determiners", "after pronouns", "before commas", "within 12 tokens of commas"]
    factors = tuple(Factor(each[words], 0.5, i < 2) for i, words in enumerate(told))
    sample, rule = unit(features, "prepositions")
    text = label(sample, [replace(plain_term(rule), factors=factors)])
    assert len(text.split()) <= MOST_WORDS
    assert "more after determiners or pronouns; less before commas" in text


def test_a_class_of_spelling_has_a_name_in_predictors() -> None:
    ending = next(one for one in word_classes() if one.plural == "words in -ly")
    said = parse({"kind": "regex", "pattern": ending.pattern, "on": "word"})
    assert said.english().lower().startswith("words in -ly")
    assert "/" not in parse({"kind": "previous", "of": said.model_dump()}).english()
