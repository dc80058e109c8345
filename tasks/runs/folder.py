"""A run folder: settings, one durable line a unit, transcripts; safe against kills and rivals.

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

import errno
import fcntl
import json
import os
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from ...agent.transcript.record import whole
from ...tools.errors import UsageError
from ...tools.evidence import plain
from ...tools.io.files import read_whole, write_whole
from ...tools.io.shapes import check, fault
from ...tools.models.unit import Unit
from ..labelling.settings import Shard
from ..labelling.shape import Controls, Record, RunFacts

FORMAT = 1
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class DiskFullError(UsageError):
    """No room for the next label; what was written before is kept."""


class RunFolder:
    """One run on disk, seen by the process that has one shard of it."""

    def __init__(self, path: str | Path, shard: Shard | None = None) -> None:
        self.path = Path(path)
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

    def transcript_path(self, unit: Unit) -> Path:
        """Where the transcript of a unit goes: `transcripts/mlp.3_1207-.jsonl`."""
        index = str(unit).rpartition("/")[2]
        return self.path / "transcripts" / f"{quote(unit.site, safe='')}_{index}.jsonl"

    # ---- run.json

    def read_run(self) -> dict[str, Any] | None:
        """What `run.json` says; None where there is none.

        Raises:
            UsageError: if the file is damaged or from a later version.
        """
        path = self.path / "run.json"
        try:
            found = json.loads(read_whole(path))
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError, OSError) as error:
            raise UsageError(
                f"{path} cannot be read ({error}); use another folder with --out"
            ) from error
        if isinstance(found, dict) and found.get("format") not in (None, *range(FORMAT + 1)):
            raise UsageError(f"{path} was made by a later version of neuroscribe")
        return check(found, RunFacts, str(path))

    def write_run(self, facts: Mapping[str, Any]) -> None:
        """Writes `run.json`, whole or not at all."""
        self.write("run.json", {"format": FORMAT, **facts})

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Writes one JSON file of the folder, whole or not at all."""
        text = json.dumps(plain(content), ensure_ascii=False, indent=2) + "\n"
        self.path.mkdir(parents=True, exist_ok=True)
        self._replace(self.path / name, text.encode("utf-8", "backslashreplace"))

    def read(self, name: str, faults: list[str] | None = None) -> dict[str, Any]:
        """The controls in one file of the folder; empty where it is absent or damaged.

        Args:
            name: The file.
            faults: Gets a sentence where it is not as it was written.
        """
        try:
            found = json.loads(read_whole(self.path / name))
        except (OSError, ValueError, RecursionError):
            return {}
        wrong = fault(found, Controls)
        if wrong is not None and faults is not None:
            faults.append(f"{self.path / name}: {wrong}; it is left out")
        return {} if wrong else found

    # ---- labels

    def labels(self, faults: list[str] | None = None) -> dict[str, dict[str, Any]]:
        """The labels of every shard, by unit; a torn or damaged line is no label.

        Args:
            faults: Gets a sentence for each line that is none: file, line, what is wrong there.
        """
        found: dict[str, dict[str, Any]] = {}
        for path in sorted(self.path.glob("labels*.jsonl")):
            for unit, record in _labels(path, faults).items():
                found.setdefault(unit, record)
        return found

    def own_labels(self) -> dict[str, dict[str, Any]]:
        """The labels of this shard, by unit."""
        return _labels(self.labels_path) if self.labels_path.exists() else {}

    def write_labels(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Writes this shard's labels anew, whole or not at all."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._replace(self.labels_path, b"".join(_line(record) for record in records))

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
        line = _line(record)
        path = self.labels_path
        new = not path.exists()
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            before = os.fstat(file).st_size
            try:
                written = 0
                while written < len(line):
                    written += os.write(file, line[written:])
                os.fsync(file)
            except OSError as error:
                os.ftruncate(file, before)
                raise self.full(error) or error from error
        finally:
            os.close(file)
        if new:
            _sync_folder(self.path)

    def drop(self, units: Iterable[str]) -> None:
        """Takes labels out of this shard's file, for units that are to be labelled again."""
        unwanted = set(units)
        kept = [record for unit, record in self.own_labels().items() if unit not in unwanted]
        if unwanted:
            self.write_labels(kept)

    def has_transcript(self, record: Mapping[str, Any]) -> bool:
        """Whether the transcript that a label names is there, down to its last event."""
        name = record.get("transcript")
        if not name:  # units that failed have none
            return True
        return whole(self.path / "transcripts" / Path(name).name)

    # ---- lock

    def refuse_if_owned(self) -> None:
        """Refuses early when another process has this shard; takes nothing.

        Raises:
            UsageError: names the owner's process id.
        """
        if (self.path / f".lock{self.part}").exists():
            with self.lock():
                pass

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds this shard of the folder; the lock ends with the process, however it ends.

        Raises:
            UsageError: if another process has it; names that process.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path / f".lock{self.part}", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise UsageError(f"cannot write to {self.path}: {error.strerror}") from error
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                owner = os.pread(file, 32, 0).decode(errors="replace").strip() or "unknown"
                part = f" (shard {self.shard})" if self.part else ""
                raise UsageError(
                    f"{self.path}{part} is in use by process {owner}; "
                    "wait for it, stop it, or use another folder with --out"
                ) from error
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(file)

    def _replace(self, path: Path, content: bytes) -> None:
        try:
            write_whole(path, content)
        except OSError as error:
            raise self.full(error) or error from error
        _sync_folder(path.parent)

    def log_error(self, what: str, error: BaseException) -> None:
        """Adds a traceback to `errors.log`."""
        with (self.path / "errors.log").open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"{what}\n{''.join(traceback.format_exception(error))}\n")

    def full(self, error: BaseException) -> DiskFullError | None:
        """The one line to say where an error means that the disk is full; None otherwise."""
        return disk_full(error, self.path)


def disk_full(error: BaseException, path: Path) -> DiskFullError | None:
    """The one line to say where an error means that the disk is full; None where it does not."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return DiskFullError(
            f"no room left for {path} ({error.strerror}); the labels so far are kept: "
            "make room and run the same command again"
        )
    return None


def _labels(path: Path, faults: list[str] | None = None) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for record in _records(read_whole(path)):
        if isinstance(record, dict):
            found.setdefault(record["unit"], record)
        elif faults is not None:
            faults.append(f"{path} line {record.number}: {record.why}; it is left out")
    return found


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
    try:
        record = json.loads(line)
        wrong = fault(record, Record)
    except (ValueError, RecursionError):
        return "it is not valid JSON"
    if wrong is not None:
        return wrong
    record.setdefault("label", "")
    record.setdefault("status", "?")
    return record


def _line(record: Mapping[str, Any]) -> bytes:
    text = json.dumps(plain(record), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
