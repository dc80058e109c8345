"""Scores within tokens, against a naive computation and on data that say nothing."""

import numpy as np
import pytest
from neuroscribe.tools.statistics.bootstrap import Resampler
from neuroscribe.tools.statistics.within import LEAST_PARTNERED, MOST, within
from sklearn.metrics import roc_auc_score


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def places(rng):
    """Tokens of very different frequency, a document each, and a truth that goes by the token."""
    group = np.minimum(rng.zipf(1.4, 4000), 500)
    return group, rng.integers(0, 40, 4000), rng.normal(size=501)[group]


def test_equal_to_the_naive_definition(places, rng):
    group, documents, base = places
    signal = rng.normal(size=4000).round(1)  # with ties
    truth = base + signal / 2 + rng.normal(size=4000)
    active = truth > 1.5
    result = within(group, signal, truth, active, Resampler(documents))
    won = weights = n = 0
    x, y, c = [], [], []
    for token in np.unique(group):
        own = group == token
        on, off = int(active[own].sum()), int((~active[own]).sum())
        if on and off:
            n += on
            weight = min(on, off, MOST)
            won, weights = won + weight * roc_auc_score(active[own], signal[own]), weights + weight
        if own.sum() >= 3:
            x.append(signal[own] - signal[own].mean())
            y.append(truth[own] - truth[own].mean())
            c.append(np.full(own.sum(), min(1, MOST / own.sum())))
    x, y, c = map(np.concatenate, (x, y, c))
    assert result.n == n
    assert result.auroc.value == pytest.approx(won / weights)
    assert result.correlation.value == pytest.approx(
        (c * x * y).sum() / np.sqrt((c * x * x).sum() * (c * y * y).sum())
    )
    assert result.auroc.low < result.auroc.value < result.auroc.high
    assert result.correlation.low < result.correlation.value < result.correlation.high


def test_a_token_table_gets_a_half_and_nothing(places, rng):
    group, documents, base = places
    truth = base + rng.normal(size=4000)
    result = within(group, base * 3 + 7, truth, truth > 1.5, Resampler(documents))
    assert result.auroc == (0.5, 0.5, 0.5)
    assert result.correlation == (0.0, 0.0, 0.0)


def test_intervals_hold_what_is_true_where_nothing_is(places, rng):
    group, documents, base = places
    missed = np.zeros(2)
    for _ in range(100):
        truth = base + rng.normal(size=4000)
        resampler = Resampler(documents, resamples=200)
        result = within(group, rng.normal(size=4000), truth, truth > 1.5, resampler)
        missed += [
            not result.auroc.low <= 0.5 <= result.auroc.high,
            not result.correlation.low <= 0 <= result.correlation.high,
        ]
    assert (missed <= 12).all()  # 5 expected; 40 documents make bootstraps a little narrow


def test_few_partnered_places_are_no_score(rng):
    group = np.arange(4000)
    group[: LEAST_PARTNERED - 1] = group[2000 : 2000 + LEAST_PARTNERED - 1]
    active = np.arange(4000) < 100
    truth = active + rng.normal(size=4000)
    result = within(group, truth, truth, active, Resampler(rng.integers(0, 9, 4000)))
    assert result == (None, None, LEAST_PARTNERED - 1, LEAST_PARTNERED - 1)
