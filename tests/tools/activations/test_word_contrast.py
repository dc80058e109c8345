"""Words that go with an outcome: found where they are planted, silent on noise, counted once a
document."""

import numpy as np
import pytest
from neuroscribe.tools.activations.word_contrast import (
    MAX_P,
    Sign,
    exchanged,
    single_words,
    table,
    word_set,
)
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call
from scipy.stats import binom


def _most(n: int) -> int:
    """How often of `n` a test at .05 fires with a chance of 99.9%."""
    return int(binom.ppf(0.999, n, MAX_P))


def _noise(rng: np.random.Generator, documents: int):
    """Places whose words and whose outcomes cluster in documents, and are unrelated."""
    signs, document, outcome = [], [], []
    for number in range(documents):
        topic = rng.permutation(200)[:30]
        rate = rng.beta(0.5, 0.5)
        for _ in range(rng.integers(1, 10)):
            words = np.minimum(rng.zipf(1.5, 12) - 1, 29)
            signs.append(
                {
                    Sign(context, str(topic[word] if word % 2 else word))
                    for context, some in (("own", words[:1]), ("near", words[:4]), ("far", words))
                    for word in some
                }
            )
            document.append(number)
            outcome.append(rng.random() < rate)
    return table(signs, np.array(document)), np.array(outcome)


@pytest.mark.parametrize("draws", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_on_noise_that_clusters_in_documents_it_fires_seldom(draws):
    singles = sets = 0
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        known, outcome = _noise(rng, 20)
        words = single_words(known, outcome, rng)
        singles += sum(bool((words.p[words.more == side] <= MAX_P).any()) for side in (True, False))
        found = [word_set(known, wanted, rng) for wanted in (outcome, ~outcome)]
        sets += sum(one is not None and one.p <= MAX_P for one in found)
    assert sets <= _most(2 * draws)
    assert singles <= _most(2 * draws)


def test_the_tool_is_silent_on_noise(lab):
    rule = {"kind": "words", "words": ["cat", "dog", "tree"]}
    unit = lab.chosen(None)
    column = lab.column(unit)
    fired, draws = 0, 40
    for seed in range(draws):
        noise = np.random.default_rng(seed).integers(2, size=column.shape).astype(np.float32)
        bench = Lab(lab.target, lab.explore, unit=unit, memo=lab.memo)
        bench.columns[unit] = np.where(np.isfinite(column), noise, np.nan)
        data = call(bench, "contrast", {"hypothesis": rule}).data
        assert data["alarms"] > 20
        fired += ("together_alarms" in data) + ("together_hits" in data)
    assert fired <= _most(2 * draws)


def test_planted_words_are_found():
    rng = np.random.default_rng(0)
    words = rng.integers(30, size=400)
    outcome = np.isin(words, (3, 5)) ^ (rng.random(400) < 0.05)
    known = table([{Sign("own", str(word))} for word in words], np.arange(400) // 4)
    found = word_set(known, outcome, rng)
    assert found.p == 0.01
    assert set(found.words) == {"3", "5"}
    alone = single_words(known, outcome, rng)
    best = {known.signs[at].word for at in np.flatnonzero((alone.p <= MAX_P) & alone.more)}
    assert best == {"3", "5"}


def test_a_word_of_one_document_counts_once():
    """Forty alarms in one document, and a word that stands beside them all, say nothing."""
    signs = [{Sign("own", "x" if at < 40 or at == 70 else str(at % 7))} for at in range(80)]
    document = np.r_[np.zeros(40, int), np.arange(1, 41)]
    outcome = np.arange(80) < 40
    known = table(signs, document)
    at = known.signs.index(Sign("own", "x"))
    assert known.weight[at].sum() == pytest.approx(2)
    assert single_words(known, outcome, np.random.default_rng(0)).p[at] > MAX_P
    assert word_set(known, outcome, np.random.default_rng(0)) is None


def test_outcomes_are_exchanged_as_whole_documents():
    document = np.repeat([4, 2, 9], 3)
    outcome = np.repeat([True, False, True], 3)
    drawn = exchanged(outcome, document, 20, np.random.default_rng(0))
    assert (drawn[:, 0] == outcome).all()
    assert (drawn.sum(0) == 6).all()
    blocks = drawn.reshape(3, 3, -1)
    assert (blocks == blocks[:, :1]).all()
    assert len(np.unique(drawn, axis=1).T) == 3
