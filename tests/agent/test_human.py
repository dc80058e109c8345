"""The human planner, driven by lines as a person would type them."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from neuroscribe.agent.investigate import Investigation, investigate
from neuroscribe.agent.planners.human import HumanFactory
from neuroscribe.tools.io.console import Console
from neuroscribe.tools.lab import Lab

PET = '{"kind": "words", "words": ["cat", "dog"]}'
CAT = '{"kind": "words", "words": ["cat"]}'


def typed(lab: Lab, *lines: str) -> tuple[Investigation, str]:
    """An investigation by a person who types these lines and then Ctrl-D."""
    shown = io.StringIO()
    factory = HumanFactory(
        console=Console(file=shown, width=150, color_system=None), read=reader(lines)
    )
    try:
        return investigate(lab, "planted/0", factory), shown.getvalue()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(shown.getvalue()) from None


def reader(lines: tuple[str, ...]) -> Callable[[], str]:
    """Gives the lines, then the end of the input."""
    left = iter(lines)

    def read() -> str:
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    return read


def test_a_person_investigates(lab):
    conclusion = (
        '{"label": "pets", "components": '
        '[{"words": "pets", "predictor": "H1", "evidence": ["E4"]}]}'
    )
    done, shown = typed(
        lab,
        "survey",
        "",
        "5",  # its two arguments: unit left out, five tokens
        f'hypothesise {{"statement": "pets", "predictor": {PET}}}',
        "hypothesise",
        "only cats",
        CAT,
        "activations",
        "the cat ran",  # one text where a list is wanted
        "",  # unit
        "",  # at
        f"conclude {conclusion}",
    )
    assert done.status == "described"
    assert lab.evidence["E1"].arguments == {"many": 5}
    assert lab.evidence["E4"].arguments["texts"] == ["the cat ran"]
    assert "planted/0" in shown
    assert "LEDGER" in shown
    assert "many (default 10)" in shown


def test_slips_are_told_and_asked_again(lab):
    with pytest.raises(KeyboardInterrupt) as caught:
        typed(
            lab, "surwey", "exemplars many=2", 'exemplars {"many": "x"}', "help", "survey", "", ""
        )
    shown = str(caught.value)
    assert "there is no tool 'surwey'; nearest: survey" in shown
    assert "write the arguments as JSON" in shown
    assert "many: Input should be a valid integer" in shown
    assert len(lab.evidence) == 1


def test_leaving_is_an_interruption(lab):
    for lines in ((), ("quit",), ("survey",)):
        with pytest.raises(KeyboardInterrupt):
            typed(lab, *lines)


def test_thinking_is_not_spent(lab):
    import time

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
    with pytest.raises(KeyboardInterrupt) as caught:
        typed(lab, f'activations {{"texts": {texts}}}')
    assert "\x1b" not in str(caught.value)
    assert "[bold]" in str(caught.value)
