"""Planners by name, and what a chat planner makes of a conversation."""

import pytest
from neuroscribe.agent.planners import planner_factory
from neuroscribe.agent.planners.chat import shortened, with_pictures
from neuroscribe.tools.errors import UsageError


def test_names():
    assert planner_factory("human").name == "human"
    assert planner_factory("builtin", seed=3).name == "builtin"
    local = planner_factory("openai:a/b:c", base_url="http://127.0.0.1:1/v1")
    assert local.name == "openai:a/b:c"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("bultin", "nearest: builtin"),
        ("openai", "needs a model: openai:MODEL"),
        ("openai:", "needs a model"),
        ("human:me", "nearest: human"),
        ("", "The planners are"),
    ],
)
def test_unknown_names(spec, said):
    with pytest.raises(UsageError, match=said):
        planner_factory(spec)


def test_a_hosted_endpoint_needs_a_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        planner_factory("openai:gpt")


def test_shortening_keeps_the_instructions_and_the_newest_turn():
    long = "x" * 1000
    picture = {"type": "image_url", "image_url": {"url": "a.png"}}
    messages = [
        {"role": "system", "content": long},
        {"role": "user", "content": long},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": long},
        {"role": "user", "content": [picture]},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": long},
    ]
    assert shortened(messages, 0) == messages
    short = shortened(messages, 1)
    assert [m["role"] for m in short] == [m["role"] for m in messages]
    assert [short[at] for at in (0, 1, 2, 5, 6)] == [messages[at] for at in (0, 1, 2, 5, 6)]
    assert len(str(short[3]["content"])) < 400
    assert "left out" in short[4]["content"]
    shorter = shortened([*messages[:6], {"role": "tool", "content": long * 3}], 2)
    assert shorter[:6] == short[:6]
    assert 1000 < len(str(shorter[6]["content"])) < 1500


def test_a_lost_picture_is_said():
    part = {"type": "image_url", "image_url": {"url": "/no/such/file.png"}}
    message = with_pictures({"role": "user", "content": [part], "finish_reason": "stop"})
    assert message == {
        "role": "user",
        "content": [{"type": "text", "text": "(the picture file is gone)"}],
    }
