"""Exemplars of a unit: the windows of explore where it is most active, or in a band, or hardly.

top        the windows with the highest peaks
quantile   one window from each of `many` equal bands between 0 and the maximum
low        windows that hold the tokens or the words of the top exemplars, or other forms of those
           words, and where the unit stays low
"""

from typing import Annotated, Any, Literal

import numpy as np

from ..activations.records import Flat, activity, flat, full_scale, item
from ..english.inflection import forms
from ..evidence import Result
from ..lab import Lab
from ..models import Unit
from ..registry import UpTo, tool
from ..render.text import MARKS, STARTS, number, snippet


@tool(needs=("text",))
def exemplars(
    lab: Lab,
    unit: str | None = None,
    *,
    kind: Literal["top", "quantile", "low"] = "top",
    many: Annotated[int, UpTo(24)] = 8,
    skip: int = 0,
) -> Result:
    """Shows windows of explore with the unit's activations marked.

    The place shown stands in «», {2} to {9} behind a token is its strength in tenths of the
    maximum, ^ is where a window begins.

    Args:
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        kind: top: highest peaks. quantile: bands from high to low. low: the words and tokens of the
            top ones where the unit stays low.
        many: How many windows.
        skip: For top and low: leave out so many first.
    """
    chosen = lab.chosen(unit)
    scale = full_scale(lab, chosen)
    column = lab.column(chosen)
    if scale <= 0:
        return Result(
            f"{chosen} was never above 0 on explore: it has no exemplars.",
            {"unit": str(chosen), "kind": kind, "measured": []},
        )
    pick = {"top": top_places, "quantile": quantile_places, "low": low_places}[kind]
    found = pick(lab, chosen, many, skip)
    measured: list[dict[str, Any]] = []
    rows: list[str] = []
    for number_, (window, place) in enumerate(found, 1):
        values = column[window]
        measured.append(
            item(
                chosen,
                lab.explore,
                window,
                values,
                source=kind,
                window=window,
                place=place,
                peak=float(values[place]),
            )
        )
        shown = snippet(lab.explore, window, values, scale=scale, place=place, edge=True)
        rows.append(f"{number_}. {number(float(values[place]))} (window {window}): {shown}")
    head = f"{chosen}, {kind} exemplars; activation at «» (max {number(scale)}; {MARKS}; {STARTS}):"
    if rows and len(rows) < many:
        rows.append(f"only {len(rows)} such exist" if not skip else "there are no further ones")
    elif rows and kind != "quantile":
        rows.append(f"further ones: skip={skip + many}")
    if not rows:
        head = f"{chosen}: explore has no further {kind} exemplars."
        if kind == "low" and not skip:
            head = f"{chosen}: the words of its top exemplars are never low."
    return Result(
        "\n".join([head, *rows]), {"unit": str(chosen), "kind": kind, "measured": measured}
    )


def top_places(lab: Lab, unit: Unit, many: int, skip: int = 0) -> list[tuple[int, int]]:
    """`(window, place)` of the highest peaks, one a window, texts around the peak all different."""
    column = np.where(lab.explore.counted, lab.column(unit), np.nan)
    peaks = np.where(np.isfinite(column), column, -np.inf)  # [window, place]
    place = peaks.argmax(1)
    height = peaks[np.arange(len(peaks)), place]
    order = np.argsort(-height, kind="stable")
    out: list[tuple[int, int]] = []
    seen: set[tuple[int, ...]] = set()
    for window in order:
        if height[window] <= 0 or len(out) >= many + skip:
            break
        at = int(place[window])
        near = tuple(lab.explore.ids[window, max(0, at - 5) : at + 1].tolist())
        if near not in seen:
            seen.add(near)
            out.append((int(window), at))
    return out[skip:]


def quantile_places(lab: Lab, unit: Unit, many: int, skip: int = 0) -> list[tuple[int, int]]:
    """One place from each of `many` equal bands of activation, highest first, windows differ."""
    data = flat(lab, unit)
    rng = lab.rng()
    edges = np.linspace(0, data.values.max(), many + 1)
    out: list[tuple[int, int]] = []
    used: set[int] = set()
    for band in range(many - 1, -1, -1):
        inside = np.flatnonzero((data.values > edges[band]) & (data.values <= edges[band + 1]))
        for at in rng.permutation(inside):
            window = int(data.window[at])
            if window not in used:
                used.add(window)
                out.append((window, int(data.place[at])))
                break
    return out


def low_places(lab: Lab, unit: Unit, many: int, skip: int = 0) -> list[tuple[int, int]]:
    """Places with tokens, words or word forms of the top exemplars where the unit is not active.

    A word is as high as its highest token. Those below a tenth of the maximum come first, and among
    them those of the strongest exemplars; the same word comes again only after the others.
    """
    data = flat(lab, unit)
    explore = lab.explore
    token, word = explore.ids[data.window, data.place], explore.word[data.window, data.place]
    rank, name = _related(lab, top_places(lab, unit, 24), token, word)
    height = _word_height(lab, data)
    maximum = float(data.values.max())
    bar = min(activity(data.values), 0.5 * maximum)
    low = np.flatnonzero((rank < _UNRELATED) & (height <= bar) & (data.values < 0.5 * maximum))
    low = lab.rng().permutation(low)
    low = low[np.lexsort((rank[low], height[low] >= 0.1 * maximum))]
    used: set[int] = set()
    times: dict[int, int] = {}
    found: list[tuple[int, int]] = []  # (times that its word came before, place)
    for at in low:
        window, kind = int(data.window[at]), int(name[at])
        if window not in used and times.get(kind, 0) < many + skip:
            used.add(window)
            times[kind] = times.get(kind, 0) + 1
            found.append((times[kind], int(at)))
    order = [at for _, at in sorted(found, key=lambda pair: pair[0])]
    return [(int(data.window[at]), int(data.place[at])) for at in order][skip : skip + many]


_UNRELATED = 10_000


def _related(
    lab: Lab, tops: list[tuple[int, int]], token: np.ndarray, word: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`[place]` the first exemplar whose token or word form it has, and a number for its word."""
    explore = lab.explore
    by_token = np.full(len(explore.vocabulary), _UNRELATED)
    by_word = np.full(len(explore.words) + 1, _UNRELATED)  # the last: no word
    lower = [one.lower() for one in explore.words]
    numbers: dict[str, int] = {}
    for one in lower:
        numbers.setdefault(one, len(numbers))
    wanted: dict[str, int] = {}
    for place, (window, at) in enumerate(tops):
        by_token[explore.ids[window, at]] = min(by_token[explore.ids[window, at]], place)
        if explore.word[window, at] >= 0:
            wanted.setdefault(lower[explore.word[window, at]], place)
    stems = {one[:3] for one in wanted}
    spelled = {form: place for one, place in reversed(wanted.items()) for form in forms(one)}
    for at, one in enumerate(lower):
        if one in wanted:
            by_word[at] = wanted[one]
        elif one in spelled:
            by_word[at] = spelled[one]
        elif one[:3] in stems:  # the exemplar's word is a form of this one
            by_word[at] = min(
                (wanted[form] for form in forms(one) & set(wanted)), default=_UNRELATED
            )
    name = np.array([*(numbers[one] for one in lower), -1])[word]
    return np.minimum(by_token[token], by_word[word]), np.where(name >= 0, name, -1 - token)


def _word_height(lab: Lab, data: Flat) -> np.ndarray:
    """`[place]` the largest activation within the place's word."""
    ordinal = lab.explore.ordinal[data.window, data.place].astype(np.int64)
    alone = ordinal < 0
    key = np.where(alone, -1 - np.arange(ordinal.size), data.window * 2**31 + ordinal)
    _, inverse = np.unique(key, return_inverse=True)
    top = np.full(int(inverse.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(top, inverse, data.values)
    return top[inverse]
