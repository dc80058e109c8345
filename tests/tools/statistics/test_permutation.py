"""Ranks among controls, and what many tests at once do to them."""

import numpy as np
import pytest
from neuroscribe.tools.statistics.permutation import false_discovery_rate, p_value, percentile


def test_ranks_among_controls():
    assert p_value(3.0, [1.0, 2.0, 3.0]) == pytest.approx(2 / 4)
    assert p_value(9.0, []) == 1.0
    assert percentile(2.0, [1.0, 2.0, 3.0, 4.0]) == pytest.approx(37.5)
    assert percentile(2.0, []) == 50.0
    assert false_discovery_rate([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert false_discovery_rate([]).size == 0
    rng = np.random.default_rng(0)
    p = np.array([p_value(row[0], row[1:]) for row in rng.normal(size=(4000, 40))])
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.012)
