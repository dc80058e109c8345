"""Association of two columns, at its edges."""

import numpy as np
import pytest
from neuroscribe.tools.statistics.association import auroc, correlation


def test_association_at_its_edges():
    truth = np.array([1, 1, 0, 0], bool)
    assert auroc(truth, np.array([3.0, 1.0, 1.0, -np.inf])) == pytest.approx(0.875)
    assert auroc(truth, np.array([-np.inf, 1.0, 0.0, 0.0])) == pytest.approx(0.5)
    assert np.isnan(auroc(np.ones(3, bool), np.arange(3.0)))
    assert auroc(np.ones(3, bool), np.arange(3.0), undefined=0.5) == 0.5
    assert correlation(np.ones(5), np.arange(5.0)) == 0.0
    assert correlation(np.arange(5.0), -np.arange(5.0)) == pytest.approx(-1)
