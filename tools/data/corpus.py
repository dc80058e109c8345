"""A corpus: documents, their hash, and three splits made before anything is looked at.

A document goes to a split by a hash of its own text, so that the split needs no random state,
survives reordering and growth of the corpus, and never parts two copies of one document.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

SHARES = {"explore": 0.5, "select": 0.2, "report": 0.3}


class Document(NamedTuple):
    """One text that is never cut across splits."""

    id: str
    text: str


class Corpus:
    """A named list of documents."""

    def __init__(self, name: str, documents: Iterable[Document]) -> None:
        self.name = name
        self.documents: Sequence[Document] = tuple(documents)

    def __len__(self) -> int:
        return len(self.documents)

    @cached_property
    def hash(self) -> str:
        """Identifies the text of the corpus; the same for the same documents in any order."""
        each = sorted(
            hashlib.sha256(document.text.encode()).digest() for document in self.documents
        )
        return hashlib.sha256(b"".join(each)).hexdigest()[:16]

    def splits(self) -> "Splits":
        """Explore, select and report, by document."""
        chosen: dict[str, list[Document]] = {name: [] for name in SHARES}
        for document in self.documents:
            chosen[split_of(document.text)].append(document)
        return Splits(*(Corpus(f"{self.name}#{name}", chosen[name]) for name in SHARES))


class Splits(NamedTuple):
    """Three parts of one corpus, disjoint by document."""

    explore: Corpus
    """What the planner sees."""
    select: Corpus
    """Where thresholds are fitted and rivals chosen."""
    report: Corpus
    """Touched once, at the end."""


def split_of(text: str) -> str:
    """The split that a document with this text belongs to."""
    draw = int.from_bytes(hashlib.sha256(b"split:" + text.encode()).digest()[:8], "big") / 2**64
    for name, share in SHARES.items():
        draw -= share
        if draw < 0:
            return name
    return "report"
