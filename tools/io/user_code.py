"""Python that the person named on the command line: `path/to/file.py:name`.

It runs with the rights of the person. What a file, a transcript or a model names is never run:
`models/trust.py` refuses it.
"""

import contextlib
import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import UsageError, nearest

_SPEC = re.compile(r"(?P<path>.+\.py):(?P<name>[^\W\d]\w*)(?::(?P<number>[\d_,]+))?")


def is_code(spec: str) -> bool:
    """Whether a name means Python code: `file.py:name`, with a number behind it or without."""
    return _SPEC.fullmatch(spec.strip()) is not None


def parted(spec: str) -> tuple[Path, str, str]:
    """File, name and number (empty where there is none) of `file.py:name:number`."""
    match = _SPEC.fullmatch(spec.strip())
    assert match is not None
    return Path(match["path"]).expanduser(), match["name"], match["number"] or ""


def member(path: Path, name: str) -> Any:
    """What a file has under a name.

    Raises:
        UsageError: if the file is not there, cannot be run, or has no such name.
    """
    module = imported(path)
    if not hasattr(module, name):
        own = [
            key
            for key, item in vars(module).items()
            if not key.startswith("_") and getattr(item, "__module__", None) == module.__name__
        ]
        has = f"; it has: {nearest(name, own)}" if own else ""
        raise UsageError(f"'{path}' has no '{name}'{has}")
    return getattr(module, name)


def imported(path: Path) -> Any:
    """The module that a file makes; its own imports are found beside it.

    Raises:
        UsageError: if it is not there, or fails.
    """
    if not path.is_file():
        near = [str(item) for item in path.parent.glob("*.py")] if path.parent.is_dir() else []
        hint = f"; nearest: {nearest(str(path), near)}" if near else ""
        raise UsageError(f"there is no file '{path}'{hint}")
    name = f"neuroscribe_factory_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    beside = str(path.resolve().parent)
    if beside not in sys.path:  # as `python FILE` would find them
        sys.path.append(beside)
    with one_line(f"'{path}' cannot be run"):
        spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def one_line(what: str) -> Iterator[None]:
    """Errors of code that is not ours as one line, `sys.exit` too; what it prints goes to stderr,
    where it disturbs neither JSON nor a protocol."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except SystemExit as error:
        raise UsageError(f"{what}: it left with sys.exit({error.code!r})") from error
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        raise UsageError(f"{what}: {f'{type(error).__name__}: {said}'.rstrip(': ')}") from error
