"""Compares two units: do they go together, what is each active at alone, what do they write.

Numbers and controls are those of `co_activation`. Tokens that one likes and the other does not are
chosen on half of the documents; their means are given from the other half, in shares of each unit's
own maximum.
"""

from typing import Any, NamedTuple

import numpy as np

from ..activations.co_activation import Together, as_data, together
from ..activations.records import full_scale, item
from ..errors import UsageError
from ..evidence import Result
from ..lab import Lab
from ..lens.projection import vocabulary_projection
from ..models import Unit
from ..registry import tool
from ..render.text import number, quoted

_TOKENS = 6
_LEAST = 2  # occurrences of a token in each half
_WINDOWS = 3
_CLEAR = 0.05  # share of the maximum by which a token is liked more


class Liked(NamedTuple):
    """A token with its mean for both units on the half that did not choose it."""

    token: str
    first: float
    second: float
    places: int


@tool(needs=("text", "open"))
def compare_units(lab: Lab, first: str, second: str) -> Result:
    """Compares two units over the whole exploration corpus: how their activations correlate,
    beside pairs of other units of the same sites; where one is active without the other; tokens
    that each likes and the other does not; and whether they write the same into the output.

    Args:
        first: A unit, such as mlp.3/7.
        second: Another.
    """
    one, other = pair(lab, first, second)
    found = together(lab, one, other)
    liked = _liked(lab, one, other)
    words = {str(unit): _words(lab, unit) for unit in (one, other)}
    data = {
        "first": str(one),
        "second": str(other),
        **as_data(found),
        "tokens": {
            "first": [item._asdict() for item in liked[0]],
            "second": [item._asdict() for item in liked[1]],
        },
        "promotes": words,
        "measured": [entry for unit in (one, other) for entry in _measured(lab, unit)],
    }
    rows = co_text(one, other, found, "places")
    for unit, tokens in ((one, liked[0]), (other, liked[1])):
        said = ", ".join(_said(token, swap=unit == other) for token in tokens)
        rows.append(f"for {unit} rather than the other: {said or 'no token clearly'}")
    for name, tokens in words.items():
        if tokens:
            rows.append(f"{name} writes towards " + " ".join(quoted(token) for token in tokens))
    return Result("\n".join(rows), data)


def pair(lab: Lab, first: str, second: str) -> tuple[Unit, Unit]:
    """Two different units.

    Raises:
        UsageError: if they are one, or the target does not have them.
    """
    one, other = lab.target.unit(first), lab.target.unit(second)
    if one == other:
        raise UsageError(f"{one} is compared with itself; name two units")
    return one, other


def co_text(first: Unit, second: Unit, found: Together, places: str) -> list[str]:
    """What was measured of both together, in a few lines."""
    span = found.interval
    between = f" [{number(span[0])}, {number(span[1])}]" if span else ""
    rows = [
        f"{first} and {second}: activations correlate {number(found.correlation)}{between}; more "
        f"than {found.percentile:.1f}% of {found.pairs:,} pairs of other units of these sites",
        f"active at {found.both} {places} both, {first} alone at {found.first_alone}, {second} "
        f"alone at {found.second_alone}; {found.shared} of the {found.tops} strongest windows are "
        f"the same ({number(found.expected)} by chance)",
    ]
    if found.cosine is not None:
        rows.append(
            f"cosine of what they write {number(found.cosine)}, more than "
            f"{number(found.cosine_percentile)}% of random pairs"
        )
    return rows


def _liked(lab: Lab, first: Unit, second: Unit) -> tuple[list[Liked], list[Liked]]:
    """Tokens for the first rather than the second, and the reverse."""
    windows = lab.explore
    known = windows.counted.copy()
    shares = []
    for unit in (first, second):
        column = lab.column(unit)
        known &= np.isfinite(column)
        shares.append(np.maximum(column, 0) / max(full_scale(lab, unit), 1e-12))
    ids = windows.ids[known]
    size = int(ids.max(initial=-1)) + 1
    _, document = np.unique(windows.document[np.nonzero(known)[0]], return_inverse=True)
    count, means = [], []
    for part in (document % 2 == 0, document % 2 == 1):
        many = np.bincount(ids[part], minlength=size)
        count.append(many)
        means.append(
            [np.bincount(ids[part], s[known][part], size) / np.maximum(many, 1) for s in shares]
        )
    often = (count[0] >= _LEAST) & (count[1] >= _LEAST)
    gap = np.where(often, means[0][0] - means[0][1], 0.0)  # [token], chosen on the first half

    def best(gain: np.ndarray) -> list[Liked]:
        order = [int(at) for at in np.argsort(-gain, kind="stable")[:_TOKENS] if gain[at] > _CLEAR]
        return [
            Liked(
                windows.vocabulary[at],
                float(means[1][0][at]),
                float(means[1][1][at]),
                int(count[1][at]),
            )
            for at in order
        ]

    return best(gap), best(-gap)


def _said(liked: Liked, *, swap: bool) -> str:
    own, other = (liked.second, liked.first) if swap else (liked.first, liked.second)
    return f"{quoted(liked.token)} {number(own)} against {number(other)} (x{liked.places})"


def _words(lab: Lab, unit: Unit) -> list[str]:
    """Tokens that a unit's write vector favours, where it has one and there is a vocabulary."""
    try:
        found = vocabulary_projection(lab.target, unit.site, units=[unit.index], many=_TOKENS)
    except UsageError:
        return []
    return [token for token, _ in found.tokens(0, bottom=unit.sign < 0)]


def _measured(lab: Lab, unit: Unit) -> list[dict[str, Any]]:
    """The unit's strongest windows."""
    column = lab.column(unit)
    peaks = np.where(lab.explore.counted & np.isfinite(column), column, -np.inf).max(1)
    order = np.argsort(-peaks, kind="stable")[:_WINDOWS].tolist()
    return [
        item(unit, lab.explore, at, column[at], source="top", window=at)
        for at in order
        if peaks[at] > 0
    ]
