"""Valid JSON of the wrong shape in a run or transcript: one line, and the rest is still shown."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from neuroscribe.tasks.labelling.report import write_report
from neuroscribe.tasks.web.index import RunIndex, View
from neuroscribe.tasks.web.units import Units

DEEP = "[" * 5000 + "]" * 5000
HUGE = 10**400
NAN = float("nan")
RUN: list[tuple[str, Any]] = [
    *(("", value) for value in ([], None, 3)),
    *(("settings", []), ("settings.target", 3), ("settings.sites", "mlp.0")),
    *(("settings.tokens", "many"), ("settings.seed", NAN)),
    *(("units", value) for value in (3, [None], {})),
    *(("target", "x"), ("corpus", []), ("format", "one")),
]
RECORD: list[tuple[str, Any]] = [
    *(("", []), ("", None), ("unit", 3), ("label", None), ("status", [])),
    *(("components", 3), ("components", [3]), ("components.0.predictor", None)),
    *(("components.0.evidence", "E1"), ("components.0.share", "half")),
    *(("scores", []), ("scores.correlation", "high"), ("scores.correlation.value", "high")),
    *(("base", "words"), ("base.tokens", [3]), ("base.share", "half"), ("scores.shares", 3)),
    *(("scores.shares.base", "half"), ("scores.tails", 3)),
    *(("confidence", {}), ("confidence", HUGE), ("explained", NAN)),
    *(("effect", "none"), ("rejected", [3]), ("evidence", [None]), ("meter", "free")),
    *(("meter.tokens_in", NAN), ("seconds", []), ("transcript", 3)),
]
TRANSCRIPT: list[tuple[str, str, Any]] = [
    *(("header", path, value) for path, value in (("", []), ("target", 3), ("versions", []))),
    *(("message", path, 3) for path in ("message", "message.content", "event")),
    *(("message", "message.role", None), ("message", "usage", [3])),
    *(("conclusion", "description", []), ("conclusion", "description.components", {})),
    *(("conclusion", "description.label", 3), ("end", "reason", None), ("end", "meter", [])),
    *(("scores", "record", 3), ("scores", "record.confidence", "sure")),
]


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(finished_run, tmp_path / "run")
    return tmp_path / "run"


def put(document: Any, path: str, value: Any) -> Any:
    """The document with a value at a dotted path; the whole of it where the path is empty."""
    if not path:
        return value
    *before, last = path.split(".")
    at = document
    for name in before:
        at = at[int(name)] if isinstance(at, list) else at.setdefault(name, {})
    at[last] = value
    return document


@pytest.fixture
def said(verb: Any) -> Callable[..., str]:
    """What a command says on stderr; it must leave with this code."""

    def run(*arguments: object, code: int) -> str:
        found, _, err = verb(*map(str, arguments))
        assert found == code, (arguments, err)
        assert "Traceback" not in err
        return err

    return run


@pytest.mark.parametrize(("path", "value"), RUN)
def test_a_run_json(run, path, value, refused):
    file = run / "run.json"
    file.write_text(json.dumps(put(json.loads(file.read_text()), path, value)))
    for verb in (("show", run), ("export", run), ("find", run, "--similar-to", "x")):
        assert "run.json" in refused(*map(str, verb)) or verb[0] == "find"


@pytest.mark.parametrize(
    ("name", "command", "code"),
    [
        ("run.json", "show", 2),
        ("run.json", "export", 2),
        ("labels.jsonl", "show", 0),
        ("transcripts/mlp.0_0.jsonl", "transcript", 2),
    ],
)
def test_what_is_nested_without_end(run, name, command, code, said):
    (run / name).write_text(DEEP + "\n")
    said(command, run / name if command == "transcript" else run, code=code)


@pytest.mark.parametrize(("path", "value"), RECORD)
def test_a_label(run, path, value, said):
    file = run / "labels.jsonl"
    first, second = file.read_text().splitlines()
    changed = put(json.loads(first), path, value)
    file.write_text(f"{json.dumps(changed)}\n{second}\n")
    for verb in (("show", run), ("export", run), ("show", run, "mlp.0/1")):
        assert f"{file} line 1: " in said(*verb, code=0)
    said("show", run, "mlp.0/0", code=2)
    text = write_report(run).read_text()
    assert "labels.jsonl line 1: " in text
    assert "mlp.0/1" in text
    units = Units(RunIndex(run))
    assert "it is left out" in str(units.grid(View()))
    assert units.description("mlp.0/1")


@pytest.mark.parametrize(("event", "path", "value"), TRANSCRIPT)
def test_a_transcript(run, event, path, value, refused):
    file = run / "transcripts" / "mlp.0_0.jsonl"
    lines = file.read_text().splitlines()
    at = next(at for at, line in enumerate(lines) if json.loads(line)["event"] == event)
    lines[at] = json.dumps(put(json.loads(lines[at]), path, value))
    file.write_text("\n".join(lines) + "\n")
    for verb in ("transcript", "replay"):
        err = refused(verb, str(file))
        assert f"{file} line {at + 1}" in err or "no header" in err
    text = write_report(run).read_text()
    assert "mlp.0/0 has no page: " in text
    assert "mlp.0_1.html" in text


def test_a_payload_of_another_shape_costs_its_part_of_the_page(run, said):
    file = run / "transcripts" / "mlp.0_0.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    data = {"measured": 3, "tests": 7, "stats": [], "histogram": {"edges": 3, "counts": "x"}}
    odd = {"id": "E1", "tool": "survey", "arguments": {}, "text": "", "data": data}
    lines = [line for line in lines if line["event"] != "evidence"]
    lines.insert(1, {"event": "evidence", "at": 0.0, "evidence": odd})
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    said("transcript", file, code=0)
    assert "cannot be shown" in file.with_suffix(".html").read_text()
