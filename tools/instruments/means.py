"""Tables of explore: mean activations by token, word, token beside, document or hypothesis.

1. Groups of places, each with its mean, its number of places and its share of the positive
   activation. Groups are ranked by means drawn towards one (`statistics/shrunk_table`), so that a
   group of one place does not stand first by luck.
2. The share of variance that the grouping explains: means of one half of the documents read on the
   other, both ways; for documents, means of the first half of each read on its second, and back.
   Control: the same with groups at random.
3. For hypotheses the groups are who holds: the mean where each does, and for each two where both
   do, one alone, neither, with intervals by bootstrap over documents.
"""

from functools import partial
from itertools import combinations
from typing import Annotated, Any, Literal

import numpy as np

from ..activations.agreement import HOLDS
from ..activations.explained import Explained
from ..activations.groupings import Grouping, beside, documents, tokens, words
from ..errors import UsageError
from ..evidence import Result
from ..hypotheses.resolve import resolve
from ..lab import Lab
from ..models import Unit
from ..registry import UpTo, tool
from ..render.text import between, number, quoted
from ..statistics.bootstrap import interval, of_variance
from ..statistics.shrunk_table import crossed, shrunk_table

_GROUPINGS = {
    "token": tokens,
    "word": words,
    "previous": partial(beside, step=-1),
    "next": partial(beside, step=1),
    "document": documents,
}
_NAMES = {"previous": "previous token", "next": "next token"}
_PAIRED = 4
"""Hypotheses of which all pairs are shown."""


@tool(needs=("text",), rare=True)
def means(
    lab: Lab,
    of: Literal["token", "word", "previous", "next", "document", "hypothesis"] = "token",
    unit: str | None = None,
    *,
    n: Annotated[int, UpTo(40)] = 10,
    hypotheses: list[str | dict[str, Any]] | None = None,
) -> Result:
    """Mean activations by token, word, previous or next token, document, or by which hypotheses
    hold, and how much of the variance that explains.

    Args:
        of: What places are grouped by.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        n: Highest and lowest groups to list.
        hypotheses: Ids (H1) or predictors; left out: all recorded.

    Returns:
        variance; highest, lowest [{name, mean, n}]; of hypotheses: each [{id, holds, elsewhere}]
    """
    chosen = lab.chosen(unit)
    if of == "hypothesis":
        return _by_hypothesis(lab, chosen, hypotheses)
    if of == "next" and lab.target.kind == "causal":
        raise UsageError("a causal model has not read the next token; use previous")
    explained = Explained.of(lab, chosen, np.zeros((0, *lab.explore.ids.shape)))
    grouping = _GROUPINGS[of](lab.explore, explained.data)
    group = np.full(len(explained.values), -1)  # -1: in no word
    group[grouping.place] = grouping.group
    rows = _rows(grouping, explained.values[grouping.place])
    variance = _variance(lab, explained, group, by_place=of == "document")
    highest, lowest = rows[:n], rows[max(n, len(rows) - n) :][::-1]
    lines = [
        f"{_head(chosen, explained)} {len(rows)} {_NAMES.get(of, of)}s. "
        f"{_explained(variance, f'{_NAMES.get(of, of)} means')}",
        f"highest (mean xplaces, share of positive activation): {_listed(highest)}; together "
        f"{sum(row['mass'] for row in highest):.0%}",
        *([f"lowest: {_listed(lowest, mass=False)}"] if lowest else []),
    ]
    payload = {
        "unit": str(chosen),
        "of": of,
        "groups": len(rows),
        "variance": variance,
        "highest": highest,
        "lowest": lowest,
    }
    return Result("\n".join(lines), payload)


def _rows(grouping: Grouping, values: np.ndarray) -> list[dict[str, Any]]:
    """All groups, by falling drawn mean; `values` is `[entry]`."""
    table = shrunk_table(grouping.group, values)
    mass = np.maximum(values, 0)
    share = np.bincount(grouping.group, mass)[table.keys] / max(mass.sum(), 1e-30)
    mean = np.bincount(grouping.group, values)[table.keys] / table.counts
    return [
        {
            "name": grouping.names[int(table.keys[i])],
            "mean": float(mean[i]),
            "n": int(table.counts[i]),
            "mass": float(share[i]),
        }
        for i in np.argsort(-table.means, kind="stable")
    ]


def _by_hypothesis(lab: Lab, unit: Unit, hypotheses: list[Any] | None) -> Result:
    given = resolve(lab, hypotheses)
    explained = Explained.of(lab, unit, np.stack([one.evaluate(lab.explore) for one in given]))
    holds = explained.columns >= HOLDS
    _, group = np.unique(holds, axis=1, return_inverse=True)
    variance = _variance(lab, explained, group.ravel())
    each = [
        {"id": one.id, "holds": _cell(explained, held), "elsewhere": _cell(explained, ~held)}
        for one, held in zip(given, holds, strict=True)
    ]
    pairs = [
        {"ids": [given[i].id, given[j].id], **_cells(explained, holds[i], holds[j])}
        for i, j in combinations(range(len(given)), 2)
    ]
    payload = {
        "unit": str(unit),
        "of": "hypothesis",
        "hypotheses": [one.id for one in given],
        "variance": variance,
        "each": each,
        "pairs": pairs,
    }
    lines = [f"{_head(unit, explained)} {_explained(variance, 'these means')}"]
    lines += [
        f"{one.id} holds: {_mean(row['holds'])}; elsewhere {_mean(row['elsewhere'])}: {one.brief}"
        for one, row in zip(given, each, strict=True)
    ]
    return Result("\n".join([*lines, *_pairs(pairs, {one.id for one in given[:_PAIRED]})]), payload)


def _cells(explained: Explained, one: np.ndarray, other: np.ndarray) -> dict[str, Any]:
    """The means by which of two predictors hold; both bool `[place]`."""
    parts = {"both": one & other, "first": one & ~other, "second": other & ~one}
    parts["neither"] = ~one & ~other
    return {name: _cell(explained, where) for name, where in parts.items()}


def _pairs(pairs: list[dict[str, Any]], first: set[str]) -> list[str]:
    """The pairs of the first hypotheses, a line each."""
    shown = [row for row in pairs if first.issuperset(row["ids"])]
    lines = [
        f"{one} and {other}: {_mean(row['both'])}; {one} alone {_mean(row['first'])}; {other} "
        f"alone {_mean(row['second'])}; neither {_mean(row['neither'])}"
        for row in shown
        for one, other in [row["ids"]]
    ]
    more = f"Pairs of the first {_PAIRED} hypotheses; ask for others by id."
    return lines if len(shown) == len(pairs) else [*lines, more]


def _variance(
    lab: Lab, explained: Explained, group: np.ndarray, *, by_place: bool = False
) -> dict[str, Any]:
    """Share of variance that a grouping explains, out of fold, with its control."""
    half = explained.half
    if by_place:
        _, start, size = np.unique(explained.document, return_index=True, return_counts=True)
        i = np.arange(len(group)) - start[explained.document]  # documents stand in order
        half = i >= size[explained.document] / 2
    control = lab.rng().permutation(group)
    own, chance = (
        np.square(explained.values - crossed(each, explained.values, half))
        for each in (group, control)
    )
    share = 1 - of_variance(explained.resampler, own, explained.values)
    by_chance = 1 - chance.mean() / explained.values.var()
    return interval(share).as_dict(control=float(by_chance))


def _cell(explained: Explained, where: np.ndarray) -> dict[str, Any]:
    """The mean at some places, with its interval."""
    n = int(where.sum())
    if not n:
        return {"n": 0, "mean": None, "interval": None}
    sums = explained.resampler.sums(explained.values * where, where.astype(float))
    mean = sums[:, 0] / np.where(sums[:, 1] > 0, sums[:, 1], np.nan)
    value = interval(mean)
    return {"n": n, "mean": value.value, "interval": [value.low, value.high]}


def _head(unit: Unit, explained: Explained) -> str:
    return (
        f"{unit} over explore: {len(explained.values)} places, {explained.resampler.count} "
        f"documents, mean {number(float(explained.values.mean()))}, sd "
        f"{number(float(explained.values.std()))};"
    )


def _explained(variance: dict[str, Any], what: str) -> str:
    return (
        f"{what[0].upper()}{what[1:]} explain {variance['value']:.1%} "
        f"[{variance['low']:.1%}, {variance['high']:.1%}] of variance, cross-fitted (groups at "
        f"random: {variance['control']:.1%})."
    )


def _mean(cell: dict[str, Any]) -> str:
    return f"{number(cell['mean'])}{between(cell['interval'])} (n={cell['n']})"


def _listed(rows: list[dict[str, Any]], *, mass: bool = True) -> str:
    return ", ".join(
        f"{quoted(row['name'])} {number(row['mean'])} x{row['n']}"
        + (f" {row['mass']:.1%}" if mass else "")
        for row in rows
    )
