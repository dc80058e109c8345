"""The hypothesis ledger: how well each rival predicts what was measured, after every experiment.

1. A result with `measured` items of the unit under study adds their inputs. Windows of the
   explore split and written texts are kept apart: the first are what the unit meets, the second
   are chosen to separate rivals, and their scores must not be mixed. So are pictures of the
   explore split and pictures that were made.
2. Every hypothesis is evaluated on every input, those that came before it too.
3. Per kind of input: Pearson correlation of prediction and activation over the counted places,
   balanced accuracy and precision of `prediction > 0.5` against `activation > threshold`. The
   threshold is half of the mean of the top 0.1% of explore. (Balanced accuracy alone flatters
   a rule that is far too broad; precision shows it.)
4. A hypothesis is *tested* once a result arrived after it was recorded. A predictor that was
   given in the call of a test (`P1`) stood before that result, and has a row from there on.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from ..tools.activations.records import Rows, activity, inputs_of
from ..tools.evidence import Evidence
from ..tools.hypotheses.resolve import short
from ..tools.io.plain_text import clip
from ..tools.lab import Lab
from ..tools.models import Unit
from ..tools.predicates import parse
from ..tools.predicates.fields import answers

Kind = Literal["explore", "written"]
KINDS: tuple[Kind, ...] = ("explore", "written")
_INPUTS: tuple[tuple[Kind, str], ...] = (
    ("explore", "window"),
    ("written", "text"),
    ("written", "recipe"),
)
_NAMES: dict[Kind, str] = {"explore": "shown", "written": "written"}
_SHOWN = 6  # rows of the table that a planner sees
_WORDS = 60  # characters of a statement in the table


class Inputs(NamedTuple):
    """Inputs of one result, all of one kind."""

    kind: Kind
    windows: Rows
    measured: np.ndarray
    """float32 `[window, place]`, NaN where not counted."""


class Score(NamedTuple):
    """How well one hypothesis predicts one kind of input."""

    inputs: int
    correlation: float | None
    """None where the prediction or the activation is constant."""
    balanced: float | None
    """Balanced accuracy; None where there is no active or no inactive place."""
    precision: float | None = None
    """Share of the places predicted active that are; None where none is predicted."""


class Ledger:
    """The rivals of one investigation and their scores. `rows` is its plain JSON form."""

    def __init__(self, lab: Lab, unit: Unit) -> None:
        self._lab = lab
        self._unit = unit
        self._threshold: float | None = None
        self._groups: list[Inputs] = []
        self._seen: set[str] = set()
        self._predicted: dict[tuple[str, int], np.ndarray] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        text = lab.target.image is None
        self._words = ("explore windows", "texts") if text else ("explore pictures", "made ones")

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One row a hypothesis, in the order of recording.

        Keys: id, statement, english, predictor, recorded (evidence id), tested (ids of the results
        that came after it), explore and written (`Score` as a dict, or None), test (the last row of
        `test_hypotheses`), history (evidence id with the scores after it).
        """
        return [dict(row) for row in self._rows.values()]

    @property
    def threshold(self) -> float:
        """The activation above which a place counts as active."""
        if self._threshold is None:
            self._threshold = activity(self._lab.column(self._unit))
        return self._threshold

    def update(self, evidence: Iterable[Evidence]) -> bool:
        """Takes in results, in order; True if the ledger changed."""
        changed = False
        for result in evidence:
            if result.error is None:
                changed |= self._take(result)
        return changed

    def table(self) -> str:
        """The ledger as the planner sees it: a few short lines, best first."""
        if not self._rows:
            return ""
        counts = {kind: self._inputs(kind) for kind in KINDS}
        aurocs = {key: _within_auroc(row["test"]) for key, row in self._rows.items()}
        lines = [
            f"LEDGER (active > {self.threshold:.3g}; shown: {counts['explore']} {self._words[0]}; "
            f"written: {counts['written']} {self._words[1]}; all: explore)"
        ]
        for row in sorted(self._rows.values(), key=strength, reverse=True)[:_SHOWN]:
            said = clip(" ".join(str(row["statement"]).split()), _WORDS)
            parts = [f"{_NAMES[kind]} {_shown(row[kind])}" for kind in KINDS]
            test = row["test"]
            if test is None:
                parts.append("all ?")
            elif test.get("correlation") is not None:
                parts.append(f"all r {test['correlation']:.2f}{aurocs[row['id']]}")
            state = "" if row["tested"] else " UNTESTED"
            lines.append(f"{row['id']}{state} | {' | '.join(parts)} | {said}")
        if len(self._rows) > _SHOWN:
            lines.append(f"and {len(self._rows) - _SHOWN} weaker ones")
        return "\n".join(lines)

    def _inputs(self, kind: Kind) -> int:
        return sum(len(group.windows) for group in self._groups if group.kind == kind)

    def _take(self, result: Evidence) -> bool:
        changed = False
        if result.tool == "hypothesise":
            self._record(result.data, result.id)
            changed = True
        added = self._add(result.data.get("measured", ()))
        tests = {str(test.get("id")): dict(test) for test in result.data.get("tests", ())}
        about = result.data.get("unit", str(self._unit)) == str(self._unit)
        named = dict.fromkeys((*tests, *result.data.get("hypotheses", ()))) if about else ()
        given = [key for key in named if self._given(key)]
        for key in given:
            value = dict(self._lab.inline[key])
            words = short(parse(value).english(), _WORDS)
            row = {"id": key, "statement": words, "english": words, "predictor": value}
            self._record(row, result.id)
        for key, row in self._rows.items():
            if key in tests and about:
                row["test"] = {**(row["test"] or {}), **tests[key], "evidence": result.id}
            before = row["recorded"] != result.id or key in given
            if before and (added or (key in tests and about)):
                row["tested"] = [*row["tested"], result.id]
                changed = True
        if added or changed:
            self._score(result.id)
        return changed or added

    def _given(self, key: str) -> bool:
        """Whether this is a predictor that was given in a call and has no row yet."""
        return key in self._lab.inline and key not in self._rows

    def _record(self, data: Mapping[str, Any], evidence: str) -> None:
        """A new row; one of the same predictor without a record of its own goes up in it."""
        row = {
            "id": data["id"],
            "statement": data["statement"],
            "english": data["english"],
            "predictor": data["predictor"],
            "recorded": evidence,
            "tested": [],
            "explore": None,
            "written": None,
            "test": None,
            "history": [],
        }
        for key in [k for k in self._rows if self._rows[k]["predictor"] == data["predictor"]]:
            old = self._rows.pop(key)
            row |= {name: old[name] for name in ("tested", "test", "history")}
        self._rows[str(data["id"])] = row

    def _add(self, measured: Sequence[Mapping[str, Any]]) -> bool:
        """Adds the inputs that are new; True if there were any of this unit."""
        mine = [item for item in measured if item.get("unit") == str(self._unit)]
        fresh = []
        for item in mine:
            key = json.dumps([item.get(name) for _, name in _INPUTS], sort_keys=True)
            if key not in self._seen:
                self._seen.add(key)
                fresh.append(item)
        self._groups.extend(measured_inputs(self._lab, fresh))
        return bool(mine)

    def _score(self, after: str) -> None:
        for key, row in self._rows.items():
            predicate = parse(row["predictor"])
            if predicate.sampled:  # only test_hypotheses asks a language model for a sample
                continue
            for number, group in enumerate(self._groups):
                if (key, number) not in self._predicted and answers(predicate, group.windows):
                    value = np.asarray(predicate.evaluate(group.windows), np.float32)
                    self._predicted[key, number] = value[~np.isnan(group.measured)]
            for kind in KINDS:
                chosen = [
                    n
                    for n, group in enumerate(self._groups)
                    if group.kind == kind and (key, n) in self._predicted
                ]
                if not chosen:
                    continue
                measured = [self._groups[n].measured for n in chosen]
                score = compare(
                    np.concatenate([self._predicted[key, n] for n in chosen]),
                    np.concatenate([values[~np.isnan(values)] for values in measured]),
                    self.threshold,
                    self._inputs(kind),
                )
                row[kind] = score._asdict()
            if self._groups:
                entry = {"evidence": after, **{kind: row[kind] for kind in KINDS}}
                row["history"] = [*row["history"], entry]


def compare(predicted: np.ndarray, measured: np.ndarray, threshold: float, inputs: int) -> Score:
    """Scores predictions in 0..1 against activations; both `[place]`."""
    correlation = balanced = None
    if measured.size > 1 and predicted.std() > 1e-9 and measured.std() > 1e-9:
        correlation = round(float(np.corrcoef(predicted, measured)[0, 1]), 4)
    active, said = measured > threshold, predicted > 0.5
    if active.any() and not active.all():
        balanced = round(float(said[active].mean() + (~said[~active]).mean()) / 2, 4)
    precision = round(float(active[said].mean()), 4) if said.any() else None
    return Score(inputs, correlation, balanced, precision)


def strength(row: Mapping[str, Any]) -> float:
    """Orders rivals: how well a row predicts, over all that it was tested on; -1 for nothing."""
    known = []
    for kind in KINDS:
        score = row[kind]
        if score is not None:
            fit = [
                score["correlation"],
                None if score["balanced"] is None else 2 * score["balanced"] - 1,
            ]
            fit = [value for value in fit if value is not None]
            known.append(sum(fit) / len(fit) if fit else 0.0)
    if row["test"] is not None:
        known.append(row["test"].get("correlation") or 0.0)
    return sum(known) / len(known) if known else -1.0


def whole(lab: Lab, unit: Unit, predictor: Mapping[str, Any]) -> float | None:
    """Correlation of a predictor with the unit over all of explore; None without variance, and
    where a language model would be asked everywhere."""
    if parse(predictor).sampled:
        return None
    column = lab.column(unit)
    counted = np.isfinite(column)
    predicted = np.asarray(parse(predictor).evaluate(lab.explore), np.float32)
    return compare(predicted[counted], column[counted], activity(column), len(column)).correlation


def those_tested(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Copies of the hypotheses that an experiment was made on after they were recorded."""
    return [dict(row) for row in rows if row["tested"]]


def measured_inputs(lab: Lab, measured: Iterable[Mapping[str, Any]]) -> list[Inputs]:
    """The inputs behind `measured` items with their activations."""
    found = []
    for kind, name in _INPUTS:
        items = [item for item in measured if name in item]
        if items:
            windows = inputs_of(lab, items)
            values = activations_of(windows, items).astype(np.float32)
            found.append(Inputs(kind, windows, values))
    return found


def activations_of(windows: Rows, items: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Activations of measured items, `[window, place]`, NaN where not counted."""
    out = np.full(windows.ids.shape, np.nan)  # [window, place]
    for row, item in enumerate(items):
        values = [np.nan if v is None else float(v) for v in item["activations"]]
        places = np.flatnonzero(windows.attended[row])[: len(values)]
        out[row, places] = values[: len(places)]
    return np.where(windows.counted, out, np.nan)


def _within_auroc(test: Mapping[str, Any] | None) -> str:
    """How a tested row ranks places of the same token; empty where that is not known."""
    auroc = ((test or {}).get("within") or {}).get("auroc")
    return f" w {auroc['value']:.2f}" if auroc else ""


def _shown(score: Mapping[str, Any] | None) -> str:
    if score is None:
        return "-"
    scores = [
        f"{name} {score[key]:.2f}"
        for name, key in (("r", "correlation"), ("b", "balanced"), ("p", "precision"))
        if score[key] is not None
    ]
    return " ".join(scores) or "-"
