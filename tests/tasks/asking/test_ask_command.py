"""The verb `ask`: what it prints, its exit codes, resuming, leave, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from endpoint import Endpoint, answers, endpoint, hangs, says
from neuroscribe.tasks.asking import approval


@pytest.fixture
def ask(threads: Path, toy_folder: Path, server: Endpoint) -> Callable[..., tuple[str, ...]]:
    """The arguments that ask the toy target about a unit."""
    data = ("--data", str(toy_folder / "text.jsonl"), "--tokens", "4000")
    planner = ("--planner", "openai:m", "--base-url", server.url)
    return ("ask", str(toy_folder / "model"), "what does mlp.0/1 do?", *data, *planner)


@pytest.fixture
def server() -> Iterator[Endpoint]:
    """Surveys once, then answers for ever."""
    survey = says(("survey", {"unit": "mlp.0/1"}))
    with endpoint(survey, answers("On half of the time [E1]. I like it a lot.")) as made:
        yield made


def test_an_answer_in_the_terminal(ask, shown):
    said = " ".join(shown(*ask).split())
    assert "E1 survey(unit=mlp.0/1)" in said
    assert "On half of the time [E1]. I like it a lot. (opinion)" in said
    assert "200 tokens in (120 cached), 20 out, 2 requests" in said


def test_one_json_document(ask, document):
    found = document(*ask, "--price-in", "1000")
    assert [claim["opinion"] for claim in found["claims"]] == [False, True]
    assert found["evidence"][0]["tool"] == "survey"
    assert found["spent"]["cost"] == pytest.approx(0.2)
    assert found["ended"] == "answered"
    assert found["thread"]


@pytest.mark.parametrize(
    ("question", "code", "ended"),
    [("/help", 0, "answered"), ("what is love?", 1, "unanswered"), ("/sure", 1, "unanswered")],
)
def test_what_cannot_be_answered_is_exit_code_1(threads, document, question, code, ended):
    found = document("ask", "planted", question, "--tokens", "1000", code=code)
    assert found["ended"] == ended
    assert found["text"]


def test_conversations_are_listed_and_resumed(ask, server, shown, document):
    name = document(*ask)["thread"]
    assert shown("ask", "--threads").split()[0] == name
    for chosen in (["--thread", name], ["--resume"]):
        found = document("ask", *chosen, "are you sure?")
        assert found["thread"] == name
        assert found["evidence"][0]["id"] == "E1"  # of the first question
    questions = [item for item in server.requests[-1]["messages"] if item["role"] == "user"]
    assert len(questions) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a model"),
        (["--resume"], "no conversation to resume"),
        (["--thread", "nope", "well?"], "there is no conversation 'nope'"),
        (["--thread", "../../etc", "well?"], "no conversation"),
        (["planted", "well?", "--planner", "bultin"], "nearest: builtin"),
        (["planted", "well?", "--planner", "openai"], "needs a model"),
        (["planted", "--json"], "--json needs a question"),
        (["planted", "well?", "--run", "/nowhere"], "is no run folder"),
    ],
)
def test_unusable_arguments_are_one_line(threads, arguments, said, refused):
    assert said in refused("ask", *arguments)


def test_costly_calls_are_not_run_without_leave(ask, server, shown, monkeypatch):
    monkeypatch.setattr(approval, "cost", lambda lab, tool, arguments: "an hour")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert "--yes runs it" in " ".join(shown(*ask).split())
    assert "did not allow" in json.dumps(server.requests[-1]["messages"])


def test_ctrl_c_stops_the_question_and_keeps_the_conversation(threads, toy_folder):
    code = "from neuroscribe.tasks.cli.app import main; main()"
    data = ("--data", str(toy_folder / "text.jsonl"))
    with endpoint(hangs(60)) as server:
        planner = ("--planner", "openai:m", "--base-url", server.url)
        asked = ("ask", str(toy_folder / "model"), "well?", *data, *planner)
        process = subprocess.Popen(
            [sys.executable, "-c", code, *asked],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NEUROSCRIBE_HOME": str(threads.parent)},
        )
        while not server.requests and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=30)
    assert process.returncode == 130, error
    assert "stopped by the person" in out
    assert "Traceback" not in error
    assert len(list(threads.glob("*/talk.sqlite"))) == 1
