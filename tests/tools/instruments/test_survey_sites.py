"""Numbers of all units of sites are those of the whole activations."""

import numpy as np
import pytest
from checks import done, rejects
from neuroscribe.tools.lab import measure
from neuroscribe.tools.registry import call


def test_numbers_are_those_of_all_activations(host_lab):
    given = {"sites": ["mlp.1"], "above": 0.5, "order": "mean", "many": 50}
    found = call(host_lab, "survey_sites", given).data
    units = [
        host_lab.target.unit(f"mlp.1/{at}") for at in range(host_lab.target.sites["mlp.1"].units)
    ]
    values = measure(host_lab.target, host_lab.explore, units)[
        :, host_lab.explore.counted
    ]  # [unit, place]
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


def test_the_least_come_first_where_asked(host_lab):
    up = done(host_lab, "survey_sites", sites=["planted"], order="firing", least_first=True)
    rates = [row["firing"] for row in up.data["units"]]
    assert rates == sorted(rates)
    rejects("mlp.7", host_lab, "survey_sites", {"sites": ["mlp.7"]})
