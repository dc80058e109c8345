"""Kills, a full disk, Ctrl-C and a second process: no label is lost, none is there twice."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

UNITS = [f"mlp.0/{number}" for number in range(8)]


def driven(folder: Path, toy_folder: Path, kills: int, seed: int, llm: int) -> dict[str, Any]:
    """What `killing.py` found; under `said`, what the runs said."""
    script = Path(__file__).with_name("killing.py")
    given = (script, folder, toy_folder / "model", toy_folder / "text.jsonl", kills, seed, llm)
    env = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, *map(str, given)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "said": done.stderr}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, toy_folder: Path) -> dict[str, Any]:
    """A kill, one more, a full disk, an interrupt: one start of Python for all."""
    return driven(tmp_path_factory.mktemp("kills"), toy_folder, 1, 0, 1)


def labelled(run: str) -> list[str]:
    """The units of a run's lines; every line must be whole."""
    lines = (Path(run) / "labels.jsonl").read_text().split("\n")
    assert lines[-1] == ""
    return [json.loads(line)["unit"] for line in lines[:-1]]


def check_kills(found: dict[str, Any], many: int, units: list[str] = UNITS) -> None:
    """Every label once, none lost, every transcript whole."""
    assert found["kills"] == many
    assert found["lost"] == 0
    assert set(found["codes"]) == {0}
    for run in map(Path, found["runs"]):
        assert sorted(labelled(str(run))) == units
        for unit in units:
            path = run / "transcripts" / f"{unit.replace('/', '_')}.jsonl"
            events = [json.loads(line)["event"] for line in path.read_text().splitlines()]
            assert events.count("end") == events.count("header") == 1


def test_a_kill_and_one_under_a_language_model(found):
    check_kills(found["kills"], 1)
    check_llm(found["llm"], 1)


@pytest.mark.slow
def test_forty_kills_and_twenty_under_a_language_model(tmp_path, toy_folder):
    found = driven(tmp_path, toy_folder, 40, 1, 20)
    check_kills(found["kills"], 40)
    assert any(0 < at < len(UNITS) for at in found["kills"]["at"])
    check_llm(found["llm"], 20)
    assert any(0 < at < 4 for at in found["llm"]["at"])


def check_llm(found: dict[str, Any], many: int) -> None:
    """As `check_kills`; and no checkpoint is left, no unit failed, each has its own experiments."""
    check_kills(found, many, UNITS[:4])
    for run in map(Path, found["runs"]):
        assert not list((run / ".checkpoints").glob("*"))
        for line in (run / "labels.jsonl").read_text().splitlines():
            record = json.loads(line)
            assert record["status"] != "failed", record["reason"]
            made = [item["id"] for item in record["evidence"]]
            assert made == [f"E{number}" for number in range(1, len(made) + 1)]
            assert len(made) >= 4


def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_room(found):
    starved = found["starved"]
    assert starved["codes"] == [2, 0]
    refused = [line for line in found["said"].splitlines() if "no room left" in line]
    assert len(refused) == 1
    assert "the labels so far are kept" in refused[0]
    assert len(starved["before"]) == 3
    assert labelled(starved["run"]) == UNITS


def test_a_second_process_is_refused_and_an_interrupt_keeps_what_is_done(found):
    interrupted = found["interrupted"]
    assert interrupted["second"] == 2
    assert f"in use by process {interrupted['owner']}" in found["said"]
    assert interrupted["codes"] == [130, 0]
    after = (Path(interrupted["run"]) / "labels.jsonl").read_text().split("\n")
    assert after[: len(interrupted["before"])] == interrupted["before"]
    assert labelled(interrupted["run"]) == UNITS
