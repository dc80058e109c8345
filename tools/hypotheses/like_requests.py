"""`like` on text as a planner asks for it, made a whole predictor: fitted, with its reader.

    {"kind": "like", "examples": [{"text": "by the river bank", "place": "bank"}, ...],
                     "unlike": [{"text": "a bank account", "place": "bank"}, ...]}
    {"kind": "like", "n": 16}       examples chosen by activation, on explore
    {"kind": "like", "statement": "money is spoken of", "n": 16}     by what fits, as a judge says

A place is the part of the text that is meant, at its first occurrence, or a number of characters;
left out, it is the end of the text.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import UsageError
from ..lab import Lab
from ..models.target import Target
from ..predicates import Predicate, parse
from ..predicates.core import HOLDS
from ..predicates.like_text import LEAST, MOST, MOST_LETTERS, refuse_contradiction
from ..statistics.association import correlation
from ..statistics.within import Within, beyond_tokens
from .like_fitting import EXAMPLES, Known, best_like, from_examples, known_place

_FIELDS = ("kind", "examples", "unlike", "n", "statement")
_HELD_OUT = "like, held out"
_JUDGED = 160
"""Places of explore that a judge reads for a statement: 20 requests."""


def is_request(data: Mapping[str, Any]) -> bool:
    """Whether this is a `like` that is to be fitted."""
    return data.get("kind") == "like" and "level" not in data


def fitted(lab: Lab, given: Mapping[str, Any]) -> dict[str, Any]:
    """The predictor JSON of a `like` that was asked for.

    Raises:
        UsageError: if there is no reader, examples are too few or contradictory, or no unit is
            under study whose activations could choose them.
    """
    reader = lab.reader
    if reader is None:
        raise UsageError(
            "'like' on text needs a reader, a second network: give --reader smollm2, minilm or "
            "another model that is not the target"
        )
    wrong = next((key for key in given if key not in _FIELDS), None)
    if wrong is not None:
        raise UsageError(f"like: no field '{str(wrong)[:40]}'; write examples and unlike, or n")
    key = ("like", lab.unit, json.dumps(given, sort_keys=True, ensure_ascii=True, default=str))
    return lab.memo.once(key, lambda: _fitted(lab, reader, given))


def _fitted(lab: Lab, reader: Target, given: Mapping[str, Any]) -> dict[str, Any]:
    ahead = lab.target.kind != "causal"
    if "examples" in given or "unlike" in given:
        sides = [_places(given.get(name), name, ahead) for name in ("examples", "unlike")]
        try:
            refuse_contradiction(*sides)
        except ValueError as error:
            raise UsageError(f"like: {error}") from None
        return from_examples(reader, *sides, ahead=ahead, goodness=_goodness(lab, *sides))
    n = given.get("n", EXAMPLES)
    if isinstance(n, bool) or not isinstance(n, int) or not 2 * LEAST <= n <= MOST:
        raise UsageError(f"like: n is the number of examples in all, {2 * LEAST} to {MOST}")
    if given.get("statement") is not None:
        statement = str(given["statement"])
        sides = _fitting(lab, statement, n, ahead)
        good = _goodness(lab, *sides)
        return from_examples(reader, *sides, ahead=ahead, goodness=good, statement=statement)
    if lab.unit is None:
        raise UsageError(
            "like: examples are chosen by activation for the unit under study alone; give examples "
            "and unlike"
        )
    left = left_of_tokens(lab)
    fit = best_like(reader, lab.explore, left, ahead=ahead, n=n, seed=lab.seed)
    lab.memo[_HELD_OUT, parse(fit.predictor).key] = fit.held_out
    return fit.predictor


def held_out(lab: Lab, predicate: Predicate) -> Within | None:
    """What a `like` in a predictor, fitted to activations on half of explore's documents, scored on
    the other half; None where none was fitted in this lab."""
    return next((w for a in predicate.atoms() if (w := lab.memo.get((_HELD_OUT, a.key)))), None)


def _fitting(lab: Lab, statement: str, n: int, ahead: bool) -> list[list[Known]]:
    """Places of explore that a statement fits best, and that it fits least, as the judge says; no
    activation decides.

    Raises:
        UsageError: if there is no judge, or the statement fits too few places, or all of them.
    """
    if lab.judge is None:
        raise UsageError(
            "like: a language model says which places a statement fits, and there is none: give "
            "--judge openai:MODEL, or give examples and unlike"
        )
    explore = lab.explore
    places = np.argwhere(explore.counted & (explore.word >= 0))
    rng = np.random.default_rng(lab.seed)
    places = places[rng.permutation(len(places))[:_JUDGED]]
    wanted = np.zeros(explore.counted.shape, bool)
    wanted[tuple(places.T)] = True
    judged = parse({"kind": "judged", "statement": statement, "judge": lab.judge.name})
    degree = judged.evaluate(explore, wanted)[tuple(places.T)]
    order = np.argsort(-degree, kind="stable")
    sides = [order[degree[order] >= HOLDS], order[::-1][degree[order[::-1]] < HOLDS]]
    if min(map(len, sides)) < LEAST:
        raise UsageError(
            f"like: of {len(places)} places of explore the statement fits {len(sides[0])}; {LEAST} "
            f"that it fits and {LEAST} that it does not are needed: give examples and unlike"
        )
    return [
        [known_place(explore, int(r), int(p), ahead=ahead) for r, p in places[side[: n // 2]]]
        for side in sides
    ]


def left_of_tokens(lab: Lab) -> np.ndarray:
    """The unit under study less its token means, `[window, place]`; NaN where not counted."""
    values = lab.column(lab.chosen(None))
    counted = np.isfinite(values) & lab.explore.counted
    left = np.full(values.shape, np.nan)
    left[counted] = beyond_tokens(lab.explore.ids[counted], values[counted])
    return left


def _places(given: Any, name: str, ahead: bool) -> list[Known]:
    """Examples as texts with numbers of characters.

    Raises:
        UsageError: if they are too few or cannot be read; says what to write.
    """
    form = '[{"text": "by the river bank", "place": "bank"}, ...]'
    if not isinstance(given, list | tuple) or not LEAST <= len(given) <= MOST:
        n = len(given) if isinstance(given, list | tuple) else 0
        raise UsageError(f"like: {name} needs {LEAST} to {MOST} places, got {n}; write {form}")
    out = []
    for i, one in enumerate(given):
        one = {"text": one} if isinstance(one, str) else one
        text = one.get("text") if isinstance(one, Mapping) else None
        if not isinstance(text, str) or not text.strip() or len(text) > MOST_LETTERS:
            raise UsageError(
                f"like: {name}[{i}] needs a text of 1 to {MOST_LETTERS} letters; write {form}"
            )
        end = _end(text, one.get("place"), f"like: {name}[{i}].place")
        out.append((text if ahead else text[:end], end))
    return out


def _end(text: str, place: Any, where: str) -> int:
    if place is None:
        return len(text.rstrip())
    if isinstance(place, str) and place.strip():
        at = text.find(place.strip())
        if at < 0:
            raise UsageError(f"{where}: '{place.strip()[:40]}' does not stand in the text")
        return at + len(place.strip())
    if isinstance(place, int) and not isinstance(place, bool) and 1 <= place <= len(text):
        return place
    raise UsageError(f"{where}: write the word that is meant, or 1 to {len(text)} characters")


def _goodness(lab: Lab, examples: list[Known], unlike: list[Known]) -> Any:
    """How well a predictor goes with what token means leave of the unit, on documents of explore
    that hold none of the examples; None where no unit is under study."""
    if lab.unit is None:
        return None
    texts = [text for text, _ in (*examples, *unlike)]
    document = lab.explore.document
    holds = {int(d) for d in np.unique(document) if any(t in lab.explore.texts[d] for t in texts)}
    rows = np.array([int(d) not in holds for d in document], bool)
    if not rows.any():
        return None
    windows, left = lab.explore.rows(rows), left_of_tokens(lab)[rows]
    known = np.isfinite(left)

    def goodness(predictor: Mapping[str, Any]) -> float:
        return correlation(parse(predictor).evaluate(windows)[known].astype(float), left[known])

    return goodness
