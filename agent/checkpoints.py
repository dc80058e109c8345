"""Checkpoints of one investigation: a small SQLite file, deleted when the investigation is done.

langgraph's saver keeps the state after every node; only the latest is kept here. Evidence does not
belong into the state (results are large), so each result is written once, to a table beside it. A
resumed investigation reads as many results back as its state had: nothing is measured again.
"""

import contextlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite import SqliteSaver

from ..tools.evidence import Evidence


class Checkpoints(SqliteSaver):
    """The checkpoint file of one investigation.

    Args:
        path: The file; made if it is not there, made anew if it is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            super().__init__(self._connect())
            self._prepare()
        except sqlite3.DatabaseError:
            self.delete()
            super().__init__(self._connect())
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

    def evidence(self, many: int) -> Sequence[Evidence]:
        """The first results, in order."""
        with self.cursor(transaction=False) as cursor:
            rows = cursor.execute(
                "SELECT content FROM evidence WHERE number <= ? ORDER BY number", (many,)
            ).fetchall()
        return [_evidence(json.loads(content)) for (content,) in rows]

    def clear(self) -> None:
        """Forgets everything, for a start from the beginning."""
        self.close()
        self.delete()
        super().__init__(self._connect())
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


def _evidence(fields: dict[str, Any]) -> Evidence:
    return Evidence(**{**fields, "images": tuple(fields["images"])})
