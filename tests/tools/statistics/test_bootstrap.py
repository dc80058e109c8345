"""The bootstrap's sums agree with the plain definitions."""

import numpy as np
import pytest
from neuroscribe.tools.statistics.bootstrap import (
    Resampler,
    average_precisions,
    correlations,
    interval,
    mean_interval,
)
from sklearn.metrics import average_precision_score


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    documents = np.repeat(np.arange(40), rng.integers(5, 60, 40))
    x = rng.integers(0, 6, len(documents)) / 5
    y = x + rng.normal(size=len(documents)) + rng.normal(size=40)[documents]
    return documents, x, y


def test_the_first_value_is_that_of_the_data(data):
    documents, x, y = data
    values = correlations(Resampler(documents), x, y)
    assert values[0] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-10)
    positive = y > 1
    values = average_precisions(Resampler(documents), positive, x)
    assert values[0] == pytest.approx(average_precision_score(positive, x), abs=1e-10)


def test_a_resample_is_the_statistic_of_resampled_documents(data):
    documents, x, y = data
    resampler = Resampler(documents, seed=3)
    draw = resampler.weights[5].astype(int)
    chosen = np.concatenate(
        [
            np.flatnonzero(documents == document)
            for document in range(40)
            for _ in range(draw[document])
        ]
    )
    assert correlations(resampler, x, y)[5] == pytest.approx(
        np.corrcoef(x[chosen], y[chosen])[0, 1], abs=1e-10
    )
    assert average_precisions(resampler, y > 1, x)[5] == pytest.approx(
        average_precision_score((y > 1)[chosen], x[chosen]), abs=1e-10
    )


def test_average_precision_of_a_continuous_score_uses_every_value():
    """A unit that is on at one token in a thousand, with its strength in the tail of the score."""
    rng = np.random.default_rng(4)
    score = rng.normal(size=30_000)
    positive = np.argsort(-score).argsort() < 30  # exactly the 30 highest: 0.1%
    positive[rng.choice(30_000, 10)] = True
    documents = np.repeat(np.arange(100), 300)
    resampler = Resampler(documents)
    values = average_precisions(resampler, positive, score)
    assert values[0] == pytest.approx(average_precision_score(positive, score), abs=1e-12)
    times = resampler.weights[7][documents]
    assert values[7] == pytest.approx(
        average_precision_score(positive, score, sample_weight=times), abs=1e-12
    )


def test_edges(data):
    values = average_precisions(Resampler(np.arange(50)), np.zeros(50, bool), np.arange(50.0))
    assert (values == 0).all()
    documents, x, y = data
    assert correlations(Resampler(documents), np.ones_like(x), y)[0] == 0
    low, high = mean_interval([1.0, 2.0, 3.0, 4.0]) or (0, 0)
    assert low < 2.5 < high
    assert mean_interval([1.0]) is None


def test_tokens_of_one_document_hang_together():
    """Copies of each token within its document must not narrow the interval."""
    rng = np.random.default_rng(1)
    x, noise = rng.normal(size=60), rng.normal(size=60)
    y = 0.5 * x + noise
    few = interval(correlations(Resampler(np.arange(60)), x, y))
    many = interval(
        correlations(Resampler(np.repeat(np.arange(60), 50)), np.repeat(x, 50), np.repeat(y, 50))
    )
    assert many.high - many.low == pytest.approx(few.high - few.low, rel=0.01)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    covered = 0
    for trial in range(200):
        documents = np.repeat(np.arange(80), 10)
        x = rng.normal(size=800)
        y = 0.6 * x + 0.8 * rng.normal(size=800)
        found = interval(correlations(Resampler(documents, seed=trial), x, y))
        covered += found.low <= 0.6 <= found.high
    assert 0.88 <= covered / 200 <= 0.99
