"""Whole investigations by the chat planner against an endpoint that fails in every way.

Its replies may also mean harm, or hold more than was known.
"""

import json
import socket
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import scripted
from endpoint import (
    Act,
    Handler,
    answers,
    breaks_off,
    endpoint,
    fails,
    hangs,
    says,
    streams,
    text,
)
from neuroscribe.agent.budget import Budget
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners import planner_factory
from neuroscribe.agent.planners.chat import Chat, ChatFactory, shortened
from neuroscribe.agent.prompts import system
from neuroscribe.agent.replies import repair
from neuroscribe.agent.transcript import Recorder, render
from neuroscribe.tools.llm.client import LLM
from pets import CONCLUDE, MEASURE, RIVALS, acts, by_model

GOOD = (RIVALS, MEASURE, CONCLUDE)
HEADER = {"format": 1, "unit": "planted/0", "target": {"name": "toy"}}
DEEP = "[" * 100_000 + "]" * 100_000
THINKS = {"reasoning_content": "<script>alert(1)</script>", "reasoning_details": [{"data": "e"}]}


def streamed(turn: Any) -> Act:
    """The calls of a turn as a stream."""
    calls = [{**call, "index": n} for n, call in enumerate(scripted.says(turn)["tool_calls"])]
    part = {"index": 0, "delta": {"tool_calls": calls}, "finish_reason": None}
    end = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
    return streams({"choices": [part]}, {"choices": [end]})


def unless(wrong: Callable[[dict[str, Any]], bool], fault: Act, act: Act) -> Act:
    """The act, or the fault where the request is wrong."""
    return lambda handler, request: (fault if wrong(request) else act)(handler, request)


def drips_headers(handler: Handler, request: dict[str, Any]) -> None:
    """Writes one header that never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.over.wait(0.05):
        handler.wfile.write(b"a")
        handler.wfile.flush()


def thinking(turn: Any) -> Act:
    """The calls of a turn with what the model thought."""
    return answers({**scripted.says(turn), **THINKS}, finish="tool_calls")


def thoughts(request: dict[str, Any]) -> list[Any]:
    """The reasoning in a request."""
    return [m.get("reasoning_content") for m in request["messages"] if m["role"] == "assistant"]


def test_an_investigation_by_a_model(lab):
    done, server = by_model(lab, *GOOD)
    assert (done.status, done.reason, done.steps) == ("described", None, 3)
    assert done.meter.requests == 3
    assert (done.meter.tokens_in, done.meter.tokens_cached) == (300, 180)
    first, second = server.requests[:2]
    assert second["messages"][:2] == first["messages"], "a growing prefix, for the cache"
    assert second["tools"] == first["tools"]
    names = [tool["function"]["name"] for tool in first["tools"]]
    assert {"survey", "exemplars", "hypothesise", "conclude"} <= set(names)
    assert "stream" not in first
    asked, *answered = second["messages"][2:]
    assert [c["id"] for c in asked["tool_calls"]] == [m["tool_call_id"] for m in answered]


@pytest.mark.parametrize(
    ("fault", "stream"),
    [
        (fails(500), False),
        (fails(429, Retry_After="0.1"), False),
        (breaks_off, False),
        (text("<html>gateway</html>"), False),
        (streams({"choices": [{"index": 0, "delta": {"content": "ha"}}]}, done=False), True),
    ],
    ids=["500", "429", "cut", "not json", "truncated stream"],
)
def test_what_passes_leaves_no_mark(lab, fault, stream):
    first, second, third = map(streamed, GOOD) if stream else acts(*GOOD)
    done, _ = by_model(lab, first, fault, second, fault, third, stream=stream)
    assert (done.status, done.steps, done.meter.retries) == ("described", 3, 2)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (fails(401, "bad\nkey"), "refused the key (401): bad key"),
        (fails(404, "unknown"), "no model 'm' (404)"),
        (fails(400, "bad schema"), "refused the request (400)"),
        (fails(500, "down"), "failed (500): down (6 attempts)"),
        (fails(429, Retry_After="3600"), "busy (429)"),
        (breaks_off, "broke off"),
        (text("{not json"), "not a chat completion"),
        (fails(400, "maximum context length is 10 tokens"), "too long for m"),
    ],
    ids=["401", "404", "400", "500", "429", "cut", "not json", "context"],
)
def test_what_stays_fails_the_unit_with_the_reason(lab, fault, reason):
    done, _ = by_model(lab, RIVALS, fault)
    assert done.status == "failed"
    assert reason in str(done.reason)
    assert done.description.reason == done.reason
    assert "\n" not in str(done.reason)
    assert [row["id"] for row in done.ledger] == ["H1", "H2"]


def test_an_unreachable_endpoint(lab):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    factory = ChatFactory(LLM("m", base_url=f"{url}/v1", backoff=0.01))
    done = investigate(lab, "planted/0", factory)
    assert done.status == "failed"
    assert f"cannot reach {url}" in str(done.reason)


@pytest.mark.parametrize(("fault", "timeout"), [(hangs(), 0.4), (drips_headers, 60.0)])
def test_waiting_ends_with_the_seconds_of_the_unit(lab, fault, timeout):
    started = time.monotonic()
    done, _ = by_model(lab, RIVALS, fault, timeout=timeout, budget=Budget(seconds=1.0))
    assert time.monotonic() - started < 4
    assert done.status == "failed"
    assert "no answer within" in str(done.reason)
    assert done.meter.tokens_in == 100, "what was spent before is kept"


def test_a_tool_that_asks_a_model_stays_within_the_seconds_of_the_unit(make_lab):
    asks = says(("write_texts", {"source": "llm", "prompt": "pets"}))
    with endpoint(*acts(RIVALS, asks, drips_headers)) as server:
        llm = LLM("m", base_url=server.url, timeout=60.0, backoff=0.01)
        started = time.monotonic()
        budget = Budget(seconds=1.5)
        done = investigate(make_lab(llm=llm), "planted/0", ChatFactory(llm), budget=budget)
    assert "varied texts" in str(server.requests[2]["messages"])
    assert time.monotonic() - started < 4
    assert done.meter.tokens_in == 200


def test_a_context_overflow_shortens_old_results_and_goes_on(lab):
    limit = len(json.dumps(system("causal", lab.meanings))) + 5_000

    def size(request: dict[str, Any]) -> int:
        return len(json.dumps(request["messages"]))

    over = fails(400, "too many tokens", code="context_length_exceeded")
    long = says(("exemplars", {"many": 24}), ("exemplars", {"kind": "quantile", "many": 24}))
    turns = acts(RIVALS, long, MEASURE, MEASURE, MEASURE, CONCLUDE, CONCLUDE)
    guarded = [unless(lambda request: size(request) > limit, over, act) for act in turns]
    done, server = by_model(lab, *guarded)
    assert done.status == "described", done.reason
    texts = [str(m["content"]) for m in server.requests[-1]["messages"]]
    assert any("cut to save room" in content for content in texts)
    assert "cut to save room" not in texts[-1], "the newest result stays whole where it can"
    sizes = [size(request) for request in server.requests]
    assert sizes[0] < limit < sizes[2]
    assert sum(size > limit for size in sizes) <= 2, "later requests are short at once"


def test_the_last_turn_forces_a_conclusion_where_the_endpoint_takes_that(lab, make_lab):
    done, server = by_model(lab, RIVALS, MEASURE, CONCLUDE, budget=Budget(steps=4))
    forced = [request.get("tool_choice") for request in server.requests]
    assert forced[:2] == [None, None]
    assert forced[2]["function"]["name"] == "conclude"
    assert done.status == "described"
    refused = fails(400, "tool_choice is not supported")
    turns = (RIVALS, MEASURE, refused, CONCLUDE)
    done, server = by_model(make_lab(), *turns, budget=Budget(steps=4))
    assert done.status == "described"
    assert "tool_choice" not in server.requests[3]


def test_one_client_serves_many_investigations_at_once(make_lab):
    def by_length(handler: Any, request: dict[str, Any]) -> None:
        turns = sum(m["role"] == "assistant" for m in request["messages"])
        acts(*GOOD)[turns](handler, request)

    with endpoint(by_length) as server, ThreadPoolExecutor(4) as pool:
        factory = planner_factory("openai:m", base_url=server.url)
        work = [pool.submit(investigate, make_lab(), "planted/0", factory) for _ in range(6)]
        results = [job.result() for job in work]
    assert [done.status for done in results] == ["described"] * 6
    assert {done.meter.requests for done in results} == {3}


@pytest.mark.parametrize(
    "fault",
    [
        text(DEEP),
        says(("activations", DEEP)),
        says(("activations", '{"texts": ' + DEEP + "}")),
        says(("exemplars", '{"many": ' + "7" * 5000 + "}")),
        says(("hypothesise", {"statement": "x", "predictor": DEEP})),
        says(("activations", '{"texts": ["the \\ud800 cat"]}')),
        answers({"content": "\ud800", "tool_calls": [3, {"id": 4}]}),
    ],
    ids=["body", "arguments", "inner", "integer", "predictor", "surrogate", "calls"],
)
def test_one_malformed_reply_is_no_failed_unit(lab, fault, tmp_path):
    with Recorder(tmp_path / "t.jsonl", HEADER) as recorder:
        turns = (RIVALS, fault, MEASURE, CONCLUDE, CONCLUDE)
        done, server = by_model(lab, *turns, recorder=recorder, checkpoint=tmp_path / "c.sqlite")
    assert done.status == "described", done.reason
    assert len(server.requests) <= 5


def test_reasoning_is_sent_back_and_recorded_and_never_markup(lab, tmp_path):
    path = tmp_path / "t.jsonl"
    with Recorder(path, HEADER) as recorder:
        done, server = by_model(lab, *map(thinking, GOOD), recorder=recorder)
    assert done.status == "described"
    assert thoughts(server.requests[-1]) == [THINKS["reasoning_content"]] * 2
    assert server.requests[-1]["messages"][2]["reasoning_details"] == [{"data": "e"}]
    assert "reasoning_content" in path.read_text()
    assert "<script>alert" not in render(path, tmp_path / "t.html").read_text()


def test_an_endpoint_that_refuses_reasoning_gets_none(lab):
    def thoughtful(request: dict[str, Any]) -> bool:
        return any(thoughts(request))

    refuses = fails(400, "extra fields are not permitted")
    turns = map(thinking, (RIVALS, MEASURE, MEASURE, CONCLUDE, CONCLUDE))
    done, server = by_model(lab, *[unless(thoughtful, refuses, act) for act in turns])
    assert done.status == "described"
    assert sum(map(thoughtful, server.requests)) == 1, "it is asked once, and known then"


def test_reasoning_survives_an_interruption(make_lab, tmp_path, monkeypatch):
    path, plain = tmp_path / "c.sqlite", Chat.next

    def interrupted(self: Chat, state: Any) -> Any:
        if state["step"] == 1:
            raise KeyboardInterrupt
        return plain(self, state)

    with endpoint(*map(thinking, GOOD)) as server:
        factory = ChatFactory(LLM("m", base_url=server.url, backoff=0.01))
        monkeypatch.setattr(Chat, "next", interrupted)
        with pytest.raises(KeyboardInterrupt):
            investigate(make_lab(), "planted/0", factory, checkpoint=path)
        assert sqlite3.connect(path).execute("SELECT count(*) FROM state").fetchone()[0]
        monkeypatch.undo()
        done = investigate(make_lab(), "planted/0", factory, checkpoint=path)
    assert done.status == "described"
    assert thoughts(server.requests[1]) == [THINKS["reasoning_content"]]


def test_a_shortened_conversation_leaves_older_reasoning_out():
    turn = {"role": "assistant", "content": None, **THINKS}
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}, turn, turn]
    kept = shortened(messages, 1)
    assert "reasoning_content" not in kept[2]
    assert kept[3] == turn


def test_a_call_keeps_what_only_its_endpoint_knows():
    function = {"name": "survey", "arguments": '{"a": "\\udc00"}'}
    call = {"id": "a", "type": "function", "function": function, "extra_content": {"sign": "s"}}
    reply = repair({"content": None, "tool_calls": [call]}, 0, "call conclude")
    (wire,) = reply.message["tool_calls"]
    assert wire["extra_content"] == {"sign": "s"}
    assert wire["function"]["arguments"] == '{"a": "\ufffd"}'
