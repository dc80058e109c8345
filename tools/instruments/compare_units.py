"""Compares two units: do they go together, what is each active at alone, what do they write.

Numbers and controls are those of `co_activation`. Tokens that one likes and the other does not are
chosen on half of the documents; their means are given from the other half, in shares of each unit's
own maximum. On pictures those stand there that one likes more than the other.
"""

from typing import Any, NamedTuple

import numpy as np

from ..activations.co_activation import Together, together
from ..activations.records import full_scale, of_explore
from ..data.image_rows import ImageRows
from ..errors import UsageError
from ..evidence import Result
from ..lab import Lab
from ..lens.projection import vocabulary_projection
from ..models import Unit
from ..registry import tool
from ..render.picture_words import caption
from ..render.text import between, number, quoted

_TOKENS = 6
_LEAST = 2  # occurrences of a token in each half
_EXAMPLES = 3
_CLEAR = 0.05  # share of the maximum by which a token is liked more


class Liked(NamedTuple):
    """A token with its mean for both units on the half that did not choose it."""

    token: str
    first: float
    second: float
    places: int


@tool(needs=("inputs", "open"))
def compare_units(lab: Lab, first: str, second: str) -> Result:
    """Compares two units over the whole exploration corpus: how their activations correlate,
    beside pairs of other units of the same sites; where one is active without the other; tokens or
    pictures that each likes and the other does not; and whether they write the same into the
    output.

    Args:
        first: A unit, such as mlp.3/7 or conv.3/7.
        second: Another.
    """
    one, other = lab.target.unit(first), lab.target.unit(second)
    if one == other:
        raise UsageError(f"{one} is compared with itself; name two units")
    result = together(lab, one, other)
    pictures = isinstance(lab.explore, ImageRows)
    rows, data = (_pictures if pictures else _tokens)(lab, one, other)
    data = {"first": str(one), "second": str(other), **result.as_data(), **data}
    kind = "pictures" if pictures else "places"
    return Result("\n".join([*_together_lines(one, other, result, kind), *rows]), data)


def _together_lines(first: Unit, second: Unit, both: Together, kind: str) -> list[str]:
    """What was measured of both together, in a few lines."""
    rows = [
        f"{first} and {second}: activations correlate {number(both.correlation)}"
        f"{between(both.interval)}; more than {both.percentile:.1f}% of {both.pairs:,} pairs of "
        "other units of these sites",
        f"active at {both.both} {kind} both, {first} alone at {both.first_alone}, {second} "
        f"alone at {both.second_alone}; {both.shared} of the {both.tops} strongest windows are "
        f"the same ({number(both.expected)} by chance)",
    ]
    if both.cosine is not None:
        rows.append(
            f"cosine of what they write {number(both.cosine)}, more than "
            f"{number(both.cosine_percentile)}% of random pairs"
        )
    return rows


def _tokens(lab: Lab, one: Unit, other: Unit) -> tuple[list[str], dict[str, Any]]:
    """Tokens that each likes and the other does not, and what they write towards."""
    liked = _liked(lab, one, other)
    words = {str(unit): _words(lab, unit) for unit in (one, other)}
    rows = []
    for unit, tokens in ((one, liked[0]), (other, liked[1])):
        listed = ", ".join(_line(token, swap=unit == other) for token in tokens)
        rows.append(f"for {unit} rather than the other: {listed or 'no token clearly'}")
    for name, tokens in words.items():
        if tokens:
            rows.append(f"{name} writes towards " + " ".join(quoted(token) for token in tokens))
    return rows, {
        "tokens": {
            "first": [token._asdict() for token in liked[0]],
            "second": [token._asdict() for token in liked[1]],
        },
        "promotes": words,
        "measured": [entry for unit in (one, other) for entry in _strongest(lab, unit)],
    }


def _pictures(lab: Lab, one: Unit, other: Unit) -> tuple[list[str], dict[str, Any]]:
    """Pictures that each likes more than the other does."""
    explore: Any = lab.explore
    shares = {unit: lab.column(unit)[:, 0] / max(full_scale(lab, unit), 1e-12)
              for unit in (one, other)}  # fmt: skip
    rows, measured = [], []
    for unit, against in ((one, other), (other, one)):
        gap = shares[unit] - shares[against]
        gap = np.where(np.isfinite(gap), gap, -np.inf)
        for at in np.argsort(-gap, kind="stable")[:_EXAMPLES].tolist():
            if gap[at] > 0:
                measured.append(of_explore(lab, unit, at, source=f"more than {against}"))
                rows.append(
                    f"{unit} {number(float(shares[unit][at]))} of its maximum, {against} "
                    f"{number(float(shares[against][at]))} (window {at}): {caption(explore, at)}"
                )
    return rows, {"measured": measured}


def _liked(lab: Lab, first: Unit, second: Unit) -> tuple[list[Liked], list[Liked]]:
    """Tokens for the first rather than the second, and the reverse."""
    windows = lab.explore
    columns = [lab.column(unit) for unit in (first, second)]
    known = windows.counted & np.isfinite(columns).all(0)
    shares = [
        np.maximum(column, 0)[known] / max(full_scale(lab, unit), 1e-12)
        for column, unit in zip(columns, (first, second), strict=True)
    ]
    ids = windows.ids[known]
    size = int(ids.max(initial=-1)) + 1
    _, document = np.unique(windows.document[np.nonzero(known)[0]], return_inverse=True)
    halves = [document % 2 == 0, document % 2 == 1]
    count = [np.bincount(ids[half], minlength=size) for half in halves]
    means = [
        [np.bincount(ids[half], share[half], size) / np.maximum(n, 1) for share in shares]
        for half, n in zip(halves, count, strict=True)
    ]
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


def _line(liked: Liked, *, swap: bool) -> str:
    own, other = (liked.second, liked.first) if swap else (liked.first, liked.second)
    return f"{quoted(liked.token)} {number(own)} against {number(other)} (x{liked.places})"


def _words(lab: Lab, unit: Unit) -> list[str]:
    """Tokens that a unit's write vector favours, where it has one and there is a vocabulary."""
    try:
        written = vocabulary_projection(lab.target, unit.site, units=[unit.index], limit=_TOKENS)
    except UsageError:
        return []
    return [token for token, _ in written.tokens(0, bottom=unit.sign < 0)]


def _strongest(lab: Lab, unit: Unit) -> list[dict[str, Any]]:
    """The unit's strongest windows."""
    column = lab.column(unit)
    peaks = np.where(lab.explore.counted & np.isfinite(column), column, -np.inf).max(1)
    order = np.argsort(-peaks, kind="stable")[:_EXAMPLES].tolist()
    return [of_explore(lab, unit, at, source="top") for at in order if peaks[at] > 0]
