"""Runs a program that may call functions of ours, and keeps its variables for the next one.

1. Each program runs in a fresh worker, which begins with the variables of the one before (bytes
   that a worker of this process gave, never read from a file).
2. The worker stops at every call of one of our functions. The call is made here, and the worker
   goes on with its value or with an exception that the program may catch. Any other exception of a
   call ends the program and is the caller's: the program cannot catch it.
3. What goes wrong in the program is said in words with its line. Variables that were set before
   stay, but for a time-out, too much memory and a crash, which leave those of the program before.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from pydantic_monty import (
    FunctionSnapshot,
    FutureSnapshot,
    MontyComplete,
    MontyConversionError,
    MontyError,
    MontyRuntimeError,
    MontySession,
    MontySyntaxError,
    NameLookupSnapshot,
    SyncSnapshot,
)

from ..errors import UsageError, nearest
from ..io.strict_json import read_json, without_surrogates
from .worker import Limits, answer, dropped, reason, worker

Call = Callable[[str, dict[str, Any]], Any]
"""Makes a call by name and arguments. A `UsageError` becomes a ValueError in the program."""

LIMITS = Limits(seconds=5.0, memory=128 * 2**20)
MODULES = "math, random, re, json, itertools, functools, collections, string, datetime"
_PRELUDE = """
import math, random, re, json, itertools, functools, collections
def mean(x):
    return sum(x) / len(x)
def median(x):
    x = sorted(x)
    return (x[(len(x) - 1) // 2] + x[len(x) // 2]) / 2
def stdev(x):
    m = mean(x)
    return (sum((v - m) ** 2 for v in x) / (len(x) - 1)) ** 0.5
def correlation(x, y):
    mx, my = mean(x), mean(y)
    sxx, syy = sum((a - mx) ** 2 for a in x), sum((b - my) ** 2 for b in y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / (sxx * syy) ** 0.5
def peak(item):
    return max([v for v in item["activations"] if v is not None])
"""
_FRESH = ("time-out", "memory")  # after these a worker's variables cannot be trusted


class Function(NamedTuple):
    """A function that a program may call."""

    name: str
    parameters: tuple[str, ...]
    """In the order of positional arguments."""


class Ran(NamedTuple):
    """What came of a program."""

    value: Any
    """Of its last line, as JSON; None where that is no expression."""
    printed: str
    """What it printed; of too much the beginning and the end."""
    characters: int
    """How many it printed in all."""
    error: str | None
    """Why it ended early, with the line; None: it ran to its end."""
    variables: bytes | None
    """For the next program; None: the program changed none."""


@dataclass
class _Printed:
    """The beginning and the end of what a program prints."""

    limit: int
    first: str = ""
    last: str = ""
    characters: int = 0

    def __call__(self, stream: str, text: str) -> None:
        self.first += text[: max(0, self.limit - self.characters)]
        self.last = (self.last + text)[-self.limit // 4 :]
        self.characters += len(text)

    @property
    def text(self) -> str:
        """At most so many characters, with a mark where some were left out."""
        if self.characters <= self.limit:
            return self.first
        return f"{self.first[: -self.limit // 4]}\n[...]\n{self.last}"


def run_program(
    code: str,
    functions: Sequence[Function],
    call: Call,
    *,
    variables: bytes | None = None,
    seed: int = 0,
    shown: int = 4000,
    limits: Limits = LIMITS,
) -> Ran:
    """Runs a program.

    Args:
        code: Python; nothing in it is trusted.
        functions: What it may call.
        call: Makes such a call.
        variables: What the program before left; None: it is the first.
        seed: Of its random numbers, where it is the first.
        shown: Characters of what it prints that are kept: three quarters from the beginning.
        limits: What it may use.
    """
    printed = _Printed(shown)
    value, error, left = None, None, None
    try:
        with worker(limits, seed=seed) as session:
            if variables is None:
                session.feed_run(_PRELUDE, print_callback=dropped)
            else:
                session.load_session(variables)
            try:
                known = {one.name: one for one in functions}
                value = as_json(_driven(session, code, known, call, printed))
            except (MontyRuntimeError, MontyConversionError) as fault:
                error = _said(fault)
            except ValueError as fault:
                error = f"the value of the last line cannot be shown: {fault}"
            if error not in _FRESH:
                left = session.dump()
    except MontyError as fault:
        error, left = _said(fault), None
    return Ran(value, without_surrogates(printed.text), printed.characters, error, left)


def _driven(
    session: MontySession,
    code: str,
    functions: Mapping[str, Function],
    call: Call,
    printed: _Printed,
) -> Any:
    """The value of a program; makes its calls."""
    lookup = dict.fromkeys(functions, _never)  # for names that are read, such as `f = scan`
    start = partial(session.feed_start, code, external_lookup=lookup, print_callback=printed)
    step = answer(session, start)
    while not isinstance(step, MontyComplete):
        step = answer(session, _resumption(step, functions, call))
    return step.output


def _resumption(
    step: FunctionSnapshot | FutureSnapshot | NameLookupSnapshot,
    functions: Mapping[str, Function],
    call: Call,
) -> Callable[[], SyncSnapshot]:
    """How a program goes on from where it stopped; makes the call that it asks for."""
    if not isinstance(step, FunctionSnapshot):
        return step.resume_auto
    if step.is_os_function:
        return step.resume_not_handled
    name = str(step.function_name)
    if name not in functions:
        near = nearest(name, functions)
        said = f"name '{name}' is not defined; the nearest tools: {near}"
        return partial(step.resume, {"exc_type": "NameError", "message": said})
    try:
        value = call(name, _named(functions[name], step.args, step.kwargs))
    except UsageError as error:
        return partial(step.resume, {"exc_type": "ValueError", "message": f"{name}: {error}"})
    return partial(step.resume, {"return_value": value})


def _named(function: Function, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name, as JSON.

    Raises:
        UsageError: if there are too many, one is given twice, or one is no JSON.
    """
    names = function.parameters
    if len(args) > len(names):
        raise UsageError(f"{len(args)} arguments, but it takes {', '.join(names) or 'none'}")
    given = dict(zip(names, args, strict=False))
    twice = given.keys() & kwargs.keys()
    if twice:
        raise UsageError(f"{min(twice)} is given twice")
    try:
        return as_json({**given, **kwargs})
    except ValueError as error:
        raise UsageError(f"its arguments are no JSON: {error}") from error


def as_json(value: Any) -> Any:
    """A value of a program as plain JSON; what JSON has no form for becomes text.

    Raises:
        ValueError: if it is nested too deeply, or holds a number that nothing else could read.
    """
    try:
        return read_json(json.dumps(_listed(value), default=str))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _listed(value: Any) -> Any:
    """Sets as sorted lists, keys as text."""
    if isinstance(value, Mapping):
        return {str(key): _listed(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((_listed(item) for item in value), key=repr)
    if isinstance(value, list | tuple):
        return [_listed(item) for item in value]
    return value


def _said(error: MontyError) -> str:
    """What went wrong, with its line."""
    text = reason(error)
    frames = error.traceback() if isinstance(error, MontyRuntimeError | MontySyntaxError) else ()
    if text.startswith(("ModuleNotFoundError", "ImportError")):
        text = f"{text}; there are {MODULES}"
    if "cannot suspend in this synchronous context" in text:
        text = "NotImplementedError: map, sorted and the like cannot call a tool; use a for loop"
    if not frames or text in _FRESH:
        return text
    source = (frames[0].source_line or "").strip()
    return f"line {frames[0].line} ({source[:80]}): {text}"


def _never(*args: Any, **kwargs: Any) -> None:
    """Stands for a function of ours, whose calls the worker hands out."""
    raise AssertionError("calls are made by `_driven`")
