"""A suite of planted units that planners are measured on.

A suite makes benches and says what needs no search. All else (runs, records, verdicts, sums,
reports) is the same for every suite.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...agent.description import Description
from ...tools.models.target import Target
from ...tools.models.unit import Unit
from ..groundtruth.planted import PlantedUnit, Probes
from ..scoring.measured import Splits


class Suite(ABC):
    """A kind of benches; what differs between text and pictures."""

    name: str
    kinds: tuple[str, ...]
    """Of units, without tier C."""
    each: Mapping[str, int]
    """Units of each kind and seed, by tier."""
    inexpressible: int
    """Units of tier C on each bench."""
    baselines: tuple[str, ...]

    size: str
    """The setting of a plan that says how large a corpus is."""
    make: Callable[..., Any]
    """Makes a `TextBench` or a `PictureBench`."""

    def bench(
        self, tier: str, seed: int, *, kinds: Sequence[str], inexpressible_each: int, plan: Any
    ) -> Any:
        """One bench of one seed."""
        return self.make(
            tier,
            seed,
            kinds=kinds,
            inexpressible_each=inexpressible_each,
            host=Target.load(plan.host) if plan.host else None,
            **{self.size: getattr(plan, self.size)},
        )

    @abstractmethod
    def windows(self, ground: Any, *, length: int, told: bool) -> dict[str, Any]:
        """The rows of the three splits; `told`: whether a planner is told what pictures show."""

    @abstractmethod
    def ceiling(self, ground: Any, unit: PlantedUnit, inputs: Probes, splits: Splits) -> float:
        """The best correlation with the truth that a predicate reaches, as far as known."""

    @abstractmethod
    def nameable(self, ground: Any, unit: PlantedUnit) -> bool | None:
        """Whether what it writes most is what it is planted to promote; None if nothing."""

    def kinds_of(self, tier: str, *, locked: bool) -> tuple[str, ...]:
        """The kinds of a tier that have a truth table; `locked`: also those kept for the end."""
        return self.kinds

    def reader(self, ground: Any, plan: Any) -> Target | None:
        """The second network that planners and the best predictor of a bench read with, if any."""
        return None

    def further(
        self, bench: Any, unit: PlantedUnit, description: Description, splits: Splits
    ) -> dict[str, Any]:
        """What a record has beside the verdict; `bench` is the `unit_run.Bench` of a run.

        `pairs`: how the description does on held-out minimal pairs. `predictive`: how inputs made
        from it do at the unit.
        """
        return {}

    @abstractmethod
    def without_search(self, name: str, unit: Unit, splits: Splits) -> Description:
        """A baseline that needs no search."""
