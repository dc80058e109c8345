"""MAIA's predictive protocol on planted units that look at pictures."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from neuroscribe.tasks.evaluation.scorers import SCORERS, Case, Panel, score_all
from neuroscribe.tasks.evaluation.scorers.judges import instructions
from neuroscribe.tasks.evaluation.suite_vision import VisionSuite
from neuroscribe.tasks.groundtruth.images import draw, functions
from neuroscribe.tasks.groundtruth.images.atoms import Like
from neuroscribe.tasks.groundtruth.images.suite import bench
from neuroscribe.tasks.labelling.data import RunData
from oracles import Replies

RED_CAT = {
    "kind": "thing",
    "of": [{"kind": "object", "names": ["cat"]}, {"kind": "colour", "colours": ["red"]}],
}
CAT = {"kind": "object", "names": ["cat"]}
BOAT = {"kind": "object", "names": ["boat"]}


@pytest.fixture(scope="module")
def setting():
    """A bench with one unit that answers to red cats."""
    function = functions.same_thing(Like(("cat",)), Like(colours=("red",)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw.PictureDraw, "function", lambda self, kind, turn: function)
        ground = bench("A", 4, kinds=("and",), each=1, inexpressible_each=0, pictures=90)
    windows = VisionSuite().windows(ground, length=1, told=True)
    (planted,) = ground.units
    unit = ground.target.unit(planted.unit)
    splits = RunData(ground.target, ground.corpus, windows).measure([unit])[unit]
    return SimpleNamespace(target=ground.target, unit=unit, splits=splits)


def case(setting, *predictors):
    return Case(
        "red cats", setting.splits, predictors=predictors, target=setting.target, unit=setting.unit
    )


def scored(setting, *predictors):
    rng = np.random.default_rng(3)
    return SCORERS["predictive"](case(setting, *predictors), Panel(), rng)


@pytest.mark.slow
def test_the_true_description_foretells_near_misses_too(setting):
    score = scored(setting, RED_CAT)
    assert score.value > 0.95
    assert score.parts["near_miss"]["value"] > 0.95
    assert score.parts["author"] == "predictor"
    assert score.parts["active"]["fit"] > 0.9
    assert all("cat" in prompt for prompt in score.parts["texts"]["fit"])


@pytest.mark.slow
def test_a_description_that_is_too_narrow_or_wrong_falls(setting):
    broad, wrong = scored(setting, CAT), scored(setting, BOAT)
    assert broad.value < 0.8
    assert broad.parts["active"]["fit"] < 0.5
    assert wrong.value < 0.9
    assert wrong.parts["active"]["fit"] < 0.15


def test_a_judge_writes_prompts_and_what_cannot_be_drawn_is_wrong(setting):
    five = ("blue", "white", "cyan", "pink", "grey")
    prompts = {
        "fit": [f"a red cat on a {c} background" for c in five],
        "near_miss": [f"a {c} cat on a meadow" for c in five],
        "unrelated": [f"a {c} boat at sea" for c in five],
    }
    good = Replies(lambda question: json.dumps(prompts))
    score = SCORERS["predictive"](case(setting), Panel(judge=good), np.random.default_rng(1))
    assert score.value == 1.0
    assert score.failed == 0
    assert good.asked[0].job == "predictive_pictures"
    assert "cat" in good.asked[0].data["vocabulary"]["things"]
    assert instructions("predictive_pictures")
    other = {**prompts, "fit": [*prompts["fit"][:4], "a xylophone"]}
    bad = Replies(lambda question: json.dumps(other))
    worse = SCORERS["predictive"](case(setting), Panel(judge=bad), np.random.default_rng(1))
    assert worse.failed == 4  # once a round
    assert worse.value == pytest.approx(0.8)


def test_scorers_that_read_text_say_so(setting):
    given = case(setting, RED_CAT)
    found = score_all(given, Panel(), names=("predicate", "detection", "surprisal"), seed=1)
    assert found["predicate"].value is not None
    assert found["detection"].value is None
    assert "pictures" in found["detection"].reason
