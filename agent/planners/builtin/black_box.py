"""What the built-in planner does where the activations of units are hidden: nothing, and says so.

It learns from activations alone. Inputs and outputs tell which function the network computes, and
not which part of it a unit has, so that whatever it said would be a guess.
"""

from dataclasses import dataclass

from .turns import Calls, Turns

_GUESSED = 0.01
"""Confidence where nothing was measured."""


@dataclass(frozen=True)
class BlackBox:
    """An investigation of inputs and outputs."""

    def turns(self) -> Turns:
        """One turn: the conclusion."""
        yield self.conclusion()

    def conclusion(self) -> Calls:
        """That nothing can be concluded."""
        arguments = {
            "label": "not known: inputs and outputs alone do not show it",
            "components": [],
            "confidence": _GUESSED,
            "status": "uninterpretable",
        }
        why = "Activations are hidden, and this planner learns from nothing else."
        return Calls(why, (("conclude", arguments),))
