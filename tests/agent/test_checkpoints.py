"""Checkpoint files are hostile: none of them may run anything."""

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import ormsgpack
import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.serde.jsonplus import EXT_CONSTRUCTOR_POS_ARGS, JsonPlusSerializer
from langgraph.types import Interrupt
from neuroscribe.agent.checkpoints import Checkpoints
from neuroscribe.agent.investigate import investigate
from neuroscribe.tools.errors import UsageError
from pets import CONCLUDE, MEASURE, RIVALS
from scripted import Scripted

SCRIPT: list[Any] = [RIVALS, MEASURE, CONCLUDE]


def payload(ran: Path) -> bytes:
    """A value that makes a file where it is read as langgraph's own serialiser does."""
    call = ormsgpack.packb(("os", "mknod", (str(ran),)))
    return ormsgpack.packb(ormsgpack.Ext(EXT_CONSTRUCTOR_POS_ARGS, call))


@pytest.fixture
def stopped(make_lab: Any, tmp_path: Path) -> Path:
    """The checkpoint of an investigation that was interrupted before its second turn."""

    def interrupted(state: Any) -> Any:
        raise KeyboardInterrupt

    path = tmp_path / "unit.sqlite"
    with pytest.raises(KeyboardInterrupt):
        investigate(make_lab(), "planted/0", Scripted([SCRIPT[0], interrupted]), checkpoint=path)
    return path


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
    planner = Scripted(SCRIPT)
    investigate(make_lab(), "planted/0", planner, checkpoint=stopped)
    assert not ran.exists()
    assert planner.seen[0]["step"] == 0, "it began again"


@pytest.mark.parametrize("content", ["{", "[]", '{"v": 1}', "[" * 100_000, b"\xff"])
def test_a_damaged_state_is_refused(stopped, content):
    with sqlite3.connect(stopped) as file:
        (thread,) = file.execute("SELECT thread FROM state").fetchone()
        file.execute("UPDATE state SET content = ?", (content,))
    store = Checkpoints(stopped)
    with pytest.raises(UsageError, match="the kept state is damaged"):
        store.get_tuple({"configurable": {"thread_id": thread}})
    store.close()


def test_a_file_of_an_earlier_version_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "old.sqlite") as file:
        file.execute("CREATE TABLE checkpoints (thread_id TEXT)")
    store = Checkpoints(tmp_path / "old.sqlite")
    with pytest.raises(UsageError, match="by an earlier version"):
        store.get_tuple({"configurable": {"thread_id": "talk"}})


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        '{"id": "E1"}',
        '{"id": "x", "tool": "scan", "arguments": {}, "text": ""}',
        "[" * 100_000,
        "nonsense",
    ],
)
def test_a_result_that_is_none_means_a_fresh_start(make_lab, stopped, content):
    with sqlite3.connect(stopped) as file:
        file.execute("UPDATE evidence SET content = ?", (content,))
    store = Checkpoints(stopped)
    with pytest.raises(UsageError, match="a kept result is damaged"):
        store.evidence(1)
    store.close()
    planner = Scripted(SCRIPT)
    investigate(make_lab(), "planted/0", planner, checkpoint=stopped)
    assert planner.seen[0]["step"] == 0


def test_plain_json_comes_back_and_nothing_else_is_written(tmp_path):
    store = Checkpoints(tmp_path / "c.sqlite")
    value = {"messages": [{"role": "user", "content": "\ud800 \u00e9"}], "n": 1.5, "none": None}
    waiting = [Interrupt({"tool": "scan"}, id="a")]
    checkpoint = {**empty_checkpoint(), "channel_values": value, "updated_channels": None}
    place = store.put({"configurable": {"thread_id": "t"}}, checkpoint, {}, {})  # type: ignore
    store.put_writes(place, [("__interrupt__", waiting), ("n", np.float32(2))], "task")
    found = store.get_tuple({"configurable": {"thread_id": "t"}})
    assert found is not None
    assert found.checkpoint["channel_values"] == value
    assert sorted(found.pending_writes or (), key=str) == [
        ("task", "__interrupt__", waiting),
        ("task", "n", 2.0),
    ]
    with pytest.raises(TypeError, match="not plain JSON"):
        store.put_writes(place, [("n", Path())], "task")
