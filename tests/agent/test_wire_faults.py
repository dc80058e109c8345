"""Whole investigations against an endpoint whose replies mean harm, or hold more than was known."""

import sqlite3
import time
from typing import Any

import pytest
from endpoint import Act, Handler, answers, completion, endpoint, fails, says, text
from neuroscribe.agent.budget import Budget
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners.chat import ChatFactory, shortened
from neuroscribe.agent.replies import repair
from neuroscribe.agent.transcript import Recorder, render
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.llm.client import LLM
from pets import CONCLUDE, MEASURE, RIVALS, acts, by_model

HEADER = {"format": 1, "unit": "planted/0", "target": {"name": "toy"}}
DEEP = "[" * 100_000 + "]" * 100_000


def drips_headers(handler: Handler, request: dict[str, Any]) -> None:
    """Writes one header that never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.over.wait(0.05):
        handler.wfile.write(b"a")
        handler.wfile.flush()


def test_headers_that_drip_end_with_the_seconds_of_the_unit(lab):
    started = time.monotonic()
    done, _ = by_model(lab, RIVALS, drips_headers, timeout=60.0, budget=Budget(seconds=1.0))
    assert time.monotonic() - started < 3
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


THINKS = {"reasoning_content": "<script>alert(1)</script>", "reasoning_details": [{"data": "e"}]}


def thinking(act: Act) -> Act:
    """The same answer with what the model thought."""

    def sends(handler: Any, request: dict[str, Any]) -> None:
        plain = handler.send
        handler.send = lambda status, body, headers=None: plain(
            status,
            completion({**body["choices"][0]["message"], **THINKS}, finish="tool_calls"),
            headers,
        )
        act(handler, request)
        handler.send = plain

    return sends


def thoughts(request: dict[str, Any]) -> list[Any]:
    """The reasoning in a request."""
    return [m.get("reasoning_content") for m in request["messages"] if m["role"] == "assistant"]


def test_reasoning_is_sent_back_and_recorded_and_never_markup(lab, tmp_path):
    path = tmp_path / "t.jsonl"
    with Recorder(path, HEADER) as recorder:
        turns = [thinking(act) for act in acts(RIVALS, MEASURE, CONCLUDE)]
        done, server = by_model(lab, *turns, recorder=recorder)
    assert done.status == "described"
    assert thoughts(server.requests[-1]) == [THINKS["reasoning_content"]] * 2
    assert server.requests[-1]["messages"][2]["reasoning_details"] == [{"data": "e"}]
    assert "reasoning_content" in path.read_text()
    assert "<script>alert" not in render(path, tmp_path / "t.html").read_text()


def test_an_endpoint_that_refuses_reasoning_gets_none(lab):
    def strict(act: Act) -> Act:
        def sends(handler: Any, request: dict[str, Any]) -> None:
            if any(thoughts(request)):
                fails(400, "extra fields are not permitted")(handler, request)
            else:
                act(handler, request)

        return sends

    turns = acts(RIVALS, MEASURE, MEASURE, CONCLUDE, CONCLUDE)
    done, server = by_model(lab, *[strict(thinking(act)) for act in turns])
    assert done.status == "described"
    refused = [bool(any(thoughts(request))) for request in server.requests]
    assert refused.count(True) == 1, "it is asked once, and known then"


def test_reasoning_survives_an_interruption(make_lab, tmp_path):
    path = tmp_path / "c.sqlite"

    class Interrupts(ChatFactory):
        def __call__(self, lab: Lab) -> Any:
            chat = super().__call__(lab)
            plain = chat.next

            def following(state: Any) -> Any:
                if state["step"] == 1:
                    raise KeyboardInterrupt
                return plain(state)

            chat.next = following  # type: ignore[method-assign]
            return chat

    turns = [thinking(act) for act in acts(RIVALS, MEASURE, CONCLUDE)]
    with endpoint(*turns) as server:
        llm = LLM("m", base_url=server.url, backoff=0.01)
        with pytest.raises(KeyboardInterrupt):
            investigate(make_lab(), "planted/0", Interrupts(llm), checkpoint=path)
        assert sqlite3.connect(path).execute("SELECT count(*) FROM state").fetchone()[0]
        done = investigate(make_lab(), "planted/0", ChatFactory(llm), checkpoint=path)
    assert done.status == "described"
    assert thoughts(server.requests[1]) == [THINKS["reasoning_content"]]


def test_a_shortened_conversation_leaves_older_reasoning_out():
    turn = {"role": "assistant", "content": None, **THINKS}
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}, turn, turn]
    kept = shortened(messages, 1)
    assert "reasoning_content" not in kept[2]
    assert kept[3] == turn


def test_a_call_keeps_what_only_its_endpoint_knows():
    call = {
        "id": "a",
        "type": "function",
        "function": {"name": "survey", "arguments": '{"a": "\\udc00"}'},
        "extra_content": {"signature": "s"},
    }
    (wire,) = repair({"content": None, "tool_calls": [call]}, 0, "call conclude").message[
        "tool_calls"
    ]
    assert wire["extra_content"] == {"signature": "s"}
    assert wire["function"]["arguments"] == '{"a": "\ufffd"}'
