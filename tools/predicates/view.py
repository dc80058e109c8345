"""What predicates look at: token windows with everything derived once and kept.

Three places of knowledge, each as small as it can be: the vocabulary (surface text to ids), the
interned words (lower-case word to indices), and the windows themselves (runs of places that share a
word, ranks of counted places). Atoms decide on vocabulary entries or words, then gather.
"""

import threading
import weakref
from collections.abc import Callable, Hashable, Mapping
from functools import cached_property
from typing import Any, NamedTuple, cast

import numpy as np

from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows
from ..memo import Memo
from .view_images import ImageView


class Runs(NamedTuple):
    """Maximal stretches of places in a row that belong to one word, in reading order."""

    starts: np.ndarray
    """int64 `[run]`: index of the run's first place among the visible places with a word."""
    places: np.ndarray
    """int64 `[member]`: flat index of every visible place that has a word."""
    of_place: np.ndarray
    """int64 `[member]`: the run that each of those places belongs to."""
    row: np.ndarray
    """int64 `[run]`: the window."""
    word: np.ndarray
    """int64 `[run]`: index of the word."""


class View:
    """Token windows, seen by predicates; get one with `view_of`."""

    def __init__(self, windows: TokenWindows) -> None:
        self.shape = windows.ids.shape
        self._windows = weakref.ref(windows)

    @property
    def windows(self) -> TokenWindows:
        """The windows behind the view."""
        result = self._windows()
        assert result is not None, "a view outlived its windows"
        return result

    @property
    def fields(self) -> Mapping[str, np.ndarray]:
        """What the data say of each place, `[window, place]` by name."""
        return self.windows.fields

    @property
    def visible(self) -> np.ndarray:
        """bool `[window, place]`: real text, also where it is not counted (an attention sink)."""
        return self.windows.visible

    @cached_property
    def tokens(self) -> dict[str, list[int]]:
        """Surface text to token ids."""
        return kept(self.windows.vocabulary, "ids", lambda all_: _positions(all_, str))

    @cached_property
    def lower(self) -> dict[str, list[int]]:
        """Lower-case word, apostrophes straight, to word indices."""
        return kept(self.windows.words, "lower", lambda all_: _positions(all_, plain))

    @cached_property
    def folded(self) -> np.ndarray:
        """int64 `[words + 1]`: the same number for words that differ in case alone; -1 for none."""

        def fold(all_: tuple[str, ...]) -> np.ndarray:
            numbers: dict[str, int] = {}
            table = [numbers.setdefault(plain(word), len(numbers)) for word in all_]
            return np.array([*table, -1], np.int64)

        return kept(self.windows.words, "folded", fold)

    @cached_property
    def present(self) -> np.ndarray:
        """int64: the token ids that occur in visible places."""
        seen = np.zeros(len(self.windows.vocabulary) + 1, bool)
        seen[self.windows.ids[self.visible]] = True
        return np.flatnonzero(seen)

    @cached_property
    def has_word(self) -> np.ndarray:
        """bool `[window, place]`: the place belongs to a word."""
        return self.windows.word >= 0

    @cached_property
    def present_words(self) -> np.ndarray:
        """int64: the word indices that occur, whole or as read."""
        seen = np.zeros(len(self.windows.words) + 1, bool)
        seen[self.windows.word] = True
        if self.windows.read is not None:
            seen[self.windows.read] = True
        return np.flatnonzero(seen[:-1])

    @property
    def causal(self) -> bool:
        """Whether a place may know only what stands up to it."""
        return self.windows.read is not None

    @property
    def settled(self) -> "View":
        """The same windows with every word whole, for places behind the words that are asked of."""
        return cast(View, _Settled(self)) if self.causal else self

    @property
    def rank(self) -> np.ndarray:
        """int64 `[window, place]`: see `TokenWindows.rank`."""
        return self.windows.rank

    @cached_property
    def total(self) -> np.ndarray:
        """int64 `[window, 1]`: places from the first token of the text to the last."""
        inner = self.windows.inner
        text = self.visible if inner is None else inner
        return np.where(text, self.rank + 1, 0).max(1, keepdims=True, initial=0)

    @cached_property
    def runs(self) -> Runs:
        """The words of the windows, as stretches of places."""
        w = self.windows
        places = np.flatnonzero((self.visible & (w.word >= 0)).ravel())
        row = places // max(1, self.shape[1])
        ordinal = w.ordinal.ravel()[places]
        fresh = np.ones(len(places), bool)
        fresh[1:] = (row[1:] != row[:-1]) | (ordinal[1:] != ordinal[:-1])
        starts = np.flatnonzero(fresh)
        return Runs(
            starts, places, np.cumsum(fresh) - 1, row[starts], w.word.ravel()[places][starts]
        )

    @cached_property
    def near(self) -> tuple[np.ndarray, np.ndarray]:
        """int64 `[window, place]` twice: the run at or before a place, and at or after it.

        Runs of other rows are marked: -1 where the row has none before, the number of runs where
        it has none after.
        """
        runs = self.runs
        width = max(1, self.shape[1])
        flat = np.full(self.shape[0] * width, -1, np.int64)
        flat[runs.places] = runs.of_place
        before = np.maximum.accumulate(flat.reshape(-1, width), axis=1)
        n = len(runs.starts)
        flat[flat < 0] = n
        after = np.minimum.accumulate(flat.reshape(-1, width)[:, ::-1], axis=1)[:, ::-1]
        return before.reshape(self.shape), after.reshape(self.shape)

    @cached_property
    def begins(self) -> np.ndarray:
        """bool `[window, place]`: the place holds the first token of a word."""
        w, runs = self.windows, self.runs
        out = np.zeros(self.shape[0] * max(1, self.shape[1]), bool)
        firsts = runs.places[runs.starts]
        out[firsts] = True
        heads = np.flatnonzero(np.diff(runs.row, prepend=-1))  # first run of every row
        if w.piece == "token":  # every symbol begins itself
            heads = heads[:0]
        for place in firsts[heads]:  # the window may begin inside a word
            at, text = int(w.start.flat[place]), w.texts[int(w.document[place // self.shape[1]])]
            if at and _joined(text[at - 1]) and _joined(text[at : at + 1]):
                out[place] = False
        return out.reshape(self.shape) | self.bare

    @cached_property
    def bare(self) -> np.ndarray:
        """bool `[window, place]`: an apostrophe alone, of which a causal model cannot know yet
        whether it goes on a word."""
        w = self.windows
        if w.read is None:
            return np.zeros(self.shape, bool)
        return kept(w.words, "bare", lambda all_: np.isin((*all_, ""), ("'", "’")))[w.read]

    def by_token(self, chosen: np.ndarray) -> np.ndarray:
        """Spreads a float32 `[vocabulary]` table over the places."""
        return chosen[self.windows.ids]

    def by_word(self, chosen: np.ndarray) -> np.ndarray:
        """Spreads a float32 `[words + 1]` table; its last entry is for places with no word.

        For a causal target a word is what has been read of it.
        """
        return chosen[self.windows.word if self.windows.read is None else self.windows.read]


class _Settled:
    """A causal target's windows from a place behind: every word is known as a whole."""

    def __init__(self, base: View) -> None:
        self._base = base
        self.settled = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._base, name)

    def by_word(self, chosen: np.ndarray) -> np.ndarray:
        return chosen[self._base.windows.word]


def asking(view: View, places: np.ndarray) -> View:
    """The same view, in which a judge is asked about these places only, bool `[window, place]`."""
    base = view.unasked if isinstance(view, _Asking) else view
    return cast(View, _Asking(base, places))


def asked_of(view: View) -> np.ndarray | None:
    """The places that a judge may be asked about; None: no sample was drawn."""
    return getattr(view, "asked", None) if isinstance(view, _Asking) else None


def around(view: View) -> View:
    """The view for parts that look elsewhere: a judge is asked about all of the asked rows."""
    asked = asked_of(view)
    return (
        view if asked is None else asking(view, np.any(asked, axis=1, keepdims=True) & view.visible)
    )


class _Asking:
    """A view with the places that a judge is asked about."""

    def __init__(self, base: Any, places: np.ndarray) -> None:
        self.unasked = base
        self.asked = places

    @property
    def settled(self) -> View:
        return asking(self.unasked.settled, self.asked)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unasked, name)


def plain(word: str) -> str:
    """A word as it is compared: lower case, straight apostrophe."""
    return word.lower().replace("’", "'")


def _joined(letter: str) -> bool:
    return letter.isalnum() or letter in "'’"


def _positions(all_: tuple[str, ...], form: Callable[[str], str]) -> dict[str, list[int]]:
    result: dict[str, list[int]] = {}
    for i, text in enumerate(all_):
        result.setdefault(form(text), []).append(i)
    return result


_views: "weakref.WeakKeyDictionary[Any, View]" = weakref.WeakKeyDictionary()
_memos: "weakref.WeakKeyDictionary[TokenWindows, Memo]" = weakref.WeakKeyDictionary()
_tables = Memo()
_MOST_TABLES = 64
_lock = threading.RLock()


def view_of(windows: TokenWindows | ImageRows) -> View:
    """The view of these windows or pictures; one for each object, gone with it."""
    with _lock:
        result = _views.get(windows)
        if result is None:
            pictures = isinstance(windows, ImageRows)
            result = cast(View, ImageView(windows)) if pictures else View(windows)
            _views[windows] = result
        return result


def kept(strings: tuple[str, ...], name: Hashable, make: Callable[[tuple[str, ...]], Any]) -> Any:
    """What `make` says of a tuple of strings, kept for as long as it is among the last made.

    The tuple is known by identity: windows cut from the same source share it.
    """
    key = (id(strings), name)  # no other tuple has this id while this one is kept
    return _tables.once(key, lambda: (strings, make(strings)), most=_MOST_TABLES)[1]


def memo_of(windows: TokenWindows) -> Memo:
    """What was computed of these windows; gone with them."""
    return _memos.setdefault(windows, Memo())
