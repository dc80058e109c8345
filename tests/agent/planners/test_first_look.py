"""Investigations by a language model begin with a first look and the rules of a fit."""

from typing import Any

import numpy as np
import pytest
from colour_target import RED, colour_target, picture, scene_of
from endpoint import endpoint, says
from neuroscribe.agent.budget import Remaining, next_turn
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners import planner_factory
from neuroscribe.agent.planners.chat import Chat
from neuroscribe.agent.transcript import Recorder, make_header, replay
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.stories import stories
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.evidence import EvidenceStore
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.tool_groups import tools_of

LOOK = ["exemplars"] * 3
KEPT = [("conclude", {"label": "time", "components": [{"predictor": "H1"}]})]
RIVAL = [("test_hypotheses", {"hypotheses": [{"kind": "repeated"}]})]
NOTHING = [("conclude", {"label": "nothing", "components": [], "status": "uninterpretable"})]


@pytest.fixture(scope="module")
def planted() -> Target:
    return Target.load("planted")


@pytest.fixture(scope="module")
def windows(planted) -> Any:
    return cut(planted, list(stories(300)), length=64)


@pytest.fixture
def make(planted, windows) -> Any:
    return lambda **more: Lab(planted, windows, **more)


def investigated(lab: Lab, *acts: Any, unit: str = "planted/2", **more: Any):
    """What came of a unit, and the requests."""
    with endpoint(*acts) as server:
        factory = planner_factory("openai:m", base_url=server.url, retries=0)
        return investigate(lab, unit, factory, **more), server.requests


def test_the_first_request_shows_the_rules_and_a_conclusion_keeps_them_by_id(make, tmp_path):
    lab, path = make(), tmp_path / "a.jsonl"
    more = {"planner": "openai:m", "corpus": "stories", "corpus_hash": "", "length": 64}
    with Recorder(path, make_header(lab, "planted/2", **more)) as recorder:
        done, (request, _) = investigated(lab, says(*RIVAL), says(*KEPT), recorder=recorder)
    made = list(lab.evidence)
    rules = [item for item in made if item.tool == "hypothesise"]
    tested = next(item for item in made if item.tool == "test_hypotheses")
    tools = [*LOOK, *["hypothesise"] * len(rules), "test_hypotheses", "residual"]
    assert [item.tool for item in made] == [*tools, "test_hypotheses", "conclude"]
    system, about = request["messages"]
    assert (system["role"], about["role"]) == ("system", "user")
    for i, (item, row) in enumerate(zip(rules, tested.data["rows"], strict=True), 1):
        assert f"- H{i} (r {row['correlation']:.2f}" in about["content"]
        assert item.data["statement"] in about["content"]
    assert "Together the rules of the fit explain" in about["content"]
    assert f'H1 in full, in a program: result("{rules[0].id}")["predictor"]' in about["content"]
    assert "further ones: skip" in about["content"]
    assert about["content"].endswith("Begin.")
    assert len(about["content"]) / 4 < 3000
    assert done.description.status == "described"
    (component,) = done.description.components
    assert component.words == rules[0].data["statement"]
    assert tested.id in component.evidence
    assert done.description.notes == ()
    assert replay(path, lab=make()).same


def test_its_rules_predict_the_unit(make):
    lab = make()
    done, _ = investigated(lab, says(*KEPT))
    values, counted = lab.column(lab.target.unit("planted/2")), lab.explore.counted
    total = sum(parse(one.predictor).evaluate(lab.explore) for one in done.description.components)
    assert np.corrcoef(total[counted], values[counted])[0, 1] > 0.6


@pytest.mark.parametrize(
    ("groups", "look"),
    [("fit", LOOK), ("fit,exemplars", ["survey"]), ("units", ["outputs"])],
)
def test_what_is_left_out_does_not_stand_before_it(make, groups, look):
    lab = make(left_out=tools_of(groups))
    _, (request, *_) = investigated(lab, says(*NOTHING))
    assert [item.tool for item in lab.evidence][: len(look) + 1] == [*look, "conclude"]
    assert "H1" not in request["messages"][1]["content"]


def test_an_interrupted_investigation_shows_the_same_again(make, tmp_path, monkeypatch):
    path = tmp_path / "c.sqlite"

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Chat, "next", stopped)
        with pytest.raises(KeyboardInterrupt):
            investigated(make(), says(*KEPT), checkpoint=path)
    lab = make()
    done, (request, *_) = investigated(lab, says(*KEPT), checkpoint=path)
    assert request["messages"][1]["content"].count("- H1 (r ") == 1
    assert done.description.status == "described"
    assert [item.tool for item in lab.evidence][: len(LOOK) + 1] == [*LOOK, "hypothesise"]


def test_a_search_of_pictures_is_shown_too(tmp_path):
    target, rng = colour_target(), np.random.default_rng(0)
    rows: Any = image_rows(target, [picture(scene_of(rng)) for _ in range(60)])
    lab = Lab(target, rows, evidence=EvidenceStore(tmp_path / "a.pictures"))
    _, (request, *_) = investigated(lab, says(*NOTHING), unit=f"conv.0/{RED}")
    before = [item.tool for item in lab.evidence if item.tool != "conclude"]
    assert before == ["exemplars", "exemplars", "hypothesise", "test_hypotheses"]
    about, pictures = request["messages"][1:]
    assert "- H1 (r " in about["content"]
    assert "red" in about["content"].partition("- H1")[2].partition("\n")[0]
    assert [part["type"] for part in pictures["content"]].count("image_url") == 2


def test_a_turn_that_took_nothing_says_nothing_of_what_the_next_will_take():
    turns = [Remaining(steps=1, tokens=n, seconds=None, cost=None) for n in (0, 8000, 9000)]
    assert next_turn(turns)["tokens"] == 10_000
