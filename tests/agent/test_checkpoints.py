"""Checkpoint files are hostile: none of them may run anything."""

import json
import pickle
import sqlite3
from pathlib import Path
from typing import Any

import ormsgpack
import pytest
from langgraph.checkpoint.serde.jsonplus import EXT_CONSTRUCTOR_POS_ARGS, JsonPlusSerializer
from langgraph.types import Interrupt
from neuroscribe.agent.checkpoints import Checkpoints, PlainJSON
from neuroscribe.agent.investigate import investigate
from neuroscribe.tools.errors import UsageError
from scripted import Scripted

PET = {"kind": "words", "words": ["cat", "dog"]}
SCRIPT: list[Any] = [
    [
        ("exemplars", {"kind": "quantile"}),
        ("hypothesise", {"statement": "pets", "predictor": PET}),
    ],
    [("activations", {"texts": ["the cat ran", "the dog ran"]})],
    [
        (
            "conclude",
            {
                "label": "pets",
                "components": [{"words": "pets", "predictor": "H1", "evidence": ["E3"]}],
            },
        )
    ],
]


def payloads(ran: Path) -> dict[str, tuple[str, bytes]]:
    """Values that make a file where they are read without care, by what they are written as."""
    call = ormsgpack.packb(("os", "mknod", (str(ran),)))
    msgpack = ormsgpack.packb(ormsgpack.Ext(EXT_CONSTRUCTOR_POS_ARGS, call))
    made = {"lc": 2, "type": "constructor", "id": ["os", "mknod"], "args": [str(ran)]}

    class Runs:
        def __reduce__(self) -> Any:
            return Path.touch, (ran,)

    return {
        "msgpack": ("msgpack", msgpack),
        "json": ("json", json.dumps(made).encode()),
        "pickle": ("pickle", pickle.dumps(Runs())),
    }


@pytest.fixture
def stopped(make_lab: Any, tmp_path: Path) -> Path:
    """The checkpoint of an investigation that was interrupted before its second turn."""

    def interrupted(state: Any) -> Any:
        raise KeyboardInterrupt

    path = tmp_path / "unit.sqlite"
    with pytest.raises(KeyboardInterrupt):
        investigate(make_lab(), "planted/0", Scripted([SCRIPT[0], interrupted]), checkpoint=path)
    return path


@pytest.mark.parametrize("name", ["msgpack", "json", "pickle"])
@pytest.mark.parametrize("table", ["checkpoints", "writes"])
def test_a_patched_checkpoint_runs_nothing(
    make_lab: Any, stopped: Path, tmp_path: Path, name: str, table: str
) -> None:
    ran = tmp_path / "ran"
    kind, content = payloads(ran)[name]
    loose = JsonPlusSerializer(
        pickle_fallback=True, allowed_json_modules=True, allowed_msgpack_modules=True
    )
    loose.loads_typed((kind, content))
    assert ran.exists(), "the payload does run where it is read without care"
    ran.unlink()
    with sqlite3.connect(stopped) as file:
        if table == "checkpoints":
            file.execute("UPDATE checkpoints SET type = ?, checkpoint = ?", (kind, content))
        else:
            row = file.execute("SELECT thread_id, checkpoint_id FROM checkpoints").fetchone()
            file.execute(
                "INSERT INTO writes VALUES (?, '', ?, 't', 0, 'messages', ?, ?, '')",
                (*row, kind, content),
            )
    planner = Scripted(SCRIPT)
    investigate(make_lab(), "planted/0", planner, checkpoint=stopped)
    assert not ran.exists()
    assert planner.seen[0]["step"] == 0, "it began again"


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
def test_a_result_that_is_none_means_a_fresh_start(
    make_lab: Any, stopped: Path, content: str
) -> None:
    with sqlite3.connect(stopped) as file:
        file.execute("UPDATE evidence SET content = ?", (content,))
    store = Checkpoints(stopped)
    with pytest.raises(UsageError, match="a kept result is damaged"):
        store.evidence(1)
    store.close()
    planner = Scripted(SCRIPT)
    investigate(make_lab(), "planted/0", planner, checkpoint=stopped)
    assert planner.seen[0]["step"] == 0


def test_plain_json_comes_back_and_nothing_else_is_written() -> None:
    plain = PlainJSON()
    value = {"messages": [{"role": "user", "content": "\ud800 \u00e9"}], "n": 1.5, "none": None}
    assert plain.loads_typed(plain.dumps_typed(value)) == value
    waiting = (Interrupt({"tool": "scan"}, id="a"),)
    assert plain.loads_typed(plain.dumps_typed(waiting)) == list(waiting)
    with pytest.raises(TypeError, match="not plain JSON"):
        plain.dumps_typed({"path": Path()})
    for bad in (b"{", b"[[1]]", b"[" * 100_000, b"\xff"):
        with pytest.raises(UsageError, match="damaged"):
            plain.loads_typed(("interrupts", bad))
