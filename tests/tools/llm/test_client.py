"""The language-model client against a loopback endpoint that fails in every way."""

import socket
import time
from email.utils import formatdate

import pytest
from checks import refused
from endpoint import (
    answers,
    ask,
    breaks_off,
    chunk,
    completion,
    endpoint,
    fails,
    failure,
    hangs,
    says,
    streams,
    text,
)
from neuroscribe.tools.llm.client import LLM, LLMError
from neuroscribe.tools.llm.usage import Meter


def test_an_answer_is_metered_or_estimated_and_flagged():
    meter = Meter()
    with endpoint(answers("hi")) as server:
        reply = ask(server.url, meter, prices=(2.0, 10.0), temperature=0.5)
    assert reply.text == "hi"
    assert reply.finish_reason == "stop"
    assert not reply.usage.estimated
    assert (meter.requests, meter.tokens_in) == (1, 100)
    assert (meter.tokens_cached, meter.tokens_out) == (60, 10)
    assert meter.cost == pytest.approx((100 * 2 + 10 * 10) / 1e6)
    assert server.requests[0]["temperature"] == 0.5
    assert "stream" not in server.requests[0]
    meter = Meter()
    with endpoint(answers("hi there", usage=None)) as server:
        reply = ask(server.url, meter)
    assert reply.usage.estimated
    assert meter.estimated == 1
    assert reply.usage.tokens_in > 0
    assert reply.usage.tokens_out > 0


def test_tool_calls_and_log_probabilities_come_back():
    said = completion({"content": "a"})
    said["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": -0.1}]}
    with endpoint(says(("survey", {"unit": "mlp.0/1"}))) as server:
        reply = ask(server.url)
    assert reply.message["tool_calls"][0]["function"]["name"] == "survey"
    with endpoint(lambda handler, request: handler.send(200, said)) as server:
        asked = [{"role": "user", "content": "hello"}]
        found = LLM("m", base_url=server.url).complete(asked, logprobs=True)
    assert found.logprobs == [{"token": "a", "logprob": -0.1}]
    assert server.requests[0]["logprobs"] is True


OVERLOADED = text('{"error": {"message": "overloaded"}}')
PASSES = [
    *(fails(status) for status in (500, 503, 408, 429)),
    *(breaks_off, text("{not json"), text('{"choices": []}'), OVERLOADED),
]


@pytest.mark.parametrize("fault", PASSES)
def test_what_may_pass_is_tried_again(fault):
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
def test_what_cannot_pass_is_final_at_once(fault, kind):
    meter = Meter()
    assert failure(fault, meter).kind == kind
    assert meter.retries == 0


def test_retries_end_and_long_waits_are_not_begun():
    meter = Meter()
    error = failure(fails(500, "broken inside"), meter, retries=2)
    assert error.kind == "server"
    assert "broken inside" in str(error)
    assert "3 attempts" in str(error)
    assert meter.retries == 2
    started = time.monotonic()
    assert "30.0 s" in str(failure(fails(429, Retry_After="30"), seconds=2.0))
    assert time.monotonic() - started < 1
    failure(fails(429, Retry_After="7200"))


def test_retry_after_is_honoured_in_seconds_and_as_a_date():
    for wait, least in ((lambda: "0.4", 0.4), (lambda: formatdate(time.time() + 2), 0.5)):
        started = time.monotonic()
        with endpoint(fails(429, Retry_After=wait()), answers("ok")) as server:
            assert ask(server.url).text == "ok"
        assert time.monotonic() - started >= least


def test_what_is_silent_or_drips_is_cut_at_the_time_limit():
    started = time.monotonic()
    assert failure(hangs(), seconds=0.5, timeout=60.0).kind == "timeout"
    assert time.monotonic() - started < 2
    drip = streams(*[chunk(content="a")] * 50, pause=0.1)
    started = time.monotonic()
    assert failure(drip, stream=True, seconds=0.5, retries=0).kind == "timeout"
    assert time.monotonic() - started < 2


def test_nobody_listening():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(LLMError) as caught:
        ask(f"http://127.0.0.1:{port}/v1", retries=1)
    assert caught.value.kind == "unreachable"
    assert f"127.0.0.1:{port}" in str(caught.value)


def test_a_stream_is_joined():
    first = {"index": 0, "id": "c1", "function": {"name": "sur", "arguments": '{"un'}}
    second = {"index": 0, "function": {"name": "vey", "arguments": 'it": "a/1"}'}}
    usage = {"prompt_tokens": 5, "completion_tokens": 3}
    with endpoint(
        streams(
            chunk(content="let "),
            chunk(content="me", tool_calls=[first]),
            chunk(tool_calls=[second]),
            chunk("tool_calls"),
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


def test_a_truncated_stream_is_tried_again():
    with endpoint(
        streams(chunk(content="half"), done=False),
        streams(chunk(content="whole"), chunk("stop")),
    ) as server:
        assert ask(server.url, stream=True).text == "whole"
    assert len(server.requests) == 2


def test_a_key_is_needed_except_on_loopback(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    refused("OPENAI_API_KEY", LLM, "m")
    refused("OPENAI_API_KEY", LLM, "m", base_url="http://localhost.example.org/v1")
    LLM("m", base_url="http://localhost:1/v1")
    LLM("m", base_url="http://[::1]:1/v1")
