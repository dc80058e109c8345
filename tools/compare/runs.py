"""One run of a model on a prompt, and the Imp of every neuron and head in it.

Imp(u -> w) = log p(w | r + u) - log p(w | r) (`attribution/increase.py`), under the final norm's
scale of this run, or of the run it is compared with.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..attribution.exact import ExactTrace, exact_trace
from ..attribution.increase import Starts, first_order, increase
from ..attribution.readout import Readout, check_vocabulary, readout_of
from ..attribution.sources import Kind, Layout, Sources
from ..attribution.target_tokens import Prediction, Question
from ..errors import UsageError
from ..models import Intervention, Target
from ..models.intervention import zero
from ..models.unit import Unit


@dataclass(frozen=True, eq=False)
class Run:
    """A model, a prompt with the token to follow, and what is changed in it."""

    target: Target
    question: Question
    changes: tuple[Intervention, ...] = ()
    """Of neurons or heads: an edit."""

    @property
    def prediction(self) -> Prediction:
        """The one token that is asked for."""
        if len(self.question.predictions) != 1:
            raise UsageError(
                "a comparison is about one predicted token; for a target of several tokens use "
                "--several first"
            )
        return self.question.predictions[0]

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
    sources: Sources
    readout: Readout
    prediction: Prediction
    kind: Kind
    layout: Layout
    values: Tensor
    """`[unit]`."""
    exact: Tensor
    """`[unit]` bool."""
    probability: float
    rank: int
    starts: Starts = field(repr=False)

    def make_exact(self, chosen: Tensor) -> None:
        """Replaces the values of chosen units by Imp."""
        left = chosen[~self.exact[chosen]]
        if not len(left):
            return
        with torch.no_grad():
            self.values[left] = increase(
                self.sources, self.readout, self.prediction, self.layout, left, self.starts
            )
        self.exact[left] = True


def shares(run: Run, kind: Kind, *, scale: Tensor | None = None) -> Shares:
    """Runs it and values every unit of a kind.

    Args:
        run: The run.
        kind: `mlp` or `head`.
        scale: s of the final norm, `[1]`; None: the run's own.
    """
    prediction = run.prediction
    with torch.no_grad():
        trace = exact_trace(run.target, run.question, interventions=run.changes)
        readout = readout_of(trace)
        check_vocabulary(run.target, prediction, readout)
        sources = Sources(trace, prediction.place, scale=scale)
        starts: Starts = {}
        values = first_order(sources, readout, prediction, (kind,), starts)[kind]
        assert trace.logits is not None
        logits = trace.logits[0].float()
        linear = prediction.other is not None and readout.cap is None
        return Shares(
            trace,
            sources,
            readout,
            prediction,
            kind,
            sources.layout(kind),
            values,
            torch.full_like(values, linear, dtype=torch.bool),
            float(logits.softmax(0)[prediction.token]),
            1 + int((logits > logits[prediction.token]).sum()),
            starts,
        )
