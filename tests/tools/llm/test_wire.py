"""Deadlines, sizes, redirects and credentials of requests, against endpoints that mean harm."""

import gzip
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from checks import refused, tables
from endpoint import (
    Act,
    answers,
    ask,
    chunk,
    completion,
    endpoint,
    fails,
    failure,
    says,
    streams,
    text,
)
from neuroscribe.tools.io.strict_json import read_json
from neuroscribe.tools.llm.client import LLM, LLMError
from neuroscribe.tools.llm.endpoints import checked_url, public_url
from neuroscribe.tools.llm.usage import Meter

DEEP = "[" * 100_000 + "]" * 100_000
LONG = "7" * 5_000


def dripping(first: bytes, drip: bytes, left: threading.Event) -> Act:
    """Writes something, then drips for ever; the event says that the client left."""

    def act(handler: Any, request: dict[str, Any]) -> None:
        handler.close_connection = True
        handler.wfile.write(first)
        try:
            while not handler.server.over.wait(0.05):
                handler.wfile.write(drip)
        except OSError:
            left.set()

    return act


@pytest.mark.parametrize(
    ("first", "drip"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Slow: a\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b" "),
        (b"HTTP/1.1 500 No\r\nContent-Length: 900\r\n\r\n", b" "),
    ],
    ids=["one header", "headers", "interim answers", "body", "body of an error"],
)
def test_whatever_drips_is_cut_at_the_deadline(first, drip):
    started, left = time.monotonic(), threading.Event()
    with endpoint(dripping(first, drip, left)) as server:
        with pytest.raises(LLMError) as caught:
            ask(server.url, timeout=0.6, retries=0)
        assert time.monotonic() - started < 2
        assert left.wait(2), "the connection is closed too"
    assert caught.value.kind in ("timeout", "broken")  # too many headers may break it off first


def test_the_time_of_a_unit_bounds_requests_that_name_no_limit():
    started = time.monotonic()
    slow = dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a", threading.Event())
    assert failure(slow, Meter(limit=0.6), timeout=60.0).kind == "timeout"
    assert time.monotonic() - started < 2


def _with(path: str, value: str) -> str:
    """A completion in which the JSON text `value` stands at a path."""
    body: Any = completion({"content": "hi"})
    *before, last = path.split(".")
    there = body
    for key in before:
        there = there[int(key) if key.isdigit() else key]
    there[last] = "@"
    return json.dumps(body).replace('"@"', value)


MALFORMED = {
    "deep body": DEEP,
    "deep field": _with("choices.0.message.more", DEEP),
    "long integer": _with("created", LONG),
    "no object": "[1, 2]",
    "null": "null",
    "choices a word": _with("choices", '"none"'),
    "choice a number": _with("choices", "[3]"),
    "message a list": _with("choices.0.message", "[]"),
    "content a number": _with("choices.0.message.content", "7"),
    "finish a list": _with("choices.0.finish_reason", "[1]"),
    "tool calls a number": _with("choices.0.message.tool_calls", "7"),
    "no UTF-16": "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_one_malformed_reply_is_one_retry(body):
    meter = Meter()
    with endpoint(text(body), answers("well")) as server:
        assert ask(server.url, meter).text == "well"
    assert (meter.retries, meter.requests) == (1, 1)


HARMLESS = tables(__file__)["harmless"]


@pytest.mark.parametrize(("path", "value"), HARMLESS.values(), ids=HARMLESS.keys())
def test_what_stands_beside_the_answer_never_spoils_it(path, value):
    meter = Meter()
    with endpoint(text(_with(path, value))) as server:
        reply = ask(server.url, meter, prices=(1.0, 1.0))
    assert reply.text == "hi"
    assert reply.logprobs is None
    assert "tool_calls" not in reply.message
    assert 0 < meter.tokens_in <= 10_000
    assert 0 <= meter.tokens_cached <= meter.tokens_in
    assert 0 <= meter.tokens_out < 1000
    assert 0 < meter.cost < 1
    assert meter.retries == 0


def test_surrogates_and_endless_logprobs_are_left_out():
    sent = _with("choices.0.message.content", '"a \\ud800 b"')
    with endpoint(text(sent)) as server:
        assert ask(server.url).text == "a \ufffd b"
        client = LLM("m", base_url=server.url)
        client.complete([{"role": "user", "content": "c \udfff d"}])
    assert server.requests[-1]["messages"][0]["content"] == "c ? d"
    alternatives = '[{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -Infinity}]'
    one = f'{{"token": "a", "logprob": -0.5, "top_logprobs": {alternatives}}}'
    with endpoint(text(_with("choices.0.logprobs", f'{{"content": [{one}]}}'))) as server:
        found = ask(server.url).logprobs
    assert found[0]["top_logprobs"] == [{"token": "a", "logprob": -0.5}]


@pytest.mark.parametrize("wait", ["nan", "inf", "-1", "1e400", "9" * 400, "soon"])
def test_a_wait_that_is_no_time_is_no_wait(wait):
    started = time.monotonic()
    with endpoint(fails(429, retry_after_ms=wait, retry_after=wait), answers("ok")) as server:
        assert ask(server.url).text == "ok"
    assert time.monotonic() - started < 1


def test_malformed_chunks_of_a_stream_are_one_retry():
    for wrong in (
        {"choices": 3},
        {"choices": [{"delta": [1]}]},
        {"choices": [{"delta": {"content": 3}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": [], "id": "a"}]}}]},
        {"choices": [{"delta": {}, "logprobs": 5}]},
    ):
        with endpoint(streams(wrong), streams(chunk("stop", content="ok"))) as server:
            assert ask(server.url, stream=True).text == "ok"
        assert len(server.requests) == 2


def test_what_a_malformed_reply_cost_is_counted():
    meter = Meter()
    failure(text(_with("choices", "[3]")), meter, retries=1, prices=(1.0, 1.0))
    assert (meter.requests, meter.tokens_in, meter.tokens_out) == (0, 200, 20)
    assert meter.cost == pytest.approx(220 / 1e6)


def _packed(body: bytes, encoding: str = "gzip") -> Act:
    def act(handler: Any, request: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Encoding", encoding)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return act


def test_replies_have_a_size_limit_packed_or_not():
    plain = json.dumps(completion({"content": "hi"})).encode()
    with endpoint(_packed(gzip.compress(plain))) as server:
        assert ask(server.url).text == "hi"
    bomb = gzip.compress(b" " * (64 << 20))
    for act in (_packed(bomb), _packed(b" " * (17 << 20), "identity")):
        assert "larger than 16 MB" in str(failure(act, retries=0))
    assert "compressed" in str(failure(_packed(plain, "br"), retries=0))


def _redirects(where: Callable[[str], str], status: int = 307) -> Act:
    def act(handler: Any, request: dict[str, Any]) -> None:
        handler.send(status, "", {"Location": where(handler.server.url)})

    return act


def test_redirects_stay_on_the_host():
    with endpoint(answers("stolen")) as other:
        for status in (301, 302, 303, 307, 308):
            away = _redirects(lambda _: f"{other.url}/chat/completions", status)
            meter = Meter()
            error = failure(away, meter)
            assert "another host" in str(error)
            assert (error.kind, meter.retries) == ("request", 0)
        assert other.requests == []
    with endpoint(_redirects(lambda _: "/v2/chat/completions"), answers("here")) as server:
        assert ask(server.url).text == "here"
    round_trip = _redirects(lambda url: f"{url}/again")
    assert "redirects more than" in str(failure(round_trip, retries=0))


def test_credentials_of_an_address_are_used_and_never_shown():
    seen: list[tuple[str, str]] = []

    def refused(handler: Any, request: dict[str, Any]) -> None:
        seen.append((handler.path, handler.headers["Authorization"]))
        fails(401, f"no such key {handler.path} pass word")(handler, request)

    with endpoint(refused) as server:
        url = server.url.replace("http://", "http://me:pass%20word@") + "?key=s3cret-key"
        with pytest.raises(LLMError) as caught:
            ask(url)
    assert seen == [("/v1/chat/completions?key=s3cret-key", "Basic bWU6cGFzcyB3b3Jk")]
    said = str(caught.value)
    assert "s3cret" not in said
    assert "pass" not in said
    assert server.url in said
    with pytest.raises(LLMError) as caught:
        ask("http://me:secret@127.0.0.1:1/v1?key=secret", retries=0)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["nowhere", "ftp://a/b", "http://", "http://a:99999/", "http://[::1/v1", "http://a b/"]
)
def test_what_is_no_address_is_refused_at_once(url):
    refused("--base-url", LLM, "m", base_url=url, api_key="k")


def test_addresses_and_json_are_read_strictly():
    assert public_url("https://a:b@h.example:8/v1/?key=c#d") == "https://h.example:8/v1/"
    assert public_url(checked_url("http://127.0.0.1:1/v1")) == "http://127.0.0.1:1/v1"
    caught = refused("is no address of an endpoint", checked_url, "me:secret@host/v1?key=secret")
    assert "secret" not in caught
    assert read_json(b'\xff {"a": 1}'.replace(b"\xff ", b"")) == {"a": 1}
    assert read_json('[NaN, Infinity, -1e999, "\\ud83d\\ude00"]') == [None, None, None, "😀"]
    for wrong in (DEEP, '{"a":' * 200 + "1" + "}" * 200, LONG, "", "{'a': 1}", b"\xff\xfe"):
        with pytest.raises(ValueError):  # noqa: PT011  the json module's words, or ours
            read_json(wrong)


REASONED = {
    "content": None,
    "reasoning_content": "<b>think</b>",
    "reasoning_details": [{"type": "reasoning.encrypted", "data": "abc", "index": 0}],
    "annotations": [],
    "audio": None,
}


def test_unknown_fields_of_a_message_are_kept_within_limits():
    with endpoint(says(("survey", {}))) as server:
        assert set(ask(server.url).message) == {"role", "content", "tool_calls"}
    with endpoint(answers(REASONED)) as server:
        kept = ask(server.url).message
    assert kept["reasoning_content"] == "<b>think</b>"
    assert kept["reasoning_details"] == REASONED["reasoning_details"]
    assert set(kept) == {"role", "content", "reasoning_content", "reasoning_details"}
    with endpoint(answers({"content": "a", "reasoning": "x" * 300_000})) as server:
        assert set(ask(server.url).message) == {"role", "content"}


def test_unknown_fields_of_a_stream_are_joined():
    def detail(**more: Any) -> list[dict[str, Any]]:
        return [{"type": "reasoning.text", "index": 0, **more}]

    chunks = [
        chunk(reasoning="let ", reasoning_details=detail(text="let ", signature=None)),
        chunk(reasoning="me", reasoning_details=detail(text="me")),
        chunk(reasoning_details=detail(signature="s1")),
        chunk("stop", content="done"),
    ]
    with endpoint(streams(*chunks)) as server:
        kept = ask(server.url, stream=True).message
    assert kept["reasoning"] == "let me"
    assert kept["reasoning_details"] == detail(text="let me", signature="s1")
