"""The built-in planner: an investigation without a language model.

1. Survey the unit; one that never fires is dead. Look at exemplars.
2. Search compositions of predicates over the explore split.
3. Record the best rivals, test them on explore, and measure what separates them.
4. Measure the effect on the output and conclude.

The order of acts is a generator: each turn yields the calls to make and receives their evidence.
"""

from dataclasses import dataclass
from typing import Any

from ....tools.errors import UsageError, nearest
from ....tools.lab import Lab
from ....tools.models import Unit
from ...replies import calling
from ...state import Message, Planner, State
from .black_box import BlackBox
from .course import Course
from .numbers import NumberInvestigation
from .pictures.investigation import Investigation as PictureInvestigation
from .text.investigation import Investigation as TextInvestigation
from .text.rules import ABLATIONS
from .turns import Calls, Experiments, Turns


@dataclass(frozen=True)
class BuiltinFactory:
    """Makes built-in planners with one seed."""

    seed: int = 0
    name: str = "builtin"
    experiments: Experiments = "designed"
    without: str | None = None
    """A feature ablation: one of `ABLATIONS`, a kind of predicate that the search does without."""

    effects: bool = True
    """Whether to measure what a unit does to the output."""

    def __post_init__(self) -> None:
        if self.without is not None and self.without not in ABLATIONS:
            close = nearest(self.without, ABLATIONS, most=1)
            raise UsageError(f"there is no feature ablation '{self.without}'; nearest: {close}")

    def __call__(self, lab: Lab) -> Planner:
        return Builtin(lab, self)


class Builtin:
    """Plans one investigation; see the module."""

    name = "builtin"

    def __init__(self, lab: Lab, settings: BuiltinFactory) -> None:
        self._lab, self._settings = lab, settings
        self._turns: Turns | None = None
        self._n_evidence = 0
        self._investigation: Course[Any] | BlackBox | None = None
        self._last: Calls | None = None

    def next(self, state: State) -> Message:
        """The next assistant message; one turn of calls."""
        turn = self._next(state)
        self._n_evidence = len(self._lab.evidence)
        self._last = turn
        return calling(turn.calls, state["step"], turn.why)

    def _next(self, state: State) -> Calls:
        new = list(self._lab.evidence)[self._n_evidence :]
        if self._turns is None or self._investigation is None:
            self._investigation = self._start(state["unit"])
            self._turns = self._investigation.turns()
            return next(self._turns)
        concluded = self._last is not None and self._last.calls[0][0] == "conclude"
        if concluded or state["last"]:
            return self._investigation.conclusion()
        try:
            turn = self._turns.send(new)
            while not turn.calls:  # a step that found nothing to ask
                turn = self._turns.send([])
            return turn
        except StopIteration:
            return self._investigation.conclusion()

    def _start(self, unit: str) -> Course[Any] | BlackBox:
        if self._lab.units_hidden:
            return BlackBox()
        return course_of(self._lab, self._lab.target.unit(unit), self._settings)


def course_of(lab: Lab, unit: Unit, settings: BuiltinFactory) -> Course[Any]:
    """The investigation of one unit, of whatever its target reads."""
    kind = TextInvestigation if lab.target.image is None else PictureInvestigation
    kind = NumberInvestigation if lab.target.numbers else kind
    return kind(
        lab,
        unit,
        settings.seed,
        settings.experiments,
        without=settings.without,
        effects=settings.effects,
    )
