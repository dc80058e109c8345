"""The expected-activation curve of known predictions."""

import numpy as np
import pytest
from neuroscribe.tasks.scoring.curve import MOST, expected_activation
from neuroscribe.tools.statistics.bootstrap import Resampler

TOKENS = 4000


def test_a_right_prediction_lies_on_the_diagonal():
    rng = np.random.default_rng(0)
    prediction = rng.choice([0.0, 0.5, 1.0], TOKENS, p=[0.8, 0.15, 0.05])
    truth = prediction + rng.normal(0, 0.1, TOKENS)
    points = expected_activation(prediction, truth, Resampler(np.arange(TOKENS) // 50))
    assert [point["predicted"] for point in points] == [0.0, 0.5, 1.0]
    assert [point["mean"] for point in points] == pytest.approx([0.0, 0.5, 1.0], abs=0.03)
    assert all(point["low"] <= point["mean"] <= point["high"] for point in points)
    assert sum(point["tokens"] for point in points) == TOKENS


def test_many_levels_become_few_points_with_the_lowest_apart():
    rng = np.random.default_rng(0)
    prediction = np.where(rng.random(TOKENS) < 0.7, 0.0, rng.random(TOKENS))
    points = expected_activation(prediction, prediction**2, Resampler(np.arange(TOKENS) // 50))
    assert len(points) == MOST
    assert points[0]["predicted"] == 0.0
    assert points[0]["tokens"] == int((prediction == 0).sum())
    assert [p["mean"] for p in points] == sorted(p["mean"] for p in points)


def test_a_constant_prediction_is_one_point():
    points = expected_activation(np.full(9, 0.2), np.arange(9.0), Resampler(np.arange(9)))
    assert [(point["predicted"], point["mean"]) for point in points] == [(pytest.approx(0.2), 4.0)]
