"""Fits a `like`: which examples, which layer of the reader, how much each example weighs.

**By activation** (`best_like`). Ridge regression from the reader's states to what is left of the
unit says which direction the unit reads; a few places of explore are then chosen that span it best:

1. Layer and strength of the ridge are those with which halves of the documents predict each other.
2. Orthogonal matching pursuit (Pati et al. 1993) towards the ridge's direction, in the metric of
   its own loss: places in the top tenth of what is left may be examples and weigh 0 or more, those
   below the median may be what a place is unlike and weigh 0 or less, one a window where windows
   are many. Weights are least squares under these signs.
3. All of it is done on half of the documents and scored within tokens on the other half; the
   predictor is then fitted on all of explore.

**By given examples** (`from_examples`), where no activation decides what the examples are: a
support vector machine on the examples alone (scikit-learn), of which small penalties give the
nearest class mean. Only layer and penalty are chosen on explore. Whitened states did worse.

The combination is ours.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..data.windows import TokenWindows
from ..errors import UsageError
from ..memo import Memo
from ..models.target import Target
from ..models.text_reader import layers, reader_states
from ..predicates.like_text import LEAST, MOST, example_states, standard
from ..statistics.bootstrap import Resampler
from ..statistics.ridge import Spectrum, chosen_strength, ridge, spectrum
from ..statistics.within import Within, within

EXAMPLES = 16
"""In all. On six neurons of MiniLM 16 reached .86 of the correlation of the whole ridge, 64 .93."""
_PLACES = 20_000
"""Of explore that a fit looks at."""
_POOL = 3000
"""Places of either sign that are tried as examples."""
_HIGH, _LOW = 0.9, 0.5
"""Quantiles of what is left, from which a place may be an example, and up to which its opposite."""
_TOP, _BOTTOM = 0.999, 0.01
"""Quantiles of scores over explore that become degrees 1 and 0."""
_PENALTIES = (1e-3, 0.1, 10.0)
_KEPT = 18
"""Spectra that are kept: of three layers, two halves and all, on half of explore and on all."""
_spectra = Memo()
Known = tuple[str, int]
"""A text, and how many of its characters are read."""


class LikeFit(NamedTuple):
    """A fitted `like`."""

    predictor: dict[str, Any]
    """JSON, fitted on all of explore."""
    held_out: Within
    """Scores within tokens of the same fit on half of explore's documents, on the other half."""
    layer: int
    strength: float
    """Of the ridge's penalty."""


class _Data(NamedTuple):
    """What is fitted to, at the places that the reader knows."""

    key: tuple[Hashable, ...]
    """Which places of which texts these are: units of one corpus share what decides no unit."""
    z: np.ndarray
    """float32 `[place, layer, feature]`, standardised."""
    left: np.ndarray
    """float64 `[place]`: what is to be predicted."""
    row: np.ndarray
    place: np.ndarray
    document: np.ndarray

    def where(self, chosen: np.ndarray, name: str) -> "_Data":
        """Some of the places."""
        _, *arrays = self
        return _Data((*self.key, name), *(array[chosen] for array in arrays))

    def spectrum(self, layer: int, name: str, chosen: np.ndarray | slice) -> Spectrum:
        """Of the states of one layer at some of the places, which the name tells from others."""

        def made() -> Spectrum:
            return spectrum(self.z[chosen, layer])

        return _spectra.once((*self.key, name, layer), made, most=_KEPT)


class _Chosen(NamedTuple):
    """Places that span a read-out, and their weights."""

    layer: int
    strength: float
    at: np.ndarray
    """int64 `[example]` into the places."""
    weights: np.ndarray
    """float64 `[example]`; 0 or more for examples, 0 or less for their opposites."""
    examples: np.ndarray
    """bool `[example]`."""


def best_like(
    reader: Target,
    windows: TokenWindows,
    left: np.ndarray,
    *,
    ahead: bool,
    n: int = EXAMPLES,
    seed: int = 0,
) -> LikeFit:
    """The best `like` with so many examples for what is left of a unit on explore.

    Args:
        reader: The second network.
        windows: Of explore.
        left: float `[window, place]`: the unit less what is explained already, such as its token
            means (`statistics.within.beyond_tokens`); NaN where not counted.
        ahead: Whether the target reads both ways.
        n: Examples, half of them of places that it is unlike; 4 to 512.
        seed: Of the sample of places, where explore is large.

    Raises:
        UsageError: if explore has fewer than four documents, or nothing varies.
    """
    n = min(max(n, 2 * LEAST), 2 * MOST)
    data = _data(reader, windows, left, ahead=ahead, seed=seed)
    number = np.unique(data.document, return_inverse=True)[1]
    if number.max(initial=0) < 3 or data.left.std() < 1e-12:
        raise UsageError("a 'like' is fitted on four documents or more on which the unit varies")
    half = number % 2 == 0
    first, other = data.where(half, "first"), data.where(~half, "other")
    fit = _pursue(first, n)
    scores = other.z[:, fit.layer] @ (fit.weights @ first.z[fit.at, fit.layer])
    active = other.left > np.quantile(first.left, _HIGH)
    token = windows.ids[other.row, other.place]
    held_out = within(token, scores, other.left, active, Resampler(other.document, seed=seed))
    whole = _pursue(data, n)
    predictor = _spelt_out(reader, windows, data, whole, ahead=ahead)
    return LikeFit(predictor, held_out, predictor["layer"], whole.strength)


def from_examples(
    reader: Target,
    examples: Sequence[Known],
    unlike: Sequence[Known],
    *,
    ahead: bool,
    goodness: Callable[[Mapping[str, Any]], float] | None = None,
    statement: str | None = None,
) -> dict[str, Any]:
    """The predictor JSON of a `like` with these examples.

    Args:
        reader: The second network.
        examples: Texts with the places that count, each read up to a number of characters.
        unlike: The same of places that do not count.
        ahead: Whether the target reads both ways.
        goodness: How good a predictor is, on documents apart from the examples: chooses layer and
            penalty; None: the first layer and the nearest class mean.
        statement: What the examples were chosen by.
    """
    from sklearn.svm import SVC

    known = [*examples, *unlike]
    chosen = "given" if statement is None else "statement"
    z = example_states(reader, known, ahead=ahead)  # [example, layer, feature]
    like = np.arange(len(known)) < len(examples)
    best: tuple[float, dict[str, Any]] | None = None
    for at in range(z.shape[1]):
        kernel = (z[:, at] @ z[:, at].T / z.shape[2]).astype(np.float64)
        for penalty in _PENALTIES:
            machine = SVC(C=penalty, kernel="precomputed", class_weight="balanced")
            machine.fit(kernel, like)
            weights = np.zeros(len(known))
            weights[machine.support_] = machine.dual_coef_[0]
            scores = kernel @ weights
            low, high = scores[~like].mean(), scores[like].mean()
            json = _json(reader, known, weights, like, at, low, high, ahead, chosen, statement)
            if goodness is None:
                return json
            value = goodness(json)
            if best is None or value > best[0]:
                best = (value, json)
    assert best is not None
    return best[1]


def _data(
    reader: Target, windows: TokenWindows, left: np.ndarray, *, ahead: bool, seed: int
) -> _Data:
    states = reader_states(reader, windows, ahead=ahead)
    row, place = np.nonzero(states.known)
    values = left[row, place].astype(np.float64)
    chosen = np.flatnonzero(np.isfinite(values))
    if len(chosen) > _PLACES:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, _PLACES, replace=False))
    key = (reader.fingerprint, windows.fingerprint, ahead, chosen.tobytes())
    mean, scale = standard(reader, ahead=ahead)
    z = (states.values[chosen].astype(np.float32) - mean) / scale
    row, place = row[chosen], place[chosen]
    return _Data(key, z, values[chosen], row, place, windows.document[row])


def _pursue(data: _Data, n: int) -> _Chosen:
    """Layer, strength and examples from these places alone."""
    half = np.unique(data.document, return_inverse=True)[1] % 2 == 0
    tried = []
    for at in range(data.z.shape[1]):
        x = data.z[:, at]
        halves = data.spectrum(at, "even", half), data.spectrum(at, "odd", ~half)
        tried.append(chosen_strength(halves, x, data.left, half))
    layer = min(range(len(tried)), key=lambda at: tried[at][1])
    strength = tried[layer][0]
    x = data.z[:, layer]
    known = data.spectrum(layer, "all", slice(None))
    direction = ridge(known, x, data.left, np.array([strength]))[0]  # [feature]
    # lengths in this basis are the ridge's loss
    turned = known.vectors * np.sqrt(known.values + strength).astype(np.float32)
    index, weights, examples = _matched(data, x, turned, direction @ turned, n)
    return _Chosen(layer, strength, index, weights, examples)


def _matched(
    data: _Data, x: np.ndarray, turned: np.ndarray, wanted: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places whose signed combination comes closest to a direction; half of them of each sign."""
    from scipy.optimize import nnls

    order = np.argsort(-data.left, kind="stable")
    high = order[: max(LEAST, int((1 - _HIGH) * len(order)))][:_POOL]
    low = order[int(_LOW * len(order)) :]
    low = low[:: max(1, len(low) // _POOL)]
    pool = np.concatenate([high, low])
    sign = np.repeat([1.0, -1.0], [len(high), len(low)])
    atoms = x[pool] @ turned  # [candidate, feature]
    length = np.maximum(np.linalg.norm(atoms, axis=1), 1e-9)
    atoms *= (sign / length)[:, None].astype(np.float32)
    window = data.row[pool]
    apart = 2 * n <= len(np.unique(window))  # one a window, where there are enough
    free = np.ones(len(pool), bool)
    chosen: list[int] = []
    weights, rest = np.zeros(0), wanted.astype(np.float64)
    while len(chosen) < n:
        fit = atoms @ rest.astype(np.float32)
        before = len(chosen)
        for _ in range(min(max(1, n // 16), n - before)):
            for side in (1.0, -1.0):
                if np.sum(sign[chosen] == side) >= n // 2:
                    free &= sign != side
            if not free.any():
                break
            best = int(np.argmax(np.where(free, fit, -np.inf)))
            chosen.append(best)
            free[window == window[best] if apart else best] = False
        if len(chosen) == before:
            break
        matrix = atoms[chosen].T.astype(np.float64)
        weights, _ = nnls(matrix, wanted.astype(np.float64), maxiter=50 * n)
        rest = wanted - matrix @ weights
    index = pool[chosen]
    return index, weights * sign[chosen] / length[chosen], sign[chosen] > 0


def _spelt_out(
    reader: Target, windows: TokenWindows, data: _Data, fit: _Chosen, *, ahead: bool
) -> dict[str, Any]:
    """The predictor's JSON: examples as texts, scores of explore as degrees."""
    known = [
        known_place(windows, int(data.row[i]), int(data.place[i]), ahead=ahead) for i in fit.at
    ]
    z = example_states(reader, known, ahead=ahead)[:, fit.layer]
    scores = data.z[:, fit.layer] @ (fit.weights @ z).astype(np.float32) / z.shape[1]
    low, high = np.quantile(scores, [_BOTTOM, _TOP])
    return _json(
        reader, known, fit.weights, fit.examples, fit.layer, low, high, ahead, "activation"
    )


def known_place(windows: TokenWindows, row: int, place: int, *, ahead: bool) -> Known:
    """A place of a window as a text and the number of its characters up to the place's end."""
    start, _ = windows.span(row)
    end = int(windows.end[row, place]) - start
    text = windows.text(row)
    return (text if ahead else text[:end]), end


def _json(
    reader: Target,
    known: Sequence[Known],
    weights: np.ndarray,
    like: np.ndarray,
    layer: int,
    low: float,
    high: float,
    ahead: bool,
    chosen: str,
    statement: str | None = None,
) -> dict[str, Any]:
    """A `like` whose score is 0 at `low` and 1 at `high`."""
    spread = max(float(high - low), 1e-9)

    def places(some: np.ndarray) -> list[dict[str, Any]]:
        return [
            {"text": known[i][0], "place": known[i][1], "weight": _short(weights[i] / spread)}
            for i in np.flatnonzero(some).tolist()
        ]

    return {
        "kind": "like",
        "reader": reader.name,
        "fingerprint": reader.fingerprint,
        "layer": int(layers(reader)[layer].removeprefix("resid.")),
        "ahead": ahead,
        "examples": places(like),
        "unlike": places(~like),
        "level": _short(-low / spread),
        "chosen": chosen,
        "statement": statement,
    }


def _short(number: float) -> float:
    return float(f"{number:.5g}")
