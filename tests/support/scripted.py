"""A planner that says what a test wrote down."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from neuroscribe.agent.state import Message, State
from neuroscribe.tools.lab import Lab

Turn = list[tuple[str, dict[str, Any] | str]] | Message | str
"""Calls, a whole message, or words alone."""


def says(calls: Sequence[tuple[str, dict[str, Any] | str]]) -> Message:
    """An assistant message with these calls; arguments given as text are sent as they are."""
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": f"call_{name}_{number}",
                "type": "function",
                "function": {
                    "name": name,
                    "arguments": given if isinstance(given, str) else json.dumps(given),
                },
            }
            for number, (name, given) in enumerate(calls)
        ],
    }


def interrupted(state: State) -> Turn:
    """A turn at which the person presses Ctrl-C."""
    raise KeyboardInterrupt


class Scripted:
    """Gives its turns in order, the last one for ever; a turn may be a function of the state."""

    name = "scripted"
    resumable = True

    def __init__(self, turns: Sequence[Turn | Callable[[State], Turn]]) -> None:
        self.turns = turns
        self.seen: list[State] = []

    def __call__(self, lab: Lab) -> "Scripted":
        self.lab = lab
        return self

    def next(self, state: State) -> Message:
        self.seen.append(state)
        turn = self.turns[min(state["step"], len(self.turns) - 1)]
        if callable(turn):
            turn = turn(state)
        if isinstance(turn, str):
            return {"role": "assistant", "content": turn}
        return turn if isinstance(turn, dict) else says(turn)
