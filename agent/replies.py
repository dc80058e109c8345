"""Repairs a planner's replies, so that what stays in the conversation is always valid on the wire.

A reply may lack tool calls, ids, or valid JSON in its arguments. What can be mended is mended; what
cannot is told to the planner in one message, and the arguments in the record become an empty object
because many endpoints refuse a conversation that holds invalid JSON. Fields that this code does not
know, such as a model's reasoning, stay as they are: models want them back.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..tools.io.strict_json import read_json
from .state import Message

_READ = ("role", "content", "refusal", "finish_reason", "tool_calls")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
MOST_CALLS = 16
"""Tool calls of one turn that are run."""


class Call(NamedTuple):
    """One tool call of a reply."""

    id: str
    name: str
    arguments: str
    """JSON text as the planner wrote it; may be invalid."""

    @property
    def key(self) -> str:
        """The same for the same call, whatever its spacing and order of arguments."""
        try:
            return f"{self.name} {json.dumps(read_json(self.arguments or '{}'), sort_keys=True)}"
        except ValueError:
            return f"{self.name} {self.arguments}"


class Reply(NamedTuple):
    """A mended assistant message with its calls."""

    message: Message
    calls: list[Call]
    fault: str | None
    """What to tell the planner where there is nothing to run."""


def mend(given: Mapping[str, Any], step: int) -> Reply:
    """The assistant message to keep, the calls to run, or what was wrong."""
    content = given.get("content")
    refusal = given.get("refusal")
    finish = given.get("finish_reason")
    raw = given.get("tool_calls")
    calls: list[Call] = []
    wire: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, item in enumerate(raw if isinstance(raw, list) else []):
        function = item.get("function") if isinstance(item, Mapping) else None
        if not isinstance(function, Mapping) or not str(function.get("name") or "").strip():
            continue
        key = str(item.get("id") or "")
        if not key or key in seen:
            key = f"call_{step}_{number}"
        seen.add(key)
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments if arguments is not None else {})
        call = Call(key, str(function["name"]).strip(), arguments)
        calls.append(call)
        named = {"name": call.name, "arguments": _safe(arguments)}
        wire.append({**item, "id": key, "type": "function", "function": named})
    message: Message = {"role": "assistant", "content": content if content else None}
    message |= {name: value for name, value in given.items() if name not in _READ}
    if wire:
        return Reply({**message, "tool_calls": wire}, calls, None)
    message["content"] = str(content or refusal or "(empty reply)")
    return Reply(message, [], _fault(content, refusal, finish))


def _safe(arguments: str) -> str:
    """The arguments, if they are an object that every endpoint can read; else an empty one."""
    try:
        found = read_json(arguments)
    except ValueError:
        return "{}"
    if not isinstance(found, dict):
        return "{}"
    return json.dumps(found, ensure_ascii=False) if _SURROGATE.search(arguments) else arguments


def _fault(content: Any, refusal: Any, finish: Any) -> str:
    ask = "Call at least one tool, or call conclude if you are done."
    if refusal:
        return f"you refused: {_cut(refusal)}. This is about the inner parts of a network. {ask}"
    if finish == "content_filter":
        return f"a content filter stopped your reply. {ask}"
    if finish == "length":
        return f"your reply was cut off at the length limit before a tool call. Be shorter. {ask}"
    if not content:
        return f"your reply was empty. {ask}"
    return f"your reply had only text, no tool call; nothing was run. {ask}"


def _cut(text: Any) -> str:
    flat = " ".join(str(text).split())
    return flat if len(flat) <= 120 else flat[:117] + "..."
