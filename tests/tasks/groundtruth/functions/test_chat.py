"""A language model investigates through tools; what goes wrong is an answer with a reason."""

import json

import pytest
from endpoint import answers, endpoint, fails, says
from neuroscribe.tasks.cli.app import run
from neuroscribe.tasks.groundtruth.functions.blackbox import BlackBox, Calls, Case
from neuroscribe.tasks.groundtruth.functions.chat import ChatInvestigator, unfenced
from neuroscribe.tools.llm.client import LLM

CODE = "def f(x):\n    return 3 * x + 1\n"


def box() -> BlackBox:
    cases = tuple(Case((float(x),), "inside") for x in range(9))
    return BlackBox("n/0", "n", "line", "a number x", "", "def f(x): return 3 * x + 1", cases)


def investigate(*acts, budget=6, turns=6):
    with endpoint(*acts) as server:
        calls = Calls(box(), budget)
        chat = ChatInvestigator(LLM("m", base_url=server.url, retries=0), turns=turns)
        return chat(calls), calls, server.requests


def results(requests) -> list[str]:
    return [m["content"] for m in requests[-1]["messages"] if m["role"] == "tool"]


def test_it_calls_checks_and_answers():
    answer, calls, requests = investigate(
        says(("call_function", {"inputs": [1, [2]]})),
        says(("check_code", {"code": "def f(x): return 4 * x"})),
        says(("answer", {"words": "three times x,\n plus one", "code": f"```python\n{CODE}```"})),
    )
    assert answer.failed is None
    assert answer.words == "three times x, plus one"
    assert answer.code == CODE.rstrip()
    assert calls.log == [((1,), 4), ((2,), 7)]
    called, checked = results(requests)
    assert called.splitlines() == ["f(1) = 4", "f(2) = 7", "4 calls left"]
    assert "1 of 2 calls agree" in checked
    assert "f(2) = 7, the code gives 8" in checked
    assert "a number x" in requests[0]["messages"][1]["content"]
    assert "3 * x + 1" not in json.dumps(requests[0])


def test_the_budget_holds():
    answer, calls, requests = investigate(
        says(("call_function", {"inputs": list(range(9))})),
        says(("call_function", {"inputs": [1]})),
        says(("answer", {"words": "w", "code": CODE})),
    )
    assert answer.failed is None
    assert len(calls.log) == 6
    first, second = results(requests)
    assert "refused: all 6 calls are spent" in first
    assert "0 calls left" in second


def test_mistakes_are_told_and_mended():
    _, calls, requests = investigate(
        says(("call_function", "{not json"), ("call_function", {"inputs": "abc"})),
        says(("look", {}), ("answer", {"words": "w"}), ("check_code", {"code": CODE})),
        answers("I think it is a line."),
        says(("answer", {"words": "w", "code": CODE})),
    )
    told = results(requests)
    assert "not JSON" in told[0]
    assert "must be a list" in told[1]
    assert "no tool 'look'" in told[2]
    assert "must be Python" in told[3]
    assert "nothing was called" in told[4]
    assert "or call answer if you are done" in requests[-1]["messages"][-1]["content"]
    assert calls.log == []


def test_hostile_code_is_only_a_failed_check():
    _, _, requests = investigate(
        says(("call_function", {"inputs": [1]})),
        says(("check_code", {"code": "import os\nos.kill(os.getppid(), 9)\ndef f(x): return x"})),
        says(("answer", {"words": "w", "code": CODE})),
    )
    assert "the code does not run" in results(requests)[1]


def test_the_last_turn_forces_the_answer():
    answer, _, requests = investigate(says(("call_function", {"inputs": [1]})), turns=3)
    assert answer.failed == "no answer: the budget of 3 turns was spent"
    assert "tool_choice" not in requests[1]
    assert requests[2]["tool_choice"]["function"]["name"] == "answer"


@pytest.mark.parametrize(
    ("act", "says_why"),
    [
        (answers("It is a line."), "only text, no tool call"),
        (fails(401), "401"),
        (fails(500), "500"),
    ],
)
def test_no_answer_has_a_reason(act, says_why):
    answer, _, _ = investigate(act)
    assert answer.code == ""
    assert says_why in (answer.failed or "")


def test_fences_come_off():
    assert unfenced("```\nx = 1\n```") == "x = 1"
    assert unfenced("x = 1") == "x = 1"


def test_the_command_line_with_a_model(capsys, tmp_path):
    acts = [
        says(("call_function", {"inputs": [0, 1]})),
        says(("answer", {"words": "always two", "code": "def f(x): return 2"})),
        says(("answer", {"words": "", "code": "while True: pass"})),
        fails(400),
    ]
    with endpoint(*acts) as server:
        code = run(
            [
                *("evaluate", "functions", "--suite", "numbers", "--planner", "openai:m"),
                *("--base-url", server.url, "--many", "1", "--json", "--out", str(tmp_path / "o")),
                *("--concurrency", "1"),
            ]
        )
    found = json.loads(capsys.readouterr().out)
    assert code == 1
    assert found["n"] == 7
    assert found["failed"] == 6
    assert found["reasons"]["time-out"] == 1
    assert found["recovered"]["value"] == 0
    first = json.loads((tmp_path / "o" / "functions.jsonl").read_text().splitlines()[0])
    assert first["answer"] == {"words": "always two", "code": "def f(x): return 2"}
    assert first["truth"]["code"].startswith("import math")
    assert first["calls"] == 2
    assert first["spent"] == {
        "requests": 2,
        "tokens_in": 200,
        "tokens_cached": 120,
        "tokens_out": 20,
    }
    assert found["spent"]["requests"] == 3
    assert json.loads((tmp_path / "o" / "evaluation.json").read_text()) == found
    again = ["evaluate", "functions", "--suite", "numbers", "--planner", "openai:m"]
    again += ["--base-url", server.url, "--out", str(tmp_path / "o")]
    assert run(again) == 2
    assert "holds an earlier run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says_what"),
    [
        (["--suite", "number"], "nearest: numbers"),
        (["--suite", "numbers", "--planner", "bultin"], "builtin or openai:MODEL"),
        (["--suite", "numbers"], "--planner openai:MODEL"),
        (["--suite", "numbers", "--seeds", "x"], "--seeds"),
    ],
)
def test_a_mistake_is_one_line(capsys, arguments, says_what):
    assert run(["evaluate", "functions", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert says_what in said.err
    assert said.err.count("\n") == 1
