"""Chat Completions on the wire: answers, streams and errors of an endpoint, read with care.

Endpoints that call themselves compatible differ in what they leave out, so nothing is taken to be
there; what is no chat completion raises, and the client decides whether to ask again.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NamedTuple

Kind = Literal[
    "unreachable", "timeout", "busy", "server", "broken", "auth", "model", "context", "request"
]
_LETTERS_A_TOKEN = 4  # where an endpoint gives no usage
_TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size)|maximum context|prompt is too long|too many tokens"
    r"|exceeds? .{0,40}(context|token)|reduce the length",
    re.IGNORECASE,
)


class LLMError(Exception):
    """A request that brought no answer, after its retries."""

    def __init__(self, kind: Kind, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.after = after
        """Seconds that the endpoint asked to wait."""


class Usage(NamedTuple):
    """Tokens of one request."""

    tokens_in: int
    tokens_cached: int
    """Part of `tokens_in` that was served from the endpoint's prefix cache."""
    tokens_out: int
    estimated: bool
    """The endpoint did not say; counted from the letters."""


class Reply(NamedTuple):
    """One answer."""

    message: dict[str, Any]
    """The assistant message, as on the wire: content, tool_calls, refusal."""
    text: str
    logprobs: list[dict[str, Any]] | None
    """One a token, with its alternatives, where asked for and given."""
    usage: Usage
    finish_reason: str | None


def joined(
    stream: Iterable[Any],
    deadline: float,
    timeout: float,
    heard: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """One chat completion from its chunks; `heard` gets each piece of its text as it comes."""
    content: list[str] = []
    refusal: list[str] = []
    calls: dict[int, dict[str, Any]] = {}
    logprobs: list[Any] = []
    finish = usage = None
    for chunk in stream:
        in_time(deadline, timeout)
        data = chunk.to_dict()
        usage = data.get("usage") or usage
        for choice in data.get("choices") or []:
            delta = choice.get("delta") or {}
            content.append(delta.get("content") or "")
            if heard is not None and content[-1]:
                heard(content[-1])
            refusal.append(delta.get("refusal") or "")
            logprobs += (choice.get("logprobs") or {}).get("content") or []
            finish = choice.get("finish_reason") or finish
            for part in delta.get("tool_calls") or []:
                kept = calls.setdefault(
                    part.get("index", len(calls)),
                    {"id": "", "type": "function", "function": {"name": "", "arguments": ""}},
                )
                kept["id"] = part.get("id") or kept["id"]
                function = part.get("function") or {}
                kept["function"]["name"] += function.get("name") or ""
                kept["function"]["arguments"] += function.get("arguments") or ""
    if finish is None:
        raise LLMError("broken", "the stream broke off before its end")
    message: dict[str, Any] = {"content": "".join(content) or None}
    if "".join(refusal):
        message["refusal"] = "".join(refusal)
    if calls:
        message["tool_calls"] = [calls[key] for key in sorted(calls)]
    choice = {"message": message, "finish_reason": finish, "logprobs": {"content": logprobs}}
    return {"choices": [choice], "usage": usage}


def in_time(deadline: float, timeout: float) -> None:
    if time.monotonic() > deadline:
        raise LLMError("timeout", f"no whole answer within {timeout:.3g} s")


def checked(body: Any) -> dict[str, Any]:
    """The body, if it is a chat completion."""
    if isinstance(body, dict) and isinstance(body.get("error"), dict) and "choices" not in body:
        raise LLMError("broken", f"the endpoint answered with an error: {body['error']}"[:300])
    if not isinstance(body, dict) or not isinstance(body["choices"][0]["message"], dict):
        raise ValueError("no message in it")
    return body


def read_reply(body: Mapping[str, Any], request: Mapping[str, Any]) -> Reply:
    choice = body["choices"][0]
    given = choice["message"]
    content = given.get("content")
    if isinstance(content, list):  # some endpoints answer in parts
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    message: dict[str, Any] = {"role": "assistant", "content": content or None}
    for name in ("tool_calls", "refusal"):
        if given.get(name):
            message[name] = given[name]
    logprobs = (choice.get("logprobs") or {}).get("content") or None
    return Reply(
        message, str(content or ""), logprobs, _usage(body, request), choice.get("finish_reason")
    )


def _usage(body: Mapping[str, Any], request: Mapping[str, Any]) -> Usage:
    given = body.get("usage")
    if isinstance(given, Mapping) and given.get("prompt_tokens") is not None:
        cached = (given.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        return Usage(
            int(given["prompt_tokens"]),
            int(cached),
            int(given.get("completion_tokens") or 0),
            False,
        )
    sent = {key: request[key] for key in ("messages", "tools") if key in request}
    letters = len(re.sub(r"data:[^\"]+", "", json.dumps(sent, ensure_ascii=False)))
    answer = len(json.dumps(body["choices"][0]["message"], ensure_ascii=False))
    return Usage(letters // _LETTERS_A_TOKEN, 0, answer // _LETTERS_A_TOKEN, True)


def of_status(error: Any, model: str, where: str) -> LLMError:
    """The error of an HTTP status."""
    status, said = int(error.status_code), _message(error)
    if status in (401, 403):
        return LLMError("auth", f"{where} refused the key ({status}): {said}")
    if status == 404:
        return LLMError("model", f"{where} has no model '{model}' (404): {said}")
    if status == 413 or (
        400 <= status < 500
        and status != 429
        and (error.code == "context_length_exceeded" or _TOO_LONG.search(said))
    ):
        return LLMError("context", f"the conversation is too long for {model} ({status}): {said}")
    if status == 429 and error.code == "insufficient_quota":
        return LLMError("auth", f"the account at {where} has no quota left (429): {said}")
    after = _after(error.response.headers)
    if status == 429:
        return LLMError("busy", f"{where} is busy (429): {said}", after=after)
    if status in (408, 409) or status >= 500:
        return LLMError("server", f"{where} failed ({status}): {said}", after=after)
    return LLMError("request", f"{where} refused the request ({status}): {said}")


def _message(error: Any) -> str:
    body = error.body
    said = body.get("message") if isinstance(body, dict) else body
    return " ".join(str(said or error.message).split())[:300]


def _after(headers: Mapping[str, str]) -> float | None:
    """Seconds that Retry-After names, as a number or as a date."""
    try:
        if headers.get("retry-after-ms"):
            return float(headers["retry-after-ms"]) / 1000
        given = headers.get("retry-after")
        if not given:
            return None
        if re.fullmatch(r"\s*[\d.]+\s*", given):
            return float(given)
        return parsedate_to_datetime(given).timestamp() - time.time()
    except (ValueError, TypeError):
        return None
