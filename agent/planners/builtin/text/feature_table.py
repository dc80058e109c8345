"""The feature table: token windows as the search sees them.

Every counted place has a value on every **axis**: the word or token here, before, after; the words
that occur somewhere before or after it. Words form **groups**: concepts of the lexicon, endings,
beginnings, lengths. Places also carry **flags** (shape, repeated). All of it depends on the windows
alone, so units share one table. Where the vocabulary is one of symbols, the words of a table are
the tokens (`symbols.py`).
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.english.word_classes import word_classes
from .....tools.predicates import parse
from .....tools.predicates.view import plain, view_of
from . import symbols
from .axes import AHEAD, CONTEXT_AXES, STEPS, WORD_AXES, Features, Group, member_table, shifted
from .conditions import Conditions, conditions

_LEAST_GROUP = 5
_SPELLINGS = {
    "end": ("-{}", "(?i)^[a-z]+{}$"),
    "start": ("{}-", "(?i)^{}[a-z]+$"),
    "long": ("words of {}+ letters", "(?i)^[a-z]{{{},}}$"),
    "short": ("short words", "(?i)^[a-z]{{1,{}}}$"),
}
"""What words of a spelling are called, and the pattern that they fit."""


class Stretches(NamedTuple):
    """Where a value occurs in the context: stretches of places, none twice for one value and row.

    Arrays are `[stretch]`, ordered by value.
    """

    value: np.ndarray
    row: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    indptr: np.ndarray
    """`[value + 1]`: the stretches of each value."""


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Arrays are flat over `[window, place]` unless they say otherwise."""

    windows: TokenWindows
    shape: tuple[int, int]
    counted: np.ndarray
    names: tuple[str, ...]
    """Lower-case words, by the ids that word axes hold."""
    axes: Mapping[str, np.ndarray]
    """Value ids by axis; -1 where there is none."""
    groups: tuple[Group, ...]
    members: Any
    """Sparse `[group, word]`."""
    flags: tuple[dict[str, Any], ...]
    held: np.ndarray
    """float32 `[flag, window * place]`."""
    rank: np.ndarray
    """Places from the start of the text to this one."""
    from_end: np.ndarray
    context: Mapping[str, tuple[Stretches, Stretches]]
    """By context axis: the stretches of words, and of groups that are concepts."""
    causal: bool
    without: str | None = None
    """A kind of predicate that the search does without; see `rules.ABLATIONS`."""

    def size(self, axis: str) -> int:
        """How many different values an axis has."""
        if axis == "rank":
            return self.shape[1]
        return len(self.names) if axis in WORD_AXES else len(self.windows.vocabulary)

    @cached_property
    def document(self) -> np.ndarray:
        """Which document each place is in, flat."""
        return np.repeat(self.windows.document, self.shape[1])

    @property
    def symbols(self) -> bool:
        """Whether its words are the tokens of a vocabulary without words."""
        return self.windows.piece == "token"

    @cached_property
    def joint(self) -> str:
        """What parts two words in the texts: a space, or nothing."""
        w = self.windows
        both = w.attended[:, 1:] & w.attended[:, :-1] & (w.end[:, 1:] > w.start[:, 1:])
        gaps = (w.start[:, 1:] > w.end[:, :-1])[both]
        return "" if self.symbols and gaps.size and gaps.mean() < 0.5 else " "

    @cached_property
    def lowered(self) -> tuple[str, ...]:
        """Every token of the vocabulary without spaces and capitals."""
        return tuple(text.strip().lower() for text in self.windows.vocabulary)

    def tokens_of(self, words: Collection[str]) -> set[str]:
        """The tokens that read as one of some lower-case words."""
        pairs = zip(self.windows.vocabulary, self.lowered, strict=True)
        return {text for text, lower in pairs if lower in words}

    def spelled(self, pattern: str) -> np.ndarray:
        """bool, flat: a token that a pattern for words fits."""
        seek = re.compile(pattern).search
        chosen = np.array([seek(lower) is not None for lower in self.lowered])
        visible = view_of(self.windows).visible
        return (chosen[self.windows.ids] & visible).ravel()

    def started(self, words: Collection[str]) -> np.ndarray:
        """bool, flat: a token that begins a word and reads as one of some lower-case words."""
        chosen = np.array([lower in words for lower in self.lowered])
        return (chosen[self.windows.ids] & view_of(self.windows).begins).ravel()

    @cached_property
    def word_classes(self) -> dict[str, np.ndarray]:
        """bool `[word]` of every class of words, by its plural; symbols have none."""
        return {} if self.symbols else _classes(self.names)

    @cached_property
    def token_classes(self) -> dict[str, np.ndarray]:
        """bool `[token]` of the same."""
        if self.windows.piece == "letter":
            return symbols.letter_classes(self.windows.vocabulary)
        return _classes(self.lowered)

    @cached_property
    def conditions(self) -> Conditions:
        """What may stand around a place."""
        return conditions(self.windows, causal=self.causal, without=self.without)

    @cached_property
    def index(self) -> dict[str, int]:
        """The ids of words."""
        return {name: at for at, name in enumerate(self.names)}

    def ids_of(self, words: Iterable[str]) -> list[int]:
        """The ids of those words that occur."""
        return [self.index[word] for word in words if word in self.index]


def build(
    windows: TokenWindows, concepts: Mapping[str, Any], *, causal: bool, without: str | None = None
) -> FeatureTable:
    """The features of windows, with the lexicon's concepts as groups."""
    shape = windows.ids.shape
    if windows.piece == "token":
        names, axes, groups, members = symbols.features(windows, causal=causal)
    else:
        names, axes, groups, members = _features(windows, concepts, causal=causal)
    view = view_of(windows)
    flags, held = _flags(windows, causal=causal)
    word = axes["word"]
    row, place = np.nonzero(word >= 0)
    wordings = word[row, place]
    concepts_of = members[[at for at, group in enumerate(groups) if group.concept]].T.tocsr()
    which, at = _expanded(concepts_of, wordings)
    bags = [axis for axis in CONTEXT_AXES if not (causal and axis in AHEAD)]
    context = {
        axis: (
            _stretches(axis, wordings, row, place, len(names), shape[1]),
            _stretches(axis, which, row[at], place[at], len(groups), shape[1]),
        )
        for axis in bags
    }
    return FeatureTable(
        windows,
        (int(shape[0]), int(shape[1])),
        windows.counted.ravel(),
        names,
        {axis: np.ascontiguousarray(values).ravel() for axis, values in axes.items()},
        groups,
        members,
        flags,
        held,
        view.rank.ravel(),
        (view.total - 1 - view.rank).ravel(),
        context,
        causal,
        without,
    )


def _features(windows: TokenWindows, concepts: Mapping[str, Any], *, causal: bool) -> "Features":
    """What the words of natural language are, and where they stand."""
    view = view_of(windows)
    shape = windows.ids.shape
    names, lower = _lowered(windows.words)
    here = windows.word if windows.read is None else windows.read
    word = np.where(view.visible & (here >= 0), lower[here], -1)
    token = np.where(view.visible, _one_a_surface(windows.vocabulary)[windows.ids], -1)
    runs, (before, after) = view.runs, view.near
    run_word = lower[runs.word] if len(runs.word) else np.zeros(0, np.int64)

    def run_at(number: np.ndarray) -> np.ndarray:
        row = np.arange(shape[0])[:, None]
        ok = (number >= 0) & (number < len(run_word))
        at = np.where(ok, number, 0)
        same = ok & (runs.row[at] == row) if len(run_word) else ok
        return np.where(same, run_word[at] if len(run_word) else 0, -1)

    inside = view.visible & (windows.word >= 0)
    axes = {"word": word, "token": token}
    for step, suffix in ((1, ""), (2, "_2")):
        axes[f"previous_word{suffix}"] = run_at(np.where(inside, before - step, before + 1 - step))
        if not causal:
            axes[f"next_word{suffix}"] = run_at(np.where(inside, after + step, after + step - 1))
    for step, suffix in enumerate(STEPS[: 3 if windows.piece == "letter" else 1], 1):
        axes[f"previous_token{suffix}"] = shifted(token, step)
        if not causal:
            axes[f"next_token{suffix}"] = shifted(token, -step)
    axes["rank"] = np.where(windows.counted, np.maximum(view.rank, -1), -1)
    return Features(names, axes, *_groups(names, concepts))


def _classes(names: Sequence[str]) -> dict[str, np.ndarray]:
    return {one.plural: np.array(one.among(names), bool) for one in word_classes()}


def _one_a_surface(vocabulary: Sequence[str]) -> np.ndarray:
    """For every token id, the first id with the same surface text: predicates see no more."""
    results: dict[str, int] = {}
    return np.array([results.setdefault(text, at) for at, text in enumerate(vocabulary)], np.int64)


def _lowered(words: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    results: dict[str, int] = {}
    ids = np.array(
        [results.setdefault(plain(word), len(results)) for word in words] or [0], np.int64
    )
    return tuple(results), ids


def _groups(names: Sequence[str], concepts: Mapping[str, Any]) -> tuple[tuple[Group, ...], Any]:
    """Concepts, endings, beginnings and lengths, each with the words that it has here."""
    index = {name: at for at, name in enumerate(names)}
    groups: list[Group] = []
    rows: list[list[int]] = []
    for name, (predicate, forms) in concepts.items():
        inside = sorted({index[form] for form in forms if form in index})
        groups.append(Group(name, dict(predicate), True))
        rows.append(inside)
    spelled: dict[tuple[str, str], list[int]] = {}
    for at, name in enumerate(names):
        if not name.isalpha() or not name.isascii():
            continue
        for size in (1, 2, 3, 4):
            if len(name) > size:
                spelled.setdefault(("end", name[-size:]), []).append(at)
                if size < 4:
                    spelled.setdefault(("start", name[:size]), []).append(at)
        for least in (7, 9, 11):
            if len(name) >= least:
                spelled.setdefault(("long", str(least)), []).append(at)
        for most in (2, 3):
            if len(name) <= most:
                spelled.setdefault(("short", str(most)), []).append(at)
    for (kind, what), inside in spelled.items():
        if len(inside) >= _LEAST_GROUP:
            words, pattern = (form.format(what) for form in _SPELLINGS[kind])
            regex = {"kind": "regex", "pattern": pattern, "on": "word"}
            groups.append(Group(words, regex, False))
            rows.append(inside)
    return tuple(groups), member_table(rows, len(names))


def _flags(windows: TokenWindows, *, causal: bool) -> tuple[tuple[dict[str, Any], ...], np.ndarray]:
    shapes = ("capitalised", "upper", "lower", "digits", "punctuation", "non_ascii")
    ends = ("word_start", "word_inside")
    flags: list[dict[str, Any]] = [{"kind": "shape", "shape": shape} for shape in (*shapes, *ends)]
    flags.append({"kind": "repeated"})
    if windows.piece == "token":
        flags = symbols.flags(causal=causal)
    held = [parse(flag).evaluate(windows).ravel() for flag in flags]
    kept = [at for at, values in enumerate(held) if 0 < values.sum() < windows.counted.sum()]
    stacked = np.stack([held[at] for at in kept]) if kept else np.zeros((0, windows.ids.size))
    return tuple(flags[at] for at in kept), stacked.astype(np.float32)


def _expanded(by_word: Any, words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The concepts of each word, and which word each comes from; concepts are the first groups."""
    count = np.diff(by_word.indptr)[words]
    source = np.repeat(np.arange(len(words)), count)
    offset = np.arange(len(source)) - np.repeat(np.cumsum(count) - count, count)
    return by_word.indices[np.repeat(by_word.indptr[words], count) + offset].astype(
        np.int64
    ), source


def _stretches(
    axis: str, value: np.ndarray, row: np.ndarray, place: np.ndarray, size: int, width: int
) -> Stretches:
    """The places that see each value on a context axis."""
    side, _, reach = axis.partition("_")
    order = np.lexsort((place, row, value))
    value, row, place = value[order], row[order], place[order]
    fresh = np.ones(len(value), bool)
    fresh[1:] = (value[1:] != value[:-1]) | (row[1:] != row[:-1])
    final = np.append(fresh[1:], True) if len(value) else fresh
    if side == "earlier":
        until = np.where(final, width, np.append(place[1:], width)[: len(place)] + 1)
        start, stop = place + 1, until
        if reach:
            stop = np.minimum(stop, place + 1 + int(reach))
    elif side == "later":
        since = np.where(fresh, 0, np.insert(place[:-1], 0, 0)[: len(place)])
        start, stop = since, place
        if reach:
            start = np.maximum(start, place - int(reach))
    else:  # elsewhere: everywhere, but for a single occurrence not at the place itself
        single = fresh & final
        start = np.where(single, place + 1, 0)
        stop = np.full(len(place), width)
        left = np.flatnonzero(single)
        keep = np.concatenate([np.flatnonzero(fresh), left])
        start = np.concatenate([start[fresh], np.zeros(len(left), np.int64)])
        stop = np.concatenate([stop[fresh], place[left]])
        value, row = value[keep], row[keep]
        order = np.argsort(value, kind="stable")
        value, row, start, stop = value[order], row[order], start[order], stop[order]
    return Stretches(value, row, start, stop, np.searchsorted(value, np.arange(size + 1)))
