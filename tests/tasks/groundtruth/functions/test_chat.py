"""A language model investigates through tools; what goes wrong is an answer with a reason."""

import json
import subprocess
import sys

import pytest
from endpoint import answers, endpoint, fails, says
from neuroscribe.tasks.groundtruth.functions.blackbox import BlackBox, Calls, Case
from neuroscribe.tasks.groundtruth.functions.chat import ChatInvestigator, unfenced
from neuroscribe.tools.llm.client import LLM

CODE = "def f(x):\n    return 3 * x + 1\n"
ANSWER = says(("answer", {"words": "w", "code": CODE}))
VERB = ("evaluate", "functions", "--suite", "numbers")


def by_model(server, *more):
    """The command on the numbers, with a language model."""
    planner = ("--planner", "openai:m", "--base-url", server.url, "--concurrency", "1")
    return (*VERB, *planner, "--many", "1", *more)


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
        ANSWER,
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
        ANSWER,
    )
    mistakes = ("not JSON", "must be a list", "no tool 'look'", "must be Python", "nothing was")
    assert all(said in told for said, told in zip(mistakes, results(requests), strict=True))
    assert "or call answer if you are done" in requests[-1]["messages"][-1]["content"]
    assert calls.log == []


def test_hostile_code_is_only_a_failed_check():
    _, _, requests = investigate(
        says(("call_function", {"inputs": [1]})),
        says(("check_code", {"code": "import os\nos.kill(os.getppid(), 9)\ndef f(x): return x"})),
        ANSWER,
    )
    assert "the code does not run" in results(requests)[1]


def test_the_last_turn_forces_the_answer():
    answer, _, requests = investigate(says(("call_function", {"inputs": [1]})), turns=3)
    assert answer.failed == "no answer: the budget of 3 turns was spent"
    assert "tool_choice" not in requests[1]
    assert requests[2]["tool_choice"]["function"]["name"] == "answer"


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (answers("It is a line."), "only text, no tool call"),
        (fails(401), "401"),
        (fails(500), "500"),
    ],
)
def test_no_answer_has_a_reason(act, why):
    answer, _, _ = investigate(act)
    assert answer.code == ""
    assert why in (answer.failed or "")


def test_fences_come_off():
    assert unfenced("```\nx = 1\n```") == "x = 1"
    assert unfenced("x = 1") == "x = 1"


@pytest.mark.slow
def test_the_command_line_with_a_model(document, refused, tmp_path):
    out = tmp_path / "o"
    acts = [
        says(("call_function", {"inputs": [0, 1]})),
        says(("answer", {"words": "always two", "code": "def f(x): return 2"})),
        says(("answer", {"words": "", "code": "while True: pass"})),
        fails(400),
    ]
    with endpoint(*acts) as server:
        found = document(*by_model(server, "--out", str(out)), code=1)
    assert (found["n"], found["failed"]) == (7, 6)
    assert found["reasons"]["time-out"] == 1
    assert found["recovered"]["value"] == 0
    first = json.loads((out / "functions.jsonl").read_text().splitlines()[0])
    assert first["answer"] == {"words": "always two", "code": "def f(x): return 2"}
    assert first["truth"]["code"].startswith("import math")
    assert first["calls"] == 2
    spent = {"requests": 2, "tokens_in": 200, "tokens_cached": 120, "tokens_out": 20}
    assert first["spent"] == spent
    assert found["spent"]["requests"] == 3
    assert json.loads((out / "evaluation.json").read_text()) == found
    assert "holds an earlier run" in refused(*by_model(server, "--out", str(out)))


def test_a_table_for_people(verb):
    with endpoint(says(("answer", {"words": "zero", "code": "def f(x): return 0"}))) as server:
        _, table, _ = verb(*by_model(server, "--seeds", "4"))
    assert "whole numbers" in table
    assert "nearest" in table


@pytest.mark.parametrize(
    ("arguments", "says_what"),
    [
        (["--suite", "number"], "nearest: numbers"),
        (["--planner", "bultin"], "builtin or openai:MODEL"),
        ([], "--planner openai:MODEL"),
        (["--seeds", "x"], "--seeds"),
    ],
)
def test_a_mistake_is_one_line(refused, arguments, says_what):
    assert says_what in refused(*VERB, *arguments)


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from neuroscribe.tasks.cli.app import run; "
        "run(['evaluate', 'functions', '--help']); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'sklearn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
