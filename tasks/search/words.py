"""Full text of labels: SQLite's FTS5 in memory, ranked by BM25 with a weight for each field.

1. Labels, components, effects, words of predictors and rejected rivals are columns of one table;
   words are stemmed (Porter), so that `weekday` finds `weekdays`.
2. A query is cut into words; any of them may match, and words of three letters and more match the
   beginnings of words too, for less.
3. A word that occurs in no label is read as the nearest that does (`difflib`), and this is said.
"""

import difflib
import re
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .records import Record, clauses, effect_of, label_of, predictor_words, readable

FIELDS: dict[str, float] = {
    "label": 4.0,
    "components": 2.0,
    "effect": 1.0,
    "predictor words": 0.5,
    "rejected rival": 0.5,
}
"""What is searched, with its weight: words of a rejected rival say what a unit is *not*."""
MOST_LETTERS = 2000
"""Letters of a query that are read."""
_SMALL = frozenset(
    ("a", "an", "and", "are", "as", "at", "by", "for", "in", "is", "it", "of", "on", "or", "the")
)
"""Words that are searched only where a query has no others."""
_MOST_WORDS = 32
_MOST_LETTERS_A_WORD = 64
_WORD = re.compile(r"[^\W_]+")
_ALIKE = 0.75
_MARKS = ("\x02", "\x03")


class Query(NamedTuple):
    """A query as it is read."""

    match: str
    """In FTS5's language; empty: there is no word in it."""
    read_as: tuple[tuple[str, str], ...]
    """Words that occur nowhere, with the nearest that do."""


class Words:
    """The full text of some records; safe to ask from several threads."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._units = list(records)
        self._lock = threading.Lock()
        self._base = sqlite3.connect(":memory:", check_same_thread=False)
        columns = ", ".join(f"c{i}" for i in range(len(FIELDS)))
        self._base.execute(
            f"create virtual table labels using fts5({columns}, tokenize='porter unicode61')"
        )
        rows = [(i, *_texts(records[unit])) for i, unit in enumerate(self._units)]
        marks = ", ".join("?" * (1 + len(FIELDS)))
        self._base.executemany(f"insert into labels(rowid, {columns}) values ({marks})", rows)
        self._known: set[str] | None = None

    def read(self, query: str) -> Query:
        """The query in FTS5's language: words only, each quoted, so that no operator is left."""
        requested = [word.lower() for word in _WORD.findall(readable(query, most=MOST_LETTERS))]
        requested = [word for word in requested if word not in _SMALL] or requested
        words = [word[:_MOST_LETTERS_A_WORD] for word in dict.fromkeys(requested)][:_MOST_WORDS]
        read_as = []
        for i, word in enumerate(words):
            if len(word) > 3 and not self._matches(_phrases([word])):
                near = difflib.get_close_matches(word, self._vocabulary(word), 1, _ALIKE)
                if near:
                    read_as.append((word, near[0]))
                    words[i] = near[0]
        return Query(_phrases(words), tuple(read_as))

    def ranked(self, query: Query) -> list[str]:
        """Every unit that matches, best first."""
        if not query.match:
            return []
        weights = ", ".join(map(str, FIELDS.values()))
        order = f"bm25(labels, {weights}), rowid"
        rows = self._ask(
            f"select rowid from labels where labels match ? order by {order}", [query.match]
        )
        return [self._units[row] for (row,) in rows]

    def where(self, query: Query, units: Sequence[str]) -> dict[str, list[str]]:
        """What matched in these units, by field: `label: 'weekday', 'names'`."""
        number = {unit: i for i, unit in enumerate(self._units)}
        shown = ", ".join(f"highlight(labels, {i}, char(2), char(3))" for i in range(len(FIELDS)))
        result = {}
        for unit in units:
            rows = self._ask(
                f"select {shown} from labels where labels match ? and rowid = ?",
                [query.match, number[unit]],
            )
            result[unit] = [part for row in rows for part in _matched(row)]
        return result

    def _matches(self, match: str) -> bool:
        return bool(self._ask("select 1 from labels where labels match ? limit 1", [match]))

    def _ask(self, statement: str, values: Sequence[object]) -> list[tuple]:
        with self._lock:
            return self._base.execute(statement, values).fetchall()

    def _vocabulary(self, word: str) -> list[str]:
        """Words of the labels that are about as long as this one."""
        if self._known is None:
            rows = self._ask("select c0, c1 from labels", [])
            self._known = {
                result.lower() for row in rows for text in row for result in _WORD.findall(text)
            }
        return sorted(known for known in self._known if abs(len(known) - len(word)) <= 2)


def plain_words(text: str) -> str:
    """The words of a text alone, in small letters, one space between them."""
    return " ".join(word.lower() for word in _WORD.findall(text))


def _texts(record: Record) -> list[str]:
    """The text of each of `FIELDS`."""
    return [
        label_of(record),
        "; ".join(clauses(record)),
        effect_of(record),
        predictor_words(record),
        "; ".join(clauses(record, "rejected")),
    ]


def _phrases(words: Iterable[str]) -> str:
    """Each word, and for longer ones words that begin so; nothing but quoted strings."""
    quoted = []
    for word in words:
        quoted.append(f'"{word}"')
        if len(word) > 2 or not word.isascii():
            quoted.append(f'"{word}" *')
    return " OR ".join(quoted)


def _matched(row: Sequence[str]) -> Iterable[str]:
    """What matched, by field; a field that adds no word to those before it is left out."""
    known: set[str] = set()
    for name, text in zip(FIELDS, row, strict=True):
        result = re.findall(f"{_MARKS[0]}(.*?){_MARKS[1]}", text)
        words = list(dict.fromkeys(word.lower() for word in result))
        if set(words) - known:
            known.update(words)
            more = f" and {len(words) - 4} more" if len(words) > 4 else ""
            yield f"{name}: {', '.join(repr(word) for word in words[:4])}{more}"
