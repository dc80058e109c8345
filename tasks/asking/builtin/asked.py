"""One question at one step: its intent, what was found for it so far, what was asked before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ....tools.evidence import Evidence
from ....tools.lab import Lab
from ....tools.registry import offered
from .question import Intent


class Call(NamedTuple):
    """A tool to run."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Past:
    """An earlier turn."""

    intent: Intent
    question: str
    text: str
    made: tuple[Evidence, ...]


@dataclass(frozen=True)
class Ask:
    """One question at one step."""

    lab: Lab
    intent: Intent
    step: int
    """How often tools were called for it before."""
    made: tuple[Evidence, ...]
    """Results made for it, failed ones among them."""
    earlier: tuple[Past, ...] = ()

    def has(self, tool: str) -> bool:
        """Whether this lab offers a tool."""
        return tool in offered(self.lab)

    def predicts(self, tool: str) -> bool:
        """Whether this lab offers a tool, and the target a next token to use it on."""
        return self.has(tool) and "logit" in self.lab.target.sites

    def found(self, tool: str, **arguments: Any) -> Evidence | None:
        """The last good result of a tool for this question, with these arguments."""
        for one in reversed(self.made):
            same = all(one.arguments.get(key) == value for key, value in arguments.items())
            if one.tool == tool and one.error is None and same:
                return one
        return None

    @property
    def places(self) -> str:
        """What is counted: places of texts, or pictures."""
        return "places" if self.lab.target.image is None else "pictures"

    @property
    def failures(self) -> list[Evidence]:
        """Calls that gave no result, each error once."""
        bad: dict[str, Evidence] = {}
        for one in self.made:
            if one.error is not None:
                bad.setdefault(one.error, one)
        return list(bad.values())

    def predicted(self, unit: str) -> Evidence | None:
        """The last earlier result that found a predictor for a unit."""
        for past in reversed(self.earlier):
            for one in reversed(past.made):
                if one.error is None and one.data.get("predictor") is not None:
                    hits = (hit["unit"] for hit in one.data.get("found", ()))
                    if unit in (one.data.get("unit"), *hits):
                        return one
        return None


def past_of(ask: Ask) -> Past | None:
    """The last turn that measured; about the unit that is named, if one is."""
    wanted = set(ask.intent.units)
    measured = [past for past in reversed(ask.earlier) if past.made]
    for about in (lambda units: units == wanted, lambda units: bool(units & wanted)):
        for past in measured:
            if not wanted or about(set(past.intent.units)):
                return past
    return None


def is_head(unit: str) -> bool:
    """Whether a unit is a head of attention."""
    return unit.startswith("head.")
