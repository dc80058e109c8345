"""Where conversations are kept: a folder each, under the person's data folder.

thread.json     what it is about: target, data, run, planner, when, the first question
talk.sqlite     its state and every result
pictures/       what tools drew
.lock           held by the process that has it open

Others may have made one: `checked` and `key_for` say what of it may be loaded, and with which key.
"""

import json
import os
import re
import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...agent.checkpoints import Checkpoints
from ...tools.errors import UsageError, nearest
from ...tools.io.files import read_whole, write_whole
from ...tools.io.home import home
from ...tools.io.lock import take
from ...tools.io.plain_text import clip
from ...tools.io.shapes import fault
from ...tools.llm.endpoints import loopback, public_options
from ...tools.models.trust import Named, clean, seal, sealed

_NAME = re.compile(r"[\w-]+")
_TITLE = 80  # letters of a title


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
    programs: bool = True
    """Whether a language model may compose tools in programs."""
    reader: str | None = None
    """A second network that reads, for `like`."""
    direction: str | None = None
    """Of heads that are read as along.N/H: HEAD=FILE,..."""
    judge: str | None = None
    """Who reads places for `judged`; None: the planner's model."""
    special: str | None = None
    """Whether special tokens count as places; None: where the answer is read at one."""
    title: str = ""
    """The first question."""
    created: str = ""
    key: str | None = None
    """A seal of `base_url` together with the key that was sent there."""
    seal: str | None = None
    """Of everything that is loaded when it is opened again (`tools/models/trust.py`)."""

    @classmethod
    def from_dict(cls, given: Any) -> "About":
        """The inverse of `asdict`; fields of later versions are ignored.

        Raises:
            ValueError: if a field is missing or of another type; says which.
        """
        wrong = fault(given, cls)
        if wrong is not None:
            raise ValueError(wrong)
        return cls(**{name: given[name] for name in cls.__dataclass_fields__ if name in given})

    @property
    def own(self) -> bool:
        """Whether it carries this person's seal: nobody else wrote what it names."""
        return sealed(self.names, self.seal)

    @property
    def names(self) -> dict[str, Any]:
        """What its seal is of."""
        whole = ("target", "data", "planner", "base_url", "run", "index", "key")
        later = (name for name in ("reader", "judge") if getattr(self, name) is not None)
        return {name: getattr(self, name) for name in (*whole, *later)}


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
            self._lock = take(
                self.path / ".lock",
                f"the conversation {self.name} is open elsewhere; close it there, or begin another",
            )
        except OSError as error:
            raise UsageError(
                f"cannot keep the conversation in {self.path}: {error.strerror}; "
                "set NEUROSCRIBE_HOME to a folder that can be written"
            ) from error
        self.checkpoints = Checkpoints(self.path / "talk.sqlite")
        self.pictures = self.path / "pictures"
        self.pictures.mkdir(exist_ok=True)

    def keep(self, about: About) -> None:
        """Writes what it is about, whole or not at all."""
        kept = {**public_options(about), "seal": seal(about.names)}
        text = json.dumps(kept, ensure_ascii=False, indent=2)
        write_whole(self.path / "thread.json", text)

    def close(self) -> None:
        """Lets others open it."""
        self.checkpoints.close()
        self._lock.release()


def about(name: str, folder: str | Path | None = None) -> About:
    """What a kept conversation is about.

    Raises:
        UsageError: if there is none of that name; names the nearest.
    """
    path = _root(folder) / name / "thread.json"
    try:
        return About.from_dict(json.loads(read_whole(path)))
    except FileNotFoundError:
        known = [other for other, _ in threads(folder)]
        close = f"nearest: {nearest(name, known)}" if known else "there are none yet"
        raise UsageError(f"there is no conversation '{name}'; {close}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read ({error})") from error


def threads(folder: str | Path | None = None) -> list[tuple[str, About]]:
    """The kept conversations, the newest first; what cannot be read is left out."""
    found = []
    for path in _root(folder).glob("*/thread.json"):
        try:
            known = About.from_dict(json.loads(read_whole(path)))
        except (OSError, ValueError, RecursionError):
            continue
        found.append((path.stat().st_mtime, path.parent.name, known))
    return [(name, known) for _, name, known in sorted(found, key=lambda item: -item[0])]


def checked(
    about: About,
    file: Path,
    *,
    target: Any,
    data: str | None,
    reader: str | None = None,
    ask: bool,
) -> About:
    """What a conversation names, with what the person named in its place.

    Args:
        about: As it was kept.
        file: Where it was kept, for messages.
        target: A loaded model or the name of one; None: the conversation's.
        data: Instead of the conversation's.
        reader: Instead of the conversation's.
        ask: Whether a person at a terminal may be asked.

    Raises:
        UsageError: if it names what may not be loaded (`tools/models/trust.py`).
    """
    named = Named(file, about.own, ask)
    model = target if isinstance(target, str) else about.target
    if target is None:
        model = named.target(about.target, "the model before the question")
    for what in ("run", "index"):
        folder = getattr(about, what)
        if folder is not None:
            named.folder(folder, what)
    return replace(
        about,
        target=model,
        data=data or named.data(about.data),
        reader=reader or named.reader(about.reader),
    )


def key_seal(base_url: str | None) -> str | None:
    """A mark of the key that is sent to an endpoint now; None for the default endpoint."""
    return None if base_url is None else seal(_with_key(base_url))


def key_for(about: About, file: Path) -> str | None:
    """The key for the endpoint that a conversation was kept with; None: the one that is set.

    The key that is set now may be another endpoint's; it goes to a kept endpoint only where it
    went there before. An endpoint on this machine is asked without a key otherwise.

    Raises:
        UsageError: if another endpoint would get a key that it never got.
    """
    url = about.base_url
    if url is None or sealed(_with_key(url), about.key):
        return None
    if loopback(url):
        return "none"
    raise UsageError(
        f"{file} was kept with the endpoint {clean(url)}, which was not used with the key that is "
        "set now: give --base-url to send texts and key there"
    )


def _with_key(base_url: str) -> dict[str, Any]:
    return {"base_url": base_url, "key": os.environ.get("OPENAI_API_KEY") or ""}


def titled(question: str) -> str:
    """A question as a title."""
    return clip(" ".join(question.split()), _TITLE)


def _root(folder: str | Path | None) -> Path:
    return Path(folder) if folder is not None else home() / "threads"
