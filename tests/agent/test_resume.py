"""Interrupted and killed investigations go on from their checkpoint: same evidence and budget."""

import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from neuroscribe.agent.budget import Budget
from neuroscribe.agent.checkpoints import Checkpoints
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.state import State
from pets import MEASURE, RIVALS, concluding
from scripted import Scripted, Turn, interrupted

EDIT = {"kind": "replace", "old": "cat", "new": "dog"}
SCRIPT: list[Any] = [
    [("exemplars", {"kind": "quantile"}), *RIVALS],
    [*MEASURE, ("test_hypotheses", {"hypotheses": [{"kind": "repeated"}]})],
    [("edit_text", {"text": "the cat ran", "edits": [EDIT]})],
    concluding("E4"),
]


class Recorded:
    """A recorder in memory: what happened, without ledgers, whose number differs after a stop."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def write(self, event: str, **fields: Any) -> None:
        if event == "message":
            self.events.append((event, fields["message"]["role"]))
        elif event == "evidence":
            self.events.append((event, f"{fields['evidence'].id} {fields['evidence'].tool}"))
        elif event != "ledger":
            self.events.append((event, ""))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a checkpoint is kept."""
    return tmp_path / "a" / "c.sqlite"


def stop(make_lab: Any, path: Path, turn: int, unit: str = "planted/0") -> None:
    """Runs the script and interrupts it before the turn with that number."""
    with pytest.raises(KeyboardInterrupt):
        investigate(make_lab(), unit, Scripted([*SCRIPT[:turn], interrupted]), checkpoint=path)


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_an_interrupted_investigation_goes_on(make_lab, path, turn):
    plain, whole = Recorded(), make_lab()
    expected = investigate(whole, "planted/0", Scripted(SCRIPT), recorder=plain)  # type: ignore[arg-type]
    stop(make_lab, path, turn)
    assert path.stat().st_size < 200_000
    again, lab, planner = Recorded(), make_lab(), Scripted(SCRIPT)
    done = investigate(lab, "planted/0", planner, checkpoint=path, recorder=again)  # type: ignore[arg-type]
    assert len(planner.seen) == len(SCRIPT) - turn, "no turn was asked for twice"
    assert done.description == expected.description
    assert (done.ledger, done.steps) == (expected.ledger, expected.steps)
    assert [(e.id, e.data) for e in lab.evidence] == [(e.id, e.data) for e in whole.evidence]
    assert (lab.hypotheses, lab.inline) == (whole.hypotheses, whole.inline)
    assert again.events == plain.events
    assert not list(path.parent.iterdir()), "the checkpoint is gone when it is done"


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize("turn", [1, 2])
def test_a_kill_in_the_midst_of_a_turn_loses_nothing_that_was_paid_for(make_lab, path, turn):
    def die(state: State) -> Turn:
        os.kill(os.getpid(), signal.SIGKILL)
        return []

    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)  # a forked process has no pool of threads
        investigate(make_lab(), "planted/0", Scripted([*SCRIPT[:turn], die]), checkpoint=path)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    planner, lab = Scripted(SCRIPT), make_lab()
    done = investigate(lab, "planted/0", planner, checkpoint=path)
    assert planner.seen[0]["step"] == turn
    assert [item.tool for item in lab.evidence][:3] == ["exemplars", "hypothesise", "hypothesise"]
    assert done.status == "described"


def test_what_was_spent_is_still_spent(make_lab, path):
    lab = make_lab()

    def spend(state: State) -> Turn:
        lab.meter.tokens_in += 700
        lab.meter.started -= 100
        return SCRIPT[0]

    with pytest.raises(KeyboardInterrupt):
        investigate(lab, "planted/0", Scripted([spend, interrupted]), checkpoint=path)
    planner, budget = Scripted(SCRIPT), Budget(tokens=5000, seconds=1000)
    investigate(make_lab(), "planted/0", planner, checkpoint=path, budget=budget)
    left = planner.seen[0]["remaining"]
    assert left["tokens"] == 4300
    assert left["seconds"] is not None
    assert 850 < left["seconds"] <= 900


@pytest.mark.parametrize("why", ["a planner with a memory", "another unit", "empty", "damaged"])
def test_it_starts_again_where_it_cannot_go_on(make_lab, path, why):
    if why in ("empty", "damaged"):
        path.parent.mkdir()
        path.write_bytes(b"" if why == "empty" else b"not a database at all" * 99)
    else:
        stop(make_lab, path, 2, unit="planted/1" if why == "another unit" else "planted/0")
    planner, lab = Scripted(SCRIPT), make_lab()
    planner.resumable = why != "a planner with a memory"  # type: ignore[misc]
    done = investigate(lab, "planted/0", planner, checkpoint=path)
    assert done.steps == len(planner.seen) == len(SCRIPT)
    assert len(lab.evidence) == 7
    assert done.status == "described"
    assert why == "another unit" or not path.exists()


def test_only_the_latest_state_is_kept(make_lab, path):
    stop(make_lab, path, 3)
    with sqlite3.connect(path) as found:
        assert found.execute("SELECT count(*) FROM state").fetchone() == (1,)
        assert found.execute("SELECT count(*) FROM evidence").fetchone() == (6,)
    store = Checkpoints(path)
    assert [item.id for item in store.evidence(2)] == ["E1", "E2"]
    store.delete()
