"""Where conversations are kept: a folder each, under the person's data folder.

thread.json     what it is about: target, data, run, planner, when, the first question
talk.sqlite     its state and every result
pictures/       what tools drew
.lock           held by the process that has it open
"""

import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...agent.checkpoints import Checkpoints
from ...tools.endpoints import public_options
from ...tools.errors import UsageError, nearest

_NAME = re.compile(r"[\w-]+")
_TITLE = 80  # letters of a title


def home() -> Path:
    """`NEUROSCRIBE_HOME`, else `neuroscribe` in the person's data folder."""
    given = os.environ.get("NEUROSCRIBE_HOME")
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(given or Path(data, "neuroscribe")).expanduser()


@dataclass(frozen=True)
class About:
    """What a conversation is about; all that is needed to open it again."""

    target: str
    data: str
    planner: str = "builtin"
    base_url: str | None = None
    run: str | None = None
    index: str | None = None
    tokens: int = 50_000
    context_length: int = 64
    seed: int = 0
    title: str = ""
    """The first question."""
    created: str = ""

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "About":
        """The inverse of `asdict`; fields of later versions are ignored."""
        return cls(**{name: given[name] for name in cls.__dataclass_fields__ if name in given})


class Thread:
    """One conversation on disk, held by one process at a time.

    Args:
        name: Its name; None: a new one.
        folder: Where conversations are; default: `home()/threads`.

    Raises:
        UsageError: if another process has it open, or the folder cannot be written.
    """

    def __init__(self, name: str | None = None, *, folder: str | Path | None = None) -> None:
        root = _root(folder)
        if name is not None and not _NAME.fullmatch(name):
            raise UsageError(f"'{name}' is no name of a conversation: letters, digits, - and _")
        self.name = name or f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        self.path = root / self.name
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise UsageError(
                f"cannot keep the conversation in {self.path}: {error.strerror}; "
                "set NEUROSCRIBE_HOME to a folder that can be written"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise UsageError(
                f"the conversation {self.name} is open elsewhere; close it there, or begin another"
            ) from error
        self.checkpoints = Checkpoints(self.path / "talk.sqlite")
        self.pictures = self.path / "pictures"
        self.pictures.mkdir(exist_ok=True)

    def keep(self, about: About) -> None:
        """Writes what it is about, whole or not at all."""
        fresh = self.path / ".thread.json"
        kept = public_options(about)
        fresh.write_text(json.dumps(kept, ensure_ascii=False, indent=2), encoding="utf-8")
        fresh.replace(self.path / "thread.json")

    def close(self) -> None:
        """Lets others open it."""
        self.checkpoints.close()
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = -1


def about(name: str, folder: str | Path | None = None) -> About:
    """What a kept conversation is about.

    Raises:
        UsageError: if there is none of that name; names the nearest.
    """
    path = _root(folder) / name / "thread.json"
    try:
        return About.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        known = [other for other, _ in threads(folder)]
        close = f"nearest: {nearest(name, known)}" if known else "there are none yet"
        raise UsageError(f"there is no conversation '{name}'; {close}") from None
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"{path} cannot be read ({error})") from error


def threads(folder: str | Path | None = None) -> list[tuple[str, About]]:
    """The kept conversations, the newest first; what cannot be read is left out."""
    found = []
    for path in _root(folder).glob("*/thread.json"):
        try:
            known = About.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue
        found.append((path.stat().st_mtime, path.parent.name, known))
    return [(name, known) for _, name, known in sorted(found, key=lambda item: -item[0])]


def titled(question: str) -> str:
    """A question as a title."""
    flat = " ".join(question.split())
    return flat if len(flat) <= _TITLE else f"{flat[: _TITLE - 1]}…"


def _root(folder: str | Path | None) -> Path:
    return Path(folder) if folder is not None else home() / "threads"
