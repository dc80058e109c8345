"""A question whose answer is known, and the mark that an answer gets."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from .measure import Bench

DOCUMENTED = ("what", "find", "drive", "ablate", "compare", "show", "where", "search")
"""Kinds that the built-in planner says it answers."""
KINDS = (*DOCUMENTED, "outside")
"""`outside`: what needs several tools, or reasoning."""

Verdict = Literal["right", "partly", "wrong"]
WORTH: dict[Verdict, float] = {"right": 1.0, "partly": 0.5, "wrong": 0.0}


class Mark(NamedTuple):
    """How good an answer is."""

    verdict: Verdict
    reason: str


class Check(Protocol):
    """Reads the text of an answer and nothing else."""

    @property
    def truth(self) -> str:
        """The right answer, in words that the check itself would call right."""
        ...

    def mark(self, text: str) -> Mark:
        """What the answer is worth."""
        ...


@dataclass(frozen=True)
class KnownQuestion:
    """One question."""

    id: str
    kind: str
    """One of `KINDS`."""
    target: str
    text: str
    """In English, as a person would ask it."""
    check: "Callable[[Bench], Check]"
    """Computes the truth from the target itself, when an answer is there to be judged."""
    run: bool = False
    """Whether it is asked over a run with labels."""


def asked(
    kind: str,
    about: str,
    target: str,
    text: str,
    check: "Callable[[Bench], Check]",
    *,
    run: bool = False,
) -> KnownQuestion:
    """A question whose id says its kind and what it is about."""
    name = re.sub("[:/ ]", "-", f"{kind}-{about}")
    return KnownQuestion(name, kind, target, text, check, run)


def whole(marks: list[Mark]) -> Mark:
    """One mark for an answer with several parts; where the first is wrong, all is."""
    said = "; ".join(mark.reason for mark in marks if mark.verdict != "right")
    if all(mark.verdict == "right" for mark in marks):
        return Mark("right", "; ".join(mark.reason for mark in marks))
    if marks[0].verdict == "wrong":
        return Mark("wrong", said)
    return Mark("partly", said)
