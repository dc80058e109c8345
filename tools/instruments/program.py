"""Programs: Python of a planner that calls the tools, after MAIA (Shaham et al. 2024), whose agent
composes experiments in code. Here the code never runs in this process: see `tools/sandbox`.

1. Every tool that the lab offers is a function that returns its payload, with the evidence's id
   and text. A call inside a program is made and kept like any other: evidence of its own.
2. Variables last. They are a function of the programs and results before, so where they are not
   known (a resumed or replayed investigation) the earlier programs are run again on kept results.
3. A call beyond the limit, or for which the budget has no time, is an exception in the program.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from .. import cancellation
from ..errors import UsageError
from ..evidence import Evidence, Result
from ..io.plain_text import clip
from ..lab import Lab
from ..registry import Tool, attempt, offered, tool
from ..sandbox.programs import LIMITS, Function, Ran, run_program

CALLS = 48
"""Tool calls of one program: three full turns of direct calls."""
_HEAVY = 4 << 20  # bytes of variables that may be why the next program has no memory
_PRINTED = 4000  # characters that a planner reads of what was printed
_VALUE = 1500  # and of the value of the last line

_TYPES = {"string": "str", "array": "list", "object": "dict", "integer": "int", "number": "float"}
_TYPES |= {"boolean": "bool"}


@dataclass(frozen=True)
class Rules:
    """What holds for calls made inside programs."""

    refusal: Callable[[str, Mapping[str, Any]], str | None] = lambda name, arguments: None
    """Why a call is not made; None: it is."""
    made: Callable[[Evidence], None] = lambda evidence: None
    """Told of each result as it comes."""
    answers: Sequence[Evidence] | None = None
    """Results that stand for the calls, in order: a recorded program is run again."""


_RULES: ContextVar[Rules | None] = ContextVar("rules", default=None)


@contextmanager
def rules(**given: Any) -> Iterator[None]:
    """Inside, programs run under these `Rules`."""
    token = _RULES.set(Rules(**given))
    try:
        yield
    finally:
        _RULES.reset(token)


def _functions(lab: Lab) -> list[Tool]:
    """The tools that a program may call."""
    return [
        item for item in offered(lab).values() if item.composable and not (item.action and lab.open)
    ]


def _payloads(lab: Lab) -> str:
    """The keys of what the tools give, and the tools that only programs are told of."""
    known = _functions(lab)
    keys = "; ".join(f"{item.name}: {item.gives}" for item in known if item.gives)
    measured = "[{text or window, tokens, activations (None: does not count), source}]"
    text = f"Keys. {keys}. measured: {measured}."
    more = [_signature(lab, item) for item in known if item.rare and not lab.open]
    return f"{text} Here alone: {' '.join(more)}" if more else text


def _signature(lab: Lab, item: Tool) -> str:
    """`patch(source: str, many: int up to 16): what it does.`"""
    function = item.shown(lab)["function"]
    given = (f"{key}: {_type(one)}" for key, one in function["parameters"]["properties"].items())
    return f"{item.name}({', '.join(given)}): {function['description']}"


def _type(schema: Mapping[str, Any]) -> str:
    """The type of an argument in a few words, with its limit."""
    kinds = "|".join(schema.get("enum", ())) or " or ".join(
        _TYPES[one["type"]] for one in schema.get("anyOf", [schema])
    )
    return f"{kinds} up to {schema['maximum']}" if "maximum" in schema else kinds


def _parameters(lab: Lab, item: Tool) -> tuple[str, ...]:
    return tuple(item.shown(lab)["function"]["parameters"]["properties"])


@tool(needs=("programs",), composable=False, beside=_payloads)
def program(lab: Lab, code: str) -> Result:
    """Runs Python in which every tool is a function, scan(words=["cat"]), that returns a dict: its
    payload, `text`, `evidence` (its id). At most 48 calls: loops, controls, your own statistics.
    You read only what you print (4,000 characters) and the last line's value. Variables stay for
    the next program. No `del`, `yield` or numpy; 5 s of your own computing, 128 MB.
    There are mean, median, stdev, correlation(x, y), peak(one of measured), result("E3"); math,
    random, re, json, itertools, collections are imported. A wrong call raises ValueError.

    Args:
        code: The program.
    """
    if not code.strip():
        raise UsageError("the program is empty; write Python that calls tools and prints results")
    calls = _Calls(lab, _RULES.get() or Rules())
    before = _variables(lab)
    ran = _run(lab, code, before, calls)
    dropped = ran.error == "memory" and len(before or b"") > _HEAVY
    if dropped:
        lab.evidence.memo["variables"] = (lab.evidence.next_id, None)
    elif ran.variables is not None:
        lab.evidence.memo["variables"] = (lab.evidence.next_id, ran.variables)
    data = {
        "calls": [item.id for item in calls.results],
        "printed": ran.printed,
        "characters": ran.characters,
        "value": ran.value,
        "kept": ran.variables is not None,
        "raised": ran.error,
        **({"dropped": True} if dropped else {}),
    }
    text = "\n".join(_lines(ran, calls.results, dropped=dropped))
    return Result(text, data, error=ran.error)


class _Calls:
    """Makes the calls of one program."""

    def __init__(self, lab: Lab, rules: Rules) -> None:
        self.lab = lab
        self.rules = rules
        self.results: list[Evidence] = []

    def __call__(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The payload of a call.

        Raises:
            UsageError: if it fails, or is not made.
        """
        if name == "result":
            return _payload(self._earlier(arguments))
        made = self._replayed(name, arguments) if self.rules.answers is not None else None
        if made is None:
            made = self._made(name, arguments)
        self.results.append(made)
        if made.error is not None:
            raise UsageError(made.error)
        return _payload(made)

    def _made(self, name: str, arguments: dict[str, Any]) -> Evidence:
        """The result of a call, made now."""
        cancellation.check()
        remaining = self.lab.meter.remaining
        if remaining is not None and remaining <= 0:
            raise UsageError("the seconds of the budget are spent")
        if len(self.results) >= CALLS:
            raise UsageError(f"a program may make at most {CALLS} calls")
        refusal = self.rules.refusal(name, arguments)
        if refusal is not None:
            raise UsageError(refusal)
        made = attempt(self.lab, name, arguments)
        self.rules.made(made)
        return made

    def _replayed(self, name: str, arguments: dict[str, Any]) -> Evidence:
        """The recorded result of the coming call."""
        answers = self.rules.answers or ()
        made = answers[len(self.results)] if len(self.results) < len(answers) else None
        if made is None or (made.tool, made.arguments) != (name, arguments):
            raise UsageError(f"{name}({json.dumps(arguments)[:80]}) is no recorded call")
        return made

    def _earlier(self, arguments: Mapping[str, Any]) -> Evidence:
        """An earlier result of this investigation."""
        key = str(arguments.get("evidence", ""))
        if key not in self.lab.evidence:
            raise UsageError(f"there is no result '{key[:20]}'; name one such as E3")
        return self.lab.evidence[key]


def _payload(made: Evidence) -> dict[str, Any]:
    """What a program gets of a result."""
    return {"evidence": made.id, "text": made.text, **made.data}


def _run(lab: Lab, code: str, variables: bytes | None, calls: _Calls) -> Ran:
    """What came of a program."""
    known = [Function(item.name, _parameters(lab, item)) for item in _functions(lab)]
    known.append(Function("result", ("evidence",)))
    return run_program(
        code, known, calls, variables=variables, seed=lab.seed, shown=_PRINTED, limits=LIMITS
    )


def _variables(lab: Lab) -> bytes | None:
    """The variables that the programs before left."""
    done: list[Evidence] = []
    for item in lab.evidence:
        if item.tool == "program" and item.data.get("dropped"):
            done = []
        elif item.tool == "program" and item.data.get("kept"):
            done.append(item)
    if not done:
        return None
    last, variables = lab.evidence.memo.get("variables", ("", None))
    if last == done[-1].id:
        return variables
    variables = None
    for item in done:
        answers = [lab.evidence[key] for key in _inner(item) if key in lab.evidence]
        again = _Calls(lab, Rules(answers=answers))
        ran = _run(lab, str(item.arguments.get("code", "")), variables, again)
        variables = ran.variables or variables
    lab.evidence.memo["variables"] = (done[-1].id, variables)
    return variables


def inner(results: Mapping[str, Evidence], made: Evidence) -> list[Evidence]:
    """The results of the calls that a program made, in order; empty for other results."""
    return [results[key] for key in _inner(made) if key in results]


def _inner(made: Evidence) -> list[str]:
    found = made.data.get("calls") if made.tool == "program" else None
    return [str(key) for key in found] if isinstance(found, list) else []


def _lines(ran: Ran, results: Sequence[Evidence], *, dropped: bool) -> Iterator[str]:
    """A program's result for a planner."""
    if ran.printed.strip():
        yield ran.printed.rstrip()
    if ran.characters > len(ran.printed):
        yield f"(cut: {ran.characters:,} characters were printed, {_PRINTED:,} are shown)"
    if ran.value is not None:
        value = ran.value
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"value: {clip(said, _VALUE)}"
    if results:
        yield f"calls: {', '.join(_runs(results))}"
    if ran.error is not None:
        kept = "Variables set before it stay" if ran.variables else "No variable is changed"
        if dropped:
            kept = "The variables of earlier programs took much of it: all are dropped"
        yield f"Ended early: {_early(ran.error)}. {kept}."
    elif ran.value is None and not ran.characters:
        yield "It printed nothing."


def _early(error: str) -> str:
    """Why a program ended early, in words."""
    if error == "time-out":
        return f"it computed for more than {LIMITS.seconds:g} s, or slept"
    return f"it took more than {LIMITS.memory >> 20} MB" if error == "memory" else error


def _runs(results: Sequence[Evidence]) -> Iterator[str]:
    """`E4 survey`, `E5-E9 scan`: neighbours of one tool and outcome together."""
    for (name, failed), group in groupby(
        results, key=lambda one: (one.tool, one.error is not None)
    ):
        ids = [one.id for one in group]
        span = ids[0] if len(ids) == 1 else f"{ids[0]}-{ids[-1]}"
        yield f"{span} {name}{' (failed)' if failed else ''}"
