"""The planner's tool: its text says what the lens measured."""

import pytest
from checks import done, rejects
from neuroscribe.tools.attribution import target_prompt
from neuroscribe.tools.lens.logit_lens import logit_lens
from neuroscribe.tools.registry import call

ASKED = {"prompt": "She loved to play outside in", "target": " the"}


def test_it_shows_where_the_prediction_arises(open_stories_lab):
    found = done(open_stories_lab, "lens", ASKED)
    target = open_stories_lab.target
    (one,) = logit_lens(target, target_prompt(target, ASKED["prompt"], " the")).trajectories
    assert found.data["rank"] == list(one.rank)
    assert found.data["probability"] == pytest.approx(one.probability, rel=1e-4)
    lines = found.text.splitlines()
    assert len(lines) == len(one.rank) + 3
    assert lines[7].startswith(f"mlp_out.2: {one.probability[6]:.3g}, {one.rank[6]}, ")
    assert lines[7].endswith("<- mlp.2/3 writes here")
    assert found.data["points"][found.data["settled"]] in lines[-2]
    assert "measure a contrast" in lines[-1]  # p is .90
    assert len(found.text) < 1500
    longer = {**ASKED, "target": " the garden"}
    rejects("tokens behind this prompt", open_stories_lab, "lens", longer)
    own = call(open_stories_lab, "lens", {"prompt": ASKED["prompt"]})
    assert own.data["token"] == " the"
