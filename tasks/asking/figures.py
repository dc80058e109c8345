"""The numbers that a sentence states, and whether they stand in the results that it cites.

A number stands in a result if one of the result's numbers rounds to it, in the digits in which it
is stated. A result has the numbers of its text, its arguments and its payload (of the inputs that
it measured, the peaks alone: among thousands of activations any number would be found), the lengths
of its lists, and the shares of what it counts as "N of M". Names, quotes, ordinals and citations
state no number.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ...tools.evidence import Evidence

CITED = re.compile(r"\[(\s*E\d+(?:\s*[,;–-]\s*E?\d+)*\s*)\]")
NUMBER = re.compile(r"(?<![\w./])[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(?:\.\d+)?(?:e[-+]?\d+)?")
UNIT = re.compile(r"(?<![\w/])((?:[a-z_]+\.\d+|planted|logit)/\d+)(-(?!\d))?")
LAYER = re.compile(
    r"\b(?:attn_out|mlp_out|resid|mlp|head)\.(\d+)\b|\b(?:blocks?|layers?)\s+(\d+)\b"
)
QUOTED = re.compile(r"'[^'\n]{1,80}'|\"[^\"\n]{1,200}\"|“[^”\n]{1,200}”|`[^`\n]{1,80}`|«[^»]*»")
PERCENT = ("%", "per cent", "percent")
_NAMES = re.compile(
    r"\b(?:heads?|units?|neurons?|channels?|sites?)\s+\d+(?:[./]\d+)*\b"
    r"|\b[A-Za-z_][\w.]*/\d+-?|\b\d+(?:st|nd|rd|th)\b"
    r"|\b9[059]\s?%(?=\s*(?:(?:confidence|Wilson)\s+)?(?:intervals?|CI)\b|[\s:,]*[\[(]?[-−]?\d?[.\d])"
    r"|^\s*\d+[.)]\s"
)
_OF = re.compile(r"(?<![\w.])(\d[\d,]*)\s*(?:/|(?:out )?of(?: the)?)\s*(\d[\d,]*)(?![\d.]*\d)")
_INPUTS = ("measured", "windows")


class Figure(NamedTuple):
    """A number as a sentence states it."""

    text: str
    value: float
    room: float
    """Half of its last digit."""
    percent: bool

    def among(self, numbers: np.ndarray) -> bool:
        """Whether one of these, all positive, rounds to it; a percentage may stand as a share."""
        value, room = abs(self.value), self.room * (1 + 1e-9) + 1e-12
        found = bool((np.abs(numbers - value) <= room).any())
        return found or (self.percent and bool((np.abs(100 * numbers - value) <= room).any()))


def figures(sentence: str) -> list[Figure]:
    """The numbers that a sentence states, in order."""
    bare = sentence
    for names in (CITED, QUOTED, UNIT, LAYER, _NAMES):
        bare = names.sub(lambda match: " " * len(match.group()), bare)
    found = []
    for match in NUMBER.finditer(bare):
        text = match.group()
        if not any(sign.isdigit() for sign in text):
            continue
        percent = bare[match.end() :].lstrip().startswith(PERCENT)
        mantissa, _, power = text.partition("e")
        digits = len(mantissa.partition(".")[2])
        room = 0.5 * 10.0 ** (int(power or 0) - digits)
        found.append(Figure(text + "%" * percent, number(text), room, percent))
    return found


def missing(sentence: str, cited: Iterable[Evidence], question: str = "") -> tuple[str, ...]:
    """The numbers of a sentence that stand in none of the results that it cites, as stated.

    Args:
        sentence: What is claimed.
        cited: The results.
        question: What was asked: its numbers are free.
    """
    stated = figures(sentence)
    if not stated:
        return ()
    there = np.concatenate([*map(numbers_of, cited), np.zeros(0)])
    free = {abs(number(m.group())) for m in NUMBER.finditer(question) if m.group().strip("+-−.")}
    lost = [one for one in stated if abs(one.value) not in free and not one.among(there)]
    return tuple(dict.fromkeys(one.text for one in lost))


def number(text: str) -> float:
    """A match of `NUMBER` as a number."""
    return float(text.replace("−", "-").replace(",", ""))


def numbers_of(result: Evidence) -> np.ndarray:
    """The sizes of all numbers of a result, `[number]`."""
    found: list[float] = []
    for match in NUMBER.finditer(result.text):
        if any(sign.isdigit() for sign in match.group()):
            found.append(number(match.group()))
            if result.text[match.end() :].lstrip().startswith(PERCENT):
                found.append(found[-1] / 100)
    for part, whole in _OF.findall(result.text):
        some, all_ = number(part), number(whole)
        found += [some, all_, *([some / all_] if all_ else [])]
    payload = {key: value for key, value in result.data.items() if key not in _INPUTS}
    found += _within([payload, result.arguments])
    for item in result.data.get("measured") or ():
        known = [v for v in item.get("activations") or () if isinstance(v, int | float)]
        found += [max(known), min(known)] if known else []
    sizes = np.abs(np.array(found, float))
    return sizes[np.isfinite(sizes)]


def _within(value: Any) -> Iterator[float]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _within(inner)
    elif isinstance(value, list | tuple):
        yield float(len(value))
        for inner in value:
            yield from _within(inner)
