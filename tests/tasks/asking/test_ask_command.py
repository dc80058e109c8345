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
from neuroscribe.tasks.cli import app as cli

SURVEY = ("survey", {"unit": "mlp.0/1"})
Ask = Callable[..., int]


@pytest.fixture
def ask(threads: Path, toy_folder: Path) -> Ask:
    """Runs the verb on the toy target."""

    def run(server: Endpoint, *arguments: str) -> int:
        data = ["--data", str(toy_folder / "text.jsonl"), "--tokens", "4000"]
        planner = ["--planner", "openai:m", "--base-url", server.url]
        return cli.run(["ask", str(toy_folder / "model"), *arguments, *data, *planner])

    return run


@pytest.fixture
def server() -> Iterator[Endpoint]:
    """Surveys once, then answers for ever."""
    with endpoint(says(SURVEY), answers("On half of the time [E1]. I like it a lot.")) as made:
        yield made


def test_an_answer_in_the_terminal(ask, server, capsys):
    assert ask(server, "what does mlp.0/1 do?") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "E1 survey(unit=mlp.0/1)" in said
    assert "On half of the time [E1]. I like it a lot. (opinion)" in said
    assert "200 tokens in (120 cached), 20 out, 2 requests" in said


def test_one_json_document(ask, server, capsys):
    assert ask(server, "what does mlp.0/1 do?", "--json", "--price-in", "1000") == 0
    found = json.loads(capsys.readouterr().out)
    assert [claim["opinion"] for claim in found["claims"]] == [False, True]
    assert found["evidence"][0]["tool"] == "survey"
    assert found["spent"]["cost"] == pytest.approx(0.2)
    assert found["ended"] == "answered"
    assert found["thread"]


def test_conversations_are_listed_and_resumed(ask, server, toy_folder, capsys):
    ask(server, "what does mlp.0/1 do?", "--json")
    name = json.loads(capsys.readouterr().out)["thread"]
    assert cli.run(["ask", "--threads"]) == 0
    assert capsys.readouterr().out.split()[0] == name
    for chosen in (["--thread", name], ["--resume"]):
        assert cli.run(["ask", *chosen, "are you sure?", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["thread"] == name
        assert found["evidence"][0]["id"] == "E1"  # of the first question
    questions = [item for item in server.requests[-1]["messages"] if item["role"] == "user"]
    assert len(questions) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask"], "name a model"),
        (["ask", "--resume"], "no conversation to resume"),
        (["ask", "--thread", "nope", "well?"], "there is no conversation 'nope'"),
        (["ask", "--thread", "../../etc", "well?"], "no conversation"),
        (["ask", "planted", "well?", "--planner", "bultin"], "nearest: builtin"),
        (["ask", "planted", "well?", "--planner", "openai"], "needs a model"),
        (["ask", "planted", "--json"], "--json needs a question"),
        (["ask", "planted", "well?", "--run", "/nowhere"], "is no run folder"),
    ],
)
def test_unusable_arguments_are_one_line(threads, arguments, said, capsys):
    assert cli.run(arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1


def test_costly_calls_are_not_run_without_leave(ask, server, capsys, monkeypatch):
    monkeypatch.setattr(approval, "cost", lambda lab, tool, arguments: "an hour")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert ask(server, "what does mlp.0/1 do?") == 0
    assert "--yes runs it" in " ".join(capsys.readouterr().out.split())
    assert "did not allow" in json.dumps(server.requests[-1]["messages"])


def test_ctrl_c_stops_the_question_and_keeps_the_conversation(threads, toy_folder):
    code = "from neuroscribe.tasks.cli.app import main; main()"
    with endpoint(hangs(60)) as server:
        model, data = str(toy_folder / "model"), str(toy_folder / "text.jsonl")
        planner = ["--planner", "openai:m", "--base-url", server.url]
        process = subprocess.Popen(
            [sys.executable, "-c", code, "ask", model, "well?", "--data", data, *planner],
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
