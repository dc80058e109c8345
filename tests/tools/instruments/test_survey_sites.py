"""Numbers of all units of sites are those of the whole activations."""

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
    corpus = load_corpus("builtin:stories:60", target=target)
    return Lab(target, cut(target, corpus.splits().explore, length=64), open=True)


def test_numbers_are_those_of_all_activations(lab: Lab) -> None:
    given = {"sites": ["mlp.1"], "above": 0.5, "order": "mean", "many": 50}
    found = call(lab, "survey_sites", given).data
    units = [lab.target.unit(f"mlp.1/{at}") for at in range(lab.target.sites["mlp.1"].units)]
    values = measure(lab.target, lab.explore, units)[:, lab.explore.counted]  # [unit, place]
    assert found["surveyed"] == len(units)
    assert found["never_above"] == int((values.max(1) <= 0.5).sum())
    order = np.argsort(-values.mean(1), kind="stable")
    assert [row["unit"] for row in found["units"][:5]] == [f"mlp.1/{at}" for at in order[:5]]
    for row in found["units"][:10]:
        column = values[int(row["unit"].split("/")[1])]
        assert row["max"] == pytest.approx(column.max(), rel=1e-4)
        assert row["sd"] == pytest.approx(column.std(), rel=1e-3)
        assert row["firing"] == pytest.approx((column > 0).mean(), rel=1e-5)
        assert row["above"] == pytest.approx((column > 0.5).mean(), abs=1e-6)


def test_the_least_come_first_where_asked(lab: Lab) -> None:
    up = call(lab, "survey_sites", {"sites": ["planted"], "order": "firing", "least_first": True})
    rates = [row["firing"] for row in up.data["units"]]
    assert rates == sorted(rates)


def test_a_site_that_is_not_there_is_said(lab: Lab) -> None:
    assert "mlp.7" in str(call(lab, "survey_sites", {"sites": ["mlp.7"]}).error)
