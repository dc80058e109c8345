"""Correlations of all pairs are those of whole activations; shuffled rows break them."""

import numpy as np
import pytest
from neuroscribe.tools import instruments as _belt  # noqa: F401
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab, measure
from neuroscribe.tools.models import Target
from neuroscribe.tools.registry import call


@pytest.fixture(scope="module")
def lab() -> Lab:
    target = Target.load("planted")
    corpus = load_corpus("builtin:stories:200", target=target)
    return Lab(target, cut(target, corpus.splits().explore, length=64), open=True)


@pytest.fixture(scope="module")
def truth(lab: Lab) -> np.ndarray:
    """Pearson's r of all pairs, `[unit, unit]`."""
    units = [lab.target.unit(f"mlp.1/{at}") for at in range(lab.target.sites["mlp.1"].units)]
    return np.corrcoef(measure(lab.target, lab.explore, units)[:, lab.explore.counted])


def test_the_most_alike_and_most_opposite_pairs(lab: Lab, truth: np.ndarray) -> None:
    found = call(lab, "alike_units", {"sites": ["mlp.1"], "many": 3}).data
    first, second = np.triu_indices(len(truth), 1)
    order = np.argsort(-truth[first, second])
    for row, rank in zip(found["alike"], order[:3], strict=True):
        assert row["first"] == f"mlp.1/{first[rank]}"
        assert row["second"] == f"mlp.1/{second[rank]}"
        assert row["correlation"] == pytest.approx(truth[first[rank], second[rank]], abs=1e-3)
    assert found["opposite"][0]["correlation"] == pytest.approx(truth.min(), abs=1e-3)
    assert found["control"] < 0.2 < found["alike"][0]["correlation"]


def test_units_most_like_one(lab: Lab, truth: np.ndarray) -> None:
    found = call(lab, "alike_units", {"sites": ["mlp.1"], "unit": "mlp.1/7-", "many": 2}).data
    others = np.delete(np.arange(len(truth)), 7)
    best = others[np.argsort(truth[7, others])[0]]  # the sign is turned
    assert found["alike"][0]["second"] == f"mlp.1/{best}"
    assert found["alike"][0]["correlation"] == pytest.approx(-truth[7, best], abs=1e-3)
    assert found["alike"][0]["first"] == "mlp.1/7-"


def test_too_many_units_are_refused(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuroscribe.tools.instruments.alike_units.MOST_UNITS", 100)
    assert "name sites" in str(call(lab, "alike_units", {"sites": ["mlp.1"]}).error)


def test_what_is_not_finite_or_never_changes_heads_no_list(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neuroscribe.tools.instruments import alike_units

    plain = alike_units._values

    def broken(lab: Lab, sites: list[str], at: int) -> np.ndarray:
        x = plain(lab, sites, at).copy()
        x[0, 3] = np.nan
        x[:, 5] = 0.25
        return x

    monkeypatch.setattr(alike_units, "_values", broken)
    found = call(lab, "alike_units", {"sites": ["mlp.1"], "many": 25})
    assert found.error is None
    for row in (*found.data["alike"], *found.data["opposite"]):
        assert np.isfinite(row["correlation"])
        assert not {row["first"], row["second"]} & {"mlp.1/3", "mlp.1/5"}
    assert found.data["constant"] == 2
    assert np.isfinite(found.data["control"])
    for unit in ("mlp.1/3", "mlp.1/5"):
        said = call(lab, "alike_units", {"sites": ["mlp.1"], "unit": unit}).error
        assert "nothing correlates" in str(said)
