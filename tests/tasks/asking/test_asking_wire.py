"""Conversations with an endpoint whose messages hold more than was known, or never end."""

import json
from typing import Any

from endpoint import answers, completion, endpoint
from neuroscribe.tasks.asking.answer_html import answer_html
from neuroscribe.tasks.asking.opening import resume

THOUGHT = "<script>alert(1)</script>"


def thinks(message: dict[str, Any]) -> Any:
    """Answers with this message and what the model thought."""
    return answers({**message, "reasoning_content": THOUGHT})


def test_reasoning_is_sent_back_in_later_turns_and_after_a_resumption(
    opened, toy_target, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "k-conversation")
    with endpoint(thinks({"content": "Yes."})) as server:
        talk = opened(planner="openai:m", base_url=server.url)
        first = talk.ask("well?")
        talk.ask("and?")
        talk.close()
        again = resume(talk.thread.name, base_url=server.url, target=toy_target)
        again.ask("still?")
        again.close()
    sent = [
        [m.get("reasoning_content") for m in request["messages"] if m["role"] == "assistant"]
        for request in server.requests
    ]
    assert sent == [[], [THOUGHT], [THOUGHT, THOUGHT]]
    assert THOUGHT not in answer_html(first)


def test_lone_surrogates_do_not_poison_a_conversation(opened):
    def acts(handler: Any, request: dict[str, Any]) -> None:
        body = completion({"content": "half: @"})
        handler.send(200, json.dumps(body).replace("@", "\\ud800"))

    with endpoint(acts) as server:
        talk = opened(planner="openai:m", base_url=server.url)
        assert talk.ask("well?").text == "half: \ufffd"
        assert talk.ask("and \ud800?").ended == "answered"
