"""Makes built-in planners."""

from dataclasses import dataclass
from typing import Literal

from ...tools.errors import UsageError, nearest
from ...tools.lab import Lab
from ..state import Planner

Experiments = Literal["designed", "random", "none"]


@dataclass(frozen=True)
class BuiltinFactory:
    """Makes built-in planners with one seed."""

    seed: int = 0
    name: str = "builtin"
    experiments: Experiments = "designed"
    """`random` and `none` are for comparison: texts with random words changed, or no texts."""
    without: str | None = None
    """A lesion: one of `builtin.lesion.KINDS`, a kind of predicate that the search does without."""

    effects: bool = True
    """Whether to measure what a unit does to the output."""

    def __post_init__(self) -> None:
        if self.without is not None:
            from .builtin.lesion import KINDS

            if self.without not in KINDS:
                close = nearest(self.without, KINDS, most=1)
                raise UsageError(f"there is no lesion '{self.without}'; nearest: {close}")

    def __call__(self, lab: Lab) -> Planner:
        from .builtin import Builtin

        return Builtin(
            lab,
            seed=self.seed,
            experiments=self.experiments,
            without=self.without,
            effects=self.effects,
        )
