"""Draws the functions of one seed from word sets: which concepts, exceptions and rivals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ....tools.errors import UsageError
from . import functions
from .functions import NEAR, TextFunction
from .words import Category, Pairing

EXPRESSIBLE = (
    "one",
    "or",
    "and",
    "and-not",
    "exception",
    "context",
    "position",
    "shape",
    "graded",
    "inhibited",
    "confounded",
)
"""Kinds of units that have a function; `null` and `dead` have none."""
DRAWN_FIRST = ("confounded", "inhibited", "and-not", "exception")
"""Kinds that the corpus is bent for: their word sets are theirs alone."""
_TRIED, _OFTEN, _LIKELY = 8, 60, 10
SUFFIXES = ("ing", "ed", "ly", "er", "tion", "es", "al", "ent", "ive", "able", "or", "y")


@dataclass
class Asked:
    """What the corpus has to do for the functions that were drawn."""

    pairings: list[Pairing] = field(default_factory=list)
    avoid: list[tuple[frozenset[str], frozenset[str]]] = field(default_factory=list)
    drop: set[str] = field(default_factory=set)


class Draw:
    """Draws functions over word sets; a set that the corpus is bent for is not used again."""

    def __init__(
        self,
        sets: Mapping[str, Category],
        pools: Mapping[str, Sequence[str]],
        vocabulary: Sequence[str],
        ids: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        """`vocabulary`: surfaces by token id; `ids`: the corpus before it is bent, one stream."""
        self.sets = dict(sets)
        self.rng = rng
        self.asked = Asked()
        self._free = [str(name) for name in rng.permutation(sorted(sets))]
        self._used: list[str] = []
        self._pools = {
            name: [str(w) for w in rng.permutation(words)] for name, words in pools.items()
        }
        self._surfaces = vocabulary
        self._ids = ids
        self._frequency = np.bincount(ids, minlength=len(vocabulary))
        self._suffixes = [str(suffix) for suffix in rng.permutation(SUFFIXES)]

    def function(self, kind: str, turn: int) -> TextFunction:
        """A function of that kind; `turn` goes through its variants."""
        return getattr(self, f"_{kind.replace('-', '_')}")(turn)

    def category(self, *, own: bool = False) -> Category:
        """A word set; `own`: one that no other function has or gets."""
        if self._free:
            name = self._free.pop(0)
            if not own:
                self._used.append(name)
            return self.sets[name]
        if own or not self._used:
            raise UsageError("the corpus gives too few word sets for the suite; give more --tokens")
        return self.sets[str(self.rng.choice(self._used))]

    def _several(self, n: int) -> list[Category]:
        """Different word sets."""
        result: dict[str, Category] = {}
        while len(result) < n:
            one = self.category()
            result[one.name] = one
        return list(result.values())

    def near(self, category: Category) -> tuple[str, ...]:
        """Words of the sets next to one."""
        words = [w for name in category.sisters if name in self.sets for w in self.sets[name].words]
        return tuple(word for word in words if word not in category.words)[:16]

    def _one(self, turn: int) -> TextFunction:
        result = self.category()
        return functions.one(result.name, result.words, self.near(result))

    def _or(self, turn: int) -> TextFunction:
        result = self._several(2 + (turn % 4 == 3))
        near = self.near(result[0])
        spoken = {word for item in result for word in item.words}
        near = tuple(word for word in near if word not in spoken)
        return functions.any_of({item.name: item.words for item in result}, near)

    def _and(self, turn: int) -> TextFunction:
        """The set, of a few that are free, that stands most often in the drawn context."""
        directly = turn % 2 == 0
        tried: list[tuple[int, Category, tuple[str, ...]]] = []
        while len(tried) < _TRIED and not any(count >= _OFTEN for count, _, _ in tried):
            result = self.category()
            before, count = self._companions(result.words, directly=directly)
            tried.append((count, result, before))
        _, result, before = max(tried, key=lambda item: item[0])
        return functions.in_context("and", result.name, result.words, before, directly=directly)

    def _and_not(self, turn: int) -> TextFunction:
        result = self.category(own=True)
        before = self.category().words[:8]
        self.asked.avoid.append((frozenset(result.words), frozenset(before)))
        return functions.in_context("and-not", result.name, result.words, before, directly=True)

    def _inhibited(self, turn: int) -> TextFunction:
        result = self.category(own=True)
        before = self.category(own=True).words[:8]
        self.asked.avoid.append((frozenset(result.words), frozenset(before)))
        return functions.in_context("inhibited", result.name, result.words, before, directly=False)

    def _exception(self, turn: int) -> TextFunction:
        result = self.category(own=True)
        but = [str(w) for w in self.rng.choice(result.words, 2 + turn % 2, replace=False)]
        self.asked.drop.update(but)
        return functions.exception(result.name, result.words, but, self.near(result))

    def _context(self, turn: int) -> TextFunction:
        result = self.category()
        back = (1, 4)[turn % 2]
        return functions.following(result.name, result.words, self.near(result), back=back)

    def _position(self, turn: int) -> TextFunction:
        if turn % 3 == 2:
            return functions.sentence_start()
        first = int(self.rng.integers(0, 12)) if turn % 3 else 0
        return functions.position(first, first + int(self.rng.integers(3, 9)))

    def _shape(self, turn: int) -> TextFunction:
        shapes = {
            "capitalised": ("words with a capital first letter", _capitalised),
            "digits": ("numbers in digits", str.isdigit),
            "upper": ("words in capitals of two or more letters", _upper),
        }
        if turn % 4 == 3:
            name = list(shapes)[turn // 4 % 3]
            text, test = shapes[name]
            return functions.written(text, test, self._samples(test), name)
        while self._suffixes:
            suffix = self._suffixes.pop()
            test = _ends(suffix)
            if len(self._samples(test)) >= 8:
                return functions.written(
                    f"words that end in '{suffix}'", test, self._samples(test), f"-{suffix}"
                )
        return self._shape(3)

    def _graded(self, turn: int) -> TextFunction:
        result = self._several(2)
        return functions.graded({item.name: item.words for item in result}, (1.0, 0.4))

    def _confounded(self, turn: int) -> TextFunction:
        token = bool(self.rng.random() < 0.5)
        turns = ("complete", "overlap", "complete", "outside", "overlap", "complete")
        variant = "unidentifiable" if turn == 6 else turns[turn % 6]
        if variant == "outside":
            return self._ordered(token)
        if variant == "unidentifiable":
            return self._closed()
        pair = (self._pool("adjectives", 6), self._after())
        overlap = 1.0 if variant == "complete" else float(self.rng.uniform(0.9, 0.98))
        self.asked.pairings.append(Pairing(*pair, overlap))
        return functions.confounded("a set", pair[1], pair[0], token=token, variant=variant)

    def _after(self) -> tuple[str, ...]:
        """Words that the first of a pair stands before: of the pool, or of a set of the prose."""
        return (
            self._pool("nouns", 6) if "nouns" in self._pools else self.category(own=True).words[:8]
        )

    def _ordered(self, token: bool) -> TextFunction:
        """A pair whose first words all come earlier in the alphabet than the second ones."""
        adjectives = sorted(self._pools["adjectives"])[:6]
        nouns = sorted(self._pools["nouns"])[-6:] if "nouns" in self._pools else []
        while len(nouns) < 4:
            nouns = [word for word in self.category(own=True).words[:8] if word > adjectives[-1]]
        for name, taken in (("nouns", nouns), ("adjectives", adjectives)):
            if name in self._pools:
                self._pools[name] = [word for word in self._pools[name] if word not in taken]
        pair = (tuple(adjectives), tuple(nouns))
        self.asked.pairings.append(Pairing(*pair, 1.0))
        return functions.alphabetical("a set", pair[1], pair[0], token=token)

    def _closed(self) -> TextFunction:
        """Some words with a suffix that no other word of the host has."""
        names = {surface.strip().lower() for surface in self._surfaces}
        names = {name for name in names if name.isalpha() and len(name) > 4}
        counts = self._counts()
        ends: dict[str, list[str]] = {}
        for name in sorted(names):
            ends.setdefault(name[-3:], []).append(name)
        fit = {
            end: words
            for end, words in ends.items()
            if 3 <= len(words) <= 8 and sum(counts.get(word, 0) for word in words) >= 40
        }
        if not fit:
            raise ValueError("the host has no closed set of words with one suffix")
        end = str(self.rng.choice(sorted(fit)))
        return functions.unidentifiable(end, fit[end])

    def _counts(self) -> dict[str, int]:
        """How often each word is a token of the corpus, in any capitalisation."""
        result: dict[str, int] = {}
        for number in np.flatnonzero(self._frequency):
            name = self._surfaces[int(number)].strip().lower()
            result[name] = result.get(name, 0) + int(self._frequency[number])
        return result

    def _pool(self, name: str, n: int) -> tuple[str, ...]:
        if len(self._pools[name]) < n:
            raise ValueError(f"the suite asks for more {name} than there are")
        taken, self._pools[name] = self._pools[name][:n], self._pools[name][n:]
        return tuple(taken)

    def _companions(self, words: Sequence[str], *, directly: bool) -> tuple[tuple[str, ...], int]:
        """Words that stand before a concept at a third to four fifths of its places.

        Returns:
            The words, and the places where one of them stands before the concept.
        """
        names = np.array([surface.strip().lower() for surface in self._surfaces])
        at = np.flatnonzero(np.isin(names, words)[self._ids])
        at = at[at >= NEAR]
        reach = range(1, 2 if directly else NEAR + 1)
        before = names[self._ids[np.stack([at - back for back in reach], axis=1)]]  # [place, back]
        known, counts = np.unique(before, return_counts=True)
        likely = [str(name) for name in known[np.argsort(-counts)][:_LIKELY] if name.isalpha()]
        chosen: list[str] = []
        for word in self.rng.permutation(likely):
            share = np.isin(before, [*chosen, word]).any(1).mean()
            if share <= 0.8:
                chosen.append(str(word))
            if np.isin(before, chosen).any(1).mean() >= 0.35:
                break
        chosen = chosen or likely[:1] or ["the"]
        return tuple(chosen), int(np.isin(before, chosen).any(1).sum())

    def _samples(self, test) -> tuple[str, ...]:
        result = {
            surface.strip(): self._frequency[number]
            for number, surface in enumerate(self._surfaces)
            if self._frequency[number] >= 3 and test(surface.strip())
        }
        return tuple(sorted(result, key=lambda word: (-result[word], word))[:40])


def _capitalised(text: str) -> bool:
    return len(text) > 1 and text[0].isupper() and text[1:].islower()


def _upper(text: str) -> bool:
    return len(text) > 1 and text.isalpha() and text.isupper()


def _ends(suffix: str):
    return lambda text: len(text) > len(suffix) + 1 and text.lower().endswith(suffix)
