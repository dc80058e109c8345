"""Looks at what a table of tokens and hypotheses leave: what goes with it, and where it is largest.

1. The residual is the unit less the shrunk table and the weighted hypotheses, both learnt on the
   other half of explore's documents (`activations/explained`).
2. Groups of places whose residuals are not 0 on average (`activations/group_search`): tokens,
   words, words around, documents. For words around and documents the residual is taken less the
   mean of its token, so that what is left of tokens is not told again.
3. Controls, each the same search: for tokens and words, the residuals of each document times 1 or
   -1 at random; for the rest, residuals at other places of the same tokens (`rotated`).

Our formulation.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np

from ..activations.explained import Explained
from ..activations.group_search import DRAWS, MAX_P, Scored, group_search
from ..activations.groupings import NEAR, around, documents, tokens, words
from ..activations.records import activity, of_explore
from ..activations.shown_places import place_line, ranked
from ..data.windows import TokenWindows
from ..evidence import Result
from ..hypotheses.resolve import resolve
from ..lab import Lab
from ..registry import UpTo, tool
from ..render.text import MARKS, STARTS, marks_key, number, quoted
from ..statistics.permutation import rotated

_KEPT, _SHOWN = 12, 4
"""Groups of either side in the payload, and in the text."""
_LEAST_SHARE = 2e-3
"""Of what is left; groups with less are not worth a planner's words."""


@tool(needs=("text",))
def residual(
    lab: Lab,
    hypotheses: list[str | dict[str, Any]] | None = None,
    unit: str | None = None,
    *,
    examples: Annotated[int, UpTo(8, 0)] = 3,
) -> Result:
    """Shows what a table of token means and the hypotheses leave: tokens, words, words around and
    documents that are under- or over-predicted, beside chance; places with the largest errors.

    Args:
        hypotheses: Ids (H1) or predictors; left out: all recorded.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        examples: Places of each kind.

    Returns:
        groups {kind: {under, over [{name, mean, z, n}]}}; measured
    """
    chosen = lab.chosen(unit)
    given = resolve(lab, hypotheses) if hypotheses or lab.hypotheses else []
    shape = (len(given), *lab.explore.ids.shape)
    degrees = np.array([one.evaluate(lab.explore) for one in given]).reshape(shape)
    explained = Explained.of(lab, chosen, degrees)
    predicted = explained.whole.total
    left = explained.values - predicted
    searched = _searched(lab, explained, left)
    places = _places(lab, explained, left, examples)
    payload = {
        "unit": str(chosen),
        "hypotheses": [one.id for one in given],
        "r_squared": explained.r_squared(predicted).as_dict(),
        "sd": float(left.std()),
        "documents": explained.resampler.count,
        "groups": {name: _as_data(scored) for name, scored in searched.items()},
        "measured": [
            of_explore(lab, chosen, *row, source=source, predicted=float(predicted[i]))
            for source, found in places.items()
            for i in found
            for row in [(int(explained.data.window[i]), int(explained.data.place[i]))]
        ],
    }
    lines = [
        _head(explained, payload),
        "Groups (mean residual, z, share of the squares left, places/documents) beyond every z of "
        f"{DRAWS} searches by chance; + is more active than predicted:",
        *_groups(searched),
    ]
    if any(places.values()):
        lines.append(f"Places{marks_key(lab, MARKS, STARTS)}:")
    for source, found in places.items():
        for i in found:
            beside = f"predicted {number(float(predicted[i]))}; "
            lines.append(f"{source}: {place_line(lab, chosen, explained.data, i, beside)}")
    return Result("\n".join(lines), payload)


def _head(explained: Explained, payload: dict[str, Any]) -> str:
    """What was taken out, and how much is left."""
    r_squared, ids = payload["r_squared"], payload["hypotheses"]
    return (
        f"{payload['unit']} over explore, less the token table{' and ' if ids else ''}"
        f"{', '.join(ids)}, learnt on half of {payload['documents']} documents and read on the "
        f"other: R2 {r_squared['value']:.3f} [{r_squared['low']:.2f}, {r_squared['high']:.2f}]; sd "
        f"{number(payload['sd'])} is left of {number(float(explained.values.std()))}."
    )


def _as_data(scored: Scored) -> dict[str, Any]:
    """One kind of groups for the payload."""
    return {
        "control": scored.control,
        "groups": len(scored.names),
        "under": scored.rows(_KEPT, above=True),
        "over": scored.rows(_KEPT, above=False),
    }


def _searched(lab: Lab, explained: Explained, left: np.ndarray) -> dict[str, Scored]:
    """The groups of each kind with their scores."""
    windows, data = lab.explore, explained.data
    assert isinstance(windows, TokenWindows)
    token, document = np.unique(explained.token, return_inverse=True)[1], explained.document
    centred = left - (np.bincount(token, left) / np.bincount(token))[token]

    def flipped(rng: np.random.Generator) -> Iterator[np.ndarray]:
        for _ in range(DRAWS):
            yield left * rng.choice([-1.0, 1.0], explained.resampler.count)[document]

    def turned(rng: np.random.Generator) -> Iterator[np.ndarray]:
        for _ in range(DRAWS):
            yield centred[rotated(token, rng)]

    near = around(windows, data)
    if lab.target.kind != "causal":
        near |= around(windows, data, after=True)
    out = {}
    for name, grouping in (("token", tokens(windows, data)), ("word", words(windows, data))):
        out[name] = group_search(grouping, left, document, flipped(lab.rng(name)))
    for name, grouping in near.items():
        out[f"word {name}"] = group_search(grouping, centred, document, turned(lab.rng(name)))
    block = data.window.astype(np.int64) * windows.ids.shape[1] + data.place // NEAR
    block = np.unique(block, return_inverse=True)[1]  # in a document, stretches are the draws
    out["document"] = group_search(
        documents(windows, data), centred, block, turned(lab.rng("document"))
    )
    return out


def _places(lab: Lab, explained: Explained, left: np.ndarray, n: int) -> dict[str, list[int]]:
    """Where the error is largest in both directions, and places of middle activation at random."""
    data, bar = explained.data, activity(explained.data.values)
    middle = (data.values > bar / 2) & (data.values <= bar)
    drawn = lab.rng("middle").random(len(left))
    return {
        "under-predicted": ranked(lab, data, np.where(left > 0, left, -np.inf), n),
        "over-predicted": ranked(lab, data, np.where(left < 0, -left, -np.inf), n),
        "middle": ranked(lab, data, np.where(middle, drawn, -np.inf), n),
    }


def _groups(searched: dict[str, Scored]) -> list[str]:
    """A line for each kind of groups, and one for those of which there are none."""
    lines, none = [], []
    for name, scored in searched.items():
        known = [
            f"{quoted(row['name'])} {row['mean']:+.2g} z {row['z']:.1f} {row['share']:.1%} "
            f"{row['n']}" + ("" if name == "document" else f"/{row['documents']}")
            for above in (True, False)
            for row in scored.rows(_SHOWN, above=above)
            if row["p"] < MAX_P + 1e-9 and row["share"] >= _LEAST_SHARE
        ]
        if known:
            control = f"{name} (by chance up to {scored.control:.1f}, of {len(scored.names)})"
            lines.append(f"  {control}: {', '.join(known)}")
        else:
            none.append(name)
    return [*lines, *([f"  none by {', '.join(none)}"] if none else [])]
