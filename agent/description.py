"""A description of a unit: its words, the predictor that checks them, the evidence behind them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter

from .statuses import Status

MOST_WORDS = 12
"""Of a label: what is read at a glance in a list of units."""
_OPEN = {"a", "an", "the", "and", "or", "nor", "but", "not", "never", "no"} | {
    *("of", "in", "on", "at", "by", "to", "for", "with", "from")
}
"""Words that a label cannot end on."""
Band = Literal["any", "low", "middle", "high"]
WORD_LIST = "word list:"
"""How a label begins that was made of a table's words."""


@dataclass(frozen=True)
class Component:
    """One thing that a unit responds to; a polysemantic unit has several."""

    words: str
    """The clause, in English."""
    predictor: Mapping[str, Any]
    """A predicate, as JSON, that says where the unit is active."""
    evidence: tuple[str, ...] = ()
    """Ids of the experiments behind the clause."""
    sign: int = 1
    band: Band = "any"
    """Which part of the unit's activation range the clause speaks of."""
    share: float | None = None
    """Share of the unit's positive activation mass, on validation, where the predictor holds."""
    score: float | None = None
    """Correlation of this component alone with the unit, on test."""
    untested: tuple[str, ...] = ()
    """Those ids of `evidence` in which the predictor was not tested."""
    unnamed: bool | None = None
    """Whether a judge could not use the words: AUROC below .7 at places that the predictor draws;
    None: no judge was asked."""
    words_auroc: float | None = None
    """This AUROC."""


@dataclass(frozen=True)
class Effect:
    """What the unit does to the output."""

    words: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rejected:
    """A rival hypothesis and what ruled it out."""

    words: str
    reason: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Base:
    """What token identity alone says of a unit: a shrunk table of means, learnt on explore."""

    words: str
    """Which tokens, and how much they explain."""
    tokens: tuple[tuple[str, float, int], ...] = ()
    """Token, mean as the table has it, places; those that decide most first, at most 12."""
    share: float | None = None
    """Share of explore's variance that the table explains, each half of the documents by the
    other."""


@dataclass(frozen=True)
class Description:
    """Everything that is said of one unit."""

    label: str
    """At most 12 words."""
    components: tuple[Component, ...] = ()
    explained: float | None = None
    """Share of held-out activation predicted beyond token identity."""
    effect: Effect | None = None
    confidence: float | None = None
    rejected: tuple[Rejected, ...] = ()
    status: Status = "described"
    reason: str | None = None
    """Why there is no ordinary description, where there is none."""
    notes: tuple[str, ...] = field(default=())
    label_evidence: tuple[str, ...] = ()
    """Ids of the experiments that separated the label from its best rival."""
    base: Base | None = None
    """None on pictures, and where it was not measured."""
    named: bool = True
    """Whether the label says what its words have in common; False: it lists some of many."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON; `untested`, `label_evidence` and `base` stand where there is any, `named`
        where it is false, `unnamed` where a judge was asked."""
        out = asdict(self)
        if self.named:
            del out["named"]
        parts = [(out, name) for name in ("label_evidence", "base")]
        parts += [(one, "untested") for one in out["components"]]
        for part, name in parts:
            if not part[name]:
                del part[name]
        for one in out["components"]:
            if one["unnamed"] is None:
                del one["unnamed"], one["words_auroc"]
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Description":
        """The inverse of `as_dict`; records from before `named` say it in their label."""
        named = not str(data.get("label", "")).startswith(WORD_LIST)
        return _read(cls).validate_python({"named": named, **data})


@cache
def _read(kind: type[Description]) -> TypeAdapter[Description]:
    return TypeAdapter(kind)


def short_label(words: str) -> str:
    """The first `MOST_WORDS` words; where some were cut, up to the last whole clause if that is at
    least half of them, and without a word or mark behind which something is missing.
    """
    kept = words.split()
    if len(kept) <= MOST_WORDS:
        return " ".join(kept)
    kept = kept[:MOST_WORDS]
    ends = [i for i, word in enumerate(kept, 1) if word[-1] in ",;:)"]
    if ends and ends[-1] >= MOST_WORDS / 2:
        kept = kept[: ends[-1]]
    while len(kept) > 1 and kept[-1].lstrip("([").lower() in _OPEN:
        kept.pop()
    return " ".join(kept).rstrip(",;:")
