"""Whether an answer's claims cite results that exist, and whether these hold the stated numbers."""

from collections.abc import Iterator, Mapping
from typing import Any

from ....tools.evidence import Evidence
from ..claims import cited
from ..events import Answer
from .reading import NUMBER, numbers_in

_BULKY = ("measured", "windows")
"""Payloads of thousands of numbers, among which any number would be found."""


def citations(answer: Answer) -> dict[str, int]:
    """Counts of an answer: claims, those that cite a result that exists, and their numbers."""
    known = {item.id: set(_numbers(item)) for item in answer.evidence}
    numbers = supported = missing = 0
    for claim in answer.claims:
        there = set[float]().union(*(known.get(name, set()) for name in claim.evidence))
        missing += sum(name not in known for name in cited(claim.text))
        if not claim.evidence:
            continue
        for stated in _stated(claim.text):
            numbers += 1
            supported += any(_agrees(value, there) for value in stated)
    return {
        "claims": sum(bool(claim.evidence) or claim.opinion for claim in answer.claims),
        "cited": sum(bool(claim.evidence) for claim in answer.claims),
        "missing": missing,
        "numbers": numbers,
        "supported": supported,
    }


def _stated(sentence: str) -> list[list[float]]:
    """The numbers of a sentence; a percentage also as its share."""
    found: dict[int, list[float]] = {}
    for value, at in numbers_in(sentence):
        found.setdefault(at, []).append(value)
    return list(found.values())


def _agrees(value: float, known: set[float]) -> bool:
    """Whether a number is one of these, rounded to the digits in which it is stated."""
    digits = len(f"{abs(value):g}".partition(".")[2].partition("e")[0])
    room = 0.5000001 * 10.0**-digits
    if value and abs(value) < 1e-3:
        room = 0.05 * abs(value)
    return any(abs(abs(one) - abs(value)) <= room for one in known)


def _numbers(item: Evidence) -> Iterator[float]:
    """All numbers of a result but those of its bulky payloads."""
    for match in NUMBER.finditer(item.text):
        yield float(match.group().replace("−", "-").replace(",", ""))
    yield from _within({k: v for k, v in item.data.items() if k not in _BULKY})


def _within(value: Any) -> Iterator[float]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _within(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _within(inner)
