"""The loop with scripted planners: order, repairs, budgets, reviews."""

import json
from typing import Any

import pytest
from neuroscribe.agent.budget import Budget
from neuroscribe.agent.investigate import Investigation, investigate
from neuroscribe.agent.loop import MAX_IDLE
from neuroscribe.agent.state import State
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.llm.usage import Meter
from pets import MEASURE, RIVALS, concluding
from scripted import Scripted, Turn

SURVEY: Turn = [("survey", {})]
HASTY: Turn = [RIVALS[0], MEASURE[0]]  # type: ignore[index]
BAD = {"words": "birds", "predictor": {"kind": "nothing"}, "evidence": ["E3"]}
BIRDS: Turn = [("conclude", {"label": "birds", "components": [BAD]})]


def run(lab: Lab, *turns: Any, **more: Any) -> tuple[Investigation, Scripted]:
    """Runs a script on the pet unit."""
    planner = Scripted(turns)
    unit = more.pop("unit", "planted/0")
    return investigate(lab, unit, planner, **more), planner


def read(planner: Scripted, role: str = "tool") -> list[str]:
    """The messages of a role that the planner read last."""
    return [m["content"] for m in planner.seen[-1]["messages"] if m["role"] == role]


def last(planner: Scripted) -> str:
    """What the planner read last."""
    return planner.seen[-1]["messages"][-1]["content"]


def measures(state: State) -> Turn:
    """Another experiment each turn."""
    return [("activations", {"texts": ["a cat" + " ran" * state["step"]]})]


def test_an_ordinary_investigation(lab):
    done, planner = run(lab, RIVALS, MEASURE, concluding("E3"), budget=Budget(steps=9))
    assert (done.status, done.reason, done.steps) == ("described", None, 3)
    assert done.description.label == "pets"
    assert done.description.components[0].evidence == ("E3",)
    assert [row["id"] for row in done.ledger] == ["H1", "H2"]
    roles = "system user assistant tool tool assistant tool"
    assert [message["role"] for message in planner.seen[-1]["messages"]] == roles.split()
    first = planner.seen[0]["messages"]
    assert "planted/0" in first[1]["content"]
    assert "planted/0" not in first[0]["content"], "message 1 is the same for all investigations"
    tools = read(planner)  # the ledger and the budget stand under the last result of a turn only
    assert ["LEDGER" in text for text in tools] == [False, True, True]
    assert "UNTESTED" in tools[1]
    assert "UNTESTED" not in tools[2]
    assert tools[2].startswith("[E3] ")
    assert "H1" in tools[2]
    assert "(left: 7 turns, 200,000 tokens, " in tools[2]
    assert tools[2].endswith("; about 5 such before only conclude is run)")


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ({"content": "It is about pets."}, "no tool call"),
        ({"content": None}, "empty"),
        ({"content": "", "refusal": "I cannot help"}, "refused: I cannot help"),
        ({"content": None, "finish_reason": "content_filter"}, "content filter"),
        ({"content": "so", "finish_reason": "length"}, "cut off"),
        ({"content": None, "tool_calls": "nonsense"}, "empty"),
        ({"content": None, "tool_calls": [{"id": "a", "function": {}}]}, "empty"),
    ],
)
def test_a_reply_without_calls_is_told_what_was_wrong(lab, reply, told):
    done, planner = run(lab, reply, RIVALS, MEASURE, concluding("E3"))
    assert told in read(planner, "user")[1]
    assert done.status == "described"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (("surveys", {}), "there is no tool 'surveys'"),
        (("activations", {"text": "x"}), "texts: Field required"),
        (("activations", '{"texts": ["a'), "not valid JSON"),
        (("activations", '["a"]'), "one JSON object"),
        (("survey", {"unit": "planted/99"}), "units 0 to"),
        (("hypothesise", {"statement": "x", "predictor": {"kind": "wordz"}}), "wordz"),
    ],
)
def test_an_invalid_call_is_told_and_stays_valid_on_the_wire(lab, call, told):
    done, planner = run(lab, [call], RIVALS, MEASURE, concluding("E4"))
    asked, answer = planner.seen[1]["messages"][-2:]
    assert told in answer["content"]
    for item in asked["tool_calls"]:
        assert isinstance(json.loads(item["function"]["arguments"]), dict)
    assert lab.evidence["E1"].error is not None
    assert done.status == "described"


def test_missing_and_double_call_ids_are_mended(lab):
    call = {"type": "function", "function": {"name": "survey", "arguments": None}}
    other = {"id": "x", "function": {"name": "exemplars", "arguments": {"many": 2}}}
    _, planner = run(lab, {"tool_calls": [call, other, other]}, RIVALS, MEASURE, concluding("E6"))
    messages = planner.seen[1]["messages"]
    asked = [item["id"] for item in messages[2]["tool_calls"]]
    assert len(set(asked)) == 3
    assert [m["tool_call_id"] for m in messages if m["role"] == "tool"] == asked


@pytest.mark.parametrize(
    ("turns", "steps", "reason", "told"),
    [
        ([{"content": "no thanks"}], MAX_IDLE, "only text", ""),
        ([SURVEY], 2 + MAX_IDLE, "", "made before, see E1, E2"),  # the same call for ever
        ([SURVEY, [("exemplars", {})]], 3, "3 turns", ""),  # without a tested rival
    ],
)
def test_what_ends_in_failure(lab, turns, steps, reason, told):
    done, planner = run(lab, *turns, budget=Budget(steps=3 if reason == "3 turns" else 40))
    assert (done.status, done.steps) == ("failed", steps)
    assert reason in str(done.reason)
    assert done.description.reason == done.reason
    assert told in last(planner)
    assert len(lab.evidence) <= 2


def test_an_endless_planner_is_stopped_and_the_ledger_speaks(lab):
    done, planner = run(lab, RIVALS, measures, budget=Budget(steps=6))
    assert done.steps == 6
    assert "Call conclude now" in planner.seen[4]["messages"][-1]["content"]
    assert "only conclude is run" in last(planner)
    assert (done.status, done.description.label) == ("described", "pets")
    assert "6 turns" in str(done.reason)
    assert done.description.notes
    assert done.description.rejected[0].words == "only cats"
    assert len(lab.evidence) == 5, "nothing was run after the planner was told to conclude"


@pytest.mark.parametrize("obeys", [False, True])
@pytest.mark.parametrize("limit", ["tokens", "cost", "seconds"])
def test_every_limit_is_a_hard_stop_that_leaves_room_for_the_last_request(lab, limit, obeys):
    """For a planner that obeys turns grow, as conversations with pictures do."""

    def spend(state: State) -> Turn:
        spent = 20 * state["step"] ** 2 if obeys else 300
        lab.meter.tokens_in += spent
        lab.meter.cost += spent / 1000
        lab.meter.started -= spent
        return concluding("E3") if obeys and state["last"] else measures(state)

    given = {"tokens": None, "cost": None, "seconds": None, limit: 1 if limit == "cost" else 1000}
    before = [RIVALS, MEASURE] if obeys else [RIVALS]
    done, planner = run(lab, *before, spend, budget=Budget(steps=50, **given))
    assert done.status == "described"
    assert planner.seen[-1]["last"]
    assert any("Call conclude now" in text for text in read(planner, "user"))
    assert (done.reason is None) == obeys
    assert done.steps >= 5 if obeys else done.steps == 5
    assert obeys or "budget" in str(done.reason)


def test_turns_that_cost_the_same_use_most_of_the_budget():
    def costs(steps: int, tokens: int) -> Any:
        return {"steps": steps, "tokens": tokens, "seconds": None, "cost": None}

    budget = Budget(tokens=1000)
    told = [
        budget.nearly_exhausted(costs(9, left), 3, [costs(1, 100)] * 3)
        for left in (700, 400, 210, 190)
    ]
    assert told == [False, False, False, True]


def test_what_a_turn_took_and_when_the_end_comes_is_said_ahead(lab):
    def spend(state: State) -> Turn:
        lab.meter.tokens_in += 1000 + 500 * state["step"]
        if state["last"]:
            return concluding("E3")
        return measures(state) if state["step"] else RIVALS

    done, planner = run(lab, spend, budget=Budget(steps=30, tokens=20_000, seconds=None))
    ends = [text.rpartition("(left: ")[2] for text in read(planner) if "(left: " in text]
    assert ends[0].startswith("29 turns, 19,000 tokens; the next turn costs about 1.0k tokens; ")
    for turn in (2, 3, 4, 5):  # the seventh concluded
        assert ends[turn - 1].endswith(f"; about {6 - turn} such before only conclude is run)")
    assert ends[5].endswith("; the next must conclude)")
    assert planner.seen[-1]["last"]
    assert done.status == "described"


@pytest.mark.parametrize(
    ("turns", "told", "note"),
    [
        ([HASTY, concluding("E2"), concluding("E2")], "Sent back: only 1 of your 1 hypo", "only 1"),
        # rivals that were recorded after the experiments are untested
        ([MEASURE, RIVALS, concluding("E1"), concluding("E1")], "only 0 of your 2", "only 0"),
        ([RIVALS, MEASURE, concluding("E9"), concluding("E3")], "E9: there is no such", None),
        ([RIVALS, MEASURE, BIRDS, concluding("E3")], "Error: predicate.kind: 'nothing'", None),
    ],
)
def test_a_conclusion_is_sent_back_once(lab, turns, told, note):
    done, planner = run(lab, *turns)
    assert told in last(planner)
    assert done.steps == len(turns)
    assert done.description.notes == () if note is None else note in done.description.notes[0]


def test_false_citations_are_sent_back_then_dropped_and_noted(lab):
    wrong = concluding(
        *("E3", "E1", "E77"),
        effect={"words": "says meow", "evidence": ["E50"]},
        rejected=[{"words": "only cats", "reason": "dogs too", "evidence": ["E60", "E3"]}],
    )
    done, planner = run(lab, RIVALS, MEASURE, wrong, wrong)
    assert "E77: there is no such result" in last(planner)
    assert "E1: that is an action" in last(planner)
    assert done.description.components[0].evidence == ("E3",)
    assert done.description.effect is None
    assert done.description.rejected[0].evidence == ("E3",)
    assert any("E77" in note for note in done.description.notes)


def test_dead_is_believed_only_of_the_dead(lab, make_lab):
    dead: Turn = [("conclude", {"label": "never active", "components": [], "status": "dead"})]
    done, _ = run(lab, SURVEY, dead, unit="planted/1")
    assert (done.status, done.steps) == ("dead", 2)
    done, planner = run(make_lab(), SURVEY, dead, dead)
    assert "not dead" in last(planner)
    assert done.status == "uninterpretable"


def test_a_conclusion_that_cannot_be_read_is_an_error_not_an_end(lab):
    wrong = [
        [("conclude", {"label": label, "components": components})]
        for label, components in (
            (" ", []),
            ("a", [{"words": "a", "predictor": "H9"}]),
            ("a", []),
        )
    ]
    done, planner = run(lab, RIVALS, MEASURE, *wrong, concluding("E3"))
    told = ("the label is empty", "no hypothesis 'H9'", "no component")
    assert all(said in text for said, text in zip(told, read(planner)[3:], strict=True))
    assert done.status == "described"


def test_calls_beside_a_conclusion_are_run_before_it_and_not_after(lab):
    done, _ = run(lab, RIVALS, [*MEASURE, *concluding("E3"), *SURVEY])
    assert done.status == "described"
    assert [item.tool for item in lab.evidence][-1] == "conclude"


def test_a_fault_inside_a_tool_does_not_end_the_batch(lab, monkeypatch):
    def broken(*given: Any) -> Any:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr(type(lab), "activations", broken)
    done, planner = run(lab, MEASURE, SURVEY, budget=Budget(steps=3))
    assert "internal error in activations: ZeroDivisionError" in read(planner)[0]
    assert lab.evidence["E1"].error is not None
    assert done.status == "failed"


@pytest.mark.parametrize(("steps", "ran"), [(2, 0), (3, 16)])  # with two it must conclude at once
def test_at_most_sixteen_calls_of_a_turn_are_run(lab, steps, ran):
    run(lab, [("activations", {"texts": [f"cat {i}"]}) for i in range(20)], budget=Budget(steps))
    assert sum(item.tool == "activations" for item in lab.evidence) == ran


def test_what_cannot_be_read_of_a_forced_conclusion_is_left_out(lab, make_lab):
    good = {"words": "pets", "predictor": "H1", "evidence": ["E3"]}
    rest = {"rejected": [{"words": "only cats"}], "effect": "none"}
    turn = [("conclude", {"label": "pets", "components": [BAD, good], **rest})]
    done, planner = run(lab, RIVALS, MEASURE, turn, budget=Budget(steps=4))
    assert "Call conclude now" in last(planner)
    assert (done.status, done.reason) == ("described", None)
    assert [part.words for part in done.description.components] == ["pets"]
    notes = " ".join(done.description.notes)
    assert "components 1 left out: predicate.kind: 'nothing' is not one of" in notes
    assert "rejected 1 left out: reason" in notes
    assert "effect left out" in notes
    done, _ = run(make_lab(), RIVALS, MEASURE, BIRDS, budget=Budget(steps=4))
    assert done.description.label == "pets", "nothing of it is readable: the ledger speaks"
    assert any("drawn from its ledger" in note for note in done.description.notes)


def test_tokens_from_the_cache_of_an_endpoint_are_not_counted():
    meter = Meter(tokens_in=10_000, tokens_cached=8_000, tokens_out=500)
    assert Budget(tokens=5_000).remaining(meter, 1)["tokens"] == 2_500
