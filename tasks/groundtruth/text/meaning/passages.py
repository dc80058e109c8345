"""Passages in minimal pairs: the same words on both sides, and only what the text says differs.

1. A kind has sides (`denied`, `asserted`), each with templates that say so of `{x}`, and items that
   stand for `{x}`, in which the words that count are marked with asterisks.
2. A passage joins templates of two sides in either order, with one item each. Its partner is the
   same with the two items exchanged: every marked word stands once on each side, both texts hold
   the same words, and what lies around a marked word is the rest of its item.
3. In the kind `mentioned` three places hold two words, `x x y` or `y x x`: the one in the middle
   was named before, or was not.

Templates, items and what fills them are in `kinds/`, written for this suite and used nowhere else;
`train` and `held` share no template and no word of an item.
"""

import random
import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

KINDS = (
    *("figurative", "actor", "denied", "said", "supposed", "name"),
    *("asked", "mentioned", "future", "praised", "cause", "allowed"),
)
LOCKED = ("supposed", "name", "praised", "cause")
"""Kinds that nobody develops on: left out unless they are asked for."""
_FOLDER = Path(__file__).parent / "kinds"
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_MARKED = re.compile(r"\*([^*]+)\*")
_PIECE = re.compile(r"[<>]|\*[^*]+\*|[^<>*]+")
_WORD = re.compile(r"[^\W_]+")
_BEGIN = re.compile(r'(^"?|[.!?] +)([a-z])')


class Span(NamedTuple):
    """A stretch of text with its side."""

    start: int
    end: int
    side: str


class Passage(NamedTuple):
    """A text with what counts in it."""

    kind: str
    text: str
    items: tuple[Span, ...]
    """Whole items."""
    marks: tuple[Span, ...]
    """The words of items that are judged."""
    core: tuple[Span, ...]
    """Of the marks, those of the main word of an item of several words."""
    templates: tuple[str, ...]
    """The template that each item stands in; partners have the same."""
    pair: int
    """Partners have the same number."""


def sides(kind: str) -> dict[str, str]:
    """The sides of a kind, each with the true description of a unit that is active on it."""
    data = _read(kind)
    if "whole" in data:
        return dict(zip(("later", "first"), data["whole"]["truth"], strict=True))
    return {name: side["truth"] for name, side in data["sides"].items()}


def main_word(kind: str) -> str:
    """The true description of a unit that is active at the main word of items of the first side;
    empty where items are one word."""
    return _read(kind).get("core", "")


def passages(kind: str, split: str, *, pairs: int, seed: int) -> list[Passage]:
    """Pairs of passages of a kind, partners next to each other.

    Args:
        kind: One of `KINDS`.
        split: `train` or `held`: whose templates and words.
        pairs: How many pairs.
        seed: Another seed, other text.
    """
    writer = _Writer(kind, split, random.Random(f"{kind} {split} {seed}"))
    return [passage for pair in range(pairs) for passage in writer.both(pair)]


def item_words(kind: str, split: str) -> set[str]:
    """All words that can be marked, in lower case."""
    slots = _slots(kind, split)
    marked = _MARKED.findall(_read(kind)["item"])
    inside = [word for name in _SLOT.findall(" ".join(marked)) for word in slots[name]]
    return {word.lower() for text in inside for word in _WORD.findall(text)}


def templates(kind: str, split: str) -> list[str]:
    """The templates of all sides."""
    data = _read(kind)
    parts = [data["whole"]] if "whole" in data else data["sides"].values()
    return [template for part in parts for template in part[split]]


class _Writer:
    """Writes the passages of a kind and split."""

    def __init__(self, kind: str, split: str, rng: random.Random) -> None:
        self.kind, self.split, self.rng = kind, split, rng
        self.data, self.slots = _read(kind), _slots(kind, split)

    def both(self, pair: int) -> Iterator[Passage]:
        """A passage and its partner."""
        return self._of_whole(pair) if "whole" in self.data else self._of_sides(pair)

    def _of_sides(self, pair: int) -> Iterator[Passage]:
        names = self.rng.sample(list(self.data["sides"]), 2)
        chosen = [self.rng.choice(self.data["sides"][name][self.split]) for name in names]
        bodies = [self._filled(template) for template in chosen]
        items = self._two_items()
        join = self.rng.choice(self.slots["join"])
        for x in (items, items[::-1]):
            parts = [body.replace("{x}", f"<{item}>") for body, item in zip(bodies, x, strict=True)]
            yield _read_off(_joined(parts, join), names, self.kind, chosen, pair)

    def _of_whole(self, pair: int) -> Iterator[Passage]:
        template = self.rng.choice(self.data["whole"][self.split])
        body = self._filled(template)
        x, y = (_MARKED.sub(r"\1", item) for item in self._two_items())
        for side, words in (("later", (x, f"<*{x}*>", y)), ("first", (y, f"<*{x}*>", x))):
            text = body
            for number, word in enumerate(words, 1):
                text = text.replace(f"{{{number}}}", word)
            yield _read_off(_joined([text], ""), [side], self.kind, [template], pair)

    def _two_items(self) -> list[str]:
        """Two items that share no marked word."""
        while True:
            both = [self._filled(self.data["item"]) for _ in range(2)]
            words = [set(_WORD.findall(" ".join(_MARKED.findall(one)).lower())) for one in both]
            if words[0].isdisjoint(words[1]):
                return both

    def _filled(self, template: str) -> str:
        """A template with its choices made and its slots filled, each word once; `{x}` stays."""
        text = _CHOICE.sub(lambda choice: self.rng.choice(choice[1].split("|")), template)
        used: set[str] = set()

        def fill(slot: re.Match[str]) -> str:
            words = self.slots.get(slot[1])
            if words is None:
                return slot[0]
            used.add(word := self.rng.choice([w for w in words if w not in used] or words))
            return word

        return _SLOT.sub(fill, text)


def _joined(parts: Sequence[str], join: str) -> str:
    """The parts as one text."""
    first, *rest = parts
    for part in rest:
        between = join
        if first.endswith(("?", "!")):
            between = join.removeprefix(".") if join.startswith(".") else " "
        first = first.rstrip(".") + between + part
    return first if first.endswith((".", "?", "!", '"')) else f"{first}."


def _read_off(
    written: str, names: Sequence[str], kind: str, templates: Sequence[str], pair: int
) -> Passage:
    """The passage of a text in which items stand in `<>` and marked words in `**`."""
    text, start, core_from = "", 0, 0
    items: list[Span] = []
    marks: list[Span] = []
    core: list[Span] = []
    for piece in _PIECE.findall(written):
        if piece == "<":
            start, core_from = len(text), len(core)
        elif piece == ">":
            items.append(Span(start, len(text), names[len(items)]))
            if " " not in text[start:]:
                core = core[:core_from]
        elif piece.startswith("*"):
            side, at = names[len(items)], len(text) - 1
            words = [Span(at + w.start(), at + w.end(), side) for w in _WORD.finditer(piece)]
            marks += words
            core = core[:core_from] + words
            text += piece.strip("*")
        else:
            text += piece
    text = _BEGIN.sub(lambda begin: begin[1] + begin[2].upper(), text)
    return Passage(kind, text, tuple(items), tuple(marks), tuple(core), tuple(templates), pair)


def _slots(kind: str, split: str) -> dict[str, list[str]]:
    own = _read(kind).get(f"{split}_slots", {})
    return {**_read("common")[split], **own}


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
