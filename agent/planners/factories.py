"""Makes built-in planners."""

from dataclasses import dataclass

from ...tools.lab import Lab
from ..state import Planner


@dataclass(frozen=True)
class BuiltinFactory:
    """Makes built-in planners with one seed."""

    seed: int = 0
    name: str = "builtin"

    def __call__(self, lab: Lab) -> Planner:
        from .builtin import Builtin

        return Builtin(lab, seed=self.seed)
