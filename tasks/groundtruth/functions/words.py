"""Words of the string functions: categories with clear members, and words that are made up."""

import tomllib
from pathlib import Path

import numpy as np

_WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
CATEGORIES: dict[str, str] = _WORDS["categories"]
"""Members by category; no word is in two."""
PLAIN: list[str] = _WORDS["plain"].split()
"""Words of no category above."""


def members(category: str) -> list[str]:
    """The words of a category."""
    return CATEGORIES[category].split()


def real_words() -> list[str]:
    """Every word here."""
    return [*PLAIN, *(word for category in CATEGORIES for word in members(category))]


_ONSETS = "b c d f g h j k l m n p r s t v w z br cl dr fl gr pl sk st tr th"
_NUCLEI = "a e i o u y ai ea oo ou"
_CODAS = "n r s t l m ck st ng"


def made_up(rng: np.random.Generator, count: int) -> list[str]:
    """Words of two to eleven letters that can be spoken and mean nothing."""
    onsets, nuclei = _ONSETS.split(), _NUCLEI.split()
    codas = ["", "", *_CODAS.split()]
    known = set(real_words())
    found: list[str] = []
    while len(found) < count:
        word = ""
        for _ in range(int(rng.integers(1, 4))):
            word += str(rng.choice(onsets)) if rng.random() < 0.85 else ""
            word += str(rng.choice(nuclei)) + str(rng.choice(codas))
        if 2 <= len(word) <= 11 and word not in known:
            found.append(word)
    return found
