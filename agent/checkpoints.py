"""Checkpoints of one run of the loop: a small SQLite file with the latest state and every result.

langgraph gives the state after every node; the latest takes the place of the one before. Evidence
does not belong into the state (results are large), so each result is written once, to a table
beside it. A resumed run reads as many results back as its state had: nothing is measured again.

The file may come from anybody. It holds plain JSON, and reading it makes objects of no class but
the interrupts of a graph, each of which is kept as its value and its id.
"""

import json
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.types import Interrupt

from ..tools.errors import UsageError
from ..tools.evidence import Evidence
from ..tools.io.shapes import fault

_INTERRUPTS = "__interrupt__"
_TABLES = """
CREATE TABLE IF NOT EXISTS state (thread TEXT PRIMARY KEY, id TEXT, content TEXT, metadata TEXT);
CREATE TABLE IF NOT EXISTS writes (thread TEXT, id TEXT, task TEXT, number INTEGER, channel TEXT,
    content TEXT, PRIMARY KEY (thread, id, task, number));
CREATE TABLE IF NOT EXISTS evidence (number INTEGER PRIMARY KEY, content TEXT);
"""


class Checkpoints(BaseCheckpointSaver[int]):
    """The checkpoint file of one run.

    Args:
        path: The file; made if it is not there, made anew if it is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        try:
            self._open()
        except sqlite3.DatabaseError:
            self.path.unlink()
            self._open()

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keeps a state in the place of the one before."""
        thread, _ = _place(config)
        with self._lock, self._file as file:
            row = (thread, checkpoint["id"], _dumped(checkpoint), _dumped(metadata))
            file.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?)", row)
            file.execute(
                "DELETE FROM writes WHERE thread = ? AND id != ?", (thread, checkpoint["id"])
            )
        return _config(thread, checkpoint["id"])

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Keeps what a node wrote, until the state after it is kept."""
        rows = [
            (*_place(config), task_id, WRITES_IDX_MAP.get(channel, i), channel, _dumped(value))
            for i, (channel, value) in enumerate(writes)
        ]
        how = "REPLACE" if all(channel in WRITES_IDX_MAP for channel, _ in writes) else "IGNORE"
        with self._lock, self._file as file:
            file.executemany(f"INSERT OR {how} INTO writes VALUES (?, ?, ?, ?, ?, ?)", rows)

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The latest state, with what was written after it.

        Raises:
            UsageError: if it is not what was written.
        """
        thread, wanted = _place(config)
        row = self._rows("SELECT id, content, metadata FROM state WHERE thread = ?", thread)
        if not row and self._rows("SELECT 1 FROM sqlite_master WHERE name = 'checkpoints'"):
            raise UsageError(f"{self.path} was kept by an earlier version; begin again")
        if not row or wanted not in (None, row[0][0]):
            return None
        key, content, metadata = row[0]
        checkpoint = self._loaded(content)
        wrong = fault(checkpoint, Checkpoint)
        if wrong is not None:
            raise self._damaged(wrong)
        writes = self._rows(
            "SELECT task, channel, content FROM writes WHERE thread = ? AND id = ? "
            "ORDER BY task, number",
            thread,
            key,
        )
        return CheckpointTuple(
            _config(thread, key),
            checkpoint,
            self._loaded(metadata),
            None,
            [(task, channel, self._loaded(value, channel)) for task, channel, value in writes],
        )

    def with_allowlist(self, extra_allowlist: Any) -> "Checkpoints":
        """Itself: no object that a file names is made, so there is no list to add to."""
        return self

    def keep(self, evidence: Evidence) -> None:
        """Keeps a result."""
        row = (int(evidence.id[1:]), json.dumps(asdict(evidence)))
        with self._lock, self._file as file:
            file.execute("INSERT OR REPLACE INTO evidence VALUES (?, ?)", row)

    def evidence(self, n: int) -> Sequence[Evidence]:
        """The first n results, in order.

        Raises:
            UsageError: if a result is not what was written.
        """
        rows = self._rows("SELECT content FROM evidence WHERE number <= ? ORDER BY number", n)
        try:
            return [Evidence.from_dict(json.loads(content)) for (content,) in rows]
        except (ValueError, TypeError, RecursionError) as error:
            raise UsageError(
                f"{self.path}: a kept result is damaged ({error}); begin again"
            ) from error

    def clear(self) -> None:
        """Forgets everything, for a start from the beginning."""
        self.delete()
        self._open()

    def close(self) -> None:
        """Closes the file and keeps it."""
        self._file.close()

    def delete(self) -> None:
        """Closes the file and removes it."""
        self._file.close()
        for suffix in ("", "-journal"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _open(self) -> None:
        self._file = sqlite3.connect(self.path, check_same_thread=False)
        self._file.executescript(_TABLES)

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._file.execute(query, values).fetchall()

    def _loaded(self, content: Any, channel: str = "") -> Any:
        try:
            value = json.loads(content)
            if channel != _INTERRUPTS:
                return value
            return [Interrupt(inner, id=str(key)) for inner, key in value]
        except (ValueError, TypeError, RecursionError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: object) -> UsageError:
        return UsageError(f"{self.path}: the kept state is damaged ({error}); begin again")


def _place(config: RunnableConfig) -> tuple[str, str | None]:
    """Thread and checkpoint that a configuration names."""
    given = config.get("configurable", {})
    return str(given["thread_id"]), given.get("checkpoint_id")


def _config(thread: str, key: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": "", "checkpoint_id": key}}


def _dumped(value: Any) -> str:
    return json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    """What JSON has no form for; langgraph keeps the errors of nodes, which nobody reads back."""
    if isinstance(value, Interrupt):
        return [value.value, value.id]
    if isinstance(value, BaseException):
        return repr(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a state holds a {type(value).__name__}, which is not plain JSON")
