"""Names of channels: planted looks are named with their counts, and noise gets no name."""

import numpy as np
from neuroscribe.agent.planners.builtin.pictures.naming import Measures, PlaceName, _looks_name
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.predicates.patches import MEASURES, SIZES

SIZE, RISING = list(SIZES).index("small"), list(MEASURES).index("rising lines")


def half(rng: np.random.Generator, *, planted: bool) -> Measures:
    """Spots of every kind look alike, but for lines at nine in ten of the channel's own."""
    parts = [
        0.6 * rng.random((n, len(SIZES), len(MEASURES))).astype(np.float32)
        for n in (36, 12, 400, 400)
    ]
    if planted:
        for own in parts[:2]:
            own[: round(0.9 * len(own)), SIZE, RISING] = 0.8
    return Measures(*parts)


def found(rng: np.random.Generator, *, planted: bool) -> list[PlaceName]:
    one, other = (half(rng, planted=planted) for _ in range(2))
    both = (_looks_name(one, other), _looks_name(other, one))
    return [name for name in both if name is not None]


def test_a_planted_look_is_named_with_its_counts():
    for seed in range(5):
        names = found(np.random.default_rng(seed), planted=True)
        assert names
        for name in names:
            assert parse(name.predicate).noun() == "lines rising to the right"
            assert name.predicate["size"] == "small"
            assert name.short() == "lines rising to the right (11 of 12)"
            assert max(name.others, name.random) < 0.1


def test_noise_gets_a_name_in_at_most_one_of_twenty():
    named = sum(bool(found(np.random.default_rng(seed), planted=False)) for seed in range(60))
    assert named <= 6  # 5% of 60, and twice the standard deviation
