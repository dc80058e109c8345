"""What a unit computes of symbols and numbers: amounts, searched beside the rule list.

1. **Amounts** of a text without words: how many of a token, how many more of one than of another,
   before a place (behind it and in all, where the network sees that); of numbers their values, the
   largest and smallest so far, sums, differences and products of two (modulo too), and whether the
   token some places back is the same; of brackets the partner, its kind and its distance; what the
   model itself predicts.
   Waves of one or two numbers, for each frequency, with the phase that fits best.
2. **Degrees.** An amount rises or falls over its range, from a knot on, or equals a value. Each is
   a function of the amount, so that all of them are judged by sums over its values.
3. **Search.** Forward, at most six terms, tokens and places among them: candidates come from one
   half of the documents, and the one that explains most of both halves, weights learnt on the
   other, is kept if it adds enough.

It costs nothing where texts hold words.
"""

import re
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from .....tools.activations.frequencies import Numbers, numbers_in
from .....tools.data.windows import TokenWindows
from .....tools.errors import UsageError
from .....tools.predicates import parse
from .....tools.predicates.algorithms import Amount, speaks_in_numbers
from .....tools.predicates.brackets import CLOSING, OPENING
from .....tools.predicates.phrases import either, number_of
from .....tools.predicates.view import view_of
from ....description import short_label
from ..findings import Hypothesis
from .cross_fit import CrossFit
from .search import halves
from .splits import Sample

_MOST_TOKENS = 40
_PLACES = 6  # from the start, each a term by itself
_MOST_PAIRED = 8  # tokens of which all pairs are tried
_MOST_PREDICTED = 16
_BACK = 4
_KNOTS = 24  # values of an amount at which a ramp may start or a step stand
_TERMS = 6
_READ = 1
"""Places behind the last number at which waves are looked for."""
_TRIED = 6  # candidates of a step that both halves judge
LEAST_GAIN = 0.02
"""Of variance, that a term must add on documents not learnt from; less is left to the rules."""
_kept: "weakref.WeakKeyDictionary[TokenWindows, list[_Quantity]]" = weakref.WeakKeyDictionary()
_OUTPUTS = 0.15
"""Of variance, that output features must add: in small networks every unit shows in the output."""
_PAIRS = ("()", "[]", "{}", "<>")
_BRACKET = re.compile(f"[{re.escape(OPENING + CLOSING)}]")


class Algorithm(NamedTuple):
    """Predictors that add up, and the share of variance that they explain unseen."""

    predictors: tuple[dict[str, Any], ...]
    explained: float

    def hypotheses(self) -> list[Hypothesis]:
        """As they are recorded."""
        return [Hypothesis(parse(p).english().removeprefix("tokens "), p) for p in self.predictors]

    @property
    def label(self) -> str:
        """As many terms as fit."""
        return short_label("; ".join(dict.fromkeys(map(short, self.predictors))))


class _Quantity(NamedTuple):
    """An amount without bounds."""

    json: dict[str, Any]
    value: np.ndarray
    """float64, flat: the number of its value in `values`; -1 where it is not known."""
    values: np.ndarray
    """Ascending."""


def fit_algorithm(sample: Sample) -> Algorithm:
    """The amounts that explain a unit best; none where nothing is enough.

    What the model predicts leads only where what it reads leaves much more unexplained.
    """
    read, given = (_fitted(sample, outputs=outputs) for outputs in (False, True))
    return given if given.explained > read.explained + _OUTPUTS else read


def _fitted(sample: Sample, *, outputs: bool) -> Algorithm:
    features = sample.features
    windows = features.windows
    fit, _ = halves(features)
    ways = CrossFit.both_ways(sample)
    if windows not in _kept:
        _kept[windows] = list(_quantities(windows, features.causal))
    columns: list[np.ndarray] = []
    chosen: list[dict[str, Any]] = []
    now = 0.0
    while len(chosen) < _TERMS:
        rest = ways[0].rest(sample, columns) if columns else sample
        found = [*_best(rest, fit, _kept[windows]), *_waves(rest, fit)]
        found += _by_token(rest, fit, outputs=outputs)
        # of a repeat and a difference of 0, which are one, the repeat reads better
        found.sort(key=lambda item: (-round(item[0], 9), item[1]["kind"] != "same"))
        best: tuple[float, dict[str, Any] | None, np.ndarray] = (now, None, np.zeros(0))
        for _, json in found[:_TRIED]:
            column = parse(json).evaluate(windows).ravel().astype(np.float64)
            explained = float(np.mean([way.explained([*columns, column]) for way in ways]))
            if explained > best[0]:
                best = (explained, json, column)
        if best[1] is None or best[0] < now + LEAST_GAIN:
            break
        now = best[0]
        chosen.append(best[1])
        columns.append(best[2])
    return Algorithm(tuple(chosen), now)


def _quantities(windows: TokenWindows, causal: bool) -> Iterator[_Quantity]:
    """All amounts of windows, each with its values at every place."""
    sides = ("before",) if causal else ("before", "after", "both")
    for json in _amounts(windows, sides):
        predicate = parse({**json, "equals": 0})
        assert isinstance(predicate, Amount)
        amount = np.where(windows.counted, predicate.amounts(view_of(windows)), np.nan).ravel()
        known = np.isfinite(amount)
        values, number = np.unique(amount[known], return_inverse=True)
        if len(values) > 1:
            value = np.full(len(amount), -1)
            value[known] = number
            yield _Quantity(json, value, values)


def _amounts(windows: TokenWindows, sides: Sequence[str]) -> Iterator[dict[str, Any]]:
    ids, count = np.unique(windows.ids[windows.visible], return_counts=True)
    names = [windows.vocabulary[i] for i in ids[np.argsort(-count, kind="stable")]]
    pairs = [pair for pair in _PAIRS if set(pair) <= set(names)]
    if len(names) <= _MOST_PAIRED:
        known = {frozenset(pair) for pair in pairs}
        pairs += [pair for pair in combinations(names, 2) if frozenset(pair) not in known]
    for side in sides:
        more = {} if side == "before" else {"side": side}
        for one, other in pairs:
            yield {"kind": "tally", "of": _token(one), "minus": _token(other), **more}
        for name in names if len(names) <= _MOST_TOKENS else ():
            yield {"kind": "tally", "of": _token(name), **more}
        for which in ("largest", "smallest") if speaks_in_numbers(windows) else ():
            yield {"kind": "extreme", "which": which, **more}
    yield from _partners(windows, sides)
    if any(_BRACKET.search(name) and len(name.strip()) > 1 for name in names):
        yield {"kind": "depth"}  # else tallies of one token say it
    if speaks_in_numbers(windows):
        for at in range(_BACK + 1):
            yield {"kind": "arithmetic", "at": [at]}
        for pair in combinations(range(_BACK + 1), 2):
            for op in ("sum", "difference", "product"):
                yield {"kind": "arithmetic", "at": list(pair), "op": op}
        for numbers in _readings(windows)[:1]:  # of the whole text, where it has two numbers
            both = {"kind": "arithmetic", "at": list(numbers.positions), "from_start": True}
            for op in ("sum", "difference", "product") if len(numbers.positions) == 2 else ():
                yield {**both, "op": op}
                yield {**both, "op": op, "mod": numbers.modulus}


def _partners(
    windows: TokenWindows, sides: Sequence[str], matches: Sequence[str] = ("any", "same", "other")
) -> Iterator[dict[str, Any]]:
    """Brackets by their partner, where texts have brackets that open and that close."""
    present = {windows.vocabulary[i].strip() for i in np.unique(windows.ids[windows.visible])}
    if not (present & set(OPENING) and present & set(CLOSING)):
        return
    for side in sides:
        for match in matches if side != "both" else ():
            more = {} if side == "before" else {"side": side}
            yield {"kind": "partner", **({} if match == "any" else {"match": match}), **more}


def _token(name: str) -> dict[str, Any]:
    return {"kind": "tokens", "tokens": [name]}


def _best(
    sample: Sample, fit: np.ndarray, quantities: Sequence[_Quantity]
) -> list[tuple[float, dict[str, Any]]]:
    """The best degree of every amount on one half: its squared correlation, and JSON."""
    weight = np.where(fit, sample.weight, 0.0)
    count = weight.sum()
    mean = weight @ sample.target / max(count, 1e-12)
    target = weight * (sample.target - mean)
    whole = float(target @ (sample.target - mean))
    found = []
    for json, value, values in quantities:
        known = value >= 0
        n = np.bincount(value[known], weight[known], len(values))
        s = np.bincount(value[known], target[known], len(values))
        bounds = list(_bounds(values))
        degrees = np.stack([_degrees(bound, values) for bound in bounds])  # [bound, value]
        first, second = degrees @ n, np.square(degrees) @ n
        spread = second - np.square(first) / max(count, 1e-12)
        covariance = degrees @ s
        score = np.where(
            (covariance > 0) & (spread > 1e-9), np.square(covariance) / np.maximum(spread, 1e-9), 0
        ) / max(whole, 1e-30)
        at = int(score.argmax())
        found.append((float(score[at]), {**json, **bounds[at]}))
    return found


def _bounds(values: np.ndarray) -> Iterator[dict[str, float]]:
    """Ranges, ramps from a knot on, steps and single values."""
    low, high = float(values[0]), float(values[-1])
    yield {"low": low, "high": high}
    yield {"low": high, "high": low}
    count = min(len(values), _KNOTS)
    for at in np.unique(np.linspace(0, len(values) - 1, count).astype(int))[1:]:
        before, knot = float(values[at - 1]), float(values[at])
        yield {"low": before, "high": knot}  # a step: no value lies between
        yield {"low": knot, "high": before}
        if low < before:
            yield {"low": before, "high": high}
        if knot < high:
            yield {"low": knot, "high": low}
    if len(values) <= _KNOTS:
        yield from ({"equals": float(value)} for value in values)


def _degrees(bound: dict[str, float], values: np.ndarray) -> np.ndarray:
    if "equals" in bound:
        return (values == bound["equals"]).astype(np.float64)
    return np.clip((values - bound["low"]) / (bound["high"] - bound["low"]), 0, 1)


def _waves(sample: Sample, fit: np.ndarray) -> list[tuple[float, dict[str, Any]]]:
    """Waves of the numbers of each text at the last of them and the places behind it, with the
    phase that fits best; the two best of each place, by their share of all variance."""
    windows = sample.features.windows
    if not speaks_in_numbers(windows):
        return []
    keep = fit & (sample.weight > 0)
    whole = float(np.square(sample.target[keep] - sample.target[keep].mean()).sum())
    found: list[tuple[float, dict[str, Any]]] = []
    for numbers in _readings(windows):
        place = numbers.rows * windows.ids.shape[1] + numbers.places
        known = keep[place]
        y = sample.target[place][known]
        where = int(view_of(windows).rank.ravel()[place[0]])
        if where < 0 or not len(y):
            continue  # a special token before the text, or a place that cannot reach the output
        here = {"kind": "position", "start": where, "stop": where + 1}
        best = []
        for json, values in _arguments(numbers):
            for k in range(1, numbers.modulus // 2 + 1):
                gain, peak = _phase(values[known], y, k, numbers.modulus)
                wave = {**json, "frequency": k, "mod": numbers.modulus, "peak": peak}
                best.append((gain / max(whole, 1e-30), {"kind": "and", "of": [wave, here]}))
        found += sorted(best, key=lambda item: -item[0])[:2]
    return found


def _readings(windows: TokenWindows) -> list[Numbers]:
    """The numbers of texts, read at the last of them and up to `_READ` places on, where these
    places count."""
    found = []
    with suppress(UsageError):
        first = numbers_in(windows)
        for place in range(first.positions[-1], first.positions[-1] + _READ + 1):
            with suppress(UsageError):
                found.append(numbers_in(windows, positions=first.positions, read_at=place))
    return found


def _arguments(numbers: Numbers) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """What waves may be of: each number, their sum and their difference."""
    wave = {"kind": "wave", "from_start": True}
    for place, values in zip(numbers.positions, numbers.values.T, strict=True):
        yield {**wave, "at": [place]}, values
    if len(numbers.positions) == 2:
        both = {**wave, "at": list(numbers.positions)}
        yield both, numbers.values.sum(1)
        yield {**both, "op": "difference"}, numbers.values[:, 0] - numbers.values[:, 1]


def _phase(values: np.ndarray, y: np.ndarray, k: int, modulus: int) -> tuple[float, float]:
    """The squares that a wave takes off `y` about its mean, and where it peaks."""
    angle = 2 * np.pi * k / modulus * values
    terms = np.stack([np.cos(angle), np.sin(angle)], 1)
    terms -= terms.mean(0)
    weights = np.linalg.lstsq(terms, y - y.mean(), rcond=None)[0]
    peak = float(np.arctan2(weights[1], weights[0]) * modulus / (2 * np.pi) % modulus)
    return float(np.square(terms @ weights).sum()), round(peak, 2)


def _by_token(
    sample: Sample, fit: np.ndarray, *, outputs: bool
) -> list[tuple[float, dict[str, Any]]]:
    """Each of a few tokens, and the probability that the model itself gives to each, or a label."""
    windows = sample.features.windows
    target = windows.source()
    present = [windows.vocabulary[i] for i in np.unique(windows.ids[windows.counted])]
    options = [_token(name) for name in present if len(present) <= _MOST_TOKENS]
    options += [{"kind": "position", "start": at, "stop": at + 1} for at in range(_PLACES)]
    if speaks_in_numbers(windows):
        options += [{"kind": "same", "at": at} for at in range(1, _BACK + 1)]
    sides = ("before",) if sample.features.causal else ("before", "after")
    partners = list(_partners(windows, sides, ("any", "same", "other", "none")))
    brackets = [name for name in present if name.strip() in tuple(OPENING + CLOSING)]
    options += partners
    options += [{"kind": "and", "of": [_token(n), p]} for n in brackets for p in partners]
    names = target.labels if target is not None and target.labels else windows.vocabulary
    if (
        outputs
        and target is not None
        and target.kind != "encoder"
        and len(names) <= _MOST_PREDICTED
    ):
        options += [{"kind": "predicted", "tokens": [name]} for name in names]
    keep = fit & (sample.weight > 0)
    y = sample.target[keep]
    found = []
    for json in options:
        try:
            x = parse(json).evaluate(windows).ravel()[keep]
        except UsageError:  # the network predicts nothing of the kind
            continue
        if x.std() > 1e-6 and y.std() > 0:
            found.append((max(0.0, float(np.corrcoef(x, y)[0, 1])) ** 2, json))
    return found


def short(predictor: dict[str, Any]) -> str:
    """A predictor of an amount in a few words, for a label."""
    kind = predictor["kind"]
    if kind == "position":
        return f"place {predictor['start'] + 1}"
    if kind == "tokens":
        return either(predictor["tokens"])
    if kind == "and":
        first, second = map(short, predictor["of"])
        return f"{first} {second}" if predictor["of"][1]["kind"] == "partner" else first
    if kind == "same":
        return f"repeats the token {number_of(predictor['at'], 'token')} back"
    if kind == "predicted":
        return f"where the model predicts {either(predictor['tokens'])}"
    if kind == "wave":
        return f"frequency {predictor['frequency']} of {_numbers(predictor)} mod {predictor['mod']}"
    if kind == "tally":
        names = [either(predictor[x]["tokens"]) for x in ("of", "minus") if x in predictor]
        where = {"after": "to come", "both": "in all"}.get(predictor.get("side", ""), "so far")
        what = f"{' minus '.join(names)} {where}"
    elif kind == "partner":
        what = f"distance to {_partner(predictor)}"
        if not predictor.keys() & {"low", "equals"}:
            return f"with {_partner(predictor)}"
    elif kind == "depth":
        what = "open brackets"
    elif kind == "extreme":
        where = {"after": "to come", "both": "of all"}.get(predictor.get("side", ""), "so far")
        what = f"{predictor['which']} number {where}"
    else:
        what = _numbers(predictor)
    if "equals" in predictor:
        return f"{what} is {predictor['equals']:g}"
    low, high = predictor["low"], predictor["high"]
    if 0 < abs(high - low) <= 1:
        return f"{what} {'at least' if high > low else 'below'} {max(low, high):g}"
    return f"{'high' if high > low else 'low'} {what}"


def _partner(predictor: dict[str, Any]) -> str:
    of = {"same": " of its kind", "other": " of another kind"}.get(predictor.get("match", ""), "")
    which = "closing" if predictor.get("side") == "after" else "opening"
    return f"{'no' if predictor.get('match') == 'none' else 'its'} {which} bracket{of}"


def _numbers(predictor: dict[str, Any]) -> str:
    at, start = predictor["at"], bool(predictor.get("from_start"))
    if len(at) == 2:
        plain = "mod" in predictor and predictor["kind"] == "arithmetic"
        modulo = f" mod {predictor['mod']}" if plain else ""
        return f"{predictor.get('op', 'sum')} of two numbers{modulo}"
    if start:
        return f"number at place {at[0] + 1}"
    return f"number {at[0]} back" if at[0] else "number here"
