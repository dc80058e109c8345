"""Shrunk tables and weights beside them, against direct computations and on data without signal."""

import numpy as np
import pytest
from neuroscribe.tools.statistics.mixed_model import crossed_model, mixed_model, non_negative
from neuroscribe.tools.statistics.shrunk_table import crossed, shrunk_table
from scipy.optimize import nnls


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def groups(rng):
    """Of very different size; many occur once."""
    return np.minimum(rng.zipf(1.2, 6000) % 1000, 3000)


def test_variances_are_those_that_made_the_values(groups, rng):
    effect = rng.normal(2, 0.5, 3001)
    table = shrunk_table(groups, effect[groups] + rng.normal(0, 1, len(groups)))
    assert table.strength == pytest.approx(4, rel=0.4)  # s2within 1, s2between .25
    assert table.level == pytest.approx(2, abs=0.1)
    n = table.counts
    share = n / (n + table.strength)
    raw = (table.means - table.level * (1 - share)) / share
    assert raw[n.argmax()] == pytest.approx(effect[table.keys[n.argmax()]], abs=0.1)
    assert (table.read(np.array([9999])) == table.level).all()


def test_groups_that_do_not_differ_get_one_mean(groups, rng):
    values = rng.normal(5, 1, len(groups))
    table = shrunk_table(groups, values)
    assert np.abs(table.means - 5).max() < 0.2
    one = shrunk_table(np.zeros(9, int), np.arange(9.0))
    assert (one.level, one.means.tolist(), one.strength) == (4, [4], np.inf)
    none = shrunk_table(np.zeros(0, int), np.zeros(0))
    assert none.read(np.array([3])).tolist() == [0]
    alone = shrunk_table(np.arange(9), np.arange(9.0))  # groups of one: nothing tells noise
    assert alone.means.tolist() == [4.0] * 9


def test_it_predicts_other_documents_better_than_plain_means(groups, rng):
    effect, half = rng.normal(0, 0.5, 3001), rng.random(len(groups)) < 0.5
    values = effect[groups] + rng.normal(0, 1, len(groups))
    plain = np.empty(len(groups))
    for test in (half, ~half):
        total, n = (
            np.bincount(groups[~test], values[~test], 3001),
            np.bincount(groups[~test], minlength=3001),
        )
        plain[test] = np.where(n > 0, total / np.maximum(n, 1), values[~test].mean())[groups[test]]
    error = np.square(values - crossed(groups, values, half)).mean()
    assert error < 0.99 * np.square(values - plain).mean()


def test_weights_are_those_of_generalised_least_squares(rng):
    groups = rng.integers(0, 12, 150)
    columns = np.abs(rng.normal(size=(2, 150)))
    values = (
        rng.normal(0, 2, 12)[groups] + 1.5 * columns[0] + 0.4 * columns[1] + rng.normal(size=150)
    )
    model = mixed_model(groups, columns, values)
    strength = mixed_model(groups, columns, values).table.strength
    for _ in range(20):  # the variances of what is left, to their fixed point
        covariance = np.eye(150) + (groups[:, None] == groups) / strength
        inverse = np.linalg.inv(covariance)
        x = np.vstack([np.ones(150), columns]).T
        weights = np.linalg.solve(x.T @ inverse @ x, x.T @ inverse @ values)
        strength = shrunk_table(groups, values - x[:, 1:] @ weights[1:]).strength
    assert model.weights == pytest.approx(weights[1:], abs=1e-3)


def test_a_column_gets_what_it_says_beyond_groups_and_nothing_else(groups, rng):
    half = rng.random(len(groups)) < 0.5
    base = rng.normal(0, 1, 3001)[groups]
    signal, noise = rng.integers(0, 2, (2, len(groups))).astype(float)
    names = (groups == 1).astype(float)  # which the table says as well
    values = base + 0.8 * signal + rng.normal(0, 0.5, len(groups))
    model = crossed_model(groups, np.stack([signal, noise, names, 0 * names]), values, half)
    assert model.weights[:, 0] == pytest.approx([0.8, 0.8], abs=0.06)
    assert (model.weights[:, 1] < 0.05).all()
    assert (model.weights[:, 3] == 0).all()
    left = values - model.total
    bare = values - crossed_model(groups, np.stack([signal]), values, half).total
    assert np.square(left).mean() == pytest.approx(np.square(bare).mean(), rel=0.02)


def test_a_value_that_is_its_group_needs_no_column(groups):
    values = (groups % 7).astype(float)
    columns = np.stack([(groups == 2), (groups % 7 == 3)]).astype(float)
    model = mixed_model(groups, columns, values)
    assert np.isfinite(model.weights).all()
    predicted = model.table.read(groups) + model.weights @ columns
    assert predicted == pytest.approx(values, abs=1e-3)


def test_non_negative_least_squares_from_sums(rng):
    x, y = rng.normal(size=(3, 50)), rng.normal(size=(50, 4))
    expected = np.stack([nnls(x.T, column)[0] for column in y.T], 1)
    assert non_negative(x @ x.T, x @ y) == pytest.approx(expected, abs=1e-8)
