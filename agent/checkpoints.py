"""Checkpoints of one investigation: a small SQLite file, deleted when the investigation is done.

langgraph's saver keeps the state after every node; only the latest is kept here. Evidence does not
belong into the state (results are large), so each result is written once, to a table beside it. A
resumed investigation reads as many results back as its state had: nothing is measured again.

The file may come from anybody, and langgraph's own loader makes whatever Python objects a file
names. Here states are plain JSON (`PlainJSON`), and nothing else is read.
"""

import contextlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Interrupt

from ..tools.errors import UsageError
from ..tools.evidence import Evidence


class PlainJSON:
    """langgraph's serialiser protocol over plain JSON: reading makes no object of any class.

    Beside JSON there is one kind of value, the interrupts of a graph, which `langgraph.types`
    needs as objects: each is kept as its value and its id. Tuples come back as lists.
    """

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """The kind of a value (`plain` or `interrupts`) and its bytes."""
        if isinstance(obj, (list, tuple)) and obj and isinstance(obj[0], Interrupt):
            return "interrupts", _dumped([[item.value, item.id] for item in obj])
        return "plain", _dumped(obj)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The inverse of `dumps_typed`.

        Raises:
            UsageError: for any other kind, such as those of langgraph's own serialiser, and for
                bytes that are not what was written.
        """
        kind, content = data
        if kind not in ("plain", "interrupts"):
            raise UsageError(
                f"the kept state is of kind '{str(kind)[:20]}', which this version does not read "
                "(it may name code to run); begin again"
            )
        try:
            found = json.loads(content)
            if kind == "plain":
                return found
            return [Interrupt(value, id=str(name)) for value, name in found]
        except (ValueError, TypeError, RecursionError) as error:
            raise UsageError(f"the kept state is damaged ({error}); begin again") from error


class Checkpoints(SqliteSaver):
    """The checkpoint file of one investigation.

    Args:
        path: The file; made if it is not there, made anew if it is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            super().__init__(self._connect(), serde=PlainJSON())
            self._prepare()
        except sqlite3.DatabaseError:
            self.delete()
            super().__init__(self._connect(), serde=PlainJSON())
            self._prepare()

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keeps a checkpoint and drops those before it."""
        kept = super().put(config, checkpoint, metadata, new_versions)
        with self.cursor() as cursor:
            for table in ("checkpoints", "writes"):
                cursor.execute(
                    f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id < ?",
                    (str(config.get("configurable", {}).get("thread_id")), checkpoint["id"]),
                )
        return kept

    def keep(self, evidence: Evidence) -> None:
        """Keeps a result."""
        with self.cursor() as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO evidence VALUES (?, ?)",
                (int(evidence.id[1:]), json.dumps(asdict(evidence))),
            )

    def with_allowlist(self, extra_allowlist: Any) -> "Checkpoints":
        """Itself: nothing that a file names is made, so nothing can be added to a list."""
        return self

    def evidence(self, many: int) -> Sequence[Evidence]:
        """The first results, in order.

        Raises:
            UsageError: if a result is not what was written.
        """
        with self.cursor(transaction=False) as cursor:
            rows = cursor.execute(
                "SELECT content FROM evidence WHERE number <= ? ORDER BY number", (many,)
            ).fetchall()
        return [_evidence(content, self.path) for (content,) in rows]

    def clear(self) -> None:
        """Forgets everything, for a start from the beginning."""
        self.close()
        self.delete()
        super().__init__(self._connect(), serde=PlainJSON())
        self._prepare()

    def close(self) -> None:
        """Closes the file and keeps it."""
        self.conn.close()

    def delete(self) -> None:
        """Closes the file and removes it."""
        with contextlib.suppress(AttributeError):
            self.conn.close()
        for suffix in ("", "-wal", "-shm", "-journal"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, check_same_thread=False)

    def _prepare(self) -> None:
        with self.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE IF NOT EXISTS evidence (number INTEGER PRIMARY KEY, content TEXT)"
            )


def _dumped(value: Any) -> bytes:
    return json.dumps(value, default=_spoken).encode("ascii")


def _spoken(value: Any) -> Any:
    """What JSON has no form for; langgraph keeps the errors of nodes, which nobody reads back."""
    if isinstance(value, BaseException):
        return repr(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a state holds a {type(value).__name__}, which is not plain JSON")


def _evidence(content: Any, path: Path) -> Evidence:
    try:
        return Evidence.from_dict(json.loads(content))
    except (ValueError, TypeError, RecursionError) as error:
        raise UsageError(f"{path}: a kept result is damaged ({error}); begin again") from error
