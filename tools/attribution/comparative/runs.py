"""One run of a model on a prompt, and the Imp of every neuron and head in it.

Imp (`attribution/increase.py`) is under the final norm's scale of this run, or of the run it is
compared with.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ...errors import UsageError
from ...metrics.target_tokens import Prediction, TargetPrompt
from ...models import Intervention, Target
from ...models.intervention import zero
from ...models.unit import Unit
from ...residual.exact import ExactTrace, exact_trace
from ...residual.readout import check_vocabulary, readout_of
from ..attribute import predicted
from ..increase import Imps, imps
from ..sources import Kind, Sources


@dataclass(frozen=True, eq=False)
class Run:
    """A model, a prompt with the token to follow, and what is changed in it."""

    target: Target
    question: TargetPrompt
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


class Valued(NamedTuple):
    """One run, and the Imp of every unit of a kind in it."""

    trace: ExactTrace
    imps: Imps
    probability: float
    """Of the target, all its tokens together."""
    rank: int
    """Of the target; of several tokens the worst."""

    @property
    def place(self) -> int:
        """Where the (first) prediction is made."""
        return self.imps.predictions[0].place

    @property
    def scales(self) -> tuple[Tensor, ...]:
        """s of the final norm, by prediction."""
        return tuple(source.final_scale for source in self.imps.sources)


def valued(run: Run, kind: Kind, *, scales: Sequence[Tensor] | None = None) -> Valued:
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
        probabilities, ranks = predicted(trace, run.question)
        result = imps(sources, readout, predictions, kind)
        return Valued(trace, result, math.prod(probabilities), max(ranks))
