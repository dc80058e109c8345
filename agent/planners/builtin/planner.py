"""The built-in planner: an investigation without a language model.

1. Survey the unit; one that never fires is dead. Look at exemplars.
2. Search compositions of predicates over the explore split (`search`, `model`). Where a unit is
   clearly on or off, scan the vocabulary: what it does at each word, and behind it (`scanner`).
3. Record the best rivals, test them on explore, and measure what parts them (`experiments`).
4. Search again with what was measured, until the leader stays; then measure the effect, conclude.

The order of acts is a generator: each turn yields the calls to make and receives their evidence.
"""

import json
from typing import TYPE_CHECKING

from ....tools.lab import Lab
from ....tools.models import Unit
from ...state import Message, State
from ..factories import Experiments
from .investigation import Investigation
from .turn import Calls, Turns

if TYPE_CHECKING:
    from ..pictures import Investigation as PictureInvestigation


class Builtin:
    """Plans one investigation; see the module."""

    name = "builtin"

    def __init__(
        self,
        lab: Lab,
        *,
        seed: int = 0,
        experiments: Experiments = "designed",
        without: str | None = None,
        effects: bool = True,
    ) -> None:
        self._lab = lab
        self._effects = effects
        self._experiments: Experiments = experiments
        self._seed = seed
        self._without = without
        self._turns: Turns | None = None
        self._seen = 0
        self._work: Investigation | PictureInvestigation | None = None
        self._last: Calls | None = None

    def next(self, state: State) -> Message:
        """The next assistant message; one turn of calls."""
        turn = self._next(state)
        self._seen = len(self._lab.evidence)
        self._last = turn
        number = state["step"]
        return {
            "role": "assistant",
            "content": turn.why,
            "tool_calls": [
                {
                    "id": f"call_{number}_{at}",
                    "type": "function",
                    "function": {"name": name, "arguments": json.dumps(arguments)},
                }
                for at, (name, arguments) in enumerate(turn.calls)
            ],
        }

    def _next(self, state: State) -> Calls:
        made = list(self._lab.evidence)[self._seen :]
        if self._turns is None or self._work is None:
            unit = self._lab.target.unit(state["unit"])
            self._work = self._course(unit)
            self._turns = self._work.turns()
            return next(self._turns)
        if self._last is not None and self._last.calls[0][0] == "conclude":
            return self._work.conclusion()
        if state["last"]:
            return self._work.conclusion()
        try:
            turn = self._turns.send(made)
            while not turn.calls:  # a step that found nothing to ask
                turn = self._turns.send([])
            return turn
        except StopIteration:
            return self._work.conclusion()

    def _course(self, unit: Unit) -> "Investigation | PictureInvestigation":
        """What is done with this unit: pictures have a course of their own."""
        if self._lab.target.image is not None:
            from ..pictures import Investigation as Pictures

            given = self._experiments
            return Pictures(self._lab, unit, self._seed, given, effects=self._effects)
        given = (self._experiments, self._without, self._effects)
        return Investigation(self._lab, unit, self._seed, *given)
