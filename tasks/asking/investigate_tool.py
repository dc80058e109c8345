"""A whole investigation of one unit as one tool: the built-in planner, no language model.

1. The documents of explore are parted in two halves. The investigation sees the first alone, on a
   bench of its own, with evidence of its own.
2. Its description and its rival hypotheses are scored on the second half: correlation with an
   interval by bootstrap over documents. Several components are weighted on the first half.
3. Control, on texts: the mean activation of each token in the first half, as a prediction of the
   second: what token identity alone says.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...agent.budget import Budget
from ...agent.investigate import Investigation, investigate
from ...agent.planners.builtin.planner import BuiltinFactory
from ...tools.activations.agreement import HOLDS, interval
from ...tools.activations.records import Flat, flat
from ...tools.activations.unit_summary import token_means
from ...tools.data.windows import TokenWindows
from ...tools.errors import UsageError
from ...tools.evidence import Result
from ...tools.lab import Lab
from ...tools.memo import Memo
from ...tools.predicates import parse
from ...tools.registry import tool
from ...tools.render.text import number
from ...tools.statistics.association import pearson

_STEPS = 14
_SECONDS = 120.0
_EXCERPT = 300  # letters kept of each result of the investigation
_MEASURED = 8


class Score(NamedTuple):
    """How well something predicts the unit on the second half."""

    correlation: float | None
    interval: list[float] | None
    holds: int
    inside: float | None
    """Mean activation where it holds, and elsewhere."""
    outside: float | None


@tool(name="investigate_unit", needs=("open",))
def investigate_unit(lab: Lab, unit: str | None = None, *, seconds: float = _SECONDS) -> Result:
    """Investigates one unit from survey to description without a language model: searches
    hypotheses on half of the exploration corpus, writes texts that tell them apart, and scores
    what it concludes, and the rivals, on the other half, beside token identity.

    Args:
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        seconds: How long it may take at most, 10 to 600.
    """
    chosen = lab.chosen(unit)
    second = _second(lab)
    bench = Lab(
        lab.target,
        lab.explore.rows(~second),
        seed=lab.seed,
        memo=lab.memo.once("half of explore", Memo),
        reader=lab.reader,
    )
    budget = Budget(steps=_STEPS, tokens=None, seconds=min(max(seconds, 10.0), 600.0))
    factory = BuiltinFactory(lab.seed, effects=False)
    found = investigate(bench, chosen, factory, budget=budget)
    lab.meter.forward_tokens += bench.meter.forward_tokens
    rest = Lab(lab.target, lab.explore.rows(second), seed=lab.seed, meter=lab.meter)
    return _result(lab, found, bench, rest)


def _second(lab: Lab) -> np.ndarray:
    """bool `[row]`: the half of explore that scores, by document.

    Raises:
        UsageError: if there are too few documents to part.
    """
    _, document = np.unique(lab.explore.document, return_inverse=True)
    if document.max(initial=0) < 7:
        raise UsageError(
            "the exploration corpus has too few documents to search on one half and score on the "
            "other; use survey and exemplars"
        )
    return document // 2 % 2 == 1  # pairs stay together: the planner halves them again


def _result(lab: Lab, found: Investigation, bench: Lab, rest: Lab) -> Result:
    unit = bench.target.unit(found.unit)
    here, there = flat(bench, unit), flat(rest, unit)
    said = found.description
    predictors = [dict(one.predictor) for one in said.components]
    rng = lab.rng()
    halves = [_degrees(half, data, predictors) for half, data in ((bench, here), (rest, there))]
    scores = [_score(column, there, rest, rng) for column in halves[1]]
    whole = _score(_fitted(halves, here), there, rest, rng) if predictors else None
    rivals = [
        {
            "words": row["statement"],
            "predictor": row["predictor"],
            **_score(_degrees(rest, there, [row["predictor"]])[0], there, rest, rng)._asdict(),
        }
        for row in found.ledger
    ]
    data: dict[str, Any] = {
        "unit": found.unit,
        "status": found.status,
        "label": said.label,
        "reason": found.reason or said.reason,
        "confidence": said.confidence,
        "components": [
            {"words": one.words, "predictor": given, "sign": one.sign, **score._asdict()}
            for one, given, score in zip(said.components, predictors, scores, strict=True)
        ],
        "predictor": _joined(predictors),
        "whole": None if whole is None else whole._asdict(),
        "token_identity": _token_table(bench, here, rest, there),
        "rejected": [{"words": one.words, "reason": one.reason} for one in said.rejected],
        "rivals": rivals,
        "documents": int(np.unique(rest.explore.document).size),
        "places": int(there.values.size),
        "evidence": [
            {"id": one.id, "tool": one.tool, "text": one.text[:_EXCERPT]} for one in bench.evidence
        ],
        "measured": _measured(bench),
    }
    return Result(_text(data, len(bench.evidence)), data)


def _degrees(bench: Lab, data: Flat, predictors: Sequence[dict[str, Any]]) -> np.ndarray:
    """float64 `[predictor, place]`."""
    columns = [
        np.asarray(parse(one).evaluate(bench.explore), np.float64)[data.window, data.place]
        for one in predictors
    ]
    return np.stack(columns) if columns else np.zeros((0, data.values.size))


def _score(degrees: np.ndarray, data: Flat, bench: Lab, rng: np.random.Generator) -> Score:
    _, document = np.unique(bench.explore.document[data.window], return_inverse=True)
    inside = degrees >= HOLDS
    return Score(
        pearson(degrees, data.values),
        interval(degrees, data.values, document, rng),
        int(inside.sum()),
        float(data.values[inside].mean()) if inside.any() else None,
        float(data.values[~inside].mean()) if (~inside).any() else None,
    )


def _fitted(halves: Sequence[np.ndarray], here: Flat) -> np.ndarray:
    """All components together on the second half `[place]`, with weights from the first."""
    design = [np.vstack([half, np.ones(half.shape[1])]).T for half in halves]
    weights, *_ = np.linalg.lstsq(design[0], here.values.astype(np.float64), rcond=None)
    return design[1] @ weights


def _joined(predictors: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    if len(predictors) < 2:
        return predictors[0] if predictors else None
    return {"kind": "or", "of": list(predictors)}


def _token_table(bench: Lab, here: Flat, rest: Lab, there: Flat) -> float | None:
    """Correlation of each token's mean in the first half with the second; None for pictures."""
    if not isinstance(bench.explore, TokenWindows):
        return None
    ids = bench.explore.ids[here.window, here.place]
    asked = rest.explore.ids[there.window, there.place]
    return pearson(token_means(ids, here.values, asked), there.values)


def _measured(bench: Lab) -> list[dict[str, Any]]:
    """Written texts (or pictures) of the investigation at which the unit was strongest."""
    made = [item for one in bench.evidence for item in one.data.get("measured", ())]
    written = [item for item in made if "window" not in item]

    def peak(item: dict[str, Any]) -> float:
        return max((value for value in item["activations"] if value is not None), default=0.0)

    return sorted(written, key=peak, reverse=True)[:_MEASURED]


def _text(data: dict[str, Any], experiments: int) -> str:
    rows = [f"{data['unit']} ({data['status']}): {data['label']}"]
    if data["reason"]:
        rows.append(f"reason: {data['reason']}")
    whole, table = data["whole"], data["token_identity"]
    if whole is not None:
        control = "" if table is None else f"; token identity alone {number(table)}"
        rows.append(
            f"on {data['documents']} documents that it did not see ({data['places']} places): "
            f"correlation {_spread(whole)}{control}"
        )
    for one in data["components"]:
        rows.append(
            f"component: {one['words']}: correlation {_spread(one)}; it holds at {one['holds']} "
            f"places, mean {number(one['inside'])}; elsewhere {number(one['outside'])}"
        )
    rows += [f"rejected: {one['words']} ({one['reason']})" for one in data["rejected"]]
    rows += [f"rival: {one['words']}: correlation {_spread(one)}" for one in data["rivals"][:4]]
    confidence = data["confidence"]
    rows.append(
        f"{experiments} experiments on the other half"
        + ("" if confidence is None else f"; confidence of the planner {confidence:.2f}")
    )
    return "\n".join(rows)


def _spread(score: dict[str, Any]) -> str:
    span = score["interval"]
    between = f" [{number(span[0])}, {number(span[1])}]" if span else ""
    return f"{number(score['correlation'])}{between}"
