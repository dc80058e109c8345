"""Fits hypotheses beside a table of tokens: what each adds to what token identity says.

1. A shrunk table of token means and a weight of 0 or more for each hypothesis are learnt on half of
   explore's documents and read on the other, both ways (`activations/explained`).
2. R² of the table alone, of the hypotheses alone, and of both; how the weighted hypotheses go with
   the unit among places of the same token.
3. The gain of a hypothesis is the R² of all less that of all without it. Control: the hypothesis
   with its values at other places of the same tokens, in the order of the text, so that it says of
   tokens what it said and nothing of contexts.

Intervals are bootstraps over documents, without fitting anew. Our formulation.
"""

from typing import Any

import numpy as np

from ..activations.agreement import HOLDS, SameToken, means, stream
from ..activations.explained import Explained
from ..evidence import Result
from ..hypotheses.resolve import Hypothesis, resolve
from ..lab import Lab
from ..registry import tool
from ..render.text import number
from ..statistics.association import pearson
from ..statistics.bootstrap import Interval

_TURNS = 19


@tool(needs=("text",))
def fit(
    lab: Lab,
    hypotheses: list[str | dict[str, Any]] | None = None,
    lowering: list[str | dict[str, Any]] | None = None,
    unit: str | None = None,
) -> Result:
    """Weighs hypotheses beside a table of token means: what each explains that table and others do
    not, on documents that nothing was learnt from.

    Args:
        hypotheses: Ids (H1) or predictors; left out: all recorded.
        lowering: Those that lower the unit (sign -1 of a component), beside the others.
        unit: The unit, such as mlp.3/7; left out: the unit under study.

    Returns:
        r_squared {table, hypotheses, both: {value}}; tests [{id, weight, gain {value}, control [19
        numbers]}]
    """
    chosen = lab.chosen(unit)
    below = resolve(lab, lowering) if lowering else []
    named = {one.id for one in below}
    given = [one for one in resolve(lab, hypotheses) if one.id not in named] + below
    signs = [1] * (len(given) - len(below)) + [-1] * len(below)
    degrees = np.stack(
        [sign * one.evaluate(lab.explore) for sign, one in zip(signs, given, strict=True)]
    )
    explained = Explained.of(lab, chosen, degrees)
    rng = lab.rng()
    r_squared = {
        "table": explained.r_squared(explained.model(explained.columns[:0]).total),
        "hypotheses": explained.r_squared(explained.model(explained.columns, table=False).total),
        "both": explained.r_squared(explained.whole.total),
    }
    same_token = SameToken(lab.explore, explained.data, stream(lab))
    within = same_token.score(explained.whole.columns)
    tests = [_row(explained, one, i, signs[i], rng) for i, one in enumerate(given)]
    payload = {
        "unit": str(chosen),
        "hypotheses": [one.id for one in given],
        "r_squared": {name: value.as_dict() for name, value in r_squared.items()},
        "within": within.as_dict(),
        "tests": tests,
        "places": len(explained.values),
        "documents": explained.resampler.count,
    }
    shares = {name: f"{value.value:.3f} {_interval(value)}" for name, value in r_squared.items()}
    lines = [
        f"{chosen} over explore, {len(explained.values)} places of {explained.resampler.count} "
        "documents; learnt on half of the documents, read on the other. R2: token table "
        f"{shares['table']}, hypotheses {shares['hypotheses']}, both {shares['both']}."
    ]
    if within.correlation is not None:
        lines.append(
            f"The weighted hypotheses within tokens: correlation {within.correlation.value:.2f} "
            f"{_interval(within.correlation)} (a token table: 0)."
        )
    lines.append(
        "gain: R2 lost without it. A gain no larger than its control (the hypothesis at other "
        f"places of the same tokens, best of {_TURNS}) says nothing of context."
    )
    lines += map(_line, given, tests)
    return Result("\n".join(lines), payload)


def _row(
    explained: Explained, hypothesis: Hypothesis, i: int, sign: int, rng: np.random.Generator
) -> dict[str, Any]:
    """The numbers of one hypothesis; of one that lowers the unit the weight is below 0."""
    column = sign * explained.columns[i]
    weights = sign * explained.whole.weights[:, i]
    inside = means(explained.values, column >= HOLDS)
    return {
        "id": hypothesis.id,
        "english": hypothesis.english,
        "predictor": hypothesis.predicate.model_dump(),
        "correlation": pearson(column, explained.values),
        "holds": inside.holds,
        "mean_inside": inside.inside,
        "mean_outside": inside.outside,
        "weight": float(weights.mean()),
        "weights": weights.tolist(),
        "gain": explained.gain(i).as_dict(),
        "control": explained.turned_gains(i, _TURNS, rng),
    }


def _line(hypothesis: Hypothesis, row: dict[str, Any]) -> str:
    head = hypothesis.head
    if row["correlation"] is None:
        return f"{head}\n  {'holds everywhere' if row['holds'] else 'never holds'} on explore"
    if not row["weight"]:
        return f"{head}\n  weight 0: beside the others it adds nothing (n={row['holds']})"
    halves = ", ".join(number(weight) for weight in row["weights"])
    gain = row["gain"]
    return (
        f"{head}\n  weight {number(row['weight'])} (halves {halves}); gain {gain['value']:+.4f} "
        f"[{gain['low']:+.4f}, {gain['high']:+.4f}], control {max(row['control']):+.4f}; "
        f"n={row['holds']}"
    )


def _interval(value: Interval) -> str:
    return f"[{value.low:.2f}, {value.high:.2f}]"
