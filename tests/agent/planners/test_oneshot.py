"""One request gives one description, whose request is a small one and whose failures are said."""

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners import planner_factory
from neuroscribe.agent.planners.oneshot import OneShotFactory, read_answer
from neuroscribe.tools.data.stories import stories
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.tool_groups import tools_of

GOOD = {
    "label": "units of time after numbers",
    "predictor": {
        "kind": "and",
        "of": [
            {"kind": "words", "words": ["year", "day", "week", "hour"], "inflect": True},
            {"kind": "previous", "of": {"kind": "regex", "pattern": "(n|ty|x)$", "on": "word"}},
        ],
    },
    "confidence": 0.7,
}


class Model:
    """A language model that says one thing after another, and keeps what it was asked."""

    model = "m"

    def __init__(self, *texts: str) -> None:
        self.texts, self.asked = texts, []

    def complete(self, messages: Any, **options: Any) -> Any:
        self.asked.append(messages)
        text = self.texts[min(len(self.asked), len(self.texts)) - 1]
        return SimpleNamespace(text=text, finish_reason="stop")


@pytest.fixture(scope="module")
def planted() -> Target:
    return Target.load("planted")


@pytest.fixture
def lab(planted) -> Lab:
    return Lab(planted, cut(planted, list(stories(300)), length=64))


def described(lab: Lab, *texts: str):
    model = Model(*texts)
    return investigate(lab, "planted/2", OneShotFactory(model)), model


def test_one_request_gives_a_tested_description(lab):
    found, model = described(lab, f"Here it is:\n{json.dumps(GOOD)}")
    assert found.status == "described"
    assert found.description.label == GOOD["label"]
    assert found.description.confidence == 0.7
    part, *fit = found.description.components
    recorded = [item for item in lab.evidence if item.tool == "hypothesise"]
    tested = next(item for item in lab.evidence if item.tool == "test_hypotheses")
    assert part.evidence == (tested.id,)
    assert part.predictor["kind"] == "and"
    assert [one.predictor for one in fit] == [item.data["predictor"] for item in recorded]
    assert [item.tool for item in lab.evidence][:3] == ["exemplars"] * 3
    assert len(model.asked) == 1


def test_what_a_fit_finds_is_shown_and_stays_beside_the_predictor(lab):
    found, model = described(lab, json.dumps(GOOD))
    fit = found.description.components[1:]
    assert fit
    shown = model.asked[0][1]["content"]
    assert all(f"- {one.words}" in shown for one in fit)
    values, counted = lab.column(lab.target.unit("planted/2")), lab.explore.counted
    total = sum(parse(one.predictor).evaluate(lab.explore) for one in fit)
    assert np.corrcoef(total[counted], values[counted])[0, 1] > 0.6


def test_the_request_shows_peaks_bands_pairs_and_output_words_in_few_tokens(lab):
    _, model = described(lab, json.dumps(GOOD))
    system, user = (message["content"] for message in model.asked[0])
    for word in ("top exemplars", "quantile exemplars", "pairs exemplars", "write toward"):
        assert word in user
    assert "left:" not in user
    assert "Budget" not in user
    assert len(system + user) / 4 < 3000
    assert '"ing$"' in system


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no", "holds no description"),
        ('{"label": "x"}', "no predictor that can be read"),
        ('{"label": "x", "predictor": {"kind": "nonsense"}}', "no predictor that can be read"),
        ("", "holds no description"),
    ],
)
def test_a_reply_without_a_description_ends_it_as_failed(lab, text, why):
    found, model = described(lab, text)
    assert found.status == "failed"
    assert why in str(found.reason)
    assert len(model.asked) == 2


def test_it_is_asked_once_more_with_what_could_not_be_read(lab):
    bad = json.dumps({**GOOD, "predictor": {"kind": "regex", "pattern": "x" * 301}})
    found, model = described(lab, bad, json.dumps(GOOD))
    assert found.status == "described"
    assert found.description.label == GOOD["label"]
    told = model.asked[1][-1]["content"]
    assert "should have at most 300 characters" in told
    assert len(model.asked) == 2


@pytest.mark.parametrize(
    ("groups", "opening", "seen", "unseen"),
    [
        ("exemplars", ["survey"], "how often it is active", "top exemplars"),
        ("units", ["outputs"], "activations are hidden", "write toward"),
    ],
)
def test_what_is_left_out_is_not_shown(planted, groups, opening, seen, unseen):
    windows = cut(planted, list(stories(300)), length=64)
    lab = Lab(planted, windows, left_out=tools_of(groups))
    found, model = described(lab, json.dumps(GOOD))
    assert found.status == "described"
    assert found.description.notes == ()
    tested = [] if groups == "units" else ["test_hypotheses"]
    called = [item.tool for item in lab.evidence if item.tool != "hypothesise"]
    assert called == [*opening, *tested, "conclude"]
    assert not any(item.error for item in lab.evidence)
    asked = " ".join(message["content"] for message in model.asked[0])
    assert seen in asked
    assert unseen not in asked


def test_words_stand_in_for_a_predictor_that_cannot_be_read():
    found = read_answer('{"label": "x", "predictor": {"kind": "no"}, "words": ["cat"]}')
    assert found["predictor"]["words"] == ["cat"]
    assert found["confidence"] == 0.5


def test_names(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert planner_factory("oneshot:m").name == "oneshot:m"
    assert planner_factory("triage:m").name == "triage:m"
    with pytest.raises(UsageError, match="--planner oneshot needs a model: oneshot:MODEL"):
        planner_factory("oneshot")
    with pytest.raises(UsageError, match="no planner 'onshot:m'; nearest: oneshot:MODEL"):
        planner_factory("onshot:m")


def test_pictures_are_refused(lab):
    with pytest.raises(UsageError, match="reads text, and pictures looks at pictures"):
        OneShotFactory(Model(""))(SimpleNamespace(target=Target.load("pictures")))
