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
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from .completions import (
    Kind,
    LLMError,
    Reply,
    Usage,
    checked,
    in_time,
    joined,
    of_status,
    read_reply,
)
from .errors import UsageError
from .meter import Meter

__all__ = ["LLM", "LLMError", "Reply", "Usage"]

_RETRIED: tuple[Kind, ...] = ("unreachable", "timeout", "busy", "server", "broken")
_LONGEST_WAIT = 120.0  # seconds; an endpoint that asks for more is given up


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
            if not loopback(self.base_url):
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
        heard: Callable[[str], None] | None = None,
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
            heard: Gets the text in pieces while it is written, by a stream; again from the
                beginning where the request is tried again.

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
        body = self._with_retries(request, meter, seconds, heard)
        reply = read_reply(body, request)
        meter.requests += 1
        meter.estimated += reply.usage.estimated
        meter.tokens_in += reply.usage.tokens_in
        meter.tokens_cached += reply.usage.tokens_cached
        meter.tokens_out += reply.usage.tokens_out
        if self.prices is not None:
            price_in, price_out = self.prices
            spent = reply.usage.tokens_in * price_in + reply.usage.tokens_out * price_out
            meter.cost += spent / 1e6
        return reply

    def _with_retries(
        self,
        request: dict[str, Any],
        meter: Meter,
        seconds: float | None,
        heard: Callable[[str], None] | None,
    ) -> dict[str, Any]:
        started = time.monotonic()

        def remaining() -> float:
            return float("inf") if seconds is None else seconds - (time.monotonic() - started)

        for attempt in range(self.retries + 1):
            try:
                return self._once(request, max(0.05, min(self.timeout, remaining())), heard)
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

    def _once(
        self, request: dict[str, Any], timeout: float, heard: Callable[[str], None] | None
    ) -> dict[str, Any]:
        import openai

        try:
            return self._sent(request, timeout, heard)
        except LLMError:
            raise
        except openai.APITimeoutError as error:
            raise LLMError("timeout", f"no answer within {timeout:.3g} s") from error
        except openai.APIStatusError as error:
            raise of_status(error, self.model, self._where) from error
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

    def _sent(
        self, request: dict[str, Any], timeout: float, heard: Callable[[str], None] | None
    ) -> dict[str, Any]:
        completions = self._client.chat.completions
        deadline = time.monotonic() + timeout
        if not self.stream and heard is None:
            # read in pieces: the transport's time-out starts anew with every byte that drips in
            with completions.with_streaming_response.create(**request, timeout=timeout) as raw:
                pieces = []
                for piece in raw.iter_bytes():
                    pieces.append(piece)
                    in_time(deadline, timeout)
            return checked(json.loads(b"".join(pieces)))
        with completions.with_streaming_response.create(
            **request, stream=True, stream_options={"include_usage": True}, timeout=timeout
        ) as raw:
            if "json" in raw.headers.get("content-type", ""):  # it answers as a whole all the same
                return checked(json.loads(raw.read()))
            return checked(joined(raw.parse(), deadline, timeout, heard))


def loopback(url: str | None) -> bool:
    """Whether an endpoint is on this machine, and so needs no key."""
    host = urlsplit(url or "").hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
