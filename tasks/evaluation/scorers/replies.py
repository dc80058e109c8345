"""Reads judges' replies: a JSON object with exactly what was asked for, or nothing.

A reply that is almost right is no answer. Mending replies would let a judge that ignores the
question score; so each is taken whole or counted as failed.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from .judges import Answer

_FENCED = re.compile(r"\A```(?:json)?\s*\n(.*)\n```\Z", re.DOTALL)
_ENTRY = re.compile(r'"(\d+)"\s*:\s*(\d+)')


def the_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a reply is, whether or not in a code fence; keys must differ."""
    text = text.strip()
    fenced = _FENCED.match(text)
    try:
        result = json.loads(fenced.group(1) if fenced else text, object_pairs_hook=_different)
    except (ValueError, RecursionError):
        return None
    return result if isinstance(result, dict) else None


def _different(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def the_entry(text: str, key: str) -> Any:
    """The value of the one key that a reply must have; None if it is not so."""
    result = the_object(text)
    return result[key] if result is not None and set(result) == {key} else None


def yes_or_no(answer: Answer, n: int) -> list[bool] | None:
    """`{"answers": [1, 0, ...]}` with as many answers as texts."""
    given = the_entry(answer.text, "answers")
    if not isinstance(given, list) or len(given) != n:
        return None
    if not all(type(item) in (int, bool) and item in (0, 1) for item in given):
        return None
    return [bool(item) for item in given]


def one_of(answer: Answer, options: Sequence[str]) -> str | None:
    """`{"choice": "A"}` where it is one of the options."""
    given = the_entry(answer.text, "choice")
    return given if isinstance(given, str) and given in options else None


def texts(answer: Answer, keys: Sequence[str], n: int) -> dict[str, list[str]] | None:
    """Under every key so many different texts, none of them empty."""
    result = the_object(answer.text)
    if result is None or set(result) != set(keys):
        return None
    for given in result.values():
        if not isinstance(given, list) or len(given) != n or not all(map(_is_text, given)):
            return None
        if len(set(given)) < n:
            return None
    return result


def _is_text(item: Any) -> bool:
    return isinstance(item, str) and bool(item.strip())


def activations(answer: Answer, n: int) -> list[float] | None:
    """`{"activations": {"0": 0, "1": 7, ...}}`: whole numbers 0 to 10, one a token.

    Where log-probabilities are given, and a number is one token of the reply, it is replaced by its
    expected value over the alternatives that are such numbers (Bills et al. 2023).
    """
    given = the_entry(answer.text, "activations")
    if not isinstance(given, dict) or set(given) != {str(at) for at in range(n)}:
        return None
    if not all(type(value) is int and 0 <= value <= 10 for value in given.values()):
        return None
    values = {int(key): float(value) for key, value in given.items()}
    if answer.logprobs:
        values |= _expected(answer)
    return [values[at] for at in range(n)]


def _expected(answer: Answer) -> dict[int, float]:
    """Expected value by token number, for the numbers that are one token of the reply."""
    spans: dict[tuple[int, int], Any] = {}  # of the number inside each token
    at, whole = 0, ""
    for entry in answer.logprobs or ():
        token = str(entry.get("token", ""))
        lead = len(token) - len(token.lstrip())
        spans[at + lead, at + len(token.rstrip())] = entry
        at += len(token)
        whole += token
    if whole != answer.text:  # tokens that do not spell the reply say nothing about its numbers
        return {}
    result = {}
    for match in _ENTRY.finditer(answer.text):
        entry = spans.get(match.span(2))
        mean = None if entry is None else _mean(entry.get("top_logprobs") or ())
        if mean is not None:
            result[int(match.group(1))] = mean
    return result


def _mean(alternatives: Sequence[Any]) -> float | None:
    weight: dict[int, float] = {}
    for one in alternatives:
        said = str(one.get("token", "")).strip()
        if said.isascii() and said.isdigit() and len(said) < 3 and int(said) <= 10:
            weight[int(said)] = weight.get(int(said), 0.0) + math.exp(float(one["logprob"]))
    total = sum(weight.values())
    return sum(value * share for value, share in weight.items()) / total if total > 0 else None


def degrees(answer: Answer, keys: Sequence[str]) -> dict[str, int]:
    """`{"degrees": {"1": 0, "2": 7, ...}}`, in any order: those that are whole numbers 0 to 10."""
    given = the_entry(answer.text, "degrees")
    if not isinstance(given, dict):
        return {}
    return {
        key: given[key] for key in keys if type(given.get(key)) is int and 0 <= given[key] <= 10
    }
