"""What the built-in planner says beyond words: factors by context, found where a unit has them
and not in noise, and what a second network reads."""

from dataclasses import replace

import numpy as np
import pytest
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners.builtin.planner import BuiltinFactory
from neuroscribe.agent.planners.builtin.text.conditions import Conditions, conditions
from neuroscribe.agent.planners.builtin.text.factors import (
    MOST_FACTORS,
    Factor,
    fit_factors,
)
from neuroscribe.agent.planners.builtin.text.feature_table import FeatureTable, build
from neuroscribe.agent.planners.builtin.text.phrases import label, strengths
from neuroscribe.agent.planners.builtin.text.rules import Clause, Rule
from neuroscribe.agent.planners.builtin.text.splits import Sample
from neuroscribe.agent.planners.builtin.text.telling import (
    MOST_TAIL,
    Unseen,
    most_telling,
    n_words,
)
from neuroscribe.agent.planners.builtin.text.terms import plain_term
from neuroscribe.tools.data.windows import TokenWindows
from neuroscribe.tools.hypotheses.like_fitting import LikeFit
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.statistics.bootstrap import Interval
from neuroscribe.tools.statistics.within import Within


@pytest.fixture(scope="module")
def features(stories: TokenWindows) -> FeatureTable:
    return build(stories.rows(slice(0, 110)), {}, causal=False)


def unseen(features: FeatureTable, strength: np.ndarray, rng: np.random.Generator) -> Unseen:
    """A unit that fires at 'the' and 'a' with some strength and noise, and what predicts it."""
    windows = features.windows
    ids = [i for i, text in enumerate(windows.vocabulary) if text.strip() in ("the", "a")]
    word = np.isin(windows.ids, ids).ravel().astype(float)
    target = 2 * word * strength + 0.2 * rng.normal(size=word.size)
    half = features.document % 2
    at = np.flatnonzero(features.counted)
    token, document = windows.ids.ravel()[at], features.document[at]
    return Unseen(target[at], word[at], half[at], at, token, document)


def test_conditions_hold_and_fail_somewhere_and_look_back_alone_where_they_must(
    features: FeatureTable,
) -> None:
    tried = features.conditions
    shares = tried.held[:, features.counted].mean(1)
    assert len(tried.each) > 100
    assert shares.min() > 0
    assert shares.max() < 1

    def speak_of(some: Conditions, kind: str) -> bool:
        return any(f"'kind': '{kind}'" in str(one.predicate) for one in some.each)

    causal = conditions(features.windows, causal=True)
    assert speak_of(causal, "earlier")
    assert not speak_of(causal, "next")
    assert not speak_of(causal, "later")
    fewer = conditions(features.windows, causal=False, without="earlier")
    assert speak_of(fewer, "next")
    assert not speak_of(fewer, "earlier")


@pytest.mark.parametrize("weaker", ["after prepositions", "before content words"])
def test_a_factor_is_found_and_said(features: FeatureTable, weaker: str) -> None:
    tried = features.conditions
    condition = next(one for one in tried.each if one.words == weaker)
    strength = np.where(tried.mask(condition), 0.3, 1.0)
    factors = fit_factors(unseen(features, strength, np.random.default_rng(0)), tried)
    first = min(factors, key=lambda factor: factor.by)
    assert first.condition.words == weaker
    assert not first.negated
    assert first.by == pytest.approx(0.3, abs=0.1)
    index = features.index["the"]
    term = replace(plain_term(Rule((Clause("word", frozenset({index})),))), factors=factors)
    assert f"less {weaker}" in strengths(factors[:1])
    there = parse(term.predicate(features)).evaluate(features.windows).ravel()
    np.testing.assert_allclose(
        there[features.counted], term.values(features)[features.counted], atol=0.01
    )


def test_a_unit_without_a_context_has_none(features: FeatureTable) -> None:
    found = [
        len(fit_factors(unseen(features, np.ones(features.counted.size), rng), features.conditions))
        for rng in map(np.random.default_rng, range(20))
    ]
    assert sum(n > 0 for n in found) <= 2
    assert max(found) <= MOST_FACTORS


def test_a_label_tells_what_splits_the_places_of_a_token(features: FeatureTable) -> None:
    tried = features.conditions
    one = next(each for each in tried.each if each.words == "after prepositions")
    strength = 1 + 0.6 * tried.mask(one)
    data = unseen(features, strength, np.random.default_rng(0))
    held = tried.held[:, data.at]
    told = most_telling(data, held, tried.each)
    assert tried.each[told[0]].words == one.words
    assert n_words([(tried.each[i], True) for i in told]) <= MOST_TAIL
    of_tokens = features.windows.ids.ravel()[data.at].astype(float)
    assert most_telling(data._replace(target=of_tokens), held, tried.each) == []


def test_a_label_tells_nothing_where_a_context_has_no_part(features: FeatureTable) -> None:
    tried = features.conditions
    told = []
    for rng in map(np.random.default_rng, range(20)):
        data = unseen(features, np.ones(features.counted.size), rng)
        told.append(len(most_telling(data, tried.held[:, data.at], tried.each)))
    assert sum(n > 0 for n in told) <= 8  # 6 are expected at the level of .3


def test_distances_are_brief_in_labels(features: FeatureTable) -> None:
    by_words = {one.words: one for one in features.conditions.each}
    near = Factor(by_words["within 12 tokens of commas"], 0.5, negated=True)
    soon = Factor(by_words["2-4 words before commas"], 0.5, negated=False)
    assert strengths((near, soon), brief=True) == "; more near commas; less soon before commas"
    assert strengths((near,)) == "; more within 12 tokens of commas"


def test_a_label_tells_one_range_of_positions(features: FeatureTable) -> None:
    by_words = {one.words: one for one in features.conditions.each}
    names = ("in the first 3 tokens", "after prepositions", "in the first 10 tokens")
    factors = tuple(Factor(by_words[name], 0.5, negated=False) for name in names)
    sample = Sample(features, np.zeros(features.counted.size), np.ones(features.counted.size))
    term = plain_term(Rule((Clause("word", frozenset({features.index["the"]})),)))
    said = label(sample, [replace(term, factors=factors)])
    assert said == "'the'; less in tokens 1-3 or after prepositions"


def test_nothing_predicted_and_nothing_tried(features: FeatureTable) -> None:
    data = unseen(features, np.ones(features.counted.size), np.random.default_rng(0))
    silent = data._replace(prediction=np.zeros_like(data.prediction))
    assert fit_factors(silent, features.conditions) == ()
    assert fit_factors(data, Conditions((), np.zeros((0, features.counted.size), bool), {})) == ()


@pytest.mark.parametrize(("low", "kept"), [(0.05, 1), (-0.05, 0)])
def test_what_a_reader_says_beyond_the_words_is_a_component_where_it_holds(
    planted: Target, stories: TokenWindows, monkeypatch: pytest.MonkeyPatch, low: float, kept: int
) -> None:
    from neuroscribe.agent.planners.builtin.text import investigation

    windows = stories.rows(slice(0, 150))
    lab = Lab(planted, windows, reader=planted)  # stands for one: the fit is not run
    that = {"kind": "words", "words": ["that"]}
    asked: list[np.ndarray] = []

    def fit(reader: Target, windows: object, left: np.ndarray, **options: object) -> LikeFit:
        asked.append(left)
        within = Within(None, Interval(low + 0.1, low, low + 0.2), 50, 9)
        return LikeFit(that, within, 0, 1.0)

    monkeypatch.setattr(investigation, "best_like", fit)
    found = investigate(lab, "mlp.1/3", BuiltinFactory(experiments="none", effects=False))
    parts = [dict(part.predictor) for part in found.description.components]
    assert len(asked) == 1
    assert np.isfinite(asked[0]).sum() < np.isfinite(lab.column(planted.unit("mlp.1/3"))).sum()
    assert sum(part["kind"] == "words" and part["words"] == ["that"] for part in parts) == kept
