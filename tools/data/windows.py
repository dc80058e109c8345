"""Token windows: texts cut into rows of tokens, with the words that the tokens belong to.

A word is a run of letters, digits and apostrophes in the text, or one other visible character; a
token belongs to the word that its first visible character lies in. Words are interned, so that
whatever looks at words looks at each different word once.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .corpus import Corpus

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_")


@dataclass(frozen=True, eq=False)
class TokenWindows:
    """Rows of tokens; every array is `[window, place]` unless it says otherwise."""

    ids: np.ndarray
    """int32 token ids, right-padded."""
    attended: np.ndarray
    """bool: not padding."""
    counted: np.ndarray
    """bool: places that count as data: no special token, padding or attention sink."""
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

    def __len__(self) -> int:
        return self.ids.shape[0]

    def rows(self, chosen: Any) -> "TokenWindows":
        """The windows at these indices, or under this boolean mask or slice."""
        arrays = {
            field.name: value[chosen]
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), np.ndarray)
        }
        return TokenWindows(
            **arrays, words=self.words, vocabulary=self.vocabulary, texts=self.texts
        )

    def text(self, window: int) -> str:
        """The text of one window."""
        here = self.attended[window] & (self.end[window] > self.start[window])
        if not here.any():
            return ""
        text = self.texts[int(self.document[window])]
        return text[int(self.start[window][here].min()) : int(self.end[window][here].max())]

    def tokens(self, window: int) -> list[str]:
        """The surface texts of one window's attended tokens."""
        return [self.vocabulary[int(i)] for i in self.ids[window][self.attended[window]]]


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
    tokenizer = target.tokenizer
    length = min(length, target.context_length)
    texts = [d.text for d in source.documents] if isinstance(source, Corpus) else list(source)
    before, after = _specials(tokenizer)
    room = length - len(before) - len(after)
    interned: dict[str, int] = {}
    rows: list[tuple[int, list[int], list[tuple[int, int]], list[int], list[int]]] = []
    total = 0
    for number, text in enumerate(texts):
        if most_tokens is not None and total >= most_tokens:
            break
        coded = tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        ids, spans = coded["input_ids"], coded["offset_mapping"]
        word, ordinal, spans = _words(text, spans, interned)
        for at in range(0, max(len(ids), 1), room):
            part = slice(at, at + room)
            if ids[part] or document_per_row:
                rows.append((number, ids[part], spans[part], word[part], ordinal[part]))
                total += len(ids[part])
            if document_per_row:
                break
    width = max((len(row[1]) for row in rows), default=0) + len(before) + len(after)
    shape = (len(rows), width)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    out = {
        "ids": np.full(shape, pad, np.int32),
        "attended": np.zeros(shape, bool),
        "counted": np.zeros(shape, bool),
        "word": np.full(shape, -1, np.int32),
        "ordinal": np.full(shape, -1, np.int32),
        "start": np.zeros(shape, np.int32),
        "end": np.zeros(shape, np.int32),
    }
    special = np.array(sorted(set(tokenizer.all_special_ids)), np.int32)
    first = len(before)
    for row, (_, ids, spans, word, ordinal) in enumerate(rows):
        size = len(ids)
        whole = [*before, *ids, *after]
        inner = slice(first, first + size)
        out["ids"][row, : len(whole)] = whole
        out["attended"][row, : len(whole)] = True
        out["counted"][row, inner] = ~np.isin(np.asarray(ids, np.int32), special)
        out["word"][row, inner] = word
        out["ordinal"][row, inner] = ordinal
        if size:
            out["start"][row, inner] = [span[0] for span in spans]
            out["end"][row, inner] = [span[1] for span in spans]
    if target.kind == "causal" and width:
        out["counted"][:, 0] = False  # the first token is an attention sink
    return TokenWindows(
        **out,
        document=np.array([row[0] for row in rows], np.int32),
        words=tuple(interned),
        vocabulary=surfaces(target),
        texts=tuple(texts),
    )


def surfaces(target: Any) -> tuple[str, ...]:
    """The surface text of every token id of a target, kept on the target."""
    kept = getattr(target, "_surfaces", None)
    if kept is None:
        tokenizer = target.tokenizer
        pieces = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        kept = tuple(
            _surface(tokenizer, i, "" if piece is None else str(piece))
            for i, piece in enumerate(pieces)
        )
        target._surfaces = kept
    return kept


def _surface(tokenizer: Any, token: int, piece: str) -> str:
    if piece.startswith("##"):
        return piece[2:]
    if piece.startswith("▁"):
        return piece.replace("▁", " ")
    return tokenizer.decode([token]) if not piece.isascii() else piece


def _specials(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The special tokens that the tokenizer puts before and after a text."""
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    full = tokenizer("a")["input_ids"]
    at = next((i for i in range(len(full)) if full[i : i + len(plain)] == plain), 0)
    return full[:at], full[at + len(plain) :]


def _words(
    text: str, spans: list[tuple[int, int]], interned: dict[str, int]
) -> tuple[list[int], list[int], list[tuple[int, int]]]:
    found = [(m.start(), m.end(), m.group()) for m in WORD.finditer(text)]
    word: list[int] = []
    ordinal: list[int] = []
    at = 0
    for start, end in spans:
        first = start
        while first < end and text[first].isspace():
            first += 1
        while at < len(found) and found[at][1] <= first:
            at += 1
        if first < end and at < len(found) and found[at][0] < end:
            word.append(interned.setdefault(found[at][2], len(interned)))
            ordinal.append(at)
        else:
            word.append(-1)
            ordinal.append(-1)
    return word, ordinal, spans
