"""Records an investigation as append-only JSON lines, and reads such a record back.

One event a line, written out whole before the call returns, so that a kill loses at most the line
that was being written:

    header      what it ran on: versions, target, corpus, windows, seed, unit, planner, budget
    message     one `message` of the conversation, with its `usage` and `seconds`
    evidence    one tool call with its whole result, as `evidence`
    ledger      how well each rival predicts by now: `rows`, `after` which result
    conclusion  the `description`
    scores      the unit's label `record`: the description again, with its held-out scores
    end         the `reason` why it ended, and the counts of its `meter`
"""

import json
import os
import platform
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...tools.errors import UsageError
from ...tools.evidence import Evidence, plain
from ...tools.io.files import read_whole
from ...tools.models.trust import seal
from .shape import FORMAT, LINES, checked

if TYPE_CHECKING:
    from ...tools.lab import Lab


class Recorder:
    """Writes one transcript. Safe to call from several threads.

    Args:
        path: The file; missing folders are made.
        header: What `make_header` gave.
        resume: Go on with an existing record of an interrupted investigation, after dropping a
            torn last line; without it an existing file is replaced.
    """

    def __init__(self, path: str | Path, header: Mapping[str, Any], *, resume: bool = False):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._rows: dict[str, dict[str, Any]] = {}
        kept = _whole_lines(self.path) if resume else 0
        self._file = os.open(
            self.path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644
        )
        os.ftruncate(self._file, kept)
        self._size = kept
        if not kept:
            self.write("header", **header)

    def write(self, event: str, **fields: Any) -> None:
        """Appends one event; after a failed write the file ends with the event before.

        Raises:
            OSError: if it cannot be written, for instance because the disk is full.
        """
        if event not in LINES:
            raise ValueError(f"no event '{event}'; the events are {', '.join(LINES)}")
        if event == "ledger":
            fields["rows"] = self._news(fields.get("rows") or ())
        seconds = round(time.monotonic() - self._started, 3)
        row = {"event": event, "at": seconds, **fields}
        line = json.dumps(_json(row), separators=(",", ":")).encode("ascii") + b"\n"
        with self._lock:
            try:
                _write_all(self._file, line, self._size)
            except OSError:
                os.ftruncate(self._file, self._size)
                raise
            self._size += len(line)

    def _news(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What changed in the ledger since it was last written, without what stands elsewhere.

        Rows carry their whole history and predictor; written out each time they would fill most of
        the file.
        """
        found = []
        for row in rows:
            history = row.get("history") or [{}]
            fresh = {**row, "after": row.get("after") or history[-1].get("evidence")}
            fresh["test"] = _but(fresh.get("test"), "predictor", "english", "tails", "examples")
            fresh = _but(fresh, "history", "predictor")
            known = self._rows.get(str(row.get("id")), {})
            if isinstance(fresh.get("tested"), list):
                fresh["tested"] = len(fresh["tested"])
            news = {k: v for k, v in fresh.items() if k not in known or known[k] != v}
            news.pop("after", None)
            self._rows[str(row.get("id"))] = fresh
            if news:
                found.append({"id": row.get("id"), **news, "after": fresh["after"]})
        return found

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class Transcript:
    """A transcript that was read."""

    path: Path
    header: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]
    """Everything after the header, in order."""
    torn: bool = False
    """The last line was incomplete and is left out."""

    def of(self, event: str) -> list[Mapping[str, Any]]:
        """The events of one kind, in order."""
        return [item for item in self.events if item["event"] == event]

    @cached_property
    def evidence(self) -> dict[str, Evidence]:
        """The evidence by id, in order."""
        made = (Evidence.from_dict(item["evidence"]) for item in self.of("evidence"))
        return {item.id: item for item in made}

    @property
    def conclusion(self) -> Mapping[str, Any] | None:
        """The description, or None where the investigation never concluded."""
        return self._last("conclusion", "description")

    @property
    def scored(self) -> Mapping[str, Any] | None:
        """The label record with scores, where it was written."""
        return self._last("scores", "record")

    @property
    def ended(self) -> str | None:
        """Why it ended; None: it was interrupted."""
        return self._last("end", "reason")

    def _last(self, event: str, field: str) -> Any:
        found = self.of(event)
        return found[-1][field] if found else None


def _nearby(path: Path) -> str:
    """Names a transcript of the folder that a wrong path names or lies in."""
    folder = path if path.is_dir() else path.parent
    known = [*sorted(folder.glob("transcripts/*.jsonl")), *sorted(folder.glob("*.jsonl"))]
    return f"; there is {known[0]}" if known else ""


def read(path: str | Path) -> Transcript:
    """Reads a transcript; an incomplete last line is left out and said in `torn`.

    Raises:
        UsageError: if the file is not there or not a transcript; names the line.
    """
    path = Path(path)
    try:
        lines = read_whole(path).split(b"\n")
    except OSError as error:
        said = f"cannot read the transcript {path}: {error.strerror}{_nearby(path)}"
        raise UsageError(said) from error
    torn = bool(lines.pop().strip())  # what follows the last newline was never finished
    events: list[Mapping[str, Any]] = []
    for number, line in enumerate(lines, 1):
        where = f"{path} line {number}"
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{where} is not valid JSON, so it is no transcript") from error
        if number == 1 and (not isinstance(item, dict) or item.get("event") != "header"):
            raise UsageError(f"{path} is not a transcript: its first line is no header")
        events.append(checked(item, where))
    if not events:
        raise UsageError(f"{path} is not a transcript: it has no header")
    return Transcript(path, events[0], tuple(events[1:]), torn)


def whole(path: Path) -> bool:
    """Whether a transcript is there and was written to its end; reads its last line alone."""
    try:
        with path.open("rb") as file:
            start = file.seek(0, os.SEEK_END)
            last = b""
            while start and b"\n" not in last.rstrip(b"\n"):
                step = min(start, 1 << 16)
                start = file.seek(start - step)
                last = file.read(step) + last
                file.seek(start)
        event = json.loads(last.rstrip(b"\n").rpartition(b"\n")[2])
        return last.endswith(b"\n") and event["event"] in ("end", "scores")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def names(header: Mapping[str, Any]) -> dict[str, Any]:
    """What a header names to be loaded: what its seal is of (`tools/models/trust.py`)."""
    return {
        "target": header["target"]["name"],
        "target options": header["target"].get("options") or {},
        "data": header["corpus"]["spec"],
        "data options": header["corpus"].get("options") or {},
        "reader": header.get("reader"),
    }


def make_header(
    lab: "Lab",
    unit: str,
    *,
    planner: str,
    corpus: str,
    corpus_hash: str,
    length: int,
    most_tokens: int | None = None,
    budget: Any = None,
    target: str | None = None,
    target_options: Mapping[str, Any] | None = None,
    corpus_options: Mapping[str, Any] | None = None,
    index: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """What a replay needs to build the same lab again, and a reader needs to trust it.

    Args:
        lab: The lab, ready for the investigation.
        unit: The unit, with its sign.
        planner: The planner's name.
        corpus: The corpus as the user gave it, for `load_corpus`.
        corpus_hash: Hash of the whole corpus, all splits.
        length: Tokens a window.
        most_tokens: The limit given to `cut` for the explore split.
        budget: A `Budget` or a dict.
        target: The target as the user gave it; default: its name.
        target_options: Keyword options of `Target.load`.
        corpus_options: Keyword options of `load_corpus`.
        index: Settings of the exemplar index, where the lab has one.
        more: Anything else worth keeping, as JSON.
    """
    header = {
        "format": FORMAT,
        "unit": str(unit),
        "planner": planner,
        "seed": lab.seed,
        "llm": lab.llm is not None,
        "target": {
            "name": portable(target or lab.target.name),
            "kind": lab.target.kind,
            "options": _set(target_options),
            "fingerprint": lab.target.fingerprint,
        },
        "corpus": {"spec": portable(corpus), "options": _set(corpus_options), "hash": corpus_hash},
        "windows": {
            "length": length,
            "most_tokens": most_tokens,
            "special": lab.target.special_tokens,
            "rows": len(lab.explore),
            "tokens": int(lab.explore.counted.sum()),
        },
        "index": index,
        "budget": budget,
        "versions": versions("neuroscribe", "torch", "transformers"),
        **more,
    }
    return {**header, "seal": seal(_json(names(header)))}


def portable(name: str) -> str:
    """A path below or beside the working folder, said relative to it; other names as they are."""
    path = Path(name)
    if not path.is_absolute() or not Path(name.rpartition(":")[0] or name).exists():
        return name
    relative = os.path.relpath(path)
    return name if relative.startswith(os.path.join("..", "..")) else Path(relative).as_posix()


def versions(*packages: str) -> dict[str, str]:
    """The versions of Python and of packages, by name."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _but(item: Any, *names: str) -> Any:
    if not isinstance(item, Mapping):
        return item
    return {key: value for key, value in item.items() if key not in names}


def _set(options: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (options or {}).items() if value is not None}


def _json(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    return plain(value)


def _write_all(file: int, data: bytes, start: int) -> None:
    os.lseek(file, start, os.SEEK_SET)
    while data:
        data = data[os.write(file, data) :]


def _whole_lines(path: Path) -> int:
    """Bytes up to the last newline."""
    try:
        return path.read_bytes().rfind(b"\n") + 1
    except FileNotFoundError:
        return 0
