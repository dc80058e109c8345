"""Checkpoint files are hostile: none of them may run anything."""

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile import payload
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Interrupt
from neuroscribe.agent.checkpoints import Checkpoints
from neuroscribe.agent.investigate import investigate
from neuroscribe.tools.errors import UsageError
from pets import CONCLUDE, MEASURE, RIVALS
from scripted import Scripted, interrupted

SCRIPT: list[Any] = [RIVALS, MEASURE, CONCLUDE]


def place(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}}


@pytest.fixture
def stopped(make_lab: Any, tmp_path: Path) -> Path:
    """The checkpoint of an investigation that was interrupted before its second turn."""
    path = tmp_path / "unit.sqlite"
    with pytest.raises(KeyboardInterrupt):
        investigate(make_lab(), "planted/0", Scripted([SCRIPT[0], interrupted]), checkpoint=path)
    return path


def begins_again(make_lab: Any, path: Path) -> bool:
    planner = Scripted(SCRIPT)
    investigate(make_lab(), "planted/0", planner, checkpoint=path)
    return planner.seen[0]["step"] == 0


@pytest.mark.parametrize("table", ["state", "writes"])
def test_a_patched_checkpoint_runs_nothing(make_lab, stopped, tmp_path, table):
    ran = tmp_path / "ran"
    loose = JsonPlusSerializer(pickle_fallback=True, allowed_msgpack_modules=True)
    loose.loads_typed(("msgpack", payload(ran)))
    assert ran.exists(), "the payload does run where it is read without care"
    ran.unlink()
    with sqlite3.connect(stopped) as file:
        if table == "state":
            file.execute("UPDATE state SET content = ?", (payload(ran),))
        else:
            row = file.execute("SELECT thread, id FROM state").fetchone()
            content = (*row, payload(ran))
            file.execute("INSERT INTO writes VALUES (?, ?, 't', 0, 'messages', ?)", content)
    assert begins_again(make_lab, stopped)
    assert not ran.exists()


@pytest.mark.parametrize(
    ("table", "content"),
    [
        *(("state", content) for content in ("{", "[]", '{"v": 1}', "[" * 100_000, b"\xff")),
        *(("evidence", content) for content in ("[]", '{"id": "E1"}', "[" * 100_000, "nonsense")),
        ("evidence", '{"id": "x", "tool": "scan", "arguments": {}, "text": ""}'),
    ],
)
def test_damage_is_refused_and_means_a_fresh_start(make_lab, stopped, table, content):
    with sqlite3.connect(stopped) as file:
        (thread,) = file.execute("SELECT thread FROM state").fetchone()
        file.execute(f"UPDATE {table} SET content = ?", (content,))
    store = Checkpoints(stopped)
    said = "the kept state" if table == "state" else "a kept result"
    with pytest.raises(UsageError, match=f"{said} is damaged"):
        store.get_tuple(place(thread)) if table == "state" else store.evidence(1)
    store.close()
    assert begins_again(make_lab, stopped)


def test_a_file_of_an_earlier_version_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "old.sqlite") as file:
        file.execute("CREATE TABLE checkpoints (thread_id TEXT)")
    store = Checkpoints(tmp_path / "old.sqlite")
    with pytest.raises(UsageError, match="by an earlier version"):
        store.get_tuple(place("talk"))


def test_plain_json_comes_back_and_nothing_else_is_written(tmp_path):
    store = Checkpoints(tmp_path / "c.sqlite")
    value = {"messages": [{"role": "user", "content": "\ud800 \u00e9"}], "n": 1.5, "none": None}
    waiting = [Interrupt({"tool": "scan"}, id="a")]
    checkpoint: Any = {**empty_checkpoint(), "channel_values": value, "updated_channels": None}
    kept = store.put(place("t"), checkpoint, {}, {})
    store.put_writes(kept, [("__interrupt__", waiting), ("n", np.float32(2))], "task")
    found = store.get_tuple(place("t"))
    assert found is not None
    assert found.checkpoint["channel_values"] == value
    writes = [("task", "__interrupt__", waiting), ("task", "n", 2.0)]
    assert sorted(found.pending_writes or (), key=str) == writes
    with pytest.raises(TypeError, match="not plain JSON"):
        store.put_writes(kept, [("n", Path())], "task")
