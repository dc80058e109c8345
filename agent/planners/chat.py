"""The chat planner: any language model behind an OpenAI-compatible endpoint.

A request is made of the state alone, so that an interrupted investigation can go on:

1. The messages as they are; file paths of pictures become data URLs here and nowhere else.
2. The tools that this lab offers. When the budget is nearly spent the model must call `conclude`.
3. If the endpoint says that the conversation is too long, old results are shortened, the newest
   turns kept whole, and it is asked once more. Later turns stay shortened.
"""

import base64
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...tools.lab import Lab
from ...tools.llm import LLM, LLMError, Reply
from ...tools.registry import TOOLS
from ..state import Message, State

_KEPT_TURNS = 1  # newest turns of results that stay whole in a shortened conversation
_SHORT = 240  # letters of an older result in it
_FORCED = {"type": "function", "function": {"name": "conclude"}}


@dataclass(frozen=True)
class ChatFactory:
    """Makes chat planners over one shared client."""

    llm: LLM

    @property
    def name(self) -> str:
        """`openai:MODEL`."""
        return f"openai:{self.llm.model}"

    def __call__(self, lab: Lab) -> "Chat":
        return Chat(lab, self.llm)


class Chat:
    """A language model that chooses the experiments."""

    resumable = True

    def __init__(self, lab: Lab, llm: LLM) -> None:
        self.name = f"openai:{llm.model}"
        self._lab = lab
        self._llm = llm
        self._short = False
        self._may_force = True

    def next(self, state: State) -> Message:
        """Asks the model.

        Raises:
            LLMError: if no answer came, after retries and with old results shortened.
        """
        try:
            reply = self._ask(state)
        except LLMError as error:
            if error.kind != "context" or self._short:
                raise
            self._short = True
            reply = self._ask(state)
        return {**reply.message, "finish_reason": reply.finish_reason}

    def _ask(self, state: State) -> Reply:
        messages = shortened(state["messages"]) if self._short else state["messages"]
        request: dict[str, Any] = {
            "messages": [with_pictures(message) for message in messages],
            "tools": [item.schema for item in TOOLS.values() if item.offered(self._lab)],
            "meter": self._lab.meter,
            "seconds": state["left"]["seconds"],
        }
        if state["last"] and self._may_force:
            try:
                return self._llm.complete(**request, tool_choice=_FORCED)
            except LLMError as error:
                if error.kind != "request":
                    raise
                self._may_force = False  # some endpoints know no forced choice
        return self._llm.complete(**request)


def shortened(messages: Sequence[Message]) -> list[Message]:
    """A conversation whose older results are cut to their first lines, with pictures left out."""
    turns = [at for at, message in enumerate(messages) if message["role"] == "assistant"]
    keep = turns[-_KEPT_TURNS] if len(turns) >= _KEPT_TURNS else len(messages)
    if len(turns) <= _KEPT_TURNS:
        keep = len(messages)  # the newest results are all there is to shorten
    out: list[Message] = []
    for at, message in enumerate(messages):
        content = message.get("content")
        if at < 2 or at >= keep:
            out.append(message)
        elif isinstance(content, list):
            out.append({**message, "content": "(pictures left out to save room)"})
        elif message["role"] == "tool" and len(str(content)) > _SHORT:
            cut = str(content)[:_SHORT] + "… (cut to save room; the newest ledger keeps the scores)"
            out.append({**message, "content": cut})
        else:
            out.append(message)
    return out


def with_pictures(message: Message) -> Message:
    """The message with file paths turned into data URLs, and nothing that is not on the wire."""
    kept = {key: value for key, value in message.items() if key != "finish_reason"}
    content = kept.get("content")
    if not isinstance(content, list):
        return kept
    parts: list[dict[str, Any]] = []
    for part in content:
        url = part.get("image_url", {}).get("url", "") if part["type"] == "image_url" else ""
        if not url or url.startswith(("data:", "http:", "https:")):
            parts.append(part)
            continue
        try:
            data = base64.b64encode(Path(url).read_bytes()).decode()
        except OSError:
            parts.append({"type": "text", "text": "(the picture file is gone)"})
            continue
        kind = mimetypes.guess_type(url)[0] or "image/png"
        whole = {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}}
        parts.append(whole)
    return {**kept, "content": parts}
