"""A conversation of moments, over the target and text of `toy.py`."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from neuroscribe.agent.state import Message
from neuroscribe.tasks.asking.conversation import Conversation
from neuroscribe.tasks.asking.opening import open_conversation
from neuroscribe.tools.models import Target
from scripted import Scripted


class InTurn(Scripted):
    """Gives its turns in order, over all questions."""

    def next(self, state: Any) -> Message:
        return super().next({**state, "step": len(self.seen)})


@pytest.fixture
def threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where conversations are kept."""
    monkeypatch.setenv("NEUROSCRIBE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "threads"


@pytest.fixture
def in_turn() -> type[InTurn]:
    """The planner."""
    return InTurn


@pytest.fixture
def opened(
    threads: Path, toy_folder: Path, toy_target: Target
) -> Iterator[Callable[..., Conversation]]:
    """Opens conversations whose planner says what is written down."""
    made: list[Conversation] = []

    def begin(*turns: Any, **options: Any) -> Conversation:
        planner = options.pop("planner", None) or InTurn(turns)
        given = {"data": str(toy_folder / "text.jsonl"), "tokens": 4000, "context_length": 32}
        made.append(open_conversation(toy_target, planner=planner, **{**given, **options}))
        return made[-1]

    yield begin
    for conversation in made:
        conversation.close()


@pytest.fixture
def endless_survey(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Makes `survey` go on until it is stopped; set once it has begun."""
    begun = threading.Event()

    def forever(*_: Any) -> Any:
        begun.set()
        while True:
            time.sleep(0.01)

    monkeypatch.setattr("neuroscribe.tools.instruments.survey.flat", forever)
    return begun
