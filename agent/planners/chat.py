"""The chat planner: any language model behind an OpenAI-compatible endpoint.

A request is made of the state alone, so that an interrupted investigation can go on:

1. The messages as they are, but for recorded predictors, which have ids (`referring.py`); file
   paths of pictures become data URLs here and nowhere else.
2. The tools that are offered. When the budget is nearly spent the model must end, with `conclude`.
3. If the endpoint says that the conversation is too long, old results are shortened and it is asked
   again; if it is still too long, the newest ones too. Later turns stay shortened.
4. If it refuses a request with pictures, it is asked again without them; where that is answered it
   cannot see, and is sent no more. Their texts say what they show.
5. Fields of its own messages that this client does not know, such as reasoning, are sent back; an
   endpoint that refuses them is asked again without.
"""

import base64
import mimetypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ...tools.io.files import read_whole
from ...tools.lab import Lab
from ...tools.llm.client import LLM, LLMError, Reply
from ...tools.llm.usage import Meter
from ...tools.registry import offered
from ..state import Message, Planner
from .first_look import WithFirstLook
from .referring import referred

_SHORT = 240  # letters of an older result in a shortened conversation
_SHORT_NEWEST = 1200  # letters of the newest turn's results, where that is not enough
_MOST_LEVEL = 2
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff")  # how files of PNG and JPEG begin
_MOST_PICTURES = 12
"""Pictures of one request."""
_STEP = 6
_WIRE = ("role", "content", "tool_calls", "tool_call_id", "refusal")
_BLIND = ("request", "model", "server")
"""Kinds of errors that endpoints give for pictures that they do not take."""


def forced(name: str) -> dict[str, Any]:
    """The `tool_choice` that makes a model call one tool."""
    return {"type": "function", "function": {"name": name}}


def schemas(lab: Lab, *, actions: bool) -> list[dict[str, Any]]:
    """The tools that a lab offers, as planners read them.

    Args:
        lab: The lab.
        actions: Whether a planner's own acts, such as `conclude`, are among them.
    """
    known = [item for item in offered(lab).values() if actions or not item.action]
    brief = lab.programs and not lab.open  # `program` says the rest
    return [item.shown(lab) for item in known if not (item.rare and brief)]


@dataclass(frozen=True)
class ChatFactory:
    """Makes chat planners over one shared client."""

    llm: LLM
    sees: bool | None = None
    """Whether the model takes pictures; None: it is tried."""
    converses: bool = False
    """For conversations: it is offered no acts such as `conclude`, and ends with words."""
    looks: bool = False
    """Whether a first look and a fit stand before its first turn (`first_look.py`)."""
    steps = 7
    """Turns of an investigation where nothing else is said: the first look, four of experiments, a
    conclusion, and one that is kept back for a conclusion that is sent back."""

    @property
    def name(self) -> str:
        """`openai:MODEL`."""
        return f"openai:{self.llm.model}"

    def __call__(self, lab: Lab) -> Planner:
        tools = partial(schemas, lab, actions=not self.converses)
        ending = "none" if self.converses else forced("conclude")
        chat = Chat(self.llm, lab.meter, tools, ending=ending, sees=self.sees)
        return WithFirstLook(chat, lab) if self.looks else chat


class Chat:
    """A language model that chooses the experiments.

    Args:
        llm: The client.
        meter: Counts what is used.
        tools: Gives the schemas of the tools that it is offered.
        ending: The `tool_choice` of its last request.
        sees: Whether the model takes pictures; None: it is tried.
        on_text: Gets its words in pieces, as it writes them.
    """

    resumable = True

    def __init__(
        self,
        llm: LLM,
        meter: Meter,
        tools: Callable[[], list[dict[str, Any]]],
        *,
        ending: Any,
        sees: bool | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> None:
        self.name = f"openai:{llm.model}"
        self._llm = llm
        self._meter = meter
        self._tools = tools
        self._ending = ending
        self.on_text = on_text
        self._level = 0  # how much the conversation is shortened
        self._may_force = True
        self._may_return = True  # fields that only its endpoint knows
        self.sees = sees
        """Whether the model takes pictures; None: not known yet."""

    def next(self, state: Mapping[str, Any]) -> Message:
        """Asks the model.

        Args:
            state: Of a loop: its `messages`, whether this is the `last` request, and what is
                `remaining` of the budget.

        Raises:
            LLMError: if no answer came, after retries and with old results shortened.
        """
        while True:
            try:
                reply = self._seeing(state)
            except LLMError as error:
                if error.kind != "context" or self._level == _MOST_LEVEL:
                    raise
                self._level += 1
                continue
            return {**reply.message, "finish_reason": reply.finish_reason}

    def _seeing(self, state: Mapping[str, Any]) -> Reply:
        """Asks with pictures, and again without them where the endpoint refuses that."""
        try:
            reply = self._ask(state)
        except LLMError as error:
            shown = any(isinstance(m.get("content"), list) for m in state["messages"])
            if error.kind not in _BLIND or not shown or self.sees is not None:
                raise
            self.sees = False
            try:
                return self._ask(state)
            except LLMError:
                self.sees = None  # it was not for the pictures
                raise error from None
        return reply

    def _ask(self, state: Mapping[str, Any]) -> Reply:
        messages = shortened(referred(state["messages"]), self._level)
        old = older_pictures(messages)
        messages = [
            without_pictures(message) if self.sees is False or i in old else fewer_pictures(message)
            for i, message in enumerate(messages)
        ]
        request: dict[str, Any] = {
            "messages": [with_pictures(message) for message in messages],
            "tools": self._tools(),
            "meter": self._meter,
            "seconds": state["remaining"]["seconds"],
            "heard": self.on_text,
        }
        if state["last"] and self._may_force:
            try:
                return self._returning(request, tool_choice=self._ending)
            except LLMError as error:
                if error.kind != "request":
                    raise
                self._may_force = False  # some endpoints know no forced choice
        return self._returning(request)

    def _returning(self, request: dict[str, Any], **more: Any) -> Reply:
        """Asks with the fields that only the endpoint knows, or without where it refuses them."""
        messages = request["messages"]
        bare = [without_unknown(message) for message in messages]
        if bare == messages or not self._may_return:
            return self._llm.complete(**{**request, "messages": bare}, **more)
        try:
            return self._llm.complete(**request, **more)
        except LLMError as error:
            if error.kind != "request":
                raise
        reply = self._llm.complete(**{**request, "messages": bare}, **more)
        self._may_return = False
        return reply


def shortened(messages: Sequence[Message], level: int) -> list[Message]:
    """A conversation whose results are cut and whose pictures are left out.

    Args:
        messages: The conversation; its first two messages always stay.
        level: 0: nothing is cut; 1: results before the newest turn; 2: the newest ones too.
    """
    turns = [i for i, message in enumerate(messages) if message["role"] == "assistant"]
    newest = turns[-1] if turns else len(messages)
    out = list(messages[:2])
    for i, message in enumerate(messages[2:], 2):
        if level == 0 or (level == 1 and i >= newest):
            out.append(message)
        else:
            out.append(_cut(message, _SHORT if i < newest else _SHORT_NEWEST))
    return out


def without_unknown(message: Message) -> Message:
    """The message with the fields of Chat Completions alone."""
    return {name: value for name, value in message.items() if name in _WIRE}


def _cut(message: Message, letters: int) -> Message:
    message = without_unknown(message)
    content = message.get("content")
    if isinstance(content, list):
        return {**message, "content": "(pictures left out to save room)"}
    if message["role"] != "tool" or len(str(content)) <= letters:
        return message
    said = "… (cut to save room; the newest ledger keeps the scores)"
    return {**message, "content": str(content)[:letters] + said}


def older_pictures(messages: Sequence[Message]) -> set[int]:
    """The messages whose pictures are not sent any more, because later ones hold many.

    They go in steps, so that the start of the conversation seldom changes; the newest ones stay.
    """
    shown = {
        i: min(_MOST_PICTURES, sum(part["type"] == "image_url" for part in message["content"]))
        for i, message in enumerate(messages)
        if isinstance(message.get("content"), list)
    }
    excess = sum(shown.values()) - _MOST_PICTURES
    drop = -(-excess // _STEP) * _STEP if excess > 0 else 0
    out: set[int] = set()
    for i, pictures in list(shown.items())[:-1]:
        if drop <= 0:
            break
        out.add(i)
        drop -= pictures
    return out


def fewer_pictures(message: Message) -> Message:
    """The message with no more pictures than a request may hold, the first ones."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    beyond = [i for i, part in enumerate(content) if part["type"] == "image_url"][_MOST_PICTURES:]
    if not beyond:
        return message
    said = {"type": "text", "text": f"(and {len(beyond)} more; the results say what they show)"}
    return {**message, "content": [*content[: beyond[0]], said]}


def without_pictures(message: Message) -> Message:
    """The message with a note in the place of its pictures."""
    if not isinstance(message.get("content"), list):
        return message
    return {**message, "content": "(pictures; the results above say in words what they show)"}


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
            raw = read_whole(Path(url))
        except (OSError, ValueError):
            raw = b""
        if not raw.startswith(_PICTURES):  # a kept state may name any file of the person
            parts.append({"type": "text", "text": "(the picture file is gone)"})
            continue
        data = base64.b64encode(raw).decode()
        kind = mimetypes.guess_type(url)[0] or "image/png"
        whole = {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}}
        parts.append(whole)
    return {**kept, "content": parts}
