"""The suites of planted units that planners are measured on: text, and pictures.

A suite makes benches, gives fresh inputs for truth tables, and says what needs no search. All else
(runs, records, verdicts, sums, reports) is the same for every suite.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from ...agent.description import Description
from ...tools.errors import UsageError, nearest
from ...tools.models.target import Target
from ...tools.models.unit import Unit
from ..groundtruth.text.forms import Cell
from ..scoring.measured import Splits

NAMES = ("text", "vision")


class Form(Protocol):
    """A function whose truth is known."""

    @property
    def kind(self) -> str:
        """Its kind."""
        ...

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The lines of its truth table."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """What else is known of it."""
        ...

    @property
    def concept(self) -> tuple[str, ...]:
        """What it is about."""
        ...


class Planted(Protocol):
    """A planted unit and its truth."""

    @property
    def unit(self) -> str:
        """Its name at the target."""
        ...

    @property
    def tier(self) -> str:
        """A, B or C."""
        ...

    @property
    def kind(self) -> str:
        """Its kind."""
        ...

    @property
    def variant(self) -> str:
        """Which sort of its kind."""
        ...

    @property
    def text(self) -> str:
        """The true description."""
        ...

    @property
    def form(self) -> Any:
        """Its `Form`; None for units without a function."""
        ...

    @property
    def relation(self) -> str:
        """What it writes."""
        ...

    @property
    def promotes(self) -> tuple[str, ...]:
        """The words or classes that it writes toward."""
        ...


class Ground(Protocol):
    """A target with planted units and a corpus."""

    @property
    def name(self) -> str:
        """Of the bench."""
        ...

    @property
    def target(self) -> Target:
        """With the planted units."""
        ...

    @property
    def corpus(self) -> Any:
        """Its `Corpus`."""
        ...

    @property
    def units(self) -> Sequence[Any]:
        """The planted units."""
        ...


class Fresh(Protocol):
    """Inputs for the cells of one form; nobody has seen them."""

    @property
    def windows(self) -> Any:
        """Token windows or image rows."""
        ...

    @property
    def cells(self) -> dict[str, np.ndarray]:
        """`[place, 2]` by cell: window and place."""
        ...

    @property
    def level(self) -> np.ndarray:
        """`[window, place]`: the noiseless function."""
        ...

    @property
    def short(self) -> list[str]:
        """Cells with too few inputs."""
        ...


class Suite(Protocol):
    """A kind of benches."""

    name: str
    kinds: tuple[str, ...]
    """Of units, without tier C."""
    each: Mapping[str, int]
    """Units of each kind and seed, by tier."""
    beyond: int
    """Units of tier C on each bench."""
    baselines: tuple[str, ...]

    def bench(
        self, tier: str, seed: int, *, kinds: Sequence[str], beyond_each: int, plan: Any
    ) -> Ground:
        """One bench of one seed."""
        ...

    def windows(self, ground: Any, *, length: int, told: bool) -> dict[str, Any]:
        """The rows of the three splits; `told`: whether a planner is told what pictures show."""
        ...

    def fresh(self, ground: Any, unit: Any, seed: int) -> Fresh | None:
        """Inputs for the cells of a unit; None for one without a function."""
        ...

    def ceiling(self, ground: Any, unit: Any, inputs: Any, splits: Splits) -> float:
        """The best correlation with the truth that a predicate reaches, as far as known."""
        ...

    def nameable(self, ground: Any, unit: Any) -> bool | None:
        """Whether what it writes most is what it is planted to promote; None if nothing."""
        ...

    def predictive(
        self, ground: Any, unit: Any, description: Description, splits: Splits, seed: int
    ) -> dict[str, Any] | None:
        """How inputs made from the description do at the unit; None where that is not measured."""
        ...

    def plainly(self, name: str, unit: Unit, splits: Splits) -> Description:
        """A baseline that needs no search."""
        ...


def suite_of(name: str) -> Suite:
    """The suite of that name.

    Raises:
        UsageError: if there is none.
    """
    if name == "text":
        from .suite_text import TextSuite

        return TextSuite()
    if name == "vision":
        from .suite_vision import VisionSuite

        return VisionSuite()
    raise UsageError(f"there is no suite '{name}'; nearest: {nearest(name, NAMES)}")
