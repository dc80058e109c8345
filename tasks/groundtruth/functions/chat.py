"""An investigator that is a language model: it calls the function through a tool, then answers.

It runs on the loop of `agent/loop.py`. What the model writes as code is run by the sandbox alone.
Whatever goes wrong (no endpoint, no tool call, broken arguments, no answer in time) becomes an
answer that says why there is none, so that a suite counts it and goes on.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....agent.budget import Budget
from ....agent.loop import Loop, Turn
from ....agent.planners.chat import Chat, forced
from ....agent.replies import Call
from ....agent.state import LoopState, first_state
from ....tools.errors import UsageError
from ....tools.evidence import Evidence
from ....tools.io.strict_json import read_json
from ....tools.llm.client import LLM
from ....tools.llm.usage import Meter
from ....tools.sandbox.functions import run_code
from .blackbox import Answer, Calls

PROMPT = (Path(__file__).parent / "prompt.md").read_text(encoding="utf-8")
_AT_ONCE = 50  # inputs of one call_function
_SHOWN = 12  # differences that check_code shows


def _tool(name: str, description: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


_CODE = {"type": "string", "description": "Python that defines f."}
TOOLS = [
    _tool(
        "call_function",
        "Call f on inputs; gives the outputs in order.",
        {
            "inputs": {
                "type": "array",
                "items": {},
                "description": "One item an input; where f takes two arguments, a list of two.",
            }
        },
    ),
    _tool("check_code", "Compare code with every call so far; costs no calls.", {"code": _CODE}),
    _tool(
        "answer",
        "Say what f does, in words and in code; ends the work.",
        {"words": {"type": "string", "description": "What f computes."}, "code": _CODE},
    ),
]


@dataclass(frozen=True)
class ChatInvestigator:
    """Investigates through one shared client."""

    llm: LLM
    turns: int = 20
    """Answers of the model a function."""
    seconds: float = 600.0
    """Wall-clock seconds a function."""

    def __call__(self, calls: Calls) -> Answer:
        """The model's answer, or why there is none."""
        meter = Meter(limit=self.seconds)
        planner = Chat(self.llm, meter, lambda: TOOLS, ending=forced("answer"))
        budget = Budget(steps=self.turns, tokens=None, seconds=self.seconds)
        loop = FunctionLoop(planner=planner, budget=budget, meter=meter, calls=calls)
        answer = loop.answer()
        counts = ("requests", "tokens_in", "tokens_cached", "tokens_out")
        return answer._replace(spent={name: getattr(meter, name) for name in counts})


class FunctionState(LoopState):
    """The state of the loop over one function."""

    words: str
    code: str


@dataclass(kw_only=True)
class FunctionLoop(Loop[FunctionState]):
    """The loop over one function."""

    calls: Calls

    schema = FunctionState
    reserve = 1
    ending = "call answer if you are done"
    notice = "The budget is nearly spent: call `answer` now."
    repeatable = frozenset({"call_function", "check_code", "answer"})

    def answer(self) -> Answer:
        """Runs the loop."""
        task = f"f takes {self.calls.takes}. You may call it on {self.calls.budget} inputs in all."
        messages = [{"role": "system", "content": PROMPT}, {"role": "user", "content": task}]
        first = first_state(messages, self.budget.remaining(self.meter, 0), {})
        start = FunctionState(**first, words="", code="")
        end = self.compile().invoke(start, self.config("function"))
        if end["ended"] == "answered":
            return Answer(end["words"], end["code"])
        reason = end["reason"]
        return Answer("", "", reason if end["ended"] == "failed" else f"no answer: {reason}")

    def run(self, state: FunctionState, call: Call, turn: Turn) -> Evidence:
        """Calls the function, checks code, or takes the answer."""
        key = f"E{state['evidence'] + len(turn.results) + 1}"
        try:
            text, data = self._run(call)
        except UsageError as error:
            return Evidence(key, call.name, {}, f"error: {error}", error=str(error))
        if call.name == "answer":
            turn.over = "the work was ended by the call before"
        return Evidence(key, call.name, {}, text, data)

    def text_of(self, result: Evidence) -> str:
        """Results have no ids: nothing cites them."""
        return result.text

    def note(self, state: FunctionState) -> str:
        """Results say by themselves how many calls are left."""
        return ""

    def after_turn(self, state: FunctionState, turn: Turn) -> dict[str, Any]:
        """The answer ends the loop."""
        return {**turn.results[-1].data, "ended": "answered"} if turn.over and turn.results else {}

    def _run(self, call: Call) -> tuple[str, dict[str, str]]:
        """What a call gives: text, and the answer where it is one.

        Raises:
            UsageError: for a call that cannot be read.
        """
        try:
            given = read_json(call.arguments or "{}")
        except ValueError as error:
            raise UsageError(f"the arguments are not JSON: {error}") from error
        if not isinstance(given, dict):
            raise UsageError("the arguments are not a JSON object")
        if call.name == "call_function":
            return _called(given.get("inputs"), self.calls), {}
        code = given.get("code")
        if call.name not in ("check_code", "answer"):
            raise UsageError(f"there is no tool '{call.name}'; call_function, check_code or answer")
        if not isinstance(code, str) or not code.strip():
            raise UsageError("`code` must be Python that defines f")
        if call.name == "check_code":
            return _checked(unfenced(code), self.calls), {}
        words = " ".join(str(given.get("words") or "").split())
        return "", {"words": words, "code": unfenced(code)}


def _called(inputs: Any, calls: Calls) -> str:
    if not isinstance(inputs, list) or not inputs:
        raise UsageError(
            '`inputs` must be a list with at least one input, such as {"inputs": [...]}'
        )
    lines = []
    for item in inputs[:_AT_ONCE]:
        arguments = tuple(item) if isinstance(item, list) else (item,)
        shown = ", ".join(json.dumps(part) for part in arguments)
        try:
            lines.append(f"f({shown}) = {_shown(calls(*arguments))}")
        except UsageError as error:
            lines.append(f"f({shown}): refused: {error}")
            if calls.left <= 0:
                break
    if len(inputs) > _AT_ONCE:
        lines.append(f"({len(inputs) - _AT_ONCE} inputs left out: {_AT_ONCE} at a time)")
    return "\n".join([*lines, f"{calls.left} calls left"])


def _shown(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.8g}"
    return json.dumps(value)


def _checked(code: str, calls: Calls) -> str:
    if not calls.log:
        raise UsageError("nothing was called yet")
    ran = run_code(code, [arguments for arguments, _ in calls.log])
    if ran.failed is not None:
        return f"the code does not run: {ran.failed}"
    wrong = []
    for (arguments, true), value, error in zip(calls.log, ran.values, ran.errors, strict=True):
        close = (
            isinstance(true, float)
            and isinstance(value, int | float)
            and math.isclose(value, true, rel_tol=1e-4, abs_tol=1e-6)
        )
        if error is not None or not (close or value == true):
            shown = ", ".join(json.dumps(part) for part in arguments)
            wrong.append(f"f({shown}) = {_shown(true)}, the code gives {error or _shown(value)}")
    head = f"{len(calls.log) - len(wrong)} of {len(calls.log)} calls agree"
    return "\n".join([head, *wrong[:_SHOWN]])


def unfenced(code: str) -> str:
    """Code without the fence of Markdown that models like to put around it."""
    found = re.fullmatch(r"\s*```[a-zA-Z0-9]*\n(.*?)\n?```\s*", code, re.DOTALL)
    return found.group(1) if found else code
