"""An investigator that is a language model: it calls the function through a tool, then answers.

The conversation is plain Chat Completions. What the model writes as code is run by the sandbox
alone. Whatever goes wrong (no endpoint, no tool call, broken arguments, no answer in time) becomes
an answer that says why there is none, so that a suite counts it and goes on.
"""

import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....tools.errors import UsageError
from ....tools.io.strict_json import read_json
from ....tools.llm.client import LLM, LLMError
from ....tools.llm.usage import Meter
from .blackbox import Answer, Calls
from .sandbox import run_code

PROMPT = (Path(__file__).parent / "prompt.md").read_text(encoding="utf-8")
_AT_ONCE = 50  # inputs of one call_function
_SHOWN = 12  # differences that check_code shows
_NUDGES = 2


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
        meter = Meter()
        answer = self._converse(calls, meter)
        counts = ("requests", "tokens_in", "tokens_cached", "tokens_out")
        return answer._replace(spent={name: getattr(meter, name) for name in counts})

    def _converse(self, calls: Calls, meter: Meter) -> Answer:
        task = f"f takes {calls.takes}. You may call it on {calls.budget} inputs in all."
        messages: list[dict[str, Any]] = [
            {"role": "system", "content": PROMPT},
            {"role": "user", "content": task},
        ]
        deadline = time.monotonic() + self.seconds
        nudges = 0
        for turn in range(self.turns):
            left = deadline - time.monotonic()
            if left <= 0:
                return Answer("", "", f"no answer in {self.seconds:g} seconds")
            try:
                message = self._ask(messages, left, meter, last=turn == self.turns - 1)
            except LLMError as error:
                return Answer("", "", f"{error.kind}: {error}")
            messages.append(message)
            wanted = message.get("tool_calls") or []
            if not wanted:
                nudges += 1
                if nudges > _NUDGES:
                    return Answer("", "", "the model stopped calling tools without an answer")
                messages.append({"role": "user", "content": "Call a tool; `answer` ends the work."})
            for call in wanted:
                said = self._act(call, calls)
                if isinstance(said, Answer):
                    return said
                messages.append({"role": "tool", "tool_call_id": call.get("id"), "content": said})
        return Answer("", "", f"no answer in {self.turns} turns")

    def _ask(
        self, messages: list[dict[str, Any]], seconds: float, meter: Meter, *, last: bool
    ) -> dict[str, Any]:
        request: dict[str, Any] = {"tools": TOOLS, "seconds": seconds, "meter": meter}
        if last:
            forced = {"type": "function", "function": {"name": "answer"}}
            try:
                return self.llm.complete(messages, **request, tool_choice=forced).message
            except LLMError as error:
                if error.kind != "request":  # some endpoints know no forced choice
                    raise
        return self.llm.complete(messages, **request).message

    def _act(self, call: Mapping[str, Any], calls: Calls) -> str | Answer:
        """What a tool call gives: text for the model, or the answer."""
        function = call.get("function") or {}
        name = function.get("name")
        try:
            given = read_json(function.get("arguments") or "{}")
        except ValueError as error:
            return f"error: the arguments are not JSON: {error}"
        if not isinstance(given, dict):
            return "error: the arguments are not a JSON object"
        if name == "call_function":
            return _called(given.get("inputs"), calls)
        code = given.get("code")
        if name not in ("check_code", "answer"):
            return f"error: there is no tool '{name}'; call_function, check_code or answer"
        if not isinstance(code, str) or not code.strip():
            return "error: `code` must be Python that defines f"
        if name == "check_code":
            return _checked(unfenced(code), calls)
        return Answer(" ".join(str(given.get("words") or "").split()), unfenced(code))


def _called(inputs: Any, calls: Calls) -> str:
    if not isinstance(inputs, list) or not inputs:
        return 'error: `inputs` must be a list with at least one input, such as {"inputs": [...]}'
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
        return "error: nothing was called yet"
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
