"""Weighted sums over samples are unbiased for sums over all places."""

import numpy as np
import pytest
from neuroscribe.tools.statistics.bootstrap import Resampler, average_precisions, correlations
from neuroscribe.tools.statistics.sampling import stratified
from neuroscribe.tools.statistics.within import within


def test_a_sample_holds_active_places_and_weighs_what_they_stand_for():
    active = np.zeros(1000, bool)
    active[:30] = True
    sample = stratified(active, 100, np.random.default_rng(0))
    assert len(sample.drawn) == len(set(sample.drawn.tolist())) == 100
    assert active[sample.drawn].sum() == 30
    assert sample.weight[active[sample.drawn]].tolist() == [1.0] * 30
    assert np.isclose(sample.weight.sum(), 1000)
    assert len(stratified(active, 5000, np.random.default_rng(0)).drawn) == 1000
    assert len(stratified(np.ones(9, bool), 4, np.random.default_rng(0)).drawn) == 4


def test_others_may_be_drawn_where_they_can_be_compared():
    active, beside = np.zeros(1000, bool), np.zeros(1000, bool)
    active[:30], beside[:100] = True, True
    drawn, weight = stratified(active, 100, np.random.default_rng(0), beside=beside)
    assert len(set(drawn.tolist())) == 100
    near, far = beside[drawn] & ~active[drawn], ~beside[drawn]
    assert (near.sum(), far.sum()) == (35, 35)
    assert set(weight[near]) == {2.0}
    assert np.isclose(weight[far].sum(), 900)


@pytest.mark.parametrize("divided", [False, True])
def test_scores_of_samples_scatter_around_the_score_of_all_places(divided):
    rng = np.random.default_rng(1)
    n = 4000
    document, token = np.repeat(np.arange(40), n // 40), rng.integers(0, 12, n)
    truth = rng.normal(size=n) + 0.3 * token
    score = truth + 2 * rng.normal(size=n)
    active = truth > np.quantile(truth, 0.95)

    def scores(at, weight):
        r = Resampler(document[at], resamples=1, weight=weight)
        same = within(token[at], score[at], truth[at], active[at], r)
        return [
            correlations(r, score[at], truth[at])[0],
            average_precisions(r, active[at], score[at])[0],
            same.auroc.value,
            same.correlation.value,
        ]

    whole = scores(np.arange(n), None)
    beside = np.isin(token, [1, 5, 9]) if divided else None
    draws = [
        stratified(active, 400, np.random.default_rng(seed), beside=beside) for seed in range(60)
    ]
    found = np.array([scores(d.drawn, d.weight) for d in draws])
    error = found.std(0) / np.sqrt(len(found))
    bias = np.abs(found.mean(0) - whole)
    np.testing.assert_array_less(bias[[0, 2, 3]], 4 * error[[0, 2, 3]] + 0.005)
    assert bias[1] < 0.07  # average precision is no ratio of sums: its bias shrinks with the sample
    naive = np.mean([scores(d.drawn, None)[1] for d in draws])
    assert abs(naive - whole[1]) > 0.25  # without weights: another number
