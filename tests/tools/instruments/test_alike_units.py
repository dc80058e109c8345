"""Correlations of all pairs are those of whole activations; shuffled rows break them."""

import numpy as np
import pytest
from checks import done, rejects
from neuroscribe.tools.lab import Lab, measure
from neuroscribe.tools.registry import call


@pytest.fixture
def truth(host_lab: Lab) -> np.ndarray:
    """Pearson's r of all pairs, `[unit, unit]`."""
    units = [
        host_lab.target.unit(f"mlp.1/{at}") for at in range(host_lab.target.sites["mlp.1"].units)
    ]
    return np.corrcoef(
        measure(host_lab.target, host_lab.explore, units)[:, host_lab.explore.counted]
    )


def test_the_most_alike_and_most_opposite_pairs(host_lab, truth):
    found = call(host_lab, "alike_units", {"sites": ["mlp.1"], "many": 3}).data
    first, second = np.triu_indices(len(truth), 1)
    order = np.argsort(-truth[first, second])
    for row, rank in zip(found["alike"], order[:3], strict=True):
        assert row["first"] == f"mlp.1/{first[rank]}"
        assert row["second"] == f"mlp.1/{second[rank]}"
        assert row["correlation"] == pytest.approx(truth[first[rank], second[rank]], abs=1e-3)
    assert found["opposite"][0]["correlation"] == pytest.approx(truth.min(), abs=1e-3)
    assert found["control"] < 0.2 < found["alike"][0]["correlation"]


def test_units_most_like_one(host_lab, truth, monkeypatch):
    given = {"sites": ["mlp.1"], "unit": "mlp.1/7-", "many": 2}
    found = call(host_lab, "alike_units", given).data
    others = np.delete(np.arange(len(truth)), 7)
    best = others[np.argsort(truth[7, others])[0]]  # the sign is turned
    assert found["alike"][0]["second"] == f"mlp.1/{best}"
    assert found["alike"][0]["correlation"] == pytest.approx(-truth[7, best], abs=1e-3)
    assert found["alike"][0]["first"] == "mlp.1/7-"
    monkeypatch.setattr("neuroscribe.tools.instruments.alike_units.MOST_UNITS", 100)
    rejects("name sites", host_lab, "alike_units", {"sites": ["mlp.1"]})


def test_what_is_not_finite_or_never_changes_heads_no_list(host_lab, monkeypatch):
    from neuroscribe.tools.instruments import alike_units

    plain = alike_units._values

    def broken(lab: Lab, sites: list[str], at: int) -> np.ndarray:
        x = plain(host_lab, sites, at).copy()
        x[0, 3] = np.nan
        x[:, 5] = 0.25
        return x

    monkeypatch.setattr(alike_units, "_values", broken)
    found = done(host_lab, "alike_units", {"sites": ["mlp.1"], "many": 25})
    for row in (*found.data["alike"], *found.data["opposite"]):
        assert np.isfinite(row["correlation"])
        assert not {row["first"], row["second"]} & {"mlp.1/3", "mlp.1/5"}
    assert found.data["constant"] == 2
    assert np.isfinite(found.data["control"])
    for unit in ("mlp.1/3", "mlp.1/5"):
        rejects("nothing correlates", host_lab, "alike_units", {"sites": ["mlp.1"], "unit": unit})
