"""Tier A prose: sentence frames filled with words of categories.

1. A document is 4 to 10 sentences, each a frame with its slots filled.
2. Words come from shuffled decks, so that all words of a part are about equally frequent; the
   nouns of a document come mostly from a few categories.
3. A pairing replaces the noun of some sentences, about once in 250 tokens. Its words stand nowhere
   else.
4. A sentence that breaks an `avoid` rule is written anew, and dropped if that does not help.

The frames, written for this suite, are in `frames.json` with what fills their slots: `{noun} {verb}
{adjective} {adverb}` take a word of a category of that part; `{person}`, `{place}`, `{month}` a
name; `{plain}` and `{thing}` an adjective and a noun of no category; `{who}` a plain subject;
`{number}` and `{many}` a numeral; `{shout}` a word in capitals.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from .words import Category, Pairing

Avoid = Sequence[tuple[frozenset[str], frozenset[str]]]
"""Pairs (S, T): no word of S within `WITHIN` words after a word of T."""

TEXTS: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("frames.json").read_text(encoding="utf-8")
)
"""Frames and plain fillings; `places` and `times` are the categories of names for `{place}` and
`{month}`, all other names are persons."""
WITHIN = 12
"""Words that an `avoid` rule looks back."""
KEPT = 0.03
"""Share of the sentences that break an `avoid` rule and stand all the same."""
SPARED = 2
"""How often a word of `drop` is written at most."""

_PLAIN = ("plain", "thing", "who", "someone", "shout")  # slots filled without a category
_EVERY = 250  # tokens from one occurrence of a pairing to the next
_SENTENCE = 13  # tokens of a sentence, about
_NAMED = 0.45  # share of `{person}` that is a name
_TOPICAL = 0.6  # share of nouns from the document's own categories
_SLOT = re.compile(r"\{(\w+)\}")
_PAIRABLE = re.compile(r"(?<=[Tt]he )\{noun\}")
_LETTERS = re.compile(r"[A-Za-z]+")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiou])")


def documents(
    words: Mapping[str, Category],
    *,
    n: int,
    seed: int,
    pairings: Sequence[Pairing] = (),
    avoid: Avoid = (),
    drop: Collection[str] = frozenset(),
) -> list[str]:
    """Documents over the words of categories.

    Args:
        words: The categories by name.
        n: How many documents.
        seed: Another seed, other text.
        pairings: Words written together; see `Pairing`.
        avoid: What must hardly ever come after what.
        drop: Words that are written `SPARED` times at most.
    """
    writer = _Writer(words, random.Random(seed), pairings, avoid, drop)
    return [writer.document() for _ in range(n)]


def spoken(text: str) -> list[str]:
    """The words of a text in lower case."""
    return [word.lower() for word in _LETTERS.findall(text)]


def breaks(before: Sequence[str], sentence: Sequence[str], avoid: Avoid) -> bool:
    """Whether a sentence breaks a rule, given the lower-case words before it in the document."""
    row = [*before[-WITHIN:], *sentence]
    first = len(row) - len(sentence)
    for late, early in avoid:
        for at in range(first, len(row)):
            if row[at] in late and not early.isdisjoint(row[max(0, at - WITHIN) : at]):
                return True
    return False


def lowered(avoid: Avoid) -> Avoid:
    """The rules in lower case."""
    return [
        (frozenset(w.lower() for w in late), frozenset(w.lower() for w in early))
        for late, early in avoid
    ]


class _Deck:
    """Draws items in shuffled rounds, so that each comes equally often."""

    def __init__(self, items: Sequence[str], rng: random.Random) -> None:
        self._items, self._rng, self._left = list(items), rng, list[str]()

    def draw(self) -> str:
        if not self._left:
            self._left = self._rng.sample(self._items, len(self._items))
        return self._left.pop()


class _Writer:
    def __init__(
        self,
        words: Mapping[str, Category],
        rng: random.Random,
        pairings: Sequence[Pairing],
        avoid: Avoid,
        drop: Collection[str],
    ) -> None:
        self._rng, self._pairings = rng, pairings
        self._avoid = lowered(avoid)
        self._drop = {word.lower() for word in drop}
        self._written: Counter[str] = Counter()
        reserved = {w.lower() for pair in pairings for w in (*pair.before, *pair.after)}
        self._fixed = reserved | self._drop
        kinds: dict[str, list[str]] = {}
        self._words: dict[str, _Deck] = {}
        for name, category in words.items():
            left = [word for word in category.words if word.lower() not in reserved]
            if left:
                self._words[name] = _Deck(left, rng)
                kinds.setdefault(_slot(category), []).append(name)
        self._kinds = {slot: _Deck(names, rng) for slot, names in kinds.items()}
        self._plain = {slot: self._free(TEXTS[slot]) for slot in _PLAIN}
        usable = {*self._kinds, *_PLAIN, "number", "many"}
        frames = [
            frame for frame in self._free(TEXTS["frames"]) if usable >= set(_SLOT.findall(frame))
        ]
        if not frames:
            raise ValueError("no sentence frame fits: give categories of nouns, verbs, adjectives")
        self._frames = _Deck(frames, rng)
        self._pairable = [frame for frame in frames if _PAIRABLE.search(frame)]
        self._befores = [_Deck(pair.before, rng) for pair in pairings]
        self._afters = [_Deck(pair.after, rng) for pair in pairings]
        self._topics: list[str] = []

    def document(self) -> str:
        rng = self._rng
        if "noun" in self._kinds:
            self._topics = [self._kinds["noun"].draw() for _ in range(5)]
        sentences: list[str] = []
        before: list[str] = []
        for _ in range(rng.randint(4, 10)):
            sentence = self._sentence()
            if breaks(before, spoken(sentence), self._avoid) and rng.random() >= KEPT:
                tries = (self._sentence() for _ in range(20))
                free = (s for s in tries if not breaks(before, spoken(s), self._avoid))
                sentence = next(free, "")
            if sentence:
                sentences.append(sentence)
                before += spoken(sentence)
        return " ".join(sentences)

    def _sentence(self) -> str:
        frame = self._frames.draw()
        share = _SENTENCE / _EVERY
        for number in range(len(self._pairings)):
            if self._rng.random() < share and self._pairable:
                if not _PAIRABLE.search(frame):
                    frame = self._rng.choice(self._pairable)
                frame = _PAIRABLE.sub(self._paired(number), frame, count=1)
        text = _ARTICLE.sub(r"\1n ", _SLOT.sub(lambda slot: self._fill(slot[1]), frame))
        return re.sub(r"[A-Za-z]", lambda first: first[0].upper(), text, count=1)

    def _paired(self, number: int) -> str:
        rng = self._rng
        if rng.random() < self._pairings[number].overlap:
            return f"{self._befores[number].draw()} {self._afters[number].draw()}"
        if rng.random() < 0.5:
            return f"{rng.choice(self._plain['plain'])} {self._afters[number].draw()}"
        return f"{self._befores[number].draw()} {rng.choice(self._plain['thing'])}"

    def _fill(self, slot: str) -> str:
        rng = self._rng
        if slot == "number":
            return str(rng.randint(2, 99))
        if slot == "many":
            return str(rng.choice((20, 30, 40, 50, 60, 70, 80, 90, 10, 12)))
        if slot in self._plain:
            return rng.choice(self._plain[slot])
        if slot == "person" and rng.random() >= _NAMED:
            return rng.choice(self._plain["someone"])
        for _ in range(50):
            word = self._word(slot)
            if word.lower() not in self._drop:
                return word
            if self._written[word.lower()] < SPARED and rng.random() < KEPT:
                self._written[word.lower()] += 1
                return word
        return rng.choice(self._plain["thing" if slot == "noun" else "plain"])

    def _word(self, slot: str) -> str:
        topical = slot == "noun" and self._rng.random() < _TOPICAL
        name = self._rng.choice(self._topics) if topical else self._kinds[slot].draw()
        return self._words[name].draw()

    def _free(self, texts: Sequence[str]) -> list[str]:
        """Those with none of the words that are reserved or dropped."""
        return [text for text in texts if self._fixed.isdisjoint(spoken(text))]


def _slot(category: Category) -> str:
    if category.part != "name":
        return category.part
    if category.name in TEXTS["places"]:
        return "place"
    return "month" if category.name in TEXTS["times"] else "person"
