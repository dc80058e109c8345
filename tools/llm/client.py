"""The one language-model client: messages in; text, tool calls, log-probabilities and usage out.

It speaks Chat Completions over `wire.py`, which bounds the time and the size of every answer. A
failed request is tried again where that can help (`retries.py`). What cannot be helped (401, 403,
404, another 4xx, a context that is too long) is final at once. Every failure is an `LLMError` with
a kind; what a reply cost is counted though the reply is none.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import chat_api
from .chat_api import LLMError, Reply, Usage
from .endpoints import Endpoint
from .retries import with_retries
from .usage import Meter
from .wire import posted

__all__ = ["LLM", "LLMError", "Reply", "Usage"]


class LLM:
    """A model behind an OpenAI-compatible endpoint. Safe to share between threads.

    Args:
        model: The model's name at the endpoint.
        base_url: The endpoint, such as http://127.0.0.1:8000/v1; default: OPENAI_BASE_URL, or
            OpenAI itself.
        api_key: Default: OPENAI_API_KEY. A loopback endpoint needs none.
        temperature: None: the endpoint's default.
        timeout: Seconds of one attempt, from the first byte sent to the last one read.
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
        self._endpoint = Endpoint.of(
            base_url,
            api_key,
            "no key for {}: set OPENAI_API_KEY, or give "
            "--base-url of a local endpoint, which needs none",
        )
        self.temperature = temperature
        self.timeout = timeout
        self.prices = prices
        self.meter = meter
        self.stream = stream
        self.retries = retries
        self.backoff = backoff

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
            seconds: The most that this may take, retries included; never more than the meter has
                left.
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
        limits = [item for item in (seconds, meter.remaining) if item is not None]

        def count_retry() -> None:
            meter.retries += 1

        return with_retries(
            lambda timeout: self._once(request, timeout, meter, heard),
            timeout=self.timeout,
            seconds=min(limits, default=None),
            retries=self.retries,
            backoff=self.backoff,
            on_retry=count_retry,
        )

    def _once(
        self,
        request: dict[str, Any],
        timeout: float,
        meter: Meter,
        heard: Callable[[str], None] | None,
    ) -> Reply:
        try:
            body = self._sent(request, timeout, heard)
            usage = chat_api.read_usage(body)
            if usage is not None:  # it was spent, whatever the rest is
                self._count(meter, usage)
            reply = chat_api.read_reply(body, request)
        except LLMError as error:
            where = f"cannot reach {self._endpoint.public}: " if error.kind == "unreachable" else ""
            message = self._endpoint.hidden(f"{where}{error}")
            raise LLMError(error.kind, message, after=error.after) from None
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            why = self._endpoint.hidden(str(error))[:200]
            raise LLMError(
                "broken", f"the endpoint's answer is not a chat completion: {why}"
            ) from error
        if usage is None:
            self._count(meter, reply.usage)
        meter.requests += 1
        return reply

    def _count(self, meter: Meter, usage: Usage) -> None:
        meter.estimated += usage.estimated
        meter.tokens_in += usage.tokens_in
        meter.tokens_cached += usage.tokens_cached
        meter.tokens_out += usage.tokens_out
        if self.prices is not None:
            price_in, price_out = self.prices
            meter.cost += (usage.tokens_in * price_in + usage.tokens_out * price_out) / 1e6

    def _sent(
        self, request: dict[str, Any], timeout: float, heard: Callable[[str], None] | None
    ) -> dict[str, Any]:
        if self.stream or heard is not None:
            request = {**request, "stream": True, "stream_options": {"include_usage": True}}
        headers = {
            "authorization": self._endpoint.authorisation,
            "content-type": "application/json",
        }
        # a lone surrogate in a text of the corpus is no UTF-8
        content = json.dumps(request, ensure_ascii=False).encode(errors="replace")
        url = self._endpoint.under("chat/completions")
        with posted(url, headers=headers, seconds=timeout, content=content) as answer:
            if answer.status != 200:
                raise chat_api.of_status(
                    answer.status,
                    answer.headers,
                    answer.read(),
                    model=self.model,
                    where=self._endpoint.public,
                )
            if "event-stream" in answer.headers.get("content-type", ""):
                return chat_api.joined(chat_api.events(answer.pieces), heard)
            return chat_api.read_body(answer.read())
