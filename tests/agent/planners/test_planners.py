"""Planners by name, what a chat planner makes of a conversation, and a person who types lines."""

import io
import time
from typing import Any

import pytest
from neuroscribe.agent.investigate import Investigation, investigate
from neuroscribe.agent.planners import planner_factory
from neuroscribe.agent.planners.chat import shortened, with_pictures
from neuroscribe.agent.planners.human import HumanFactory
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.io.console import Console
from neuroscribe.tools.lab import Lab


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


@pytest.mark.parametrize("lost", [True, False])
def test_a_picture_that_is_lost_or_is_none_is_said_and_not_sent(tmp_path, lost):
    path = tmp_path / "key.png"
    if not lost:
        path.write_text("a secret")
    part = {"type": "image_url", "image_url": {"url": str(path)}}
    message = with_pictures({"role": "user", "content": [part], "finish_reason": "stop"})
    said = [{"type": "text", "text": "(the picture file is gone)"}]
    assert message == {"role": "user", "content": said}


PET = '{"kind": "words", "words": ["cat", "dog"]}'
CAT = '{"kind": "words", "words": ["cat"]}'


def typed(lab: Lab, *lines: str) -> tuple[Investigation | None, str]:
    """An investigation by a person who types these lines and then Ctrl-D; None if that ended it."""
    shown, left = io.StringIO(), iter(lines)

    def read() -> str:
        for line in left:
            return line
        raise EOFError

    console = Console(file=shown, width=150, color_system=None)
    try:
        done = investigate(lab, "planted/0", HumanFactory(console=console, read=read))
    except KeyboardInterrupt:
        done = None
    return done, shown.getvalue()


def test_a_person_investigates(lab):
    component = '{"words": "pets", "predictor": "H1", "evidence": ["E4"]}'
    done, shown = typed(
        lab,
        *("survey", "", "5"),  # its two arguments: unit left out, five tokens
        f'hypothesise {{"statement": "pets", "predictor": {PET}}}',
        *("hypothesise", "only cats", CAT),
        *("activations", "the cat ran", "", ""),  # one text where a list is wanted; unit, at
        f'conclude {{"label": "pets", "components": [{component}]}}',
    )
    assert done is not None
    assert done.status == "described"
    assert lab.evidence["E1"].arguments == {"many": 5}
    assert lab.evidence["E4"].arguments["texts"] == ["the cat ran"]
    for said in ("planted/0", "LEDGER", "many (default 10)"):
        assert said in shown


def test_slips_are_told_and_asked_again(lab):
    slips = ("surwey", "exemplars many=2", 'exemplars {"many": "x"}', "help", "survey", "", "")
    done, shown = typed(lab, *slips)
    assert done is None
    assert "there is no tool 'surwey'; nearest: survey" in shown
    assert "write the arguments as JSON" in shown
    assert "many: Input should be a valid integer" in shown
    assert len(lab.evidence) == 1


@pytest.mark.parametrize("lines", [(), ("quit",), ("survey",)])
def test_leaving_is_an_interruption(lab, lines):
    assert typed(lab, *lines)[0] is None


def test_thinking_is_not_spent(lab):
    def slow() -> str:
        time.sleep(0.3)
        raise EOFError

    console: Any = Console(file=io.StringIO())
    before = lab.meter.seconds
    with pytest.raises(KeyboardInterrupt):
        investigate(lab, "planted/0", HumanFactory(console=console, read=slow))
    assert lab.meter.seconds - before < 0.3


def test_text_from_a_corpus_cannot_steer_the_terminal(lab):
    texts = '["\\u001b[2J [bold]cat[/bold] [/nothing]"]'
    _, shown = typed(lab, f'activations {{"texts": {texts}}}')
    assert "\x1b" not in shown
    assert "[bold]" in shown
