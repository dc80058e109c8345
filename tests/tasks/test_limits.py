"""Limits, numbers and files that nobody can mean: one line, exit 2, at once."""

import inspect
import os
import time
from pathlib import Path
from typing import Any

import pytest
from neuroscribe.tasks.cli import app as cli
from neuroscribe.tasks.labelling.selection import check_selection, parse_selection
from neuroscribe.tasks.labelling.settings import How, Settings
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.io.files import read_whole, write_whole
from neuroscribe.tools.io.numbers import check_numbers


def verbs() -> dict[tuple[str, ...], Any]:
    """Every verb, with its function."""
    found: dict[tuple[str, ...], Any] = {}
    for top in (name for panel in cli.PANELS.values() for name in panel):
        for below, verb in getattr(cli.load(top), "commands", {"": cli.load(top)}).items():
            found[(top, below)] = verb.callback.__wrapped__
    return found


def numeric(verb: Any) -> list[str]:
    """The options of a verb that take numbers."""
    found = []
    for name, parameter in inspect.signature(verb).parameters.items():
        kinds = getattr(parameter.annotation, "__origin__", None)
        if kinds in (int, float) or kinds in (int | None, float | None):
            found.append(name)
    return found


def test_no_verb_takes_a_negative_or_endless_number():
    every = verbs()
    assert len(every) > 20
    asked = 0
    for verb in every.values():
        for option in numeric(verb):
            for value in (float("nan"), float("inf"), -1, 10**30):
                if option == "min_score" and value == -1:
                    continue
                with pytest.raises(UsageError, match=f"--{option.replace('_', '-')} is"):
                    verb(**{option: value})
                asked += 1
    assert asked > 200


def test_what_is_meant_is_let_pass_and_python_is_held_to_the_same():
    check_numbers({"tokens": 1, "unit_tokens": 0, "min_score": -0.5, "flag": True, "x": "-1"})
    for wrong in ({"steps": 0}, {"timeout": 0.0}, {"tokens": 0}):
        with pytest.raises(UsageError):
            check_numbers(wrong)
    for more in ({"unit_seconds": float("nan")}, {"temperature": -1.0}, {"unit_cost": -1.0}):
        with pytest.raises(UsageError, match="it must"):
            Settings("planted", "planted/3", "builtin:stories", **more)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="--timeout is nan"):
        How(timeout=float("nan"))


LABEL = ["label", "planted", "--units", "planted/3", "--data", "builtin:stories:20", "--out", "x"]
WRONG: list[tuple[list[str], str]] = [
    ([*LABEL, "--unit-seconds", "nan"], "--unit-seconds is nan"),
    ([*LABEL, "--timeout", "-1"], "--timeout is -1.0"),
    ([*LABEL, "--seed", "-1"], "--seed is -1"),
    ([*LABEL, "--data", "builtin:stories:99999999"], "at most 200,000"),
    ([*LABEL, "--data", "self:" + "9" * 5000], "at most 100,000"),
    ([*LABEL, "--units", "mlp.0/" + "9" * 5000], "too large for any site"),
    ([*LABEL, "--data", "/dev/zero"], "/dev/zero"),
    ([*LABEL, "--data", "pipe.txt"], "pipe.txt: a pipe or device"),
    ([*LABEL, "--data", "zero.jsonl"], "zero.jsonl: a pipe or device"),
    ([*LABEL, "--units", "pipe.txt"], "names no units"),
    ([*LABEL, "--planner", "openai:m", "--base-url", "no address"], "no address"),
    (["ask", "planted", "what?", "--question-cost", "-3"], "--question-cost is -3"),
    (["index", "planted", "--data", "builtin:stories:9", "--out", "x", "--k", "0"], "--k is 0"),
    (["replay", "pipe.txt"], "a pipe or device"),
    (["transcript", "zero.jsonl"], "a pipe or device"),
    (["show", "run"], "a pipe or device"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_one_line_at_once(arguments, said, tmp_path, monkeypatch, refused):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.txt")
    Path("zero.jsonl").symlink_to("/dev/zero")
    Path("run").mkdir()
    os.mkfifo("run/run.json")
    started = time.monotonic()
    assert said in refused(*arguments)
    assert time.monotonic() - started < 10
    assert not Path("x").exists()


def test_more_units_than_there_are_says_the_maximum(toy_target):
    with pytest.raises(UsageError, match=r"99999999 units are asked for.*: give at most \d+$"):
        check_selection(parse_selection("random:99999999"), toy_target)


def test_a_file_is_read_and_written_whole(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    write_whole(path, "one \ud800")
    assert read_whole(path) == b"one ?"
    with pytest.raises(OSError, match="more than"):
        read_whole(path, most=2)
    link = tmp_path / "link.html"
    link.symlink_to(path)
    write_whole(link, b"two")
    assert link.is_symlink()
    assert path.read_bytes() == b"two"

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"three")
    assert path.read_bytes() == b"two", "what was there before is there still"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["link.html", "page.html"]
    write_whole(Path("/dev/null"), b"four")
    assert not Path("/dev/null").is_file()
