"""The language-model client against a loopback endpoint that fails in every way."""

import socket
import time
from email.utils import formatdate

import pytest
from endpoint import (
    answers,
    breaks_off,
    completion,
    drips,
    endpoint,
    fails,
    hangs,
    says,
    streams,
    text,
)
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.llm.client import LLM, LLMError, Reply
from neuroscribe.tools.llm.usage import Meter

ASK = [{"role": "user", "content": "hello"}]


def ask(url: str, meter: Meter | None = None, **options: object) -> Reply:
    """One request with quick retries."""
    seconds = options.pop("seconds", None)
    given = {"timeout": 5.0, "backoff": 0.01, **options}
    client = LLM("m", base_url=url, **given)  # type: ignore[arg-type]
    return client.complete(ASK, meter=meter, seconds=seconds)  # type: ignore[arg-type]


def test_an_answer_is_metered_with_its_cached_tokens_and_price() -> None:
    meter = Meter()
    with endpoint(answers("hi")) as server:
        reply = ask(server.url, meter, prices=(2.0, 10.0), temperature=0.5)
    assert reply.text == "hi"
    assert reply.finish_reason == "stop"
    assert not reply.usage.estimated
    assert (meter.requests, meter.tokens_in, meter.tokens_cached, meter.tokens_out) == (
        1,
        100,
        60,
        10,
    )
    assert meter.cost == pytest.approx((100 * 2 + 10 * 10) / 1e6)
    assert server.requests[0]["temperature"] == 0.5
    assert "stream" not in server.requests[0]


def test_usage_is_estimated_and_flagged_where_the_endpoint_is_silent() -> None:
    meter = Meter()
    with endpoint(answers("hi there", usage=None)) as server:
        reply = ask(server.url, meter)
    assert reply.usage.estimated
    assert meter.estimated == 1
    assert reply.usage.tokens_in > 0
    assert reply.usage.tokens_out > 0


def test_tool_calls_and_log_probabilities_come_back() -> None:
    said = completion({"content": "a"})
    said["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": -0.1}]}
    with endpoint(says(("survey", {"unit": "mlp.0/1"}))) as server:
        reply = ask(server.url)
    assert reply.message["tool_calls"][0]["function"]["name"] == "survey"
    with endpoint(lambda handler, request: handler.send(200, said)) as server:
        client = LLM("m", base_url=server.url)
        found = client.complete(ASK, logprobs=True)
    assert found.logprobs == [{"token": "a", "logprob": -0.1}]
    assert server.requests[0]["logprobs"] is True


@pytest.mark.parametrize(
    "fault",
    [
        fails(500),
        fails(503),
        fails(408),
        fails(429),
        breaks_off,
        text("{not json"),
        text('{"choices": []}'),
        text('{"error": {"message": "overloaded"}}'),
    ],
    ids=["500", "503", "408", "429", "cut", "not json", "no choice", "error in a 200"],
)
def test_what_may_pass_is_tried_again(fault) -> None:
    meter = Meter()
    with endpoint(fault, fault, answers("at last")) as server:
        assert ask(server.url, meter).text == "at last"
    assert meter.retries == 2
    assert meter.requests == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (fails(401), "auth"),
        (fails(403), "auth"),
        (fails(404), "model"),
        (fails(400), "request"),
        (fails(422), "request"),
        (fails(400, "x", code="context_length_exceeded"), "context"),
        (fails(400, "This model's maximum context length is 8192 tokens."), "context"),
        (fails(413, "too big"), "context"),
        (fails(429, "pay", code="insufficient_quota"), "auth"),
    ],
)
def test_what_cannot_pass_is_final_at_once(fault, kind: str) -> None:
    with endpoint(fault) as server, pytest.raises(LLMError) as caught:
        ask(server.url)
    assert caught.value.kind == kind
    assert len(server.requests) == 1


def test_retries_end() -> None:
    with endpoint(fails(500, "broken inside")) as server, pytest.raises(LLMError) as caught:
        ask(server.url, retries=2)
    assert caught.value.kind == "server"
    assert "broken inside" in str(caught.value)
    assert "3 attempts" in str(caught.value)
    assert len(server.requests) == 3


def test_retry_after_is_honoured_in_seconds_and_as_a_date() -> None:
    with endpoint(fails(429, Retry_After="0.4"), answers("ok")) as server:
        started = time.monotonic()
        assert ask(server.url).text == "ok"
    assert time.monotonic() - started >= 0.4
    with endpoint(fails(503, Retry_After=formatdate(time.time() + 2)), answers("ok")) as server:
        started = time.monotonic()
        assert ask(server.url).text == "ok"
    assert time.monotonic() - started >= 0.5


def test_a_wait_longer_than_what_is_left_is_not_begun() -> None:
    started = time.monotonic()
    with endpoint(fails(429, Retry_After="30")) as server, pytest.raises(LLMError) as caught:
        ask(server.url, seconds=2.0)
    assert time.monotonic() - started < 1
    assert "30.0 s" in str(caught.value)
    with endpoint(fails(429, Retry_After="7200")) as server, pytest.raises(LLMError):
        ask(server.url)


def test_a_silent_endpoint_times_out_within_what_is_left() -> None:
    started = time.monotonic()
    with endpoint(hangs()) as server, pytest.raises(LLMError) as caught:
        ask(server.url, seconds=0.5, timeout=60.0)
    assert caught.value.kind == "timeout"
    assert time.monotonic() - started < 2


def test_nobody_listening() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(LLMError) as caught:
        ask(f"http://127.0.0.1:{port}/v1", retries=1)
    assert caught.value.kind == "unreachable"
    assert f"127.0.0.1:{port}" in str(caught.value)


def _delta(finish: str | None = None, **delta: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def test_a_stream_is_joined() -> None:
    first = {"index": 0, "id": "c1", "function": {"name": "sur", "arguments": '{"un'}}
    second = {"index": 0, "function": {"name": "vey", "arguments": 'it": "a/1"}'}}
    usage = {"prompt_tokens": 5, "completion_tokens": 3}
    with endpoint(
        streams(
            _delta(content="let "),
            _delta(content="me", tool_calls=[first]),
            _delta(tool_calls=[second]),
            _delta("tool_calls"),
            {"choices": [], "usage": usage},
        )
    ) as server:
        reply = ask(server.url, stream=True)
    assert reply.text == "let me"
    call = reply.message["tool_calls"][0]
    assert call["function"] == {"name": "survey", "arguments": '{"unit": "a/1"}'}
    assert call["id"] == "c1"
    assert reply.usage.tokens_in == 5
    assert server.requests[0]["stream"] is True


def test_a_truncated_stream_is_tried_again() -> None:
    with endpoint(
        streams(_delta(content="half"), done=False),
        streams(_delta(content="whole"), _delta("stop")),
    ) as server:
        assert ask(server.url, stream=True).text == "whole"
    assert len(server.requests) == 2


def test_a_dripping_stream_is_cut_at_the_time_limit() -> None:
    drip = streams(*[_delta(content="a")] * 50, pause=0.1)
    started = time.monotonic()
    with endpoint(drip) as server, pytest.raises(LLMError) as caught:
        ask(server.url, stream=True, seconds=0.5, retries=0)
    assert caught.value.kind == "timeout"
    assert time.monotonic() - started < 2


def test_a_dripping_answer_is_cut_at_the_time_limit() -> None:
    started = time.monotonic()
    with endpoint(drips) as server, pytest.raises(LLMError) as caught:
        ask(server.url, seconds=0.5, retries=0)
    assert caught.value.kind == "timeout"
    assert time.monotonic() - started < 2


def test_a_key_is_needed_except_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        LLM("m")
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        LLM("m", base_url="http://localhost.example.org/v1")
    LLM("m", base_url="http://localhost:1/v1")
    LLM("m", base_url="http://[::1]:1/v1")
