"""A corpus: documents, their hash, and three splits made before anything is looked at.

A document goes to a split by a hash of its own text, so that the split needs no random state,
survives reordering and growth of the corpus, and never parts two copies of one document.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from ..errors import UsageError

SHARES = {"explore": 0.5, "validation": 0.2, "test": 0.3}
LEAST_DOCUMENTS = 10
"""Documents that every split of a text has: fewer make no interval over documents."""

SMALL = 20
"""Documents under which nobody holds any out."""


class Document(NamedTuple):
    """One text that is never cut across splits."""

    id: str
    text: str
    fields: Mapping[str, Any] = {}
    """What the data say of it beside the text, by name: see `fields.py`."""


class Corpus:
    """A named list of documents."""

    least = LEAST_DOCUMENTS
    """Documents that every split must have."""
    enough = "about 3,000 words or 90 documents"
    """What gives every split its documents with 99% probability: the smallest is a fifth."""

    def __init__(
        self, name: str, documents: Iterable[Document], *, remarks: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.remarks = tuple(remarks)
        """How the documents were made, where a person might have meant it otherwise."""
        self.documents: Sequence[Document] = tuple(documents)

    def __len__(self) -> int:
        return len(self.documents)

    @cached_property
    def hash(self) -> str:
        """Identifies texts and fields; the same for the same documents in any order."""
        return self._hash(fields=True)

    def is_known_as(self, given: str) -> bool:
        """Whether a record's hash is this corpus's; earlier records hold one of texts alone."""
        return given in (self.hash, self._hash(fields=False))

    def _hash(self, *, fields: bool) -> str:
        each = []
        for document in self.documents:
            digest = hashlib.sha256(document.text.encode())
            if fields and document.fields:
                said = json.dumps(dict(document.fields), sort_keys=True, default=str)
                digest = hashlib.sha256(digest.digest() + said.encode())
            each.append(digest.digest())
        return hashlib.sha256(b"".join(sorted(each))).hexdigest()[:16]

    def limited(self, characters: int) -> "Corpus":
        """A part of at most about so many characters, spread fairly over the whole corpus.

        Documents are taken in the order of a hash of their text until the limit is passed, and
        stand in their old order; so a sorted corpus is not cut to its beginning, the splits keep
        their shares, and a larger limit only adds documents.
        """
        if sum(len(document.text) for document in self.documents) <= characters:
            return self
        order = sorted(range(len(self)), key=lambda at: _draw("limit", self.documents[at].text))
        chosen: list[int] = []
        total = 0
        for at in order:
            if total >= characters:
                break
            chosen.append(at)
            total += len(self.documents[at].text)
        documents = [self.documents[at] for at in sorted(chosen)]
        return Corpus(self.name, documents, remarks=self.remarks)

    def unseen(self, known: Iterable[str]) -> "Corpus":
        """The part that may be shown beside documents that are `known`: none of these, and none
        that a run over this corpus would hold out. Of a corpus too small to be split, all others.

        Raises:
            UsageError: if nothing is left.
        """
        seen = set(known)
        small = len(self) < SMALL
        kept = [
            document
            for document in self.documents
            if document.text not in seen and (small or split_of(document.text) == "explore")
        ]
        if not kept:
            raise UsageError(f"{self.name} holds nothing but the documents explored already")
        return self._part(self.name, kept)

    @property
    def too_few(self) -> bool:
        """Whether a split has fewer than `least` documents."""
        return any(len(some) < self.least for some in self._shared_out().values())

    def splits(self, *, least: int | None = None) -> "Splits":
        """Explore, validation and test, by document.

        Args:
            least: Documents that every split must have, where it is not the class's `least`: 1
                where nothing is scored on held-out data.

        Raises:
            UsageError: if a split has fewer.
        """
        chosen = self._shared_out()
        least = self.least if least is None else least
        if few := [name for name, some in chosen.items() if len(some) < least]:
            there = ", ".join(f"{name} would have {len(chosen[name])}" for name in few)
            raise UsageError(
                f"'{self.name}' is too little data to split by document: it has "
                f"{self._size()}, and {there}, where {least} are needed; give {self.enough}"
            )
        return Splits(*(self._part(f"{self.name}#{name}", chosen[name]) for name in SHARES))

    def _size(self) -> str:
        words = sum(len(document.text.split()) for document in self.documents)
        return f"{len(self):,} documents of {words:,} words in all"

    def _shared_out(self) -> dict[str, list[Document]]:
        chosen: dict[str, list[Document]] = {name: [] for name in SHARES}
        for document in self.documents:
            chosen[split_of(document.text)].append(document)
        return chosen

    def _part(self, name: str, documents: Sequence[Document]) -> "Corpus":
        """A corpus of some of the documents."""
        return Corpus(name, documents)


class Splits(NamedTuple):
    """Three parts of one corpus, disjoint by document."""

    explore: Corpus
    """What the planner sees."""
    validation: Corpus
    """Where thresholds are fitted and rivals chosen."""
    test: Corpus
    """Touched once, at the end."""


def split_of(text: str) -> str:
    """The split that a document with this text belongs to."""
    draw = _draw("split", text)
    for name, share in SHARES.items():
        draw -= share
        if draw < 0:
            return name
    return "test"


def _draw(purpose: str, text: str) -> float:
    """A number in 0..1 that depends on the text and the purpose alone."""
    digest = hashlib.sha256(f"{purpose}:{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
