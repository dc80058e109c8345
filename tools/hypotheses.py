"""Hypotheses that a tool is handed: ids that the planner recorded, or predictors as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .data.image_rows import ImageRows
from .data.windows import TokenWindows
from .errors import UsageError, nearest
from .lab import Lab
from .predicates import Predicate, parse
from .predicates.ahead import refuse_ahead
from .strict_json import read_json

_DEEPEST = 64  # predicates are refused at a lesser depth anyway

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

    def evaluate(self, windows: TokenWindows | ImageRows) -> np.ndarray:
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
                key, predicate = _free(out), predictor(lab, key)
            else:
                predicate = parse(known(lab, key))
        elif isinstance(entry, Mapping) and entry.get("kind") == "hypothesis":
            key = str(entry.get("id", "")).strip()
            predicate = parse(known(lab, key))
        else:
            key, predicate = _free(out), predictor(lab, entry)
        if key not in [hypothesis.id for hypothesis in out]:
            out.append(Hypothesis(key, predicate, predicate.model_dump()))
    return out


def known(lab: Lab, key: str) -> Mapping[str, Any]:
    """The predictor that was recorded under this id.

    Raises:
        UsageError: if there is none.
    """
    if key not in lab.hypotheses:
        near = nearest(key, lab.hypotheses) if lab.hypotheses else "none is recorded yet"
        raise UsageError(f"there is no hypothesis '{key}'; nearest: {near}")
    return lab.hypotheses[key]


def predictor(lab: Lab, data: Mapping[str, Any] | str) -> Predicate:
    """Parses a predictor; `{"kind": "hypothesis", "id": "H1"}` anywhere in it means that one's.

    A `like` may name windows of explore instead of examples.

    Raises:
        UsageError: for an unknown id, a predictor that cannot be read, one that looks ahead of a
            causal target, or a word of scenes in the wrong place.
    """
    if isinstance(data, str):
        try:
            data = read_json(data)
        except ValueError:
            return _checked(lab, parse(data))  # which mends it or says what is wrong
    return _checked(lab, parse(_unfolded(lab, data, 0)))


def _checked(lab: Lab, found: Predicate) -> Predicate:
    if lab.target.kind == "causal":
        refuse_ahead(found)
    if lab.target.image is not None:
        from .predicates.misplaced import refuse_misplaced

        refuse_misplaced(found.model_dump())
    return found


def _unfolded(lab: Lab, data: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return data
    if isinstance(data, Mapping):
        if data.get("kind") == "hypothesis":
            return known(lab, str(data.get("id", "")).strip())
        if data.get("kind") == "like" and "windows" in data and lab.target.image is not None:
            from .pictures.likeness import filled

            return filled(lab, data)
        return {key: _unfolded(lab, value, depth + 1) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_unfolded(lab, value, depth + 1) for value in data]
    return data


def _free(taken: Sequence[Hypothesis]) -> str:
    return f"P{1 + sum(hypothesis.id.startswith('P') for hypothesis in taken)}"
