"""What every scorer of a description is handed and gives back.

A `Case` is one description of one unit with the three splits of its activations. Everything that a
judge is shown comes from test, which the explainer never saw: a case whose test and explore
share a document is refused, because exemplars that the explainer was shown are no test. (20 to 40%
of the test positives of one public pipeline were.)

A `Panel` is who reads the description: a chat model, an embedder, a language model; each scorer
says which it needs. A `Score` keeps unreadable answers in its denominator and says how many.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ....tools.activations.records import activity
from ....tools.data.repeats import repeated
from ....tools.errors import UsageError
from ....tools.memo import Memo
from ....tools.models import Target, Unit
from ....tools.statistics.bootstrap import Interval
from ...scoring.measured import Splits
from ...scoring.sanity_marks import mark
from .judges import Judge

UNREADABLE = 0.1
"""Above this share of unreadable answers a score carries a warning."""
TRUSTED = 0.9
"""Share of control answers that a judge must get right."""


@dataclass(frozen=True)
class Case:
    """One description of one unit, and what the unit really does."""

    description: str
    splits: Splits
    """Explore (what the explainer saw), validation, test."""
    predictors: tuple[Mapping[str, Any], ...] = ()
    """The components' predicates, as JSON; empty for a description in words alone."""
    effect: str | None = None
    """What the description says of the unit's output; None: the description serves."""
    rival: str | None = None
    """Another description of the same unit, for two-alternative choice."""
    target: Target | None = None
    unit: Unit | None = None
    memo: Memo = field(default_factory=Memo, repr=False)
    """What was computed from target and explore alone: cases over the same ones may share it."""

    def __post_init__(self) -> None:
        if not self.description.strip():
            raise UsageError("there is no description to score: it is empty")
        seen = _texts(self.splits.explore) & _texts(self.splits.test)
        if seen:
            raise UsageError(
                f"{len(seen)} documents of the test split are in explore too: what the explainer "
                "saw is no test; split the corpus by document"
            )

    @cached_property
    def threshold(self) -> float:
        """Activation above which the unit counts as active, fixed on explore."""
        return activity(self.splits.explore.flat)

    @cached_property
    def peak(self) -> float:
        """The largest activation on explore."""
        return float(self.splits.explore.flat.max())

    @cached_property
    def peaks(self) -> np.ndarray:
        """`[window]` largest activation of each window of the test split.

        NaN where no token counts, and where explore has nearly the same window: documents
        differ, but what they quote or end with may not.
        """
        test = self.splits.test
        new = ~repeated(test.windows, [self.splits.explore.windows])
        values = np.where(test.counted & new[:, None], test.values, -np.inf)
        top = values.max(1).astype(np.float64)
        return np.where(np.isfinite(top), top, np.nan)


class Control(NamedTuple):
    """How a judge did on control questions."""

    right: float
    """Share of the texts that it got right; unreadable answers count as wrong."""
    failed: int
    """Texts whose answer could not be read."""
    n: int


@dataclass(frozen=True)
class Score:
    """One scorer's number for one description."""

    scorer: str
    value: float | None
    low: float | None = None
    high: float | None = None
    """95%, by bootstrap over documents."""
    n: int = 0
    """Items behind the value: tokens, texts or questions; those that failed are among them."""
    failed: int = 0
    """Items whose answer could not be read; each counts as wrong."""
    parts: Mapping[str, Any] = field(default_factory=dict)
    """Other numbers of the same measurement."""
    reason: str | None = None
    """Why there is no value."""
    control: Control | None = None
    """How its judge did on control questions."""

    @classmethod
    def of(cls, scorer: str, result: Interval, n: int, failed: int = 0, **parts: Any) -> "Score":
        """A score from a value with its interval."""
        edges = [None if np.isnan(edge) else float(edge) for edge in (result.low, result.high)]
        return cls(scorer, float(result.value), *edges, n=n, failed=failed, parts=parts)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a report must say beside the value."""
        said = []
        if self.n and self.failed > UNREADABLE * self.n:
            said.append(
                f"{self.failed} of {self.n} answers could not be read and count as wrong: "
                "the value says more about the judge than about the description"
            )
        if self.control is not None and self.control.right < TRUSTED:
            said.append(
                f"its judge gets {self.control.right:.0%} of {self.control.n} plain control "
                "questions right: do not believe the value"
            )
        known = mark(self.scorer)
        return (*said, known) if known else tuple(said)

    def as_dict(self) -> dict[str, Any]:
        """For records."""
        control = None if self.control is None else self.control._asdict()
        return {**asdict(self), "control": control, "warnings": list(self.warnings)}


@dataclass(frozen=True)
class Panel:
    """Who reads descriptions."""

    judge: Judge | None = None
    embed: Callable[[Sequence[str]], np.ndarray] | None = None
    """Texts to embeddings of length one, `[text, dimension]`."""
    loss: Callable[[str, Sequence[str]], np.ndarray] | None = None
    """A prefix and texts to the mean loss of each text's tokens behind the prefix, `[text]`."""
    control: Control | None = None
    """How the judge did on control questions."""


def _texts(measured: Any) -> set[str]:
    windows = measured.windows
    return {text for d in np.unique(windows.document) if (text := windows.texts[int(d)].strip())}
