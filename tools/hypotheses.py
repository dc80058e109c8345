"""Hypotheses that a tool is handed: ids that the planner recorded, or predictors as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .data.windows import TokenWindows
from .errors import UsageError, nearest
from .lab import Lab
from .predicates import parse

Given = Sequence[str | dict[str, Any]]


class Hypothesis(NamedTuple):
    """A predictor under a short name."""

    id: str
    """`H1`, or `P1`, `P2`, ... for predictors given as JSON."""
    predicate: Any
    json: Mapping[str, Any]

    @property
    def english(self) -> str:
        """The predictor in words, at most 100 characters."""
        words = str(self.predicate.english())
        return words if len(words) <= 100 else words[:97] + "..."

    def evaluate(self, windows: TokenWindows) -> np.ndarray:
        """float32 `[window, place]` in 0..1, 0 where not counted."""
        return np.asarray(self.predicate.evaluate(windows), np.float32)


def resolve(lab: Lab, given: Given | None) -> list[Hypothesis]:
    """The hypotheses of these ids and predictors; None or empty: all that were recorded.

    Raises:
        UsageError: for an unknown id or a predictor that cannot be read.
    """
    if not given:
        if not lab.hypotheses:
            raise UsageError(
                "there is no hypothesis yet: record one with hypothesise, or pass predictors "
                'such as {"kind": "words", "words": ["month"]}'
            )
        given = list(lab.hypotheses)
    out: list[Hypothesis] = []
    for entry in given:
        if isinstance(entry, str):
            key = entry.strip()
            if key[:1] == "{":
                out.append(Hypothesis(_free(out), parse(key), parse(key).model_dump()))
                continue
            if key not in lab.hypotheses:
                known = nearest(key, lab.hypotheses) if lab.hypotheses else "none is recorded"
                raise UsageError(f"there is no hypothesis '{key}'; nearest: {known}")
            found = lab.hypotheses[key]
        else:
            key, found = _free(out), entry
        if key not in [hypothesis.id for hypothesis in out]:
            out.append(Hypothesis(key, parse(found), found))
    return out


def _free(taken: Sequence[Hypothesis]) -> str:
    return f"P{1 + sum(hypothesis.id.startswith('P') for hypothesis in taken)}"
