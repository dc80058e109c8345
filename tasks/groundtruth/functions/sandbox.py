"""Runs code that a model wrote, in another process, behind every wall that the system offers.

The code defines `f`. It never runs in this process: `child.py` does that in an isolated interpreter
(`python -I -S`) with an empty environment, a temporary working directory, limits on seconds,
memory, files and processes, and on Linux without network and with a filter of system calls. What
comes back is JSON, read up to a limit. What goes wrong is a reason in words, no exception here.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ....tools.errors import UsageError

Argument = bool | int | float | str
Value = bool | int | float | str | None

_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True)
class Limits:
    """What code may use."""

    seconds: float = 5.0
    """Wall-clock seconds for all inputs together."""
    cpu: int = 4
    """Seconds of CPU."""
    memory: int = 512 * 2**20
    """Bytes of address space."""
    answer: int = 8 * 2**20
    """Bytes that come back."""


class Ran(NamedTuple):
    """What came of running code on inputs."""

    values: list[Value]
    """One an input; None where `errors` says why."""
    errors: list[str | None]
    """One an input: None, or what was raised or returned instead of a value."""
    failed: str | None
    """Why nothing ran at all: `time-out`, `memory`, `killed ...`, a syntax error, no function f."""
    guards: tuple[str, ...]
    """The walls that stood."""


def run_code(
    code: str, inputs: Sequence[Sequence[Argument]], *, limits: Limits | None = None
) -> Ran:
    """Runs `f(*input)` of the code for each input.

    Args:
        code: Python that defines `f`; nothing in it is trusted.
        inputs: The arguments, one sequence an input.
        limits: Default: a few seconds and half a gigabyte.

    Raises:
        UsageError: where there are no limits on processes (Windows).
    """
    if os.name != "posix":
        raise UsageError("running written code needs Linux or macOS, which can limit a process")
    limits = limits or Limits()
    request = {
        "code": code,
        "inputs": [list(item) for item in inputs],
        "cpu": limits.cpu,
        "memory": limits.memory,
    }
    with tempfile.TemporaryDirectory(prefix="neuroscribe-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={},
            close_fds=True,
            start_new_session=True,
        )
        try:
            data, stopped = _talk(process, json.dumps(request).encode(), limits)
        finally:
            _end(process)
    return _read(data, stopped, process.returncode, len(inputs))


def _talk(process: subprocess.Popen[bytes], request: bytes, limits: Limits) -> tuple[bytes, str]:
    """Sends the request and reads the answer; also why it was stopped, if it was."""
    assert process.stdin is not None
    assert process.stdout is not None
    deadline = time.monotonic() + limits.seconds
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(request)  # the child reads all of it before anything untrusted runs
    pieces: list[bytes] = []
    size = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            return b"", "time-out"
        piece = os.read(process.stdout.fileno(), 1 << 16)
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
        if size > limits.answer:
            return b"", "it answered too much"
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(max(0.05, deadline - time.monotonic()))
    return b"".join(pieces), "" if process.poll() is not None else "time-out"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kills the process and whatever it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _read(data: bytes, stopped: str, status: int | None, count: int) -> Ran:
    def none(why: str, guards: tuple[str, ...] = ()) -> Ran:
        return Ran([None] * count, [why] * count, why, guards)

    if stopped:
        return none(stopped)
    if status is not None and status < 0:
        # SIGXCPU is the limit on CPU; the kernel sends SIGKILL at the hard limit
        cpu = -status in (signal.SIGXCPU, signal.SIGKILL)
        return none("time-out" if cpu else f"killed by {signal.Signals(-status).name}")
    try:
        answer: Any = json.loads(data)
        guards = tuple(str(name) for name in answer["guards"])
        if "error" in answer:
            return none(str(answer["error"]), guards)
        results = answer["results"]
        values = [_plain(item.get("value")) for item in results]
        errors = [None if "value" in item else str(item["error"]) for item in results]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return none(f"unreadable answer (exit status {status})")
    if len(values) != count:
        return none("unreadable answer (another number of results)", guards)
    return Ran(values, errors, None, guards)


def _plain(value: Any) -> Value:
    if value is not None and not isinstance(value, bool | int | float | str):
        raise TypeError("no plain value")
    return value
