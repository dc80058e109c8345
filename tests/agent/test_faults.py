"""Whole investigations by the chat planner against an endpoint that fails in every way."""

import json
import socket
import time
from typing import Any

import pytest
from endpoint import Act, breaks_off, endpoint, fails, hangs, says, streams, text
from neuroscribe.agent.budget import Budget
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners import planner_factory
from neuroscribe.agent.planners.chat import ChatFactory
from neuroscribe.agent.prompts import system
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.llm.client import LLM
from pets import CONCLUDE, MEASURE, RIVALS, acts, by_model

GOOD = (RIVALS, MEASURE, CONCLUDE)


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
    def streamed(act: Act) -> Act:
        return _as_stream(act) if stream else act

    first, second, third = (streamed(act) for act in acts(*GOOD))
    done, _ = by_model(lab, first, fault, second, fault, third, stream=stream)
    assert (done.status, done.steps, done.meter.retries) == ("described", 3, 2)


def _as_stream(act: Act) -> Act:
    """The same answer as a stream."""
    kept: list[Any] = []

    class Catch:
        def send(self, status: int, body: Any, headers: Any = None) -> None:
            kept.append(body)

    def sends(handler: Any, request: dict[str, Any]) -> None:
        act(Catch(), request)  # type: ignore[arg-type]
        choice = kept[-1]["choices"][0]
        calls = [{**c, "index": n} for n, c in enumerate(choice["message"]["tool_calls"])]
        part = {"index": 0, "delta": {"tool_calls": calls}, "finish_reason": None}
        end = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
        streams({"choices": [part]}, {"choices": [end]})(handler, request)

    return sends


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (fails(401, "bad key"), "refused the key (401): bad key"),
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


def test_an_unreachable_endpoint(lab):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    factory = ChatFactory(LLM("m", base_url=f"http://127.0.0.1:{port}/v1", backoff=0.01))
    done = investigate(lab, "planted/0", factory)
    assert done.status == "failed"
    assert f"cannot reach http://127.0.0.1:{port}" in str(done.reason)


def test_time_outs_stay_within_the_budget(lab):
    started = time.monotonic()
    done, _ = by_model(lab, hangs(), timeout=0.4, budget=Budget(seconds=1.0))
    assert time.monotonic() - started < 4
    assert done.status == "failed"
    assert "no answer within" in str(done.reason)


def test_a_context_overflow_shortens_old_results_and_goes_on(lab):
    limit = len(json.dumps(system("causal"))) + 5_000

    def guarded(act: Act) -> Act:
        def sends(handler: Any, request: dict[str, Any]) -> None:
            if len(json.dumps(request["messages"])) > limit:
                fails(400, "too many tokens", code="context_length_exceeded")(handler, request)
            else:
                act(handler, request)

        return sends

    long = says(("exemplars", {"many": 24}), ("exemplars", {"kind": "quantile", "many": 24}))
    turns = acts(RIVALS, long, MEASURE, MEASURE, MEASURE, CONCLUDE, CONCLUDE)
    done, server = by_model(lab, *[guarded(act) for act in turns])
    assert done.status == "described", done.reason
    texts = [str(m["content"]) for m in server.requests[-1]["messages"]]
    assert any("cut to save room" in content for content in texts)
    assert "cut to save room" not in texts[-1], "the newest result stays whole where it can"
    sizes = [len(json.dumps(request["messages"])) for request in server.requests]
    assert sizes[0] < limit < sizes[2]
    assert sum(size > limit for size in sizes) <= 2, "later requests are short at once"


def test_the_last_turn_forces_a_conclusion(lab):
    done, server = by_model(lab, RIVALS, MEASURE, CONCLUDE, budget=Budget(steps=4))
    forced = [request.get("tool_choice") for request in server.requests]
    assert forced[:2] == [None, None]
    assert forced[2]["function"]["name"] == "conclude"
    assert done.status == "described"


def test_an_endpoint_without_forced_choice_is_asked_without(lab):
    refused = fails(400, "tool_choice is not supported")
    done, server = by_model(lab, RIVALS, MEASURE, refused, CONCLUDE, budget=Budget(steps=4))
    assert done.status == "described"
    assert "tool_choice" not in server.requests[3]


def test_pictures_are_sent_as_data_and_kept_as_paths(lab, tmp_path, monkeypatch):
    from neuroscribe.tools import registry
    from neuroscribe.tools.evidence import Result

    picture = tmp_path / "p.png"
    picture.write_bytes(b"\x89PNG")

    @registry.tool
    def sketch(lab: Lab) -> Result:
        """Draws."""
        return Result("drawn", {}, (picture,))

    try:
        twice = says(("sketch", {}), ("sketch", {}))
        done, server = by_model(lab, twice, RIVALS, MEASURE, CONCLUDE, CONCLUDE)
    finally:
        del registry.TOOLS["sketch"]
    roles = [m["role"] for m in server.requests[1]["messages"]]
    assert roles[2:] == ["assistant", "tool", "tool", "user"]
    parts = server.requests[1]["messages"][-1]["content"]
    assert [p.get("text") for p in parts[::2]] == ["E1:", "E2:"]
    assert parts[1]["image_url"]["url"] == "data:image/png;base64,iVBORw=="
    assert done.status == "described"


def test_one_client_serves_many_investigations_at_once(make_lab):
    from concurrent.futures import ThreadPoolExecutor

    def by_length(handler: Any, request: dict[str, Any]) -> None:
        turns = sum(m["role"] == "assistant" for m in request["messages"])
        acts(*GOOD)[turns](handler, request)

    with endpoint(by_length) as server, ThreadPoolExecutor(4) as pool:
        factory = planner_factory("openai:m", base_url=server.url)
        work = [pool.submit(investigate, make_lab(), "planted/0", factory) for _ in range(6)]
        results = [job.result() for job in work]
    assert [done.status for done in results] == ["described"] * 6
    assert {done.meter.requests for done in results} == {3}
