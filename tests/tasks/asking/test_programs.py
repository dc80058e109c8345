"""Programs in conversations: what costs much is asked for by itself, a stop ends a long program."""

import threading
from typing import Any

from neuroscribe.tasks.asking import approval
from neuroscribe.tasks.asking.events import Answer, ToolCall, ToolResult
from neuroscribe.tasks.asking.opening import resume
from neuroscribe.tools.registry import offered

LOOP = """
means = {}
for i in range(3):
    means[i] = survey(f"mlp.0/{i}")["stats"]["mean"]
print(len(means))
"""


def program(code: str) -> Any:
    return [("program", {"code": code})]


def test_results_inside_a_program_are_shown_kept_and_cited(opened):
    talk = opened(program(LOOP), "They differ [E1, E3].")
    events = list(talk.stream("what are their means?"))
    shown = [event.evidence.id for event in events if isinstance(event, ToolResult)]
    assert shown == ["E1", "E2", "E3", "E4"]
    assert sum(isinstance(event, ToolCall) for event in events) == 1
    assert isinstance(events[-1], Answer)
    assert [item.id for item in events[-1].evidence] == ["E1", "E3"]


def test_variables_last_over_questions_and_a_resumed_conversation(opened, in_turn, toy_target):
    talk = opened(program(LOOP), "Done.")
    talk.ask("first?")
    name = talk.thread.name
    talk.close()
    turns = in_turn([program("sorted(means)"), "Done [E5]."])
    with resume(name, planner=turns, target=toy_target) as again:
        again.ask("second?")
        assert again.lab.evidence["E5"].data["value"] == [0, 1, 2]


def test_a_costly_call_inside_a_program_waits_for_the_person_by_itself(opened, monkeypatch):
    def cost(lab: object, tool: str, arguments: object) -> str | None:
        return "an hour" if tool == "survey" else None

    monkeypatch.setattr(approval, "cost", cost)
    talk = opened(program(LOOP), "I must ask first.")
    *_, last = talk.stream("what are their means?")
    assert last.text == "I must ask first."
    (made,) = talk.lab.evidence
    assert "this takes an hour, so the person is asked first: call it directly" in made.text


def test_a_stop_ends_a_program_that_catches_everything(opened, endless_survey):
    code = "while True:\n  try: survey('mlp.0/1')\n  except BaseException: pass"
    talk = opened(program(code), "Next.")
    threading.Thread(target=lambda: (endless_survey.wait(10), talk.stop())).start()
    assert talk.ask("what?").ended == "stopped"
    assert talk.lab.evidence["E1"].tool == "program"
    assert talk.lab.evidence["E1"].error == "stopped by the person"
    assert talk.ask("go on?").text == "Next."


def test_programs_can_be_left_out(opened):
    talk = opened("Well.", programs=False)
    assert "program" not in offered(talk.lab)
    assert talk.about.programs is False
