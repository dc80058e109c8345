"""Examples of a unit: the rows of explore where it is most active, or in a band, or hardly.

top        the rows with the highest peaks, contents all different
quantile   one row from each of `n` equal bands between 0 and the maximum
pairs      places of the same token, one where it is active and one where it is silent, in turn
low        rows where the unit stays low: texts that hold the tokens or the words of the top
           examples, or other forms of those words; pictures that look or read most like these,
           to the network that reads them where there is one

An example is `(row, place)`; of a picture the place is 0.
"""

from collections.abc import Callable, Hashable

import numpy as np

from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows
from ..english.inflection import forms
from ..lab import Lab
from ..models import Unit
from ..models.picture_reader import compressed
from ..predicates.network_reader import reader_network
from ..statistics.within import partners
from .cues import statements
from .records import Flat, activity, flat, silence

Example = tuple[int, int]
"""Row of explore, and place in it."""
_TOPS = 24  # top examples whose words are looked for elsewhere
_PICTURE_TOPS = 12
_NEAR = 5  # tokens before a peak that tell texts apart
_UNRELATED = 10_000


def top(lab: Lab, unit: Unit, n: int, skip: int = 0) -> list[Example]:
    """The highest peaks above zero, one a row, contents all different."""
    column = lab.column(unit)
    good = lab.explore.counted & np.isfinite(column)
    values = np.where(good, column, -np.inf)  # [row, place]
    place = values.argmax(1)
    height = values[np.arange(len(values)), place]
    out: dict[Hashable, Example] = {}
    for row in np.argsort(-height, kind="stable").tolist():
        if height[row] <= 0 or len(out) >= n + skip:
            break
        out.setdefault(_content(lab.explore, row, int(place[row])), (row, int(place[row])))
    return list(out.values())[skip:]


def _content(explore: TokenWindows | ImageRows, row: int, place: int) -> Hashable:
    """What tells an example from others: the tokens up to the peak, or the picture's key."""
    if isinstance(explore, ImageRows):
        return explore.pictures[row].key
    if explore.numbers is not None:
        return explore.numbers[row].tobytes()
    return tuple(explore.ids[row, max(0, place - _NEAR) : place + 1].tolist())


def quantile(lab: Lab, unit: Unit, n: int, skip: int = 0) -> list[Example]:
    """One example from each of `n` equal bands of activation, highest first, rows all different."""
    data = flat(lab, unit)
    edges = np.linspace(0, data.values.max(), n + 1)
    bands = [
        np.flatnonzero((data.values > edges[band]) & (data.values <= edges[band + 1]))
        for band in range(n - 1, -1, -1)
    ]
    pictures = isinstance(lab.explore, ImageRows)
    return (_fresh_of_bands if pictures else _one_of_bands)(lab, unit, data, bands)


def _one_of_bands(lab: Lab, unit: Unit, data: Flat, bands: list[np.ndarray]) -> list[Example]:
    rng = lab.rng()
    out: dict[int, int] = {}
    for inside in bands:
        for at in rng.permutation(inside):
            if int(data.window[at]) not in out:
                out[int(data.window[at])] = int(data.place[at])
                break
    return list(out.items())


def _fresh_of_bands(lab: Lab, unit: Unit, data: Flat, bands: list[np.ndarray]) -> list[Example]:
    """Where a band has pictures that no result has shown before, it is one of these."""
    rng, before = lab.rng(), _shown_before(lab, unit)
    out: list[Example] = []
    for inside in bands:
        if inside.size:
            row = int(data.window[rng.choice(inside)])
            fresh = [int(at) for at in data.window[inside] if int(at) not in before]
            out.append((int(rng.choice(fresh)) if row in before and fresh else row, 0))
    return out


def _shown_before(lab: Lab, unit: Unit) -> set[int]:
    """Rows of explore that earlier calls of `exemplars` showed for this unit."""
    return {
        int(item["window"])
        for known in lab.evidence
        if known.tool == "exemplars" and not known.error and known.data.get("unit") == str(unit)
        for item in known.data["measured"]
    }


def pairs(lab: Lab, unit: Unit, n: int, skip: int = 0) -> list[Example]:
    """An active and a silent place of one token in turn; each token once before any comes again."""
    data = flat(lab, unit)
    token = lab.explore.ids[data.window, data.place]
    active, silent = data.values > activity(data.values), data.values <= silence(data.values)
    found = partners(token, active, silent, lab.rng())  # [pair, 2]
    times: dict[int, int] = {}
    turn = []
    for on, _ in found:
        times[int(token[on])] = times.get(int(token[on]), 0) + 1
        turn.append(times[int(token[on])])
    order = np.lexsort((-data.values[found[:, 0]], np.array(turn, int)))[skip : skip + n]
    return [(int(data.window[at]), int(data.place[at])) for at in found[order].ravel()]


def low(lab: Lab, unit: Unit, n: int, skip: int = 0) -> list[Example]:
    """Examples like the strongest ones on which the unit is not active."""
    pictures = isinstance(lab.explore, ImageRows)
    pick: Callable[[Lab, Unit, int], list[Example]] = _low_pictures if pictures else _low_texts
    return pick(lab, unit, n + skip)[skip : skip + n]


def _low_texts(lab: Lab, unit: Unit, n: int) -> list[Example]:
    """Places with tokens, words or word forms of the top examples where the unit is not active.

    A word is as high as its highest token. Those below a tenth of the maximum come first, and among
    them those of the strongest examples; the same word comes again only after the others.
    """
    data = flat(lab, unit)
    explore = lab.explore
    token, word = explore.ids[data.window, data.place], explore.word[data.window, data.place]
    rank, name = _related(explore, top(lab, unit, _TOPS), token, word)
    height = _word_height(explore, data)
    maximum = float(data.values.max())
    bar = min(activity(data.values), 0.5 * maximum)
    places = np.flatnonzero((rank < _UNRELATED) & (height <= bar) & (data.values < 0.5 * maximum))
    places = lab.rng().permutation(places)
    places = places[np.lexsort((rank[places], height[places] >= 0.1 * maximum))]
    used: set[int] = set()
    times: dict[int, int] = {}
    turns: list[tuple[int, Example]] = []  # times that its word came before
    for at in places:
        window, kind = int(data.window[at]), int(name[at])
        if window not in used and times.get(kind, 0) < n:
            used.add(window)
            times[kind] = times.get(kind, 0) + 1
            turns.append((times[kind], (window, int(data.place[at]))))
    return [example for _, example in sorted(turns, key=lambda turn: turn[0])]


def _related(
    explore: TokenWindows, tops: list[Example], token: np.ndarray, word: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`[place]` the first example whose token or word form it has, and a number for its word."""
    by_token = np.full(len(explore.vocabulary), _UNRELATED)
    by_word = np.full(len(explore.words) + 1, _UNRELATED)  # the last: no word
    lower = [one.lower() for one in explore.words]
    numbers: dict[str, int] = {}
    for one in lower:
        numbers.setdefault(one, len(numbers))
    wanted: dict[str, int] = {}
    for order, (window, at) in enumerate(tops):
        by_token[explore.ids[window, at]] = min(by_token[explore.ids[window, at]], order)
        if explore.word[window, at] >= 0:
            wanted.setdefault(lower[explore.word[window, at]], order)
    stems = {one[:3] for one in wanted}
    spelled = {form: order for one, order in reversed(wanted.items()) for form in forms(one)}
    for at, one in enumerate(lower):
        if one in wanted:
            by_word[at] = wanted[one]
        elif one in spelled:
            by_word[at] = spelled[one]
        elif one[:3] in stems:  # the example's word is a form of this one
            shared = forms(one) & set(wanted)
            by_word[at] = min((wanted[form] for form in shared), default=_UNRELATED)
    name = np.array([*(numbers[one] for one in lower), -1])[word]
    return np.minimum(by_token[token], by_word[word]), np.where(name >= 0, name, -1 - token)


def _word_height(explore: TokenWindows, data: Flat) -> np.ndarray:
    """`[place]` the largest activation within the place's word."""
    ordinal = explore.ordinal[data.window, data.place].astype(np.int64)
    alone = ordinal < 0
    key = np.where(alone, -1 - np.arange(ordinal.size), data.window * 2**31 + ordinal)
    _, inverse = np.unique(key, return_inverse=True)
    highest = np.full(int(inverse.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(highest, inverse, data.values)
    return highest[inverse]


def _low_pictures(lab: Lab, unit: Unit, n: int) -> list[Example]:
    """The pictures most similar to the strongest ones where the unit is low, most similar first.

    The same best similarity comes once for each of the strongest in turn.
    """
    data = flat(lab, unit)
    column = np.nan_to_num(lab.column(unit)[:, 0], nan=np.inf)
    half = 0.5 * float(data.values.max())
    bar = max(0.0, min(activity(data.values), half, float(np.median(data.values))))
    rows = np.flatnonzero(column <= bar)
    tops = [row for row, _ in top(lab, unit, _PICTURE_TOPS)]
    if not rows.size or not tops:
        return []
    ranked = rows[np.argsort(-_similarity(lab, tops)[:, rows], axis=1, kind="stable")]
    out = dict.fromkeys(ranked.T.ravel().tolist())  # the best of each, the second of each, ...
    return [(row, 0) for row in out][:n]


def _similarity(lab: Lab, some: list[int]) -> np.ndarray:
    """How similar some pictures are to all, `[some, image]`: cosine of a reader's compressed states
    where a network reads them, else over the statements of `cues.py`, rare ones weighing more."""
    assert isinstance(lab.explore, ImageRows)
    network = reader_network(lab.explore)
    if network is not None:
        x = compressed(network, lab.explore)
        return x[some] @ x.T
    table = np.stack([degrees for _, degrees in statements(lab, lab.explore)], 1)
    table = (table - table.mean(0)) / np.maximum(table.std(0), 1e-6)  # [image, statement]
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
    return table[some] @ table.T
