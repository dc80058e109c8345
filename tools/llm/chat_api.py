"""Chat Completions on the wire: answers, streams and errors of an endpoint, read with care.

Endpoints that call themselves compatible differ in what they leave out, so nothing is taken to be
there; what is no chat completion raises, and the client decides whether to ask again.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import Any, Literal, NamedTuple

from ..io.numbers import is_number
from ..io.strict_json import read_json

Kind = Literal[
    "unreachable", "timeout", "busy", "server", "broken", "auth", "model", "context", "request"
]
_LETTERS_A_TOKEN = 4  # where an endpoint gives no usage
_MOST_TOKENS = 10**9  # of one request; more is no count
_MOST_UNKNOWN = 1 << 18  # letters of a message's unknown fields; reasoning of 64k tokens
_KNOWN = ("role", "content", "tool_calls", "refusal", "function_call", "audio", "annotations")
"""Fields of a message that are read, or that say nothing to the model in the next request."""
_OF_A_CALL = ("id", "type", "function", "index")
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
    chunks: Iterable[Any],
    heard: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """One chat completion from its chunks; `heard` gets each piece of its text as it comes.

    Raises:
        LLMError: if the stream broke off.
        ValueError: and others of wrong types, if a chunk is none.
    """
    parts: dict[str, list[str]] = {"content": [], "refusal": []}
    more: dict[str, Any] = {}
    calls: dict[int, dict[str, Any]] = {}
    logprobs: list[Any] = []
    finish = usage = None
    for data in chunks:
        if "error" in data and "choices" not in data:
            raise LLMError("broken", f"the endpoint answered with an error: {data['error']}"[:300])
        usage = data.get("usage") or usage
        for choice in data.get("choices") or []:
            delta = choice.get("delta") or {}
            for name, kept in parts.items():
                kept.append(_words(delta.get(name)))
            if heard is not None and parts["content"][-1]:
                heard(parts["content"][-1])
            logprobs += (choice.get("logprobs") or {}).get("content") or []
            finish = choice.get("finish_reason") or finish
            for name, value in unknown_fields(delta).items():
                more[name] = _grown(more.get(name), value)
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
    message: dict[str, Any] = {**more, **{name: "".join(kept) for name, kept in parts.items()}}
    if calls:
        message["tool_calls"] = [calls[key] for key in sorted(calls)]
    choice = {"message": message, "finish_reason": finish, "logprobs": {"content": logprobs}}
    return {"choices": [choice], "usage": usage}


def _grown(old: Any, new: Any) -> Any:
    """A field of a message from its pieces: text is joined, and so are entries of one index."""
    if isinstance(old, str) and isinstance(new, str):
        return old + new
    if not (isinstance(old, list) and isinstance(new, list)):
        return new
    grown = list(old)
    for item in new:
        if grown and _same_entry(grown[-1], item):
            grown[-1] = _joined_entry(grown[-1], item)
        else:
            grown.append(item)
    return grown


def _same_entry(one: Any, other: Any) -> bool:
    if not (isinstance(one, dict) and isinstance(other, dict)) or "index" not in other:
        return False
    return all(one.get(key) == other.get(key) for key in ("index", "type"))


def _joined_entry(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: value for key, value in new.items() if value is not None}
    for key in ("text", "summary", "data"):
        if isinstance(known.get(key), str):
            known[key] = str(old.get(key) or "") + known[key]
    return {**old, **known}


def events(pieces: Iterable[bytes]) -> Iterator[Any]:
    """The JSON objects of a stream of server-sent events."""
    rest, data = b"", []
    for piece in chain(pieces, (b"\n\n",)):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            line = line.rstrip(b"\r")
            if line.startswith(b"data:"):
                data.append(line[5:])
            elif not line and data:
                whole, data = b"\n".join(data), []
                if whole.strip() == b"[DONE]":
                    return
                yield _object(read_json(whole))


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    return value


def read_body(text: bytes) -> dict[str, Any]:
    """The JSON object of an answer.

    Raises:
        LLMError: if it is an error that came with status 200.
        ValueError: if it is no JSON object.
    """
    body = _object(read_json(text))
    if isinstance(body.get("error"), dict) and "choices" not in body:
        raise LLMError("broken", f"the endpoint answered with an error: {body['error']}"[:300])
    return body


def read_reply(body: Mapping[str, Any], request: Mapping[str, Any]) -> Reply:
    """The reply in a chat completion.

    Raises:
        ValueError: and KeyError, IndexError, TypeError, AttributeError: if there is none in it.
    """
    choice = body["choices"][0]
    given, finish = choice["message"], choice.get("finish_reason")
    content, refusal = _words(given.get("content")), _words(given.get("refusal"))
    message = {"role": "assistant", "content": content or None, **unknown_fields(given)}
    listed = given.get("tool_calls")
    if calls := [_call(item) for item in listed or () if _is_call(item)]:
        message["tool_calls"] = calls
    if refusal:
        message["refusal"] = refusal
    if finish is not None and not isinstance(finish, str):
        raise ValueError("its finish_reason is no text")
    usage = read_usage(body) or _estimated(message, request)
    return Reply(message, content, _logprobs(choice.get("logprobs")), usage, finish)


def unknown_fields(message: Mapping[str, Any]) -> dict[str, Any]:
    """What an assistant message has beside the fields that this client knows, such as reasoning.

    Models want it back in the next request, as they wrote it. Left out are empty fields, and all of
    them together where they are larger than a reply should be: half a signature is refused.
    """
    more = {
        str(name): value
        for name, value in message.items()
        if name not in _KNOWN and value not in (None, "", [], {})
    }
    return more if len(json.dumps(more, ensure_ascii=False)) <= _MOST_UNKNOWN else {}


def _words(content: Any) -> str:
    """Text of a message; some endpoints answer in parts."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise ValueError("its content is no text")
    parts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(part for part in parts if isinstance(part, str))


def _is_call(item: Any) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get("function"), Mapping)


def _call(item: Mapping[str, Any]) -> dict[str, Any]:
    """A tool call; what is in it beside the known fields, such as a signature, stays."""
    function = item["function"]
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        arguments = json.dumps({} if arguments is None else arguments)
    known = {"name": str(function.get("name") or ""), "arguments": arguments}
    return {
        **unknown_fields({key: value for key, value in item.items() if key not in _OF_A_CALL}),
        "id": str(item.get("id") or ""),
        "type": "function",
        "function": known,
    }


def _logprobs(given: Any) -> list[dict[str, Any]] | None:
    """Log-probabilities, one a token with its alternatives; None where any is something else."""
    entries = given.get("content") if isinstance(given, Mapping) else None
    if not isinstance(entries, list) or not entries or not all(map(_is_token, entries)):
        return None
    result = []
    for entry in entries:
        others = entry.get("top_logprobs")
        kept = [one for one in others if _is_token(one)] if isinstance(others, list) else []
        result.append({**entry, "top_logprobs": kept} if "top_logprobs" in entry else entry)
    return result


def _is_token(entry: Any) -> bool:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("token"), str):
        return False
    value = entry.get("logprob")
    return is_number(value) and value <= 1e-3


def read_usage(body: Mapping[str, Any]) -> Usage | None:
    """The tokens that an endpoint says; None where it says none that can be."""
    given = body.get("usage")
    if not isinstance(given, Mapping):
        return None
    details = given.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else 0
    tokens_in, tokens_out = _count(given.get("prompt_tokens")), given.get("completion_tokens")
    tokens_out = 0 if tokens_out is None else _count(tokens_out)
    if tokens_in is None or tokens_out is None:
        return None
    return Usage(tokens_in, min(cached or 0, tokens_in), tokens_out, False)


def _count(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= _MOST_TOKENS else None


def _estimated(message: Mapping[str, Any], request: Mapping[str, Any]) -> Usage:
    sent = {key: request[key] for key in ("messages", "tools") if key in request}
    letters = len(re.sub(r"data:[^\"]+", "", json.dumps(sent, ensure_ascii=False)))
    answer = len(json.dumps(message, ensure_ascii=False))
    return Usage(letters // _LETTERS_A_TOKEN, 0, answer // _LETTERS_A_TOKEN, True)


def of_status(
    status: int, headers: Mapping[str, str], body: bytes, *, model: str, where: str
) -> LLMError:
    """The error of an HTTP status."""
    message, code = error_of(body)
    if status in (401, 403):
        return LLMError("auth", f"{where} refused the key ({status}): {message}")
    if status == 404:
        return LLMError("model", f"{where} has no model '{model}' (404): {message}")
    if status == 413 or (
        400 <= status < 500
        and status != 429
        and (code == "context_length_exceeded" or _TOO_LONG.search(message))
    ):
        return LLMError(
            "context", f"the conversation is too long for {model} ({status}): {message}"
        )
    if status == 429 and code == "insufficient_quota":
        return LLMError("auth", f"the account at {where} has no quota left (429): {message}")
    after = _after(headers)
    if status == 429:
        return LLMError("busy", f"{where} is busy (429): {message}", after=after)
    if status in (408, 409) or status >= 500:
        return LLMError("server", f"{where} failed ({status}): {message}", after=after)
    return LLMError("request", f"{where} refused the request ({status}): {message}")


def error_of(body: bytes) -> tuple[str, str]:
    """What an answer with an error says, and its code."""
    try:
        result = read_json(body)
    except ValueError:
        result = body.decode("utf-8", "replace")
    if isinstance(result, dict):
        result = result.get("error", result)
    code = ""
    if isinstance(result, dict):
        code, result = str(result.get("code") or ""), result.get("message") or ""
    return " ".join(str(result)[:2000].split())[:300] or "no reason given", code


def _after(headers: Mapping[str, str]) -> float | None:
    """Seconds that Retry-After names, as a number or as a date; None where it names none."""
    given, milliseconds = headers.get("retry-after", ""), headers.get("retry-after-ms", "")
    try:
        if re.fullmatch(r"\s*[\d.]{1,20}\s*", milliseconds):
            return float(milliseconds) / 1000
        if re.fullmatch(r"\s*[\d.]{1,20}\s*", given):
            return float(given)
        return parsedate_to_datetime(given).timestamp() - time.time() if given else None
    except (ValueError, TypeError, OverflowError):
        return None
