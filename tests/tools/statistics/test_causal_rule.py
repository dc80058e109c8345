"""The rule that calls an effect causal, on numbers."""

import numpy as np
import pytest
from neuroscribe.tools.interventions.strength import balanced
from neuroscribe.tools.models import Unit
from neuroscribe.tools.statistics.causal_rule import (
    LEAST_CONTROLS,
    SHOWN,
    causal,
    p_of,
    verdict_text,
)

OTHERS = list(np.arange(1.0, LEAST_CONTROLS + 1))


@pytest.mark.parametrize(
    ("needed", "enough", "verdict"),
    [
        (40.0, 40.0, "causal"),
        (40.0, 38.5, "causal"),  # p = .025 and .05
        (40.0, 37.5, "weakly causal"),
        (1.0, 40.0, "weakly causal"),
        (38.5, 38.5, "no effect shown"),  # both .05: neither alone is beyond the other's chance
        (39.0, 1.0, "no effect shown"),  # as large as the largest is not more
        (0.0, 0.0, "no effect shown"),
    ],
)
def test_both_one_or_none(needed, enough, verdict):
    assert causal(needed, OTHERS, enough, OTHERS).verdict == verdict


def test_too_few_controls_are_not_testable_and_counted():
    found = causal(9.0, [1.0], 9.0, [1.0])
    assert found.verdict == "not testable"
    assert found.necessity.detectable is None
    text = verdict_text(found.as_dict(), str, "top")
    assert text == "verdict: not testable: 1 matched unit to compare with, 39 are needed"
    assert p_of(0.0, [0.0] * 39) == 1.0
    assert p_of(1.0, [1.0 + 1e-9] * 39) == 1.0  # rounding makes no difference


def test_what_could_have_been_detected_is_just_that():
    for n in (39, 60, 79, 119):
        others = list(np.random.default_rng(n).random(n))
        bar = causal(0.5, others, 0.0, others).necessity.detectable
        assert causal(bar * 1.001, others, 0.0, others).verdict == "weakly causal"
        assert causal(bar, others, 0.0, others).verdict == "no effect shown"


def test_half_of_the_matched_units_are_at_least_as_large():
    """Sizes are skewed: of the nearest to a large unit, most are smaller."""
    size = np.exp(np.linspace(3.0, 0.0, 120) ** 2 / 3)
    unit = Unit("mlp.0", 30)
    order = np.argsort(abs(size - size[30]), kind="stable")
    near = [Unit("mlp.0", int(at)) for at in order if at != 30]
    assert sum(size[one.index] > size[30] for one in near[:LEAST_CONTROLS]) < 15
    found = balanced(unit, near, size)
    assert len(found) == len(set(found)) == LEAST_CONTROLS
    assert sum(size[one.index] > size[30] for one in found) == 20
    largest = balanced(Unit("mlp.0", 0), [Unit("mlp.0", at) for at in range(1, 60)], size)
    assert [one.index for one in largest] == list(range(1, 40))


def test_false_effects_are_at_most_one_in_twenty():
    """Exchangeable units whose two numbers go together or not."""
    rng = np.random.default_rng(0)
    for share in (0.0, 0.7):
        drawn = rng.lognormal(sigma=2.0, size=(4000, 2, LEAST_CONTROLS + 1))
        drawn[:, 1] = share * drawn[:, 0] + (1 - share) * drawn[:, 1]
        shown = [causal(a[0], list(a[1:]), b[0], list(b[1:])).verdict in SHOWN for a, b in drawn]
        assert np.mean(shown) <= 0.057
