"""Quantities of symbols, asked for in plain words: `the total balance`, `the count of a`.

They are `tally` predicates over the tokens of the target's vocabulary, linear over what explore
holds, and hold at the upper half of its places. A balance needs brackets in the vocabulary.
"""

import re
from typing import Any

from ..lab import Lab
from ..predicates import Predicate
from ..predicates.algorithms import Tally
from ..predicates.fields import about_median
from ..predicates.view import view_of
from .resolve import predictor

_BALANCE = re.compile(
    r"(?:the )?(?P<all>total |final |overall )?(?:running |current |bracket )*"
    r"(?:balance|depth|nesting)(?: of (?:the )?brackets)?(?P<sofar> so far)?"
)
_COUNT = re.compile(
    r"(?:the )?(?P<all>total )?(?:count|number) of (?P<token>\S+)(?P<sofar> so far)?"
)
_BRACKETS = ("()", "[]", "{}", "<>")


def quantity(lab: Lab, text: str) -> Predicate | None:
    """The tally of a phrase; None where it is none, or the vocabulary lacks its tokens.

    Raises:
        UsageError: if it depends on what a causal target has not read.
    """
    known = set(lab.explore.vocabulary)
    match = _BALANCE.fullmatch(text.lower())
    if match is not None:
        pairs = [pair for pair in _BRACKETS if set(pair) <= known]
        if not pairs:
            return None
        tokens = [{"kind": "tokens", "tokens": list(side)} for side in zip(*pairs, strict=True)]
        node: dict[str, Any] = {"kind": "tally", "of": tokens[0], "minus": tokens[1]}
    else:
        match = _COUNT.fullmatch(text)
        token = "" if match is None else match["token"].strip("'\"“”‘’")
        if match is None or token not in known:
            return None
        node = {"kind": "tally", "of": {"kind": "tokens", "tokens": [token]}}
    if match["all"]:
        node["side"] = "both"
    one = predictor(lab, {**node, "low": 0, "high": 1})
    assert isinstance(one, Tally)
    low, high = about_median(one.amounts(view_of(lab.explore))[lab.explore.counted])
    return predictor(lab, {**node, "low": low, "high": high})
