"""Makes built-in planners."""

from dataclasses import dataclass
from typing import Literal

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

    def __call__(self, lab: Lab) -> Planner:
        from .builtin import Builtin

        return Builtin(lab, seed=self.seed, experiments=self.experiments)
