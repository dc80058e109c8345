"""The loop with scripted planners: order, repairs, budgets, reviews."""

import json
from typing import Any

import pytest
from neuroscribe.agent.budget import Budget
from neuroscribe.agent.investigate import Investigation, investigate
from neuroscribe.agent.loop import MAX_IDLE
from neuroscribe.agent.state import State
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.llm.client import LLMError
from pets import MEASURE, RIVALS, concluding
from scripted import Scripted, Turn


def run(lab: Lab, *turns: Any, **more: Any) -> tuple[Investigation, Scripted]:
    """Runs a script on the pet unit."""
    planner = Scripted(turns)
    unit = more.pop("unit", "planted/0")
    return investigate(lab, unit, planner, **more), planner


def roles(state: State) -> list[str]:
    return [message["role"] for message in state["messages"]]


def last(planner: Scripted) -> str:
    """What the planner read last."""
    return planner.seen[-1]["messages"][-1]["content"]


def test_an_ordinary_investigation(lab):
    done, planner = run(lab, RIVALS, MEASURE, concluding("E3"))
    assert (done.status, done.reason, done.steps) == ("described", None, 3)
    assert done.description.label == "pets"
    assert done.description.components[0].evidence == ("E3",)
    assert [row["id"] for row in done.ledger] == ["H1", "H2"]
    assert roles(planner.seen[-1]) == [
        *("system", "user"),
        *("assistant", "tool", "tool"),
        *("assistant", "tool"),
    ]
    first = planner.seen[0]["messages"]
    assert "planted/0" in first[1]["content"]
    assert "planted/0" not in first[0]["content"], "message 1 is the same for all investigations"


def test_the_ledger_and_the_budget_stand_under_the_last_result_only(lab):
    _, planner = run(lab, RIVALS, MEASURE, concluding("E3"), budget=Budget(steps=9))
    tools = [m["content"] for m in planner.seen[-1]["messages"] if m["role"] == "tool"]
    assert ["LEDGER" in text for text in tools] == [False, True, True]
    assert "left: 7 turns" in tools[-1]
    assert tools[-1].startswith("[E3] ")
    assert "H1" in tools[-1]
    assert "UNTESTED" in tools[1]
    assert "UNTESTED" not in tools[2]


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
    message = planner.seen[1]["messages"][-1]
    assert message["role"] == "user"
    assert told in message["content"]
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
    messages = planner.seen[1]["messages"]
    assert told in messages[-1]["content"]
    for item in messages[-2]["tool_calls"]:
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


def test_nothing_but_invalid_replies_ends_in_failure(lab):
    done, _ = run(lab, {"content": "no thanks"})
    assert done.status == "failed"
    assert done.steps == MAX_IDLE
    assert "only text" in str(done.reason)
    assert done.description.reason == done.reason


def test_the_same_call_for_ever_is_noticed_and_ended(lab):
    done, planner = run(lab, [("survey", {})])
    assert "made before, see E1, E2" in last(planner)
    assert len(lab.evidence) == 2
    assert done.status == "failed"
    assert done.steps == 2 + MAX_IDLE


def test_an_endless_planner_is_stopped_and_the_ledger_speaks(lab):
    def more(state: State) -> Turn:
        return [("activations", {"texts": ["the cat and" + " dog" * state["step"]]})]

    done, planner = run(lab, RIVALS, more, budget=Budget(steps=6))
    assert done.steps == 6
    assert "Call conclude now" in planner.seen[4]["messages"][-1]["content"]
    assert "only conclude is run" in last(planner)
    assert done.status == "described"
    assert done.description.label == "pets"
    assert "6 turns" in str(done.reason)
    assert done.description.notes
    assert done.description.rejected[0].words == "only cats"
    assert len(lab.evidence) == 5, "nothing was run after the planner was told to conclude"


def test_a_spent_budget_without_a_tested_rival_fails(lab):
    done, _ = run(lab, [("survey", {})], [("exemplars", {})], budget=Budget(steps=3))
    assert done.status == "failed"
    assert "3 turns" in str(done.reason)


@pytest.mark.parametrize("limit", ["tokens", "cost", "seconds"])
def test_every_limit_is_a_hard_stop(lab, limit):
    def spend(state: State) -> Turn:
        lab.meter.tokens_in += 300
        lab.meter.cost += 0.3
        lab.meter.started -= 300
        return [("activations", {"texts": ["a cat" + " ran" * state["step"]]})]

    values = {"tokens": 1000, "cost": 1.0, "seconds": 1000.0}
    given = {name: value if name == limit else None for name, value in values.items()}
    done, planner = run(lab, RIVALS, spend, budget=Budget(steps=50, **given))  # type: ignore[arg-type]
    assert done.steps == 5
    assert any("Call conclude now" in str(m["content"]) for m in planner.seen[-1]["messages"])
    assert "budget" in str(done.reason)
    assert done.status == "described"


def test_fewer_than_two_tested_rivals_are_sent_back_once(lab):
    hasty = [RIVALS[0], MEASURE[0]]  # type: ignore[index]
    done, planner = run(lab, hasty, concluding("E2"), concluding("E2"))
    assert "Sent back: only 1 of your 1 hypotheses" in last(planner)
    assert done.steps == 3
    assert any("only 1" in note for note in done.description.notes)


def test_rivals_recorded_after_the_experiments_are_untested(lab):
    _, planner = run(lab, MEASURE, RIVALS, concluding("E1"), concluding("E1"))
    assert "only 0 of your 2" in last(planner)


def test_false_citations_are_sent_back_then_dropped_and_noted(lab):
    wrong = concluding(
        *("E3", "E1", "E77"),
        effect={"words": "says meow", "evidence": ["E50"]},
        rejected=[{"words": "only cats", "reason": "dogs too", "evidence": ["E60", "E3"]}],
    )
    done, planner = run(lab, RIVALS, MEASURE, wrong, wrong)
    said = last(planner)
    assert "E77: there is no such result" in said
    assert "E1: that is an action" in said
    assert done.description.components[0].evidence == ("E3",)
    assert done.description.effect is None
    assert done.description.rejected[0].evidence == ("E3",)
    assert any("E77" in note for note in done.description.notes)


def test_a_mended_conclusion_is_accepted_without_notes(lab):
    done, _ = run(lab, RIVALS, MEASURE, concluding("E9"), concluding("E3"))
    assert done.description.notes == ()
    assert done.steps == 4


def test_dead_is_believed_only_of_the_dead(lab, make_lab):
    dead: Turn = [("conclude", {"label": "never active", "components": [], "status": "dead"})]
    done, _ = run(lab, [("survey", {})], dead, unit="planted/1")
    assert (done.status, done.steps) == ("dead", 2)
    done, planner = run(make_lab(), [("survey", {})], dead, dead)
    assert "not dead" in last(planner)
    assert done.status == "uninterpretable"


def test_a_conclusion_that_cannot_be_read_is_an_error_not_an_end(lab):
    empty = [("conclude", {"label": " ", "components": []})]
    absent = [("conclude", {"label": "a", "components": [{"words": "a", "predictor": "H9"}]})]
    nothing = [("conclude", {"label": "a", "components": []})]
    done, planner = run(lab, RIVALS, MEASURE, empty, absent, nothing, concluding("E3"))
    texts = [m["content"] for m in planner.seen[-1]["messages"] if m["role"] == "tool"]
    assert "the label is empty" in texts[3]
    assert "no hypothesis 'H9'" in texts[4]
    assert "no component" in texts[5]
    assert done.status == "described"


def test_calls_beside_a_conclusion_are_run_before_it_and_not_after(lab):
    turn = [*MEASURE, *concluding("E3"), ("survey", {})]
    done, _ = run(lab, RIVALS, turn)
    assert done.status == "described"
    assert [item.tool for item in lab.evidence][-1] == "conclude"


def test_a_failing_planner_fails_the_unit_with_its_reason(lab):
    def fail(state: State) -> Turn:
        raise LLMError("auth", "the key\nwas refused")

    done, _ = run(lab, RIVALS, MEASURE, fail)
    assert (done.status, done.reason) == ("failed", "the key was refused")
    assert [row["id"] for row in done.ledger] == ["H1", "H2"]


def test_a_fault_inside_a_tool_does_not_end_the_batch(lab, monkeypatch):
    def broken(*given: Any) -> Any:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr(type(lab), "activations", broken)
    done, planner = run(lab, MEASURE, [("survey", {})], budget=Budget(steps=3))
    said = planner.seen[1]["messages"][-2]["content"]
    assert "internal error in activations: ZeroDivisionError" in said
    assert lab.evidence["E1"].error is not None
    assert done.status == "failed"


def test_at_most_sixteen_calls_of_a_turn_are_run(lab):
    many: Turn = [("activations", {"texts": [f"cat {i}"]}) for i in range(20)]
    run(lab, many, [("survey", {})], budget=Budget(steps=2))
    assert sum(item.tool == "activations" for item in lab.evidence) == 0  # told to conclude at once
    run_lab = lab
    run(run_lab, many, budget=Budget(steps=3))
    assert sum(item.tool == "activations" for item in run_lab.evidence) == 16


def test_what_cannot_be_read_of_a_forced_conclusion_is_left_out(lab):
    good = {"words": "pets", "predictor": "H1", "evidence": ["E3"]}
    bad = {"words": "birds", "predictor": {"kind": "nothing"}, "evidence": ["E3"]}
    turn = [
        (
            "conclude",
            {
                "label": "pets",
                "components": [bad, good],
                "rejected": [{"words": "only cats"}],
                "effect": "none",
            },
        )
    ]
    done, planner = run(lab, RIVALS, MEASURE, turn, budget=Budget(steps=4))
    assert "Call conclude now" in str(planner.seen[-1]["messages"][-1]["content"])
    assert done.status == "described"
    assert done.reason is None
    assert [part.words for part in done.description.components] == ["pets"]
    notes = " ".join(done.description.notes)
    assert "components 1 left out: predicate.kind: 'nothing' is not one of" in notes
    assert "rejected 1 left out: reason" in notes
    assert "effect left out" in notes


def test_before_the_last_turn_an_unreadable_component_is_an_error(lab):
    bad = {"words": "birds", "predictor": {"kind": "nothing"}, "evidence": ["E3"]}
    turn = [("conclude", {"label": "birds", "components": [bad]})]
    done, planner = run(lab, RIVALS, MEASURE, turn, concluding("E3"))
    assert "Error: predicate.kind: 'nothing'" in last(planner)
    assert done.description.notes == ()


def test_a_forced_conclusion_of_nothing_readable_is_drawn_from_the_ledger(lab):
    bad = {"words": "birds", "predictor": {"kind": "nothing"}, "evidence": ["E3"]}
    turn = [("conclude", {"label": "birds", "components": [bad]})]
    done, _ = run(lab, RIVALS, MEASURE, turn, budget=Budget(steps=4))
    assert done.description.label == "pets"
    assert any("drawn from its ledger" in note for note in done.description.notes)


@pytest.mark.parametrize("limit", ["tokens", "cost", "seconds"])
def test_a_dearer_turn_leaves_room_for_the_last_request(lab, limit):
    """Turns that grow, as conversations with pictures do, still end in a request to conclude."""

    def spend(state: State) -> Turn:
        many = 20 * state["step"] ** 2
        lab.meter.tokens_in += many
        lab.meter.cost += many / 1000
        lab.meter.started -= many
        if state["last"]:
            return concluding("E3")
        return [("activations", {"texts": ["a cat" + " ran" * state["step"]]})]

    values = {"tokens": 1000, "cost": 1.0, "seconds": 1000.0}
    given = {name: value if name == limit else None for name, value in values.items()}
    done, planner = run(lab, RIVALS, MEASURE, spend, budget=Budget(steps=50, **given))  # type: ignore[arg-type]
    assert planner.seen[-1]["last"]
    assert done.reason is None
    assert done.status == "described"
    assert done.steps >= 5


def test_turns_that_cost_the_same_use_most_of_the_budget():
    budget = Budget(tokens=1000)
    turn = {"steps": 1, "tokens": 100, "seconds": None, "cost": None}
    told = [
        budget.nearly_exhausted(
            {"steps": 9, "tokens": left, "seconds": None, "cost": None}, 3, [turn] * 3
        )  # type: ignore[list-item]
        for left in (700, 400, 210, 190)
    ]
    assert told == [False, False, False, True]


def test_what_a_turn_took_and_when_the_end_comes_is_said_ahead(lab):
    sizes = [1000, 1500, 2000, 2500, 3000, 3500, 4000]

    def spend(state: Any) -> Any:
        lab.meter.tokens_in += sizes[state["step"]]
        if state["last"]:
            return concluding("E3")
        return (
            RIVALS
            if state["step"] == 0
            else [("activations", {"texts": ["a cat" + " on" * state["step"]]})]
        )

    done, planner = run(lab, *[spend] * 7, budget=Budget(steps=30, tokens=20_000, seconds=None))
    told = [m["content"] for m in planner.seen[-1]["messages"] if m["role"] == "tool"]
    ends = [text.rpartition("(left: ")[2] for text in told if "(left: " in text]
    assert ends[0].startswith("29 turns, 19,000 tokens; this turn took 1,000 tokens; about ")
    for turn in (2, 3, 4, 5):  # the seventh concluded
        assert ends[turn - 1].endswith(f"; about {6 - turn} more before only conclude is run)")
    assert ends[5].endswith("; the next must conclude)")
    assert planner.seen[-1]["last"]
    assert done.status == "described"


def test_without_a_limit_of_tokens_the_turns_are_counted(lab):
    _, planner = run(lab, RIVALS, MEASURE, concluding("E3"), budget=Budget(steps=9))
    last = planner.seen[-1]["messages"][-1]["content"]
    assert "(left: 7 turns, 200,000 tokens, " in last
    assert last.endswith("; about 5 more before only conclude is run)")
