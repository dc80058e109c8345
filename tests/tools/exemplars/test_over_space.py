"""Largest and least values over space, in every layout, against the plain reduction."""

import pytest
import torch
from neuroscribe.tools.exemplars.over_space import largest, least


@pytest.mark.parametrize("units", [1, 3, 16, 32, 48, 96, 1000])
@pytest.mark.parametrize("places", [1, 2, 31, 49, 110])
def test_the_same_as_the_plain_reduction(units, places):
    made = torch.Generator().manual_seed(units * places)
    values = torch.randn(4, places, units, generator=made)
    turned = values.transpose(1, 2).contiguous().transpose(1, 2)  # places side by side
    part = torch.randn(4, places + 3, units, generator=made)[:, 3:]
    every_other = torch.randn(4, places, 2 * units, generator=made)[:, :, ::2]
    for one in (values, turned, part, every_other):
        assert torch.equal(largest(one), one.amax(1))
        assert torch.equal(least(one), one.amin(1))


def test_what_is_not_finite_stays():
    values = torch.zeros(2, 40, 16)
    values[0, 7, 3], values[1, 39, 5] = torch.nan, torch.inf
    found = largest(values)
    assert found[0, 3].isnan()
    assert found[1, 5] == torch.inf
