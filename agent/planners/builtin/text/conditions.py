"""Conditions on the context of a place that have a name: what a unit may need beside its words.

Classes of words before, behind and around a place; the frequent content words near it and in its
text; the piece of a word that it is, where it stands and whether it is repeated. A condition does
not say which token stands at the place, so that it tells places of one token apart.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.english.word_classes import WordClass, word_classes
from .....tools.predicates import parse
from .....tools.predicates.phrases import quoted, series

_NEAR = 12
"""Tokens on either side that are near."""
_SOON = (2, 4)
"""Words away that are soon before or after."""
_FREQUENT = 150
"""Content words that are tried near a place."""
_BESIDE = 60
"""Words that are tried right before and behind it."""
_FIRST, _LATER = (3, 10), (20, 40)
"""Tokens of a text."""
_LEAST_PLACES = 0.005
"""Share of places where a condition has to hold, and to fail, to be tried."""
_BRIEF = {
    f"{_SOON[0]}-{_SOON[1]} words after {{}}": "soon after {}",
    f"{_SOON[0]}-{_SOON[1]} words before {{}}": "soon before {}",
    f"within {_NEAR} tokens of {{}}": "near {}",
    f"within {_NEAR} tokens after {{}}": "near after {}",
    "with {} earlier in the text": "in texts with {}",
    "where the token is repeated": "where repeated",
    "where the token comes again": "where coming again",
    "where two tokens in a row are repeated": "in repeated phrases",
    **{f"in the first {stop} tokens": f"in tokens 1-{stop}" for stop in _FIRST},
}
_LEAST_DOCUMENTS = 10
"""Documents where a condition holds somewhere, and where it fails: what is said of one document's
word is said of that document."""


class Condition(NamedTuple):
    """A condition on a place."""

    relation: str
    """Such as `after {}`."""
    thing: str
    """Such as `determiners`; empty where the relation says it all."""
    predicate: dict[str, Any]

    @property
    def words(self) -> str:
        """Such as `after determiners`."""
        return self.relation.format(self.thing)

    @property
    def brief(self) -> str:
        """The relation as a label says it, with fewer words."""
        return _BRIEF.get(self.relation, self.relation)


class Conditions(NamedTuple):
    """Those that are worth a try on some windows."""

    each: tuple[Condition, ...]
    held: np.ndarray
    """bool `[condition, window * place]`."""
    number: Mapping[str, int]
    """Of each by its words."""

    def mask(self, condition: Condition) -> np.ndarray:
        """bool `[window * place]`: where one of them holds."""
        return self.held[self.number[condition.words]]


def conditions(windows: TokenWindows, *, causal: bool, without: str | None = None) -> Conditions:
    """Every condition that holds at some places and fails at some.

    Args:
        windows: The texts.
        causal: Nothing behind a place counts.
        without: A kind of predicate that none of them has.
    """
    kept: list[Condition] = []
    held: list[np.ndarray] = []
    asked = _of_symbols if windows.piece == "token" else _asked
    for one in asked(windows, causal=causal):
        predicate = parse(one.predicate)
        if any(part.kind == without for part in predicate.walk()):
            continue
        mask = predicate.evaluate(windows) >= 0.5
        share = mask[windows.counted].mean()
        documents = min(_documents(windows, some) for some in (mask, ~mask))
        if _LEAST_PLACES < share < 1 - _LEAST_PLACES and documents >= _LEAST_DOCUMENTS:
            kept.append(one)
            held.append(mask.ravel())
    number = {one.words: i for i, one in enumerate(kept)}
    return Conditions(tuple(kept), np.array(held, bool).reshape(-1, windows.ids.size), number)


def more_and_less(said: Sequence[tuple[Condition, bool]], *, brief: bool) -> str:
    """Conditions in words, those that make for more apart from those that make for less.

    Such as `; more after commas or 'a'; less near 'file'`. Conditions of one relation share its
    words; `brief` has the relations that labels use.
    """
    sides: dict[str, dict[str, list[str]]] = {"more": {}, "less": {}}
    for condition, more in said:
        relation = condition.brief if brief else condition.relation
        sides["more" if more else "less"].setdefault(relation, []).append(condition.thing)
    texts = {
        side: [one.format(series(things)) for one, things in relations.items()]
        for side, relations in sides.items()
    }
    return "".join(f"; {side} {series(each)}" for side, each in texts.items() if each)


def _documents(windows: TokenWindows, mask: np.ndarray) -> int:
    """In how many documents something holds."""
    return len(np.unique(windows.document[(mask & windows.counted).any(1)]))


def _asked(windows: TokenWindows, *, causal: bool) -> Iterator[Condition]:
    classes = word_classes()
    atoms = {one.plural: _atom(one, windows) for one in classes}
    plain = [atoms[one.plural] for one in classes if one.function or one.marks or one.numeric]
    atoms["content words"] = {"kind": "not", "of": {"kind": "or", "of": plain}}
    for name, atom in atoms.items():
        yield from _beside(name, atom, causal=causal)
        yield from _soon(name, atom, causal=causal)
        yield from _near(name, atom, causal=causal)
    frequent = _frequent(windows)
    for word in islice(frequent, _BESIDE):
        yield from _beside(f"'{word}'", _word(word), causal=causal)
    listed = {word for one in classes if one.function or one.numeric for word in one.words}
    content = (word for word in frequent if len(word) > 1 and word not in listed)
    for word in islice(content, _FREQUENT):
        yield from _near(f"'{word}'", _word(word), causal=causal)
    inside = {"kind": "shape", "shape": "word_inside"}
    yield Condition("inside a word", "", inside)
    yield Condition("in capitalised words", "", {"kind": "shape", "shape": "capitalised"})
    yield from _places(causal=causal)
    if not causal:
        yield Condition("where the word goes on", "", {"kind": "next", "of": inside})


def _places(*, causal: bool) -> Iterator[Condition]:
    """Where a place stands, and whether its token stands elsewhere."""
    for stop in _FIRST:
        yield Condition(f"in the first {stop} tokens", "", {"kind": "position", "stop": stop})
    for start in _LATER:
        yield Condition(f"from token {start + 1} on", "", {"kind": "position", "start": start})
    yield Condition("where the token is repeated", "", {"kind": "repeated"})
    twice = {"kind": "repeated", "length": 2}
    yield Condition("where two tokens in a row are repeated", "", twice)
    if not causal:
        yield Condition("where the token comes again", "", {"kind": "repeated", "side": "after"})


def _of_symbols(windows: TokenWindows, *, causal: bool) -> Iterator[Condition]:
    """The same where each token is a thing of its own: the frequent ones near, and the place."""
    tokens = windows.ids[windows.counted]
    for token, _ in Counter(tokens.tolist()).most_common(_BESIDE):
        name = windows.vocabulary[token]
        atom = {"kind": "tokens", "tokens": [name]}
        yield from _beside(quoted(name), atom, causal=causal)
        yield from _near(quoted(name), atom, causal=causal)
    yield from _places(causal=causal)


def _beside(name: str, atom: dict[str, Any], *, causal: bool) -> Iterator[Condition]:
    """Something right before and behind a place."""
    yield Condition("after {}", name, {"kind": "previous", "of": atom, "by": "word"})
    if not causal:
        yield Condition("before {}", name, {"kind": "next", "of": atom, "by": "word"})


def _soon(name: str, atom: dict[str, Any], *, causal: bool) -> Iterator[Condition]:
    """Something soon before and behind a place."""
    least, most = _SOON
    soon = {"of": atom, "at_least": least, "within": most, "by": "word"}
    yield Condition(f"{least}-{most} words after {{}}", name, {"kind": "earlier", **soon})
    if not causal:
        yield Condition(f"{least}-{most} words before {{}}", name, {"kind": "later", **soon})


def _near(name: str, atom: dict[str, Any], *, causal: bool) -> Iterator[Condition]:
    """Something near a place, and anywhere in its text."""
    for reach, words, behind in (
        (_NEAR, f"within {_NEAR} tokens of {{}}", f"within {_NEAR} tokens after {{}}"),
        (None, "in texts with {}", "with {} earlier in the text"),
    ):
        sides = [{"kind": side, "of": atom, "within": reach} for side in ("earlier", "later")]
        if causal:
            yield Condition(behind, name, sides[0])
        else:
            yield Condition(words, name, {"kind": "or", "of": sides})


def _frequent(windows: TokenWindows) -> list[str]:
    """Words of letters, the most frequent first."""
    word = windows.word[windows.counted]
    seen = Counter(windows.words[i].lower() for i in word[word >= 0])
    return [name for name, _ in seen.most_common() if name.isalpha()]


def _word(word: str) -> dict[str, Any]:
    return {"kind": "words", "words": [word], "inflect": False}


def _atom(one: WordClass, windows: TokenWindows) -> dict[str, Any]:
    """A class as a predicate; marks by the tokens that are made of them alone."""
    if one.words:
        return {"kind": "concept", "name": one.name, "words": list(one.words)}
    if one.pattern:
        return {"kind": "regex", "pattern": one.pattern, "on": "word"}
    marks = re.compile(f"[{re.escape(''.join(one.marks))}]+")
    tokens = [text for text in windows.vocabulary if marks.fullmatch(text.strip())]
    return {"kind": "tokens", "tokens": sorted(set(tokens)) or list(one.marks)}
