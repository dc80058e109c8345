"""Conditions on the context of a place that have a name: what a unit may need beside its words.

Classes of words before, behind and around a place; the frequent content words near it and in its
text; the piece of a word that it is, where it stands and whether it is repeated. A condition does
not say which token stands at the place, so that it tells places of one token apart.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.english.word_classes import WordClass, word_classes
from .....tools.predicates import parse

_NEAR = 12
"""Tokens on either side that are near."""
_SOON = (2, 4)
"""Words away that are soon before or after."""
_FREQUENT = 150
"""Content words that are tried."""
_LEAST_PLACES = 0.005
"""Share of places where a condition has to hold, and to fail, to be tried."""


_LEAST_DOCUMENTS = 10
"""Documents where a condition holds somewhere, and where it fails: what is said of one document's
word is said of that document."""


class Condition(NamedTuple):
    """A condition on a place."""

    words: str
    """Such as `after a determiner`."""
    predicate: dict[str, Any]


class Conditions(NamedTuple):
    """Those that are worth a try on some windows."""

    each: tuple[Condition, ...]
    held: np.ndarray
    """bool `[condition, window * place]`."""

    def mask(self, condition: Condition) -> np.ndarray:
        """bool `[window * place]`: where one of them holds."""
        return self.held[self.each.index(condition)]


def conditions(windows: TokenWindows, *, causal: bool, without: str | None = None) -> Conditions:
    """Every condition that holds at some places and fails at some.

    Args:
        windows: The texts.
        causal: Nothing behind a place counts.
        without: A kind of predicate that none of them has.
    """
    kept: list[Condition] = []
    held: list[np.ndarray] = []
    for one in _asked(windows, causal=causal):
        if _speaks_of(one.predicate, without):
            continue
        mask = parse(one.predicate).evaluate(windows) >= 0.5
        share = mask[windows.counted].mean()
        documents = min(_documents(windows, some) for some in (mask, ~mask))
        if _LEAST_PLACES < share < 1 - _LEAST_PLACES and documents >= _LEAST_DOCUMENTS:
            kept.append(one)
            held.append(mask.ravel())
    return Conditions(tuple(kept), np.array(held, bool).reshape(len(kept), windows.ids.size))


def _documents(windows: TokenWindows, mask: np.ndarray) -> int:
    """In how many documents something holds."""
    return len(np.unique(windows.document[(mask & windows.counted).any(1)]))


def _asked(windows: TokenWindows, *, causal: bool) -> Iterator[Condition]:
    atoms = {one.name: _atom(one, windows) for one in word_classes()}
    plain = {"kind": "or", "of": list(atoms.values())}
    atoms["a content word"] = {"kind": "not", "of": plain}
    for name, atom in atoms.items():
        yield from _beside(name, atom, causal=causal)
        yield from _near(name, atom, causal=causal)
    for word in _content_words(windows):
        atom = {"kind": "words", "words": [word], "inflect": False}
        yield from _near(f"'{word}'", atom, causal=causal)
    inside = {"kind": "shape", "shape": "word_inside"}
    yield Condition("inside a word", inside)
    yield Condition("at the start of a text", {"kind": "position", "start": 0, "stop": 3})
    yield Condition("where the token is repeated", {"kind": "repeated"})
    yield Condition("where two tokens in a row are repeated", {"kind": "repeated", "length": 2})
    yield Condition("in capitalised words", {"kind": "shape", "shape": "capitalised"})
    if not causal:
        yield Condition("where the word goes on", {"kind": "next", "of": inside})
        yield Condition("where the token comes again", {"kind": "repeated", "side": "after"})


def _beside(name: str, atom: dict[str, Any], *, causal: bool) -> Iterator[Condition]:
    """Something right before and behind a place, and soon before and behind it."""
    least, most = _SOON
    soon = {"of": atom, "at_least": least, "within": most, "by": "word"}
    yield Condition(f"after {name}", {"kind": "previous", "of": atom, "by": "word"})
    yield Condition(f"soon after {name}", {"kind": "earlier", **soon})
    if not causal:
        yield Condition(f"before {name}", {"kind": "next", "of": atom, "by": "word"})
        yield Condition(f"soon before {name}", {"kind": "later", **soon})


def _near(name: str, atom: dict[str, Any], *, causal: bool) -> Iterator[Condition]:
    """Something near a place, and anywhere in its text."""
    for words, reach in ((f"near {name}", {"within": _NEAR}), (f"in texts with {name}", {})):
        sides = [{"kind": side, "of": atom, **reach} for side in ("earlier", "later")]
        yield Condition(words, sides[0] if causal else {"kind": "or", "of": sides})


def _content_words(windows: TokenWindows) -> list[str]:
    """The most frequent words that no class lists."""
    listed = {word for one in word_classes() for word in one.words}
    word = windows.word[windows.counted]
    seen = Counter(windows.words[i].lower() for i in word[word >= 0])
    names = (name for name, _ in seen.most_common() if name.isalpha() and len(name) > 1)
    return list(islice((name for name in names if name not in listed), _FREQUENT))


def _atom(one: WordClass, windows: TokenWindows) -> dict[str, Any]:
    """A class as a predicate; marks by the tokens that are made of them alone."""
    if one.words:
        return {"kind": "concept", "name": one.name, "words": list(one.words)}
    if one.pattern:
        return {"kind": "regex", "pattern": one.pattern, "on": "word"}
    marks = re.compile(f"[{re.escape(''.join(one.marks))}]+")
    tokens = [text for text in windows.vocabulary if marks.fullmatch(text.strip())]
    return {"kind": "tokens", "tokens": sorted(set(tokens)) or list(one.marks)}


def _speaks_of(predicate: Any, kind: str | None) -> bool:
    """Whether a predicate has a part of a kind."""
    if isinstance(predicate, dict):
        parts = predicate.values()
        return predicate.get("kind") == kind or any(_speaks_of(part, kind) for part in parts)
    return isinstance(predicate, list) and any(_speaks_of(part, kind) for part in predicate)
