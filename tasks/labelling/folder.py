"""The folder of a labelling run: durable lines, transcripts, controls; safe against kills.

    run.json            settings and facts of the run, written once, atomically
    labels.jsonl        one line a unit, each forced to the disk before the next unit is taken;
                        `labels.2-of-4.jsonl` where the units are divided into shards
    transcripts/        one file a unit
    controls.json       controls that need the whole run
    errors.log          tracebacks of units that failed
    report.html

A line that a kill or a full disk tore is cut off when the run goes on, and said; its unit is
labelled again. Only the process that holds the lock of a shard writes its labels.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from ...agent.transcript.record import whole
from ...tools.evidence import plain
from ...tools.io.files import read_whole
from ...tools.io.shapes import fault
from ...tools.models.unit import Unit
from ..runs.disk import append_line, replace_file
from ..runs.folder import Folder
from .settings import Shard
from .shape import Controls, Record, RunFacts


class RunFolder(Folder):
    """One run on disk, seen by the process that has one shard of it."""

    facts_shape = RunFacts

    def __init__(self, path: str | Path, shard: Shard | None = None) -> None:
        super().__init__(path)
        self.shard = shard or Shard()

    @property
    def part(self) -> str:
        """`` for an undivided run, else `.2-of-4`."""
        return "" if self.shard.of == 1 else f".{self.shard.number}-of-{self.shard.of}"

    @property
    def labels_path(self) -> Path:
        """Where this shard's labels go."""
        return self.path / f"labels{self.part}.jsonl"

    @property
    def controls_name(self) -> str:
        """Where this shard's controls go."""
        return f"controls{self.part}.json"

    def transcript_path(self, unit: Unit, number: int = 0) -> Path:
        """Where the transcript of a unit goes: `transcripts/mlp.3_1207-.jsonl`; of a further
        attempt at it `mlp.3_1207-.try2.jsonl`."""
        index = str(unit).rpartition("/")[2]
        more = f".try{number + 1}" if number else ""
        return self.path / "transcripts" / f"{quote(unit.site, safe='')}_{index}{more}.jsonl"

    def lock(self) -> AbstractContextManager[None]:
        """Holds this shard of the folder; the lock ends with the process, however it ends.

        Raises:
            UsageError: if another process has it; names that process.
        """
        return self.hold(f".lock{self.part}", f" (shard {self.shard})" if self.part else "")

    def refuse_if_owned(self) -> None:
        """Refuses early when another process has this shard; takes nothing.

        Raises:
            UsageError: names the owner's process id.
        """
        if (self.path / f".lock{self.part}").exists():
            with self.lock():
                pass

    def read_controls(self, name: str, faults: list[str] | None = None) -> dict[str, Any]:
        """The controls in one file of the folder; empty where it is absent or damaged.

        Args:
            name: The file.
            faults: Gets a sentence where it is not as it was written.
        """
        try:
            result = json.loads(read_whole(self.path / name))
        except (OSError, ValueError, RecursionError):
            return {}
        wrong = fault(result, Controls)
        if wrong is not None and faults is not None:
            faults.append(f"{self.path / name}: {wrong}; it is left out")
        return {} if wrong else result

    def labels(self, faults: list[str] | None = None) -> dict[str, dict[str, Any]]:
        """The labels of every shard, by unit; a torn or damaged line is no label.

        Args:
            faults: Gets a sentence for each line that is none: file, line, what is wrong there.
        """
        result: dict[str, dict[str, Any]] = {}
        for path in sorted(self.path.glob("labels*.jsonl")):
            for unit, record in _labels(path, faults).items():
                result.setdefault(unit, record)
        return result

    def own_labels(self) -> dict[str, dict[str, Any]]:
        """The labels of this shard, by unit."""
        return _labels(self.labels_path) if self.labels_path.exists() else {}

    def write_labels(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Writes this shard's labels anew, whole or not at all."""
        replace_file(self.labels_path, b"".join(_line(record) for record in records))

    def heal(self) -> list[str]:
        """Cuts off what is no label from this shard's file; says what was dropped."""
        path = self.labels_path
        if not path.exists():
            return []
        lines = list(_records(path.read_bytes()))
        bad = [line.content for line in lines if isinstance(line, Bad)]
        if bad:
            with (self.path / f"{path.name}.damaged").open("ab") as file:
                file.write(b"".join(line + b"\n" for line in bad))
            self.write_labels(line for line in lines if isinstance(line, dict))
        return [
            f"{path}: a line of {len(line)} bytes was torn or damaged and is left out; "
            "its unit will be labelled again"
            for line in bad
        ]

    def append(self, record: Mapping[str, Any]) -> None:
        """Adds one label and forces it to the disk.

        Raises:
            DiskFullError: if there is no room; the file is as it was before.
        """
        append_line(self.labels_path, _line(record))

    def drop(self, units: Iterable[str]) -> None:
        """Takes labels out of this shard's file, for units that are to be labelled again."""
        unwanted = set(units)
        kept = [record for unit, record in self.own_labels().items() if unit not in unwanted]
        if unwanted:
            self.write_labels(kept)

    def without_transcript(self) -> list[str]:
        """Units of this shard that have a label and no whole transcript."""
        labels = self.own_labels()
        return [unit for unit, record in labels.items() if not self.has_transcript(record)]

    def has_transcript(self, record: Mapping[str, Any]) -> bool:
        """Whether the transcript that a label names is there, down to its last event."""
        name = record.get("transcript")
        if not name:  # units that failed have none
            return True
        return whole(self.path / "transcripts" / Path(name).name)


def _labels(path: Path, faults: list[str] | None = None) -> dict[str, dict[str, Any]]:
    result: dict[str, dict[str, Any]] = {}
    for record in _records(read_whole(path)):
        if isinstance(record, dict):
            result.setdefault(record["unit"], record)
        elif faults is not None:
            faults.append(f"{path} line {record.number}: {record.why}; it is left out")
    return result


class Bad(NamedTuple):
    """A line that is no label."""

    content: bytes
    number: int
    why: str


def _records(content: bytes) -> Iterator[dict[str, Any] | Bad]:
    """Each line as a record, or with what is wrong where it is none."""
    *lines, torn = content.split(b"\n")
    for number, line in enumerate(lines, 1):
        record = record_of(line)
        yield Bad(line, number, record) if isinstance(record, str) else record
    if torn:
        yield Bad(torn, len(lines) + 1, "it is torn")


def record_of(line: bytes) -> dict[str, Any] | str:
    """The record of a line; what is wrong with it where it is none."""
    record = shaped(line, Record)
    if isinstance(record, dict):
        record.setdefault("label", "")
        record.setdefault("status", "?")
    return record


def shaped(line: bytes, shape: Any) -> dict[str, Any] | str:
    """What a line of JSON holds; what is wrong with it where it is not of a shape."""
    try:
        found = json.loads(line)
        return fault(found, shape) or found
    except (ValueError, RecursionError):
        return "it is not valid JSON"


def _line(record: Mapping[str, Any]) -> bytes:
    text = json.dumps(plain(record), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"
