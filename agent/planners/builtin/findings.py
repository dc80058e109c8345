"""What every built-in investigation finds out, of text or of pictures."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ....tools.evidence import Evidence
from ....tools.predicates import parse
from .held_out import HeldOut


class Hypothesis(NamedTuple):
    """A hypothesis as it was recorded."""

    words: str
    predicate: dict[str, Any]

    @classmethod
    def of(cls, predicate: dict[str, Any]) -> "Hypothesis":
        """In the words of its predicate."""
        return cls(parse(predicate).english(), predicate)


class Rules(NamedTuple):
    """What a fit to explore says of a unit."""

    components: list[Hypothesis]
    """They add up; none where the fit does not hold elsewhere."""
    held_out: HeldOut | None
    """What they explain of documents that decided nothing; None where that is not known."""


class PredictiveCheck(NamedTuple):
    """How often a conclusion was right on inputs that were not made to find it."""

    worst: float
    """Share of right predictions in the worst cell, half a mistake and half a hit added."""
    right: int
    n: int


@dataclass
class Findings:
    """Everything that a conclusion is drawn from."""

    dead: int | None = None
    """Places seen, where the unit never fires."""
    recorded: dict[str, Hypothesis] = field(default_factory=dict)
    """Rivals by hypothesis id."""
    tests: list[Evidence] = field(default_factory=list)
    """What `test_hypotheses` measured."""
    effect: Evidence | None = None
    check: PredictiveCheck | None = None
    held_out: HeldOut | None = None
    """What the conclusion explains of inputs that decided nothing."""

    def scores(self) -> dict[str, tuple[float, str]]:
        """By hypothesis id: its correlation on explore, and the result that has it."""
        return {
            str(test["id"]): (test.get("correlation") or 0.0, evidence.id)
            for evidence in self.tests
            for test in evidence.data.get("tests", ())
        }
