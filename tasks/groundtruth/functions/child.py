"""The far side of the sandbox: a script that runs a function written by somebody else.

It is never imported. `sandbox.py` starts it as `python -I -S child.py` with one JSON document on
its input, `{code, inputs, cpu, memory}`, and reads one from its output: `{results, guards}` or
`{error}`.
Before the code is even compiled the process gives up what it could do harm with:

1. standard streams: the answer goes through a copy of stdout; what the code prints goes nowhere;
2. network and root: own user and network namespace where the system allows it, `nobody` for root;
3. resources: seconds of CPU, memory, no file to open or to write, no further process, no core dump;
4. system calls (Linux): a filter that passes what arithmetic and memory need, nothing else.

Nothing here imports neuroscribe. Modules that the code may want are imported before that.
"""

import ctypes
import importlib
import json
import os
import platform
import re
import resource
import signal
import sys

OFFERED = (
    "bisect cmath collections copy dataclasses datetime decimal enum fractions functools heapq "
    "itertools math operator random statistics string textwrap time typing unicodedata"
)
"""Modules that the code may import, beside those above; they are loaded before the walls close."""
NOBODY = 65534
CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
PDEATHSIG, DUMPABLE, NO_NEW_PRIVILEGES, SECCOMP = 1, 4, 38, 22  # of prctl
MOST_LETTERS = 10_000  # of one answer

# Numbers of the system calls that stay: read, write, close, memory, signals, futex, clocks, exit.
CALLS = {
    "x86_64": "0 1 3 9 10 11 12 13 14 15 24 25 28 39 60 96 131 201 202 219 228 230 231 318 334",
    "aarch64": "57 63 64 93 94 98 113 115 124 128 132 134 135 139 169 172 214 215 216 222 226 233"
    " 278 293",
}
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # as the kernel's audit names them


class Filter(ctypes.Structure):
    """`struct sock_filter`: one instruction of a filter."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("true", ctypes.c_uint8),
        ("false", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_uint16), ("filters", ctypes.POINTER(Filter)))


def main() -> None:
    """Reads the request, closes the walls, runs the code, answers."""
    given = json.loads(sys.stdin.buffer.read())
    for name in OFFERED.split():
        importlib.import_module(name)
    answer = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
    guards = close_walls(given["cpu"], given["memory"])
    try:
        said = run(given["code"], given["inputs"])
    except MemoryError:
        said = {"error": "memory"}
    try:
        text = json.dumps({**said, "guards": guards})
    except (MemoryError, ValueError):
        text = json.dumps({"error": "unreadable answer", "guards": guards})
    left = memoryview(text.encode())
    while left:
        left = left[os.write(answer, left) :]
    os._exit(0)  # nothing that the code registered runs


def run(code, inputs):
    """The results of `f(*input)` for each input, or what is wrong with the code."""
    space = {"__name__": "answer", "__builtins__": __builtins__}
    try:
        exec(compile(code, "<answer>", "exec"), space)
    except MemoryError:
        raise
    except BaseException as error:
        return {"error": describe(error)}
    function = space.get("f")
    if not callable(function):
        return {"error": "the code defines no function f"}
    results = []
    for item in inputs:
        try:
            results.append({"value": plain(function(*item))})
        except MemoryError:
            raise
        except BaseException as error:
            results.append({"error": describe(error)})
    return {"results": results}


def plain(value):
    """The value, if it is a number, a text, a truth value or nothing."""
    for kind in (bool, int, float, str):  # subclasses become what they stand for
        if isinstance(value, kind):
            value = kind(value)
            if isinstance(value, int) and abs(value) > 10**300:
                raise ValueError("a number beyond 1e300")
            if isinstance(value, str) and len(value) > MOST_LETTERS:
                raise ValueError(f"a text of more than {MOST_LETTERS} letters")
            return value
    if value is None:
        return None
    raise TypeError(f"f returned {type(value).__name__}")


def describe(error):
    """An error in a line."""
    try:
        return re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")[:200]
    except BaseException:
        return "an error that cannot be shown"


def close_walls(cpu, memory):
    """Gives up what is not needed; returns the names of the walls that stand."""
    libc = ctypes.CDLL(None, use_errno=True)
    linux = sys.platform.startswith("linux")
    guards = []
    if linux:
        root = os.geteuid() == 0
        spaces = CLONE_NEWNET | CLONE_NEWIPC | (0 if root else CLONE_NEWUSER)
        if libc.unshare(spaces) == 0:
            guards.append("no network")
        if root:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            guards.append("nobody")
        libc.prctl(PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(DUMPABLE, 0, 0, 0, 0)
    limits = {
        "RLIMIT_CPU": cpu,
        "RLIMIT_AS": memory,
        "RLIMIT_DATA": memory,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 0,
        "RLIMIT_NPROC": 0,
    }
    for name, most in limits.items():
        if hasattr(resource, name):
            try:
                resource.setrlimit(getattr(resource, name), (most, most))
                guards.append(name)
            except (ValueError, OSError):
                pass  # macOS refuses a limit on addresses
    if linux and filtered(libc):
        guards.append("system calls")
    return guards


def filtered(libc):
    """Puts the filter of system calls in place; False where this machine has none."""
    if platform.machine() not in CALLS:
        return False
    machine = MACHINES[platform.machine()]
    calls = [int(number) for number in CALLS[platform.machine()].split()]
    load, equal, give = 0x20, 0x15, 0x06
    deny, allow = 0x00050001, 0x7FFF0000  # EPERM; pass
    steps = [(load, 0, 0, 4), (equal, 0, len(calls) + 1, machine), (load, 0, 0, 0)]
    for at, number in enumerate(calls):
        steps.append((equal, len(calls) - at, 0, number))
    steps += [(give, 0, 0, deny), (give, 0, 0, allow)]
    filters = (Filter * len(steps))(*[Filter(*step) for step in steps])
    program = Program(len(steps), filters)
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return libc.prctl(SECCOMP, 2, ctypes.byref(program), 0, 0) == 0


if __name__ == "__main__":
    main()
