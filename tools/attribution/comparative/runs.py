"""One run of a model on a prompt, and the Imp of every neuron and head in it.

Imp(u -> w) = log p(w | r + u) - log p(w | r) (`attribution/increase.py`), under the final norm's
scale of this run, or of the run it is compared with. For a target of several tokens it is the sum
over them, each predicted at its own place by the units there.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ...errors import UsageError
from ...metrics.target_tokens import Prediction, Question
from ...models import Intervention, Target
from ...models.intervention import zero
from ...models.unit import Unit
from ...residual.exact import ExactTrace, exact_trace
from ...residual.readout import Readout, check_vocabulary, readout_of
from ..attribute import predicted
from ..increase import Starts, first_order, increase
from ..sources import Kind, Layout, Sources


@dataclass(frozen=True, eq=False)
class Run:
    """A model, a prompt with the token to follow, and what is changed in it."""

    target: Target
    question: Question
    changes: tuple[Intervention, ...] = ()
    """Of neurons or heads: an edit."""

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """The tokens that are asked for, one unless the target's are summed."""
        if not self.question.predictions:
            raise UsageError("a comparison is about a predicted token: name a target")
        return self.question.predictions

    def without(self, units: list[Unit]) -> "Run":
        """The same run with units zeroed at every place: an edit of their output weights."""
        for unit in units:
            if unit.site.partition(".")[0] not in ("head", "mlp"):
                raise UsageError(f"{unit} cannot be zeroed here; name heads and neurons: head.2/3")
        edits = tuple(zero(unit.site, [unit.index]) for unit in units)
        return Run(self.target, self.question, (*self.changes, *edits))


@dataclass(eq=False)
class Shares:
    """The first-order terms of every unit of a kind in a run, some of them made exact."""

    trace: ExactTrace
    sources: tuple[Sources, ...]
    """By prediction."""
    readout: Readout
    predictions: tuple[Prediction, ...]
    kind: Kind
    layout: Layout
    values: Tensor
    """`[unit]`."""
    exact: Tensor
    """`[unit]` bool."""
    probability: float
    """Of the target, all its tokens together."""
    rank: int
    """Of the target; of several tokens the worst."""
    starts: tuple[Starts, ...] = field(repr=False)

    @property
    def place(self) -> int:
        """Where the (first) prediction is made."""
        return self.predictions[0].place

    @property
    def scales(self) -> tuple[Tensor, ...]:
        """s of the final norm, by prediction."""
        return tuple(source.final_scale for source in self.sources)

    def make_exact(self, chosen: Tensor) -> None:
        """Replaces the values of chosen units by Imp."""
        left = chosen[~self.exact[chosen]]
        if not len(left):
            return
        with torch.no_grad():
            three = zip(self.sources, self.predictions, self.starts, strict=True)
            each = [
                increase(source, self.readout, prediction, self.layout, left, starts)
                for source, prediction, starts in three
            ]
            self.values[left] = torch.stack(each).sum(0)
        self.exact[left] = True


def shares(run: Run, kind: Kind, *, scales: Sequence[Tensor] | None = None) -> Shares:
    """Runs it and values every unit of a kind.

    Args:
        run: The run.
        kind: `mlp` or `head`.
        scales: s of the final norm, `[1]`, by prediction; None: the run's own.
    """
    predictions = run.predictions
    with torch.no_grad():
        trace = exact_trace(run.target, run.question, interventions=run.changes)
        readout = readout_of(trace)
        for prediction in predictions:
            check_vocabulary(run.target, prediction, readout)
        given = [None] * len(predictions) if scales is None else list(scales)
        sources = tuple(
            Sources(trace, prediction.place, scale=scale)
            for prediction, scale in zip(predictions, given, strict=True)
        )
        starts: tuple[Starts, ...] = tuple({} for _ in sources)
        three = zip(sources, predictions, starts, strict=True)
        terms = [first_order(s, readout, p, (kind,), start)[kind] for s, p, start in three]
        values = torch.stack(terms).sum(0)
        probabilities, ranks = predicted(trace, run.question)
        linear = predictions[0].other is not None and readout.cap is None
        return Shares(
            trace,
            sources,
            readout,
            predictions,
            kind,
            sources[0].layout(kind),
            values,
            torch.full_like(values, linear, dtype=torch.bool),
            math.prod(probabilities),
            max(ranks),
            starts,
        )
