"""Runs a function that a model wrote on many inputs.

The code defines `f`. It never runs in this interpreter: Monty runs it in a worker process, with
limits on time, memory and recursion, a few modules of the standard library, and no way out. What
goes wrong is a reason in words, no exception here.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic_monty import MontyError

from .worker import Limits, answer, dropped, reason, worker

Argument = bool | int | float | str
Value = bool | int | float | str | None

MOST_LETTERS = 10_000
"""Of one answer."""
_DRIVER = """
f
_results = []
for _arguments in _inputs:
    try:
        _results.append([None, f(*_arguments)])
    except BaseException as _error:
        _results.append([type(_error).__name__ + ": " + str(_error), None])
_results
"""


class Ran(NamedTuple):
    """What came of running code on inputs."""

    values: list[Value]
    """One an input; None where `errors` says why."""
    errors: list[str | None]
    """One an input: None, or what was raised or returned instead of a value."""
    failed: str | None
    """Why nothing ran at all: `time-out`, `memory`, a syntax error, no function f."""


def run_code(
    code: str, inputs: Sequence[Sequence[Argument]], *, limits: Limits | None = None
) -> Ran:
    """Runs `f(*input)` of the code for each input.

    Args:
        code: Python that defines `f`; nothing in it is trusted.
        inputs: The arguments, one sequence an input.
        limits: Default: a few seconds and half a gigabyte.
    """
    results = results_of(code, inputs, limits=limits or Limits())
    if isinstance(results, str):
        return Ran([None] * len(inputs), [results] * len(inputs), results)
    return _read(results)


def results_of(
    code: str, inputs: Sequence[Sequence[Any]], *, limits: Limits
) -> list[tuple[str | None, Any]] | str:
    """What was raised, or None, and what `f(*input)` gave, for each input; a text says why nothing
    ran at all. Values are whatever the code made: check them."""
    try:
        with worker(limits) as session:
            given = {"_inputs": [list(item) for item in inputs]}

            def run() -> Any:
                session.feed_run(code, print_callback=dropped)
                return session.feed_run(_DRIVER, inputs=given, print_callback=dropped)

            results = answer(session, run)
    except MontyError as error:
        why = reason(error)
        missing = why == "NameError: name 'f' is not defined"
        return "the code defines no function f" if missing else why
    if not isinstance(results, list) or len(results) != len(inputs):  # all names are the code's
        return "unreadable answer"
    pairs = (
        item if isinstance(item, list) and len(item) == 2 else ["unreadable", None]
        for item in results
    )
    return [(None if error is None else str(error)[:200], value) for error, value in pairs]


def _read(results: Sequence[tuple[str | None, Any]]) -> Ran:
    values: list[Value] = []
    errors: list[str | None] = []
    for raised, value in results:
        error = _wrong(value) if raised is None else raised
        values.append(None if error else value)
        errors.append(error)
    return Ran(values, errors, None)


def _wrong(value: Any) -> str | None:
    """Why a value is no answer; None: it is."""
    if value is not None and not isinstance(value, bool | int | float | str):
        return f"TypeError: f returned {type(value).__name__}"
    if isinstance(value, int) and abs(value) > 10**300:
        return "ValueError: a number beyond 1e300"
    if isinstance(value, str) and len(value) > MOST_LETTERS:
        return f"ValueError: a text of more than {MOST_LETTERS} letters"
    return None
