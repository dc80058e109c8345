"""What a file may name: one rule for transcripts, run folders and kept conversations.

Such a file may come from anybody, and names a model, a corpus, a reader, an endpoint. Loading a
model can run code, reading a corpus can show a private file to a language model, and an endpoint
gets texts and a key. Therefore:

1. Code is never named by a file: a factory or a function that makes data (`path.py:function`), and
   code that comes with a model, run only where the person named them on the command line. A file
   under this person's seal may name a Python file that the person named before, as long as it lies
   where it lay and has not changed (`code_of`).
2. What ships with neuroscribe is used (`minilm`, `planted`, `organism:adder`, `builtin:stories`).
3. Everything else (a hub id, a folder, a data file, an image model) is used where the file carries
   the seal of this person, else asked for on the terminal; without a terminal it is refused with
   the option to give.
4. An endpoint is used only under the seal, and gets the key only that it was first used with.

The seal is an HMAC (RFC 2104) of what the file names, under a random key that lies in the person's
data folder: files that were made here are gone on with unasked, and a patched one is not.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..io.home import home
from ..io.user_code import is_code, parted
from .spec import split

_KEY = "seal.key"
_ORGANISM = re.compile(r"organism:[\w-]+")
_DATA = re.compile(r"(builtin|self):[\w:,]+")  # made here, from what is installed or the target
_OPTIONS = ("revision", "dtype", "device", "device_map")
_LONGEST = 4000  # bytes of a path
_MOST_LETTERS = 200  # letters of a name in a message


def seal(named: Mapping[str, Any]) -> str | None:
    """The seal of what a file names; None where no key can be kept."""
    key = _key(make=True)
    return None if key is None else _mac(key, named)


def sealed(named: Mapping[str, Any], mark: Any) -> bool:
    """Whether a seal is this person's, for exactly these names."""
    key = _key(make=False)
    if key is None or not isinstance(mark, str) or not mark.isascii():
        return False
    return hmac.compare_digest(_mac(key, named), mark)


def code_of(*specs: str | None) -> dict[str, dict[str, str]]:
    """The Python files of targets and data, by the path that names them: where each lies, and a
    hash of what it holds."""
    out = {}
    for spec in specs:
        name = split(spec or "").model
        if is_code(name) and (path := parted(name)[0]).is_file():
            out[str(path)] = {"path": str(path.resolve()), "sha256": _digest(path)}
    return out


def built_in(target: str) -> bool:
    """Whether a target ships with neuroscribe, and no folder of that name lies in its way."""
    from .load import NAMES

    if os.path.lexists(target):
        return False
    return target in NAMES or _ORGANISM.fullmatch(target) is not None


def clean(name: Any) -> str:
    """A name out of a file, for a message: short, and without control characters."""
    text = "".join(sign if sign.isprintable() else "?" for sign in str(name))
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}..."


@dataclass(frozen=True)
class Named:
    """What a file names, and how far it is trusted.

    Each method gives the name back where it may be used, and raises `UsageError` otherwise: a line
    that says what the file names and which option to give.
    """

    file: Path
    own: bool = False
    """The file carries this person's seal."""
    ask: bool = True
    """Whether a person at a terminal may be asked."""
    code: Mapping[str, Any] = field(default_factory=dict)
    """What `code_of` gave when the file was written; its seal covers it."""

    def target(self, name: Any, option: str = "--target TARGET") -> str:
        """A model to load."""
        where = self._text(name, "target")
        if split(where).factory:
            return self._code(where, "target", option)
        return where if built_in(where) else self._allowed(where, "the model", option)

    def data(self, spec: Any, option: str = "--data DATA") -> str:
        """A corpus to read."""
        where = self._text(spec, "data")
        if is_code(where):
            return self._code(where, "data", option)
        if _DATA.fullmatch(where) and not os.path.lexists(where):
            return where
        return self._allowed(where, "the data", option)

    def reader(self, spec: Any) -> str | None:
        """A reader of pictures or of text."""
        if spec is None or spec == "detector":
            return spec
        where = self._text(spec, "reader")
        if built_in(where):
            return where
        if split(where).factory:
            raise UsageError(
                f"{self.file} names Python code as its reader ({clean(where)}), and code runs only "
                "where you name it: read it; `score` takes --reader READER"
            )
        return self._allowed(where, "the reader", "the file's own command again with --reader")

    def image_model(self, spec: Any) -> str:
        """An image model to draw with."""
        return self._allowed(self._text(spec, "images"), "the image model", "--images MODEL")

    def folder(self, path: Any, what: str) -> str:
        """A run folder or an index."""
        where = self._text(path, what)
        return self._allowed(where, f"the {what}", f"--{what} in a new conversation")

    def options(self, recorded: Mapping[str, Any], *, given: Any, code: bool) -> dict[str, Any]:
        """Options of `Target.load` out of a file: what can run no code.

        Args:
            recorded: As the file has them; `trust_remote_code` among them is never heeded.
            given: The target that the person named; None: the file's is loaded.
            code: Whether the person lets the model's own code run.
        """
        kept = {name: self._text(recorded[name], name) for name in _OPTIONS if recorded.get(name)}
        if code and given is None:
            raise UsageError(
                f"--trust-remote-code is for a model that you name, and {self.file} names this "
                "one: give --target too"
            )
        if code and "revision" in kept:
            raise UsageError(
                f"{self.file} names revision {clean(kept['revision'])} of the model, and code of a "
                "revision that a file names is not run: give --target a folder with the model"
            )
        return {**kept, "trust_remote_code": code}

    def _code(self, spec: str, what: str, option: str) -> str:
        """Python code that the person named before, if it is still the same."""
        name = split(spec).model
        path = parted(name)[0] if is_code(name) else Path(name)
        known = self.code.get(str(path)) if self.own else None
        if known is None:
            raise UsageError(
                f"{self.file} names Python code as its {what} ({clean(spec)}), and code runs only "
                f"where you name it: read it, then give {option}"
            )
        if str(path.resolve()) != known["path"] or not path.is_file():
            raise UsageError(
                f"{self.file} names {clean(spec)} as its {what}, which was {known['path']}: run "
                f"this in the folder where the run began, or give {option}"
            )
        if _digest(path) != known["sha256"]:
            raise UsageError(
                f"{path} has changed since {self.file} was written: if the run is still about what "
                f"it makes, give {option}"
            )
        return spec

    def _text(self, name: Any, what: str) -> str:
        text = name.strip() if isinstance(name, str) else ""
        if not text or not text.isprintable() or len(text.encode(errors="replace")) > _LONGEST:
            raise UsageError(f"{self.file}: its {what} is {clean(json.dumps(name))}, not a name")
        return text

    def _allowed(self, name: str, what: str, option: str) -> str:
        if self.own or (self.ask and _asked(f"{self.file} names {what} {clean(name)}. Use it?")):
            return name
        raise UsageError(
            f"{self.file} names {what} {clean(name)}, and it was not made by you on this machine; "
            f"if you trust that, give {option}"
        )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _asked(question: str) -> bool:
    """What a person at a terminal says; False where there is none."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _mac(key: bytes, named: Mapping[str, Any]) -> str:
    text = json.dumps(named, sort_keys=True, ensure_ascii=True)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _key(*, make: bool) -> bytes | None:
    """The person's key; made once, whole or not at all, readable by that person alone."""
    path = home() / _KEY
    with suppress(OSError):
        if make and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f".{_KEY}.{secrets.token_hex(4)}")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
                f.write(secrets.token_bytes(32))
            with suppress(FileExistsError):  # another process was first: its key counts
                os.link(fresh, path)
            fresh.unlink()
        return path.read_bytes() or None
    return None
