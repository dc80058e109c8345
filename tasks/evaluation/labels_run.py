"""Scores descriptions that other tools gave of a target's units on held-out text.

1. Each description becomes columns of a prediction: its predictors, or `text_columns.py`.
2. Weights and thresholds are fitted on validation; test is read once, as for our own labels.
3. Controls: the same unit under descriptions of other units of the file, fitted likewise; and a
   constant. A file whose descriptions do no better than shuffled ones says nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...tools.errors import UsageError
from ...tools.evidence import plain
from ...tools.models.text_reader import reader_named
from ...tools.models.unit import Unit
from ...tools.predicates import parse
from ...tools.predicates.ahead import refuse_ahead
from ...tools.predicates.like_text import LikeText, refuse_own_reader
from ...tools.statistics.association import correlation
from ...tools.statistics.bootstrap import median
from ..labelling.data import RunData
from ..scoring.entries import value_of
from ..scoring.measured import Splits
from ..scoring.predictions import Prediction, fitted
from ..scoring.scores import constant, numbers
from .formats.given import Given
from .scorers import Case, Panel, score_all
from .text_columns import TextColumns

RIVALS = 5
"""Descriptions of other units that each unit is scored with."""
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Judged:
    """One description with its scores."""

    given: Given
    unit: Unit
    scores: dict[str, Any]
    status: str
    columns: tuple[str, ...] = ()
    controls: dict[str, Any] = field(default_factory=dict)
    scorers: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        place = self.given.place.as_dict()
        line = {"source_line": place["line"]}
        if "file" in place:
            line["source_file"] = place["file"]
        return {
            "unit": str(self.unit),
            "description": self.given.description,
            "method": self.given.method or None,
            "claimed": self.given.claimed,
            "status": self.status,
            "read_as": "predictor" if self.given.parts else "text",
            "columns": list(self.columns),
            "scores": self.scores,
            "controls": self.controls,
            "scorers": self.scorers,
            **line,
        }


def judge(
    pairs: Sequence[tuple[Given, Unit]],
    bench: RunData,
    reader: TextColumns,
    *,
    panel: Panel | None = None,
    scorers: Sequence[str] = (),
    seed: int = 0,
    told: Told = lambda done, n: None,
) -> list[Judged]:
    """Scores every description.

    Args:
        pairs: Descriptions with the units that they are of.
        bench: Target and windows.
        reader: Turns text into columns.
        panel: Who reads the descriptions for `scorers`.
        scorers: Names of further scorers.
        seed: Of resamples, rivals and what scorers draw.
        told: Called after each description.
    """
    refused = [_refused(given, bench) for given, _ in pairs]
    able = [pair for pair, reason in zip(pairs, refused, strict=True) if reason is None]
    scored = iter(_Scoring(able, bench, reader, panel or Panel(), scorers, seed).all(told))
    return [
        next(scored) if reason is None else Judged(given, unit, {}, reason)
        for (given, unit), reason in zip(pairs, refused, strict=True)
    ]


def _refused(given: Given, bench: RunData) -> str | None:
    """Why the predictors of a description cannot be evaluated here; None where they can."""
    predicates = [parse(part.predictor) for part in given.parts]
    if any(one.sampled for one in predicates):
        return "a language model judges it: it is scored where it was made"
    try:
        for one in predicates:
            for atom in one.atoms():
                if isinstance(atom, LikeText):
                    refuse_own_reader(atom, bench.target.fingerprint)
                    reader_named(atom.reader, atom.fingerprint)
                    if bench.target.kind == "causal":
                        refuse_ahead(atom)
    except UsageError as error:
        return str(error)
    return None


def summary(judged: Sequence[Judged], problems: int, *, seed: int = 0) -> dict[str, Any]:
    """Medians over descriptions with intervals, and how often they beat shuffled ones."""
    scored = [item for item in judged if item.status == "scored"]
    names = ("correlation", "auprc", "f1", "iou", "gain_over_lookup")
    medians = {
        name: median([value_of(item.scores, name) for item in scored], seed=seed)._asdict()
        for name in names
    }
    rivals = [item.controls["shuffled"] for item in scored if "shuffled" in item.controls]
    beats = [entry["beaten"] / entry["n"] for entry in rivals]
    shuffled = median([entry["correlation"] for entry in rivals], seed=seed)._asdict()
    return plain(
        {
            "descriptions": len(judged),
            "scored": len(scored),
            "problems": problems,
            "status": {s: sum(i.status == s for i in judged) for s in {i.status for i in judged}},
            "median": medians,
            "shuffled": {"correlation": shuffled, "beaten": np.mean(beats) if beats else None},
            "scorers": _medians_of_scorers(judged, seed),
        }
    )


@dataclass(frozen=True)
class _Scoring:
    """Descriptions whose predictors can be evaluated, and what they are scored with."""

    pairs: Sequence[tuple[Given, Unit]]
    bench: RunData
    reader: TextColumns
    panel: Panel
    scorers: Sequence[str]
    seed: int

    def all(self, told: Told) -> list[Judged]:
        """Group by group of units, in the order of the file."""
        result: dict[int, Judged] = {}
        for group in self.bench.groups(list(dict.fromkeys(unit for _, unit in self.pairs))):
            columns = self.bench.measure(group)
            for i, (_, unit) in enumerate(self.pairs):
                if unit in columns:
                    result[i] = self._one(i, columns[unit])
                    told(len(result), len(self.pairs))
        return [result[i] for i in range(len(self.pairs))]

    def _one(self, i: int, splits: Splits) -> Judged:
        given, unit = self.pairs[i]
        more = self._by_scorers(given, unit, splits) if self.scorers else {}
        prediction = self._predicted(given, splits)
        if prediction is None:
            said = "says nothing that can be tested"
            return Judged(given, unit, {}, said, scorers=more)
        on_validation, on_test = prediction
        scores = numbers(on_validation, on_test, splits, seed=self.seed)
        status = "scored" if scores["correlation"] is not None else "insufficient held-out"
        controls = constant(scores)
        if status == "scored":
            own = value_of(scores, "correlation")
            assert own is not None
            controls |= self._shuffled(i, splits, own)
        names = self.reader.columns(given, "validation").names
        return Judged(given, unit, plain(scores), status, names, plain(controls), more)

    def _predicted(self, given: Given, splits: Splits) -> list[Prediction] | None:
        parts = []
        for name in ("validation", "test"):
            split = getattr(splits, name)
            kept = split.counted[split.windows.counted]  # where the unit reaches the output
            parts.append(self.reader.columns(given, name).values[:, kept])
        return fitted(parts, splits.validation.flat) if len(parts[0]) else None

    def _shuffled(self, i: int, splits: Splits, own: float) -> dict[str, Any]:
        """The unit under descriptions of other units of the file."""
        mine, own_unit = self.pairs[i]
        said = mine.description.casefold()
        others = [
            g for g, unit in self.pairs if unit != own_unit and g.description.casefold() != said
        ]
        if not others:
            return {}
        rng = np.random.default_rng([self.seed, i])
        truth, result = splits.test.flat, []
        for number in rng.choice(len(others), min(RIVALS, len(others)), replace=False):
            prediction = self._predicted(others[int(number)], splits)
            total = np.zeros(len(truth)) if prediction is None else prediction[1].total
            result.append(correlation(total, truth))
        beaten = sum(own > value for value in result)
        return {"shuffled": {"correlation": np.mean(result), "n": len(result), "beaten": beaten}}

    def _by_scorers(self, given: Given, unit: Unit, splits: Splits) -> dict[str, Any]:
        case = Case(
            given.description,
            splits,
            predictors=tuple(part.predictor for part in given.parts),
            target=self.bench.target,
            unit=unit,
        )
        result = score_all(case, self.panel, names=self.scorers, seed=self.seed)
        return plain({name: score.as_dict() for name, score in result.items()})


def _medians_of_scorers(judged: Sequence[Judged], seed: int) -> dict[str, Any]:
    names = list(dict.fromkeys(name for item in judged for name in item.scorers))
    result = {}
    for name in names:
        scores = [item.scorers[name] for item in judged if name in item.scorers]
        middle = median([score["value"] for score in scores], seed=seed)._asdict()
        failed, n = (sum(score[key] for score in scores) for key in ("failed", "n"))
        result[name] = {**middle, "questions": n, "unreadable": failed}
    return result
