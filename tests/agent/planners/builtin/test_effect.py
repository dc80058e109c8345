"""The built-in planner says what a unit does and cites the experiment; records keep the figures."""

import json

import pytest
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners import planner_factory
from neuroscribe.tasks.scoring.effect_scores import effect_scores
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target

TEXT = (
    "Once upon a time there was a little girl named Lily. She loved to play in the park.",
    "The king would have gone to the city, but his horse was tired and he could not walk.",
    "In May the farmers sold twelve sheep and bought a red cart for half of the money.",
    "Tom and his dog ran to the big tree. They saw a bird, and the bird sang all day.",
)


@pytest.fixture(scope="module")
def done(stories260k: Target):
    lab = Lab(stories260k, cut(stories260k, [*TEXT] * 3, length=32))
    return lab, investigate(lab, "mlp.2/3", planner_factory("builtin"))


def test_the_effect_cites_what_measured_it(done) -> None:
    lab, found = done
    effect = found.description.effect
    assert effect is not None
    cited = [item for item in lab.evidence if item.id in effect.evidence]
    assert [item.tool for item in cited] == ["unit_effect"]
    assert effect.words.startswith(
        ("raises '", "redundant with", "no effect shown", "not testable")
    )


def test_the_record_keeps_the_figures(done) -> None:
    lab, _ = done
    kept = effect_scores(lab, lab.target.unit("mlp.2/3"))
    assert kept is not None
    assert json.loads(json.dumps(kept)) == kept
    assert [one["percentile"] for one in kept["sufficiency"]] == pytest.approx([50, 99, 99.9])
    assert kept["controls"] == kept["test"]["necessity"]["n"] == 39
    assert {"necessity", "total", "direct", "held_out", "percentile", "p"} <= set(kept)
    assert effect_scores(lab, lab.target.unit("mlp.2/4")) is None
