"""The one language-model client: messages in; text, tool calls, log-probabilities and usage out.

It speaks Chat Completions through the `openai` package, whose own retries are off. Here a failed
request is tried again where that can help (no connection, time-out, 408, 409, 429, 5xx, a body
or stream that breaks off), after the time that `Retry-After` names or an exponential delay with
jitter, and never longer than the caller's time. What cannot be helped (401, 403, 404, another
4xx, a context that is too long) is final at once. Every failure is an `LLMError` with a kind.
"""

import json
import os
import random
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from .errors import UsageError
from .meter import Meter

Kind = Literal[
    "unreachable", "timeout", "busy", "server", "broken", "auth", "model", "context", "request"
]
_RETRIED: tuple[Kind, ...] = ("unreachable", "timeout", "busy", "server", "broken")
_LONGEST_WAIT = 120.0  # seconds; an endpoint that asks for more is given up
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


class LLM:
    """A model behind an OpenAI-compatible endpoint. Safe to share between threads.

    Args:
        model: The model's name at the endpoint.
        base_url: The endpoint, such as http://127.0.0.1:8000/v1; default: OPENAI_BASE_URL, or
            OpenAI itself.
        api_key: Default: OPENAI_API_KEY. A loopback endpoint needs none.
        temperature: None: the endpoint's default.
        timeout: Seconds of one attempt.
        prices: Money for a million tokens, in and out; cached ones count as others.
        meter: Counts what is spent, where a call names no other.
        stream: Ask for the answer as a stream.
        retries: Attempts after the first.
        backoff: Seconds before the first retry; doubled each time.

    Raises:
        UsageError: if there is no key for an endpoint that needs one.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        temperature: float | None = None,
        timeout: float = 120.0,
        prices: tuple[float, float] | None = None,
        meter: Meter | None = None,
        stream: bool = False,
        retries: int = 5,
        backoff: float = 0.5,
    ) -> None:
        self.model = model
        self.base_url = base_url or os.environ.get("OPENAI_BASE_URL") or None
        key = api_key or os.environ.get("OPENAI_API_KEY")
        if not key:
            if not _loopback(self.base_url):
                raise UsageError(
                    f"no key for {self.base_url or 'OpenAI'}: set OPENAI_API_KEY, or give "
                    "--base-url of a local endpoint, which needs none"
                )
            key = "none"
        self._key = key
        self.temperature = temperature
        self.timeout = timeout
        self.prices = prices
        self.meter = meter
        self.stream = stream
        self.retries = retries
        self.backoff = backoff
        self._made: Any = None

    def complete(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: Any = None,
        response_format: Mapping[str, Any] | None = None,
        logprobs: bool = False,
        meter: Meter | None = None,
        seconds: float | None = None,
    ) -> Reply:
        """Asks for one answer.

        Args:
            messages: The conversation.
            tools: Tool schemas that it may call.
            tool_choice: As in Chat Completions.
            response_format: As in Chat Completions, such as a JSON schema.
            logprobs: Ask for log-probabilities with twenty alternatives.
            meter: Counts what is spent; default: the client's.
            seconds: The most that this may take, retries included.

        Raises:
            LLMError: if no answer came.
        """
        request: dict[str, Any] = {"model": self.model, "messages": list(messages)}
        if tools:
            request["tools"] = list(tools)
            if tool_choice is not None:
                request["tool_choice"] = tool_choice
        if response_format is not None:
            request["response_format"] = response_format
        if self.temperature is not None:
            request["temperature"] = self.temperature
        if logprobs:
            request |= {"logprobs": True, "top_logprobs": 20}
        meter = meter or self.meter or Meter()
        body = self._with_retries(request, meter, seconds)
        reply = _reply(body, request)
        meter.requests += 1
        meter.tokens_in += reply.usage.tokens_in
        meter.tokens_cached += reply.usage.tokens_cached
        meter.tokens_out += reply.usage.tokens_out
        if self.prices is not None:
            price_in, price_out = self.prices
            spent = reply.usage.tokens_in * price_in + reply.usage.tokens_out * price_out
            meter.cost += spent / 1e6
        return reply

    def _with_retries(
        self, request: dict[str, Any], meter: Meter, seconds: float | None
    ) -> dict[str, Any]:
        started = time.monotonic()

        def remaining() -> float:
            return float("inf") if seconds is None else seconds - (time.monotonic() - started)

        for attempt in range(self.retries + 1):
            try:
                return self._once(request, max(0.05, min(self.timeout, remaining())))
            except LLMError as error:
                if error.kind not in _RETRIED:
                    raise
                tries = f"{attempt + 1} attempt{'s' if attempt else ''}"
                if attempt == self.retries:
                    raise LLMError(error.kind, f"{error} ({tries})") from error
                delay = self.backoff * 2**attempt * random.uniform(0.5, 1.0)
                if error.after is not None:
                    delay = max(error.after, 0.0) + random.uniform(0, 0.1 * self.backoff)
                if delay > min(remaining(), _LONGEST_WAIT):
                    raise LLMError(
                        error.kind,
                        f"{error} ({tries}; another needs a wait of {delay:.1f} s, "
                        "longer than what is left)",
                    ) from error
                meter.retries += 1
                time.sleep(delay)
        raise AssertionError("the loop returns or raises")

    def _once(self, request: dict[str, Any], timeout: float) -> dict[str, Any]:
        import openai

        try:
            return self._sent(request, timeout)
        except LLMError:
            raise
        except openai.APITimeoutError as error:
            raise LLMError("timeout", f"no answer within {timeout:.3g} s") from error
        except openai.APIStatusError as error:
            raise _of_status(error, self.model, self._where) from error
        except openai.APIConnectionError as error:
            cause = error.__cause__
            broke = "Protocol" in type(cause).__name__ or "Read" in type(cause).__name__
            said = "the answer broke off" if broke else f"cannot reach {self._where}"
            why = f" ({cause})" if cause is not None and str(cause) else ""
            raise LLMError("broken" if broke else "unreachable", said + why) from error
        except openai.APIError as error:
            raise LLMError("broken", f"the endpoint answered with an error: {error}") from error
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise LLMError(
                "broken", f"the endpoint's answer is not a chat completion: {error}"
            ) from error
        except Exception as error:  # the transport's own errors, while a stream is read
            if not type(error).__module__.startswith(("httpx", "httpcore")):
                raise
            kind: Kind = "timeout" if "Timeout" in type(error).__name__ else "broken"
            raise LLMError(kind, f"the answer broke off: {error}") from error

    @property
    def _where(self) -> str:
        return self.base_url or "api.openai.com"

    @property
    def _client(self) -> Any:
        if self._made is None:
            import openai

            self._made = openai.OpenAI(base_url=self.base_url, api_key=self._key, max_retries=0)
        return self._made

    def _sent(self, request: dict[str, Any], timeout: float) -> dict[str, Any]:
        completions = self._client.chat.completions
        if not self.stream:
            raw = completions.with_raw_response.create(**request, timeout=timeout)
            return _checked(json.loads(raw.content))
        deadline = time.monotonic() + timeout
        with completions.create(
            **request, stream=True, stream_options={"include_usage": True}, timeout=timeout
        ) as stream:
            return _checked(_joined(stream, deadline, timeout))


def _joined(stream: Iterable[Any], deadline: float, timeout: float) -> dict[str, Any]:
    """One chat completion from its chunks."""
    content: list[str] = []
    refusal: list[str] = []
    calls: dict[int, dict[str, Any]] = {}
    logprobs: list[Any] = []
    finish = usage = None
    for chunk in stream:
        if time.monotonic() > deadline:
            raise LLMError("timeout", f"no whole answer within {timeout:.3g} s")
        data = chunk.to_dict()
        usage = data.get("usage") or usage
        for choice in data.get("choices") or []:
            delta = choice.get("delta") or {}
            content.append(delta.get("content") or "")
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


def _checked(body: Any) -> dict[str, Any]:
    """The body, if it is a chat completion."""
    if isinstance(body, dict) and isinstance(body.get("error"), dict) and "choices" not in body:
        raise LLMError("broken", f"the endpoint answered with an error: {body['error']}"[:300])
    if not isinstance(body, dict) or not isinstance(body["choices"][0]["message"], dict):
        raise ValueError("no message in it")
    return body


def _reply(body: Mapping[str, Any], request: Mapping[str, Any]) -> Reply:
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


def _of_status(error: Any, model: str, where: str) -> LLMError:
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


def _loopback(url: str | None) -> bool:
    host = urlsplit(url or "").hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
