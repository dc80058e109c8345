"""The human planner: a person picks the experiments in the terminal."""

from dataclasses import dataclass

from ...tools.lab import Lab
from ..state import Message, State


@dataclass(frozen=True)
class HumanFactory:
    """Makes planners that ask the person at the terminal."""

    name: str = "human"

    def __call__(self, lab: Lab) -> "Human":
        return Human(lab)


class Human:
    """Asks for the name of a tool and its arguments as JSON."""

    name = "human"
    resumable = True

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def next(self, state: State) -> Message:
        """The person's next call."""
        print(state["messages"][-1]["content"])
        name, _, arguments = input("tool and arguments: ").partition(" ")
        function = {"name": name, "arguments": arguments or "{}"}
        call = {"id": f"call_{state['step']}", "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
