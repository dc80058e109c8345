"""Token windows: texts cut into rows of tokens, with the words that the tokens belong to.

A word is a run of letters, digits and apostrophes in the text, or one other visible character; a
token belongs to the word that its first visible character lies in. Words are interned, so that
whatever looks at words looks at each different word once. Where the vocabulary is one of symbols
(`vocabularies.py`) every visible token is a word of its own.

A causal model has read a word only up to the token at hand. Its windows say so: `read` is the word
that a token would belong to if the text ended with it. An apostrophe that nothing follows yet is a
word of its own, and of a character spread over several tokens nothing is read before the last.
"""

import hashlib
import re
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..errors import UsageError
from .corpus import Corpus, Document
from .fields import Span, spread
from .numbers import number_windows
from .surfaces import surfaces
from .tokens import tokenize
from .vocabularies import Piece, piece_of, piece_of_vocabulary

__all__ = ["WORD", "TokenWindows", "batches", "clean", "cut", "specials", "surfaces"]

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_")


class TokenRows(NamedTuple):
    """What a forward pass reads of windows; every array is `[window, place]`."""

    ids: np.ndarray
    attended: np.ndarray
    counted: np.ndarray
    numbers: np.ndarray | None = None
    """`[window, coordinate]`, for a target that reads rows of numbers."""


class Source:
    """The target that windows were cut for, while it lives; other processes get none."""

    def __init__(self, target: Any = None) -> None:
        self._target = None if target is None else weakref.ref(target)

    def __call__(self) -> Any:
        return None if self._target is None else self._target()

    def __reduce__(self) -> tuple[type["Source"], tuple[()]]:
        return Source, ()


@dataclass(frozen=True, eq=False)
class TokenWindows:
    """TokenRows of tokens; every array is `[window, place]` unless it says otherwise."""

    ids: np.ndarray
    """int32 token ids, right-padded."""
    attended: np.ndarray
    """bool: not padding."""
    counted: np.ndarray
    """bool: places that count as data: no padding; special tokens and the first token of a row as
    the target says; or the last token of each document alone."""
    word: np.ndarray
    """int32 index into `words`; -1 where the token belongs to no word."""
    ordinal: np.ndarray
    """int32 number of the word within its document, rising by one a word; -1 for none."""
    start: np.ndarray
    """int32 offset of the token's first character in its document's text."""
    end: np.ndarray
    """int32 offset after the token's last character."""
    document: np.ndarray
    """int32 `[window]`: which document of the source the window comes from."""
    words: tuple[str, ...]
    """The different words, as written."""
    vocabulary: tuple[str, ...]
    """Surface text of every token id: `" the"`, `"ing"`."""
    texts: tuple[str, ...]
    """`[document]`: the texts that the windows were cut from."""
    read: np.ndarray | None = None
    """int32 index into `words`: the word as far as a causal target has read it; None: whole."""
    source: Source = field(default_factory=Source, repr=False)
    """Whom they were cut for: what a predictor asks that speaks of the model's own output."""
    fields: Mapping[str, np.ndarray] = field(default_factory=dict)
    """What the data say of each place, by name: see `fields.py`; empty for written texts."""
    numbers: np.ndarray | None = None
    """float32 `[window, coordinate]`: what a target reads that takes rows of numbers."""
    told: Piece | None = None
    """What one token is, as the target has it; None: told by the vocabulary."""
    inner: np.ndarray | None = None
    """bool: tokens of the text itself, without padding and what begins or ends a text, whether the
    tokenizer puts it there or it is written; None: all that is visible."""

    def __len__(self) -> int:
        return self.ids.shape[0]

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the tokens, of what counts, and of the texts that they were cut from."""
        key = hashlib.sha256()
        for array in (self.ids, self.attended, self.counted, self.start, self.end, self.document):
            key.update(np.ascontiguousarray(array).tobytes())
            key.update(str(array.shape).encode())
        for text in self.texts:
            key.update(hashlib.sha256(text.encode("utf-8", "replace")).digest())
        return key.hexdigest()

    @cached_property
    def piece(self) -> Piece:
        """What one token is: a (piece of a) word, a letter, or a symbol (`token`)."""
        return self.told or piece_of_vocabulary(self.vocabulary)

    @cached_property
    def visible(self) -> np.ndarray:
        """bool `[window, place]`: real text, also where it is not counted."""
        return self.counted | (self.attended & (self.end > self.start))

    @cached_property
    def rank(self) -> np.ndarray:
        """int64 `[window, place]`: places from the first token of the text to this one, from 0.

        What stands before a text (BOS, CLS, padding) stands before the start.
        """
        if not self.attended.size:
            return np.zeros(self.ids.shape, np.int64)
        place = np.cumsum(self.attended, axis=1) - self.attended
        inner = self.visible if self.inner is None else self.inner
        return place - np.take_along_axis(place, inner.argmax(1)[:, None], axis=1)

    def rows(self, chosen: Any) -> "TokenWindows":
        """The windows at these indices, or under this boolean mask or slice."""
        arrays = {
            one.name: value[chosen]
            for one in fields(self)
            if isinstance(value := getattr(self, one.name), np.ndarray)
        }
        known = {name: values[chosen] for name, values in self.fields.items()}
        return replace(self, **arrays, fields=known)

    def trimmed(self) -> TokenRows:
        """What a forward pass reads, without columns that are padding in all windows."""
        width = max(1, int(self.attended.sum(1).max(initial=1)))
        return TokenRows(
            self.ids[:, :width], self.attended[:, :width], self.counted[:, :width], self.numbers
        )

    def span(self, window: int) -> tuple[int, int]:
        """Where a window begins and ends in its document's text; 0, 0 where it has no text."""
        here = self.attended[window] & (self.end[window] > self.start[window])
        if not here.any():
            return 0, 0
        return int(self.start[window][here].min()), int(self.end[window][here].max())

    def known_to(self, window: int, place: int) -> int:
        """The offset up to which a document's text is known at a place: of a character spread over
        several tokens nothing is known before the last of them."""
        end, following = int(self.end[window, place]), place + 1
        if following < self.ids.shape[1] and self.attended[window, following]:
            start = int(self.start[window, following])
            if start < end and start < self.end[window, following]:
                return start
        return end

    def text(self, window: int) -> str:
        """The text of one window."""
        start, end = self.span(window)
        return self.texts[int(self.document[window])][start:end]

    def tokens(self, window: int) -> list[str]:
        """The surface texts of one window's attended tokens."""
        return [self.vocabulary[int(i)] for i in self.ids[window][self.attended[window]]]


def batches(rows: Any, size: int) -> Iterator[tuple[int, Any]]:
    """Windows, or image rows, so many at a time, each part with the number of its first row."""
    return ((at, rows.rows(slice(at, at + size))) for at in range(0, len(rows), size))


def cut(
    target: Any,
    source: Corpus | Iterable[str],
    *,
    length: int = 64,
    most_tokens: int | None = None,
    document_per_row: bool = False,
) -> TokenWindows:
    """Tokenizes documents and cuts each into rows of at most `length` tokens.

    Args:
        target: Gives the tokenizer, the context length and the kind.
        source: A corpus, or texts.
        length: Tokens a row, special tokens included.
        most_tokens: Stops after the document that passes this many tokens.
        document_per_row: Keep one row a text, cutting off what is too long.
    """
    documents = source.documents if isinstance(source, Corpus) else ()
    given = [d.text for d in documents] if isinstance(source, Corpus) else source
    texts = [clean(text) for text in given]
    if getattr(target, "numbers", 0):
        return _of_numbers(target, texts[:most_tokens], documents)
    names = surfaces(target)
    tokenizer = target.tokenizer
    before, after = specials(tokenizer)
    room = min(length, target.context_length) - len(before) - len(after)
    if room < 1:
        raise UsageError(
            f"windows of {length} tokens have no room for text beside "
            f"{len(before) + len(after)} special tokens; make them longer"
        )
    interned: dict[str, int] = {}
    rows: list[np.ndarray] = []  # each [6, token]: ids, word, ordinal, start, end, read
    spans: list[Span] = []
    total = 0
    symbols = piece_of(target) == "token"
    for number, coded in enumerate(tokenize(target, texts)):
        if most_tokens is not None and total >= most_tokens:
            break
        if symbols:
            word, ordinal, read = _symbols(texts[number], coded.start, coded.end, interned)
        else:
            word, ordinal, read = _words(
                texts[number], coded.start, coded.end, interned, causal=target.kind == "causal"
            )
        whole = np.stack([coded.ids, word, ordinal, coded.start, coded.end, read])
        size = whole.shape[1]
        stop = min(size, room) if document_per_row else size
        for start in range(0, max(stop, 1 if document_per_row else 0), room):
            rows.append(whole[:, start : min(start + room, stop)])
            spans.append(Span(number, start, min(start + room, stop), size))
        total += stop
    document = [span.document for span in spans]
    made = _filled(target, rows, document, before, after, tuple(interned), names, tuple(texts))
    if getattr(target, "special_tokens", "skip") == "last":
        made = replace(made, counted=_last(made.counted, made.document))
    return replace(made, fields=spread(documents, spans, made.ids.shape, len(before)))


def _of_numbers(target: Any, texts: Sequence[str], documents: Sequence[Document]) -> TokenWindows:
    """Rows of numbers, one place each."""
    made = TokenWindows(**number_windows(target, texts), source=Source(target))
    spans = [Span(i, 0, 1, 1) for i in range(len(texts))]
    return replace(made, fields=spread(documents, spans, made.ids.shape, 0))


def clean(text: str) -> str:
    """The text without lone surrogates, which neither UTF-8 nor tokenizers can carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _filled(
    target: Any,
    rows: list[np.ndarray],
    document: list[int],
    before: list[int],
    after: list[int],
    words: tuple[str, ...],
    names: tuple[str, ...],
    texts: tuple[str, ...],
) -> TokenWindows:
    tokenizer = target.tokenizer
    special = np.array(sorted(set(tokenizer.all_special_ids)), np.int32)
    width = max((row.shape[1] for row in rows), default=0) + len(before) + len(after)
    shape = (len(rows), width)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    ids = np.full(shape, pad, np.int32)
    attended = np.zeros(shape, bool)
    counted = np.zeros(shape, bool)
    word, ordinal, read = np.full((3, *shape), -1, np.int32)
    start, end = np.zeros((2, *shape), np.int32)
    inner = np.zeros(shape, bool)
    edges = _edges(tokenizer)
    padding = [pad] if tokenizer.pad_token_id is not None and pad not in edges else []
    edges = [*edges, *padding]
    first, places = len(before), getattr(target, "special_tokens", "skip")
    every = places == "count"
    for i, row in enumerate(rows):
        last = first + row.shape[1]
        ids[i, :first] = before
        ids[i, last : last + len(after)] = after
        attended[i, : last + len(after)] = True
        counted[i, first:last] = ~np.isin(row[0], special)
        inner[i, first:last] = _inside(np.isin(row[0], edges))
        for array, values in zip((ids, word, ordinal, start, end, read), row, strict=True):
            array[i, first:last] = values
        if every and row.shape[1]:  # they stand, without a letter, where the text begins and ends
            start[i, :first] = end[i, :first] = row[3, 0]
            start[i, last:] = end[i, last:] = row[4, -1]
    if every:
        counted = attended & ~np.isin(ids, padding)
    elif places == "skip-first":
        counted &= np.cumsum(counted, 1) > 1
    return TokenWindows(
        ids=ids,
        attended=attended,
        counted=counted,
        word=word,
        ordinal=ordinal,
        start=start,
        end=end,
        document=np.array(document, np.int32),
        words=words,
        vocabulary=names,
        texts=texts,
        read=read if target.kind == "causal" else None,
        source=Source(target),
        told=piece_of(target),
        inner=inner,
    )


def _last(counted: np.ndarray, document: np.ndarray) -> np.ndarray:
    """bool `[window, place]`: the last place of each document that counts."""
    row, place = np.nonzero(counted)
    ends = np.diff(document[row], append=-1) != 0
    last = np.zeros_like(counted)
    last[row[ends], place[ends]] = True
    return last


def _edges(tokenizer: Any) -> list[int]:
    """Tokens that begin or end a text."""
    names = ("bos", "cls", "eos", "sep")
    known = (getattr(tokenizer, f"{name}_token_id", None) for name in names)
    return [int(one) for one in known if one is not None]


def _inside(edge: np.ndarray) -> np.ndarray:
    """bool `[token]`: between the first token that is no edge and the last."""
    text = np.flatnonzero(~edge)
    inside = np.zeros(edge.shape, bool)
    if text.size:
        inside[text[0] : text[-1] + 1] = True
    return inside


def specials(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The special tokens that the tokenizer puts before and after a text."""
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    full = tokenizer("a")["input_ids"]
    at = next((i for i in range(len(full)) if full[i : i + len(plain)] == plain), 0)
    return full[:at], full[at + len(plain) :]


def _symbols(
    text: str, start: np.ndarray, end: np.ndarray, interned: dict[str, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same as `_words` where every visible token is a word of its own."""
    names = [text[a:b].strip() for a, b in zip(start.tolist(), end.tolist(), strict=True)]
    numbers = [interned.setdefault(name, len(interned)) if name else -1 for name in names]
    word = np.array(numbers, np.int32).reshape(-1)
    ordinal = np.where(word >= 0, np.cumsum(word >= 0) - 1, -1).astype(np.int32)
    return word, ordinal, word


def _words(
    text: str,
    start: np.ndarray,
    end: np.ndarray,
    interned: dict[str, int],
    *,
    causal: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each token its word, the word's ordinal and the word as read, int32 `[token]`.

    Args:
        text: The text.
        start: `[token]` offset of the first character.
        end: `[token]` offset after the last.
        interned: Numbers of the different words; new ones are added.
        causal: Whether what stands behind a token is unknown at it.
    """
    number: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in WORD.finditer(text):
        starts.append(match.start())
        ends.append(match.end())
        number.append(interned.setdefault(match.group(), len(interned)))
    if not number or not len(start):
        none = np.full(len(start), -1, np.int32)
        return none, none, none
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    visible = np.flatnonzero(~_SPACES[np.minimum(codes, 0x3001)])
    visible = np.append(visible, len(text))
    first = visible[np.searchsorted(visible, start)]  # [token] first visible character
    at = np.searchsorted(np.array(ends), first, side="right")  # first word that ends behind it
    inside = np.minimum(at, len(number) - 1)
    begin = np.array(starts)[inside]
    has = (first < end) & (at < len(number)) & (begin < end)
    word = np.where(has, np.array(number)[inside], -1).astype(np.int32)
    ordinal = np.where(has, inside, -1).astype(np.int32)
    if not causal:
        return word, ordinal, word
    # a character spread over several tokens is known at the last of them
    known = np.minimum(end, np.append(start[1:], len(text)))
    known = np.where(known > begin, known, begin)
    read = word.copy()
    for token in np.flatnonzero(has & (known < np.array(ends)[inside])):
        part = text[begin[token] : known[token]]
        if part[-1:] in ("'", "’"):
            part = part[-1] if first[token] == known[token] - 1 else part[:-1]
        read[token] = interned.setdefault(part, len(interned)) if part else -1
    return word, ordinal, read


_SPACES = np.zeros(0x3001 + 1, bool)  # white space by code point; the last stands for all above
_SPACES[[c for c in range(0x3001) if chr(c).isspace()]] = True
