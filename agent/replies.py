"""Repairs a planner's replies, so that what stays in the conversation is always valid on the wire.

A reply may lack tool calls, ids, or valid JSON in its arguments. What can be repaired is repaired;
what cannot is told to the planner in one message, and the arguments in the record become an empty
object because many endpoints refuse a conversation that holds invalid JSON. Fields that this code
does not know, such as a model's reasoning, stay as they are: models want them back.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..tools.io.plain_text import clip
from ..tools.io.strict_json import read_json
from .state import Message

_READ = ("role", "content", "refusal", "finish_reason", "tool_calls")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Call(NamedTuple):
    """One tool call of a reply."""

    id: str
    name: str
    arguments: str
    """JSON text as the planner wrote it; may be invalid."""

    @property
    def values(self) -> dict[str, Any]:
        """The arguments; empty where they are no JSON object."""
        try:
            values = read_json(self.arguments or "{}")
        except ValueError:
            return {}
        return values if isinstance(values, dict) else {}

    @property
    def key(self) -> str:
        """The same for the same call, whatever its spacing and order of arguments."""
        try:
            arguments = json.dumps(read_json(self.arguments or "{}"), sort_keys=True)
        except ValueError:
            arguments = self.arguments
        return f"{self.name} {arguments}"


def calling(
    calls: Iterable[tuple[str, Mapping[str, Any]]], number: str | int, content: str | None = None
) -> Message:
    """An assistant message that calls tools; their ids begin with its number."""
    return {
        "role": "assistant",
        "content": content,
        "tool_calls": [
            {
                "id": f"call_{number}_{i}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(dict(arguments))},
            }
            for i, (name, arguments) in enumerate(calls)
        ],
    }


class Reply(NamedTuple):
    """A repaired assistant message with its calls."""

    message: Message
    calls: list[Call]
    fault: str | None
    """What to tell the planner where there is nothing to run."""


def repair(reply: Mapping[str, Any], number: int, ending: str) -> Reply:
    """The assistant message to keep, the calls to run, or what was wrong.

    Args:
        reply: As the planner gave it.
        number: Of the message, for the ids of calls that have none.
        ending: What ends the run, in words for the planner.
    """
    raw = reply.get("tool_calls")
    calls: list[Call] = []
    wire: list[dict[str, Any]] = []
    ids: set[str] = set()
    for i, item in enumerate(raw if isinstance(raw, list) else []):
        function = item.get("function") if isinstance(item, Mapping) else None
        if not isinstance(function, Mapping) or not str(function.get("name") or "").strip():
            continue
        key = str(item.get("id") or "")
        if not key or key in ids:
            key = f"call_{number}_{i}"
        ids.add(key)
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments if arguments is not None else {})
        call = Call(key, str(function["name"]).strip(), arguments)
        calls.append(call)
        named = {"name": call.name, "arguments": _safe(call)}
        wire.append({**item, "id": key, "type": "function", "function": named})
    message: Message = {"role": "assistant", "content": reply.get("content") or None}
    message |= {name: value for name, value in reply.items() if name not in _READ}
    if wire:
        return Reply({**message, "tool_calls": wire}, calls, None)
    message["content"] = str(reply.get("content") or reply.get("refusal") or "(empty reply)")
    return Reply(message, [], f"{_fault(reply)}. Call at least one tool, or {ending}.")


def _safe(call: Call) -> str:
    """The arguments, if they are an object that every endpoint can read; else an empty one."""
    if not call.values:
        return "{}"
    if _SURROGATE.search(call.arguments):
        return json.dumps(call.values, ensure_ascii=False)
    return call.arguments


def _fault(reply: Mapping[str, Any]) -> str:
    if reply.get("refusal"):
        refusal = clip(" ".join(str(reply["refusal"]).split()), 120)
        return f"you refused: {refusal}. This is about the inner parts of a network"
    if reply.get("finish_reason") == "content_filter":
        return "a content filter stopped your reply"
    if reply.get("finish_reason") == "length":
        return "your reply was cut off at the length limit before a tool call. Be shorter"
    if not reply.get("content"):
        return "your reply was empty"
    return "your reply had only text, no tool call"
