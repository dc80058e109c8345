"""Reads what an answer states: its sentences, units, numbers, layers and its yes or no.

What is denied ("not to colours"), hedged ("perhaps") or only asked states nothing. Only the
beginning of an answer is read, so that one that lists everything gains nothing by its length.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from ...asking.claims import sentences
from ...asking.figures import CITED, LAYER, NUMBER, PERCENT, QUOTED, UNIT, number

WORDS = 220
"""Words of an answer that are read."""
_NUMBERS = 12  # of a sentence; one with more is a list and states none
_LONGEST = 90  # words of a sentence; behind a longer one nothing is read
_OR = re.compile(r"\d\W{0,3}\bor\b\W{0,3}\d")
_DENIES = re.compile(
    r"\b(?:not(?! only)|no(?! doubt)|never|neither|nor|none|unlike|cannot|nothing"
    r"|rather than|instead of|fails? to|other than|except)\b|n['’]t\b",
    re.IGNORECASE,
)
_ALL_DENIED = re.compile(
    r"\b(?:not|n['’]t) (?:the case|true|so)\b|\b(?:false|untrue|incorrect)\b", re.IGNORECASE
)
_HEDGES = re.compile(
    r"\b(?:might|maybe|perhaps|possibly|could be|either|or else|who knows)\b", re.IGNORECASE
)
_ASIDE = re.compile(r"\([^()]*\)")
_SCOPE = re.compile(r"[;:(]|\s[—–-]\s|\b(?:but|while|whereas|however|although)\b", re.IGNORECASE)
_BESIDE = re.compile(
    r"\b(?:rather than|instead of|unlike|as opposed to|compared (?:to|with)) " + UNIT.pattern
)
_AGAINST = re.compile(r"\b(?:against|oppos\w+|suppress\w*|inhibit\w*)\b", re.IGNORECASE)
_VERDICT = re.compile(r"^\W*(yes|no)(?:[*_]*[,.;:!—–]|[*_]*$|\s+[—–-]\s)", re.IGNORECASE)


class Named(NamedTuple):
    """Something that a sentence states, and where."""

    name: str
    at: int


def stated(text: str, most: int = 6, *, words: int = WORDS) -> list[str]:
    """The first sentences of an answer that state something, without citations.

    Args:
        text: The answer.
        most: Sentences.
        words: Of the answer that are read.
    """
    found: list[str] = []
    left = words
    for sentence in sentences(text):
        left -= len(sentence.split())
        if left < 0 and found:
            break
        bare = CITED.sub("", sentence).strip()
        if not bare or bare.startswith("#") or bare.endswith("?") or _HEDGES.search(bare):
            continue
        if len(bare.split()) > _LONGEST:
            break
        found.append(bare)
        if len(found) == most:
            break
    return found


def denied(sentence: str, at: int) -> bool:
    """Whether what stands at this place of a sentence is denied there."""
    if _ALL_DENIED.search(sentence):
        return True
    bare = _VERDICT.sub(lambda match: " " * len(match.group()), sentence)
    bare = _ASIDE.sub(_blank, bare[:at])
    start = max((match.end() for match in _SCOPE.finditer(bare)), default=0)
    return _DENIES.search(bare, start) is not None


_DO_NOT = re.compile(r"\b(?:do|does|are|is|did|was|were) not[\s.]*$")


def units(text: str, most: int = 6) -> list[str]:
    """The units that an answer names, in order, each once."""
    found = dict.fromkeys(
        named.name
        for sentence in stated(text, most)
        for clause in sentence.split(";")
        if not _DO_NOT.search(CITED.sub("", clause))
        for named in _units_in(clause)
        if not denied(clause, named.at)
    )
    return list(found)


def supporters(text: str) -> list[str]:
    """The units that an answer names, without those that it says work against something."""
    said = [one for one in stated(text, 8) if not _AGAINST.search(one)]
    return units(" ".join(said), 8)


def segments(text: str) -> dict[str, str]:
    """What is said behind each unit's name, up to the next name."""
    out: dict[str, list[str]] = {}
    for sentence in stated(text, 10):
        if _ALL_DENIED.search(sentence):
            continue
        bare = _BESIDE.sub(_blank, sentence)
        named = [*_units_in(bare), Named("", len(bare))]
        for one, following in pairwise(named):
            out.setdefault(one.name, []).append(bare[one.at : following.at])
    return {name: " ; ".join(parts) for name, parts in out.items()}


def layers(text: str, most: int = 3) -> list[int]:
    """The blocks that an answer names, in order, each once."""
    found: dict[int, None] = {}
    for sentence in stated(text, most):
        bare = QUOTED.sub(_blank, UNIT.sub(_blank, sentence))
        for match in LAYER.finditer(bare):
            if not denied(sentence, match.start()):
                found[int(match.group(1) or match.group(2))] = None
    return list(found)


class Stated(NamedTuple):
    """A number with the sentence that states it."""

    value: float
    sentence: str


def numbers(text: str, most: int = 4) -> list[Stated]:
    """The numbers that an answer states; a percentage counts as its share, and as it stands."""
    found: list[Stated] = []
    for sentence in stated(text, most):
        here = list(numbers_in(sentence))
        if len(here) <= _NUMBERS and not _OR.search(sentence):
            found += [Stated(value, sentence) for value, at in here if not denied(sentence, at)]
    return found


def numbers_in(sentence: str) -> Iterator[tuple[float, int]]:
    """The numbers of one sentence with their places; those inside names and quotes are none."""
    bare = CITED.sub(_blank, sentence)
    bare = LAYER.sub(_blank, UNIT.sub(_blank, QUOTED.sub(_blank, bare)))
    for match in NUMBER.finditer(bare):
        if not re.search(r"\d", match.group()):
            continue
        value = number(match.group())
        yield value, match.start()
        if bare[match.end() :].lstrip().startswith(PERCENT):
            yield value / 100, match.start()


def verdict(text: str) -> bool | None:
    """The yes or no that an answer begins with; None where it does not."""
    first = next(iter(stated(text, 1)), "")
    match = _VERDICT.match(first)
    if match is None or _ALL_DENIED.search(first):
        return None
    return match.group(1).lower() == "yes"


def _units_in(sentence: str) -> list[Named]:
    return [
        Named(match.group(1) + (match.group(2) or ""), match.start())
        for match in UNIT.finditer(sentence)
    ]


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())
