"""Reads an answer sentence by sentence: the results that a claim cites, the numbers that stand in
none of them, and what is only opinion."""

import re
from dataclasses import dataclass
from typing import Protocol

from ...tools.evidence import Evidence
from .figures import CITED, missing

_ONE = re.compile(r"E(\d+)(?:\s*[–-]\s*E?(\d+))?")
_END = re.compile(r"(?<=[.!?])((?:\s*\[[^\]]*\])*)\s+(?!\[\s*E\d)(?=[\"'“‘(\[*`]*[A-Z0-9“])")
_NOT_ENDS = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|approx|etc|Fig|No)\.|\b[A-Z]\.)$")
BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_HONEST = re.compile(
    r"\b(?:I (?:do not|don't|did not|didn't|cannot|can't|could not|have not|am not)"
    r"|(?:was|were|is|are|been) not (?:tested|measured|checked|known|tried)"
    r"|not (?:tested|measured|checked)|untested|unknown|would need)\b",
    re.IGNORECASE,
)
_FEWEST_WORDS = 3


@dataclass(frozen=True)
class Claim:
    """One sentence of an answer."""

    text: str
    evidence: tuple[str, ...] = ()
    """Ids of results that it cites and that exist."""
    opinion: bool = False
    """It claims something and cites no result."""
    begins: bool = False
    """It begins a line of the answer."""
    missing: tuple[str, ...] = ()
    """Numbers that it states and that stand in none of the results that it cites."""

    @property
    def mark(self) -> str:
        """What a reader is told of it: `opinion`, `not in E3: 42`, or nothing."""
        if self.opinion:
            return "opinion"
        return f"not in {', '.join(self.evidence)}: {', '.join(self.missing)}" * bool(self.missing)


class Results(Protocol):
    """Results by id, such as an `EvidenceStore`."""

    def __contains__(self, key: object, /) -> bool: ...

    def __getitem__(self, key: str, /) -> Evidence: ...


def claims(text: str, known: Results, question: str = "") -> tuple[Claim, ...]:
    """The sentences of an answer.

    A sentence is an opinion if it claims something and cites no result that exists. Headings,
    questions, lines that introduce a list, and admissions of what is not known claim nothing. One
    that cites results is held against them: `missing` has the numbers that stand in none of them.

    Args:
        text: The answer.
        known: The results that exist.
        question: What was asked; an answer may repeat its numbers.
    """
    found = []
    for line in text.splitlines():
        for i, sentence in enumerate(sentences(line)):
            found.append(_claim(sentence, known, question, begins=i == 0))
    return tuple(found)


def cited(text: str) -> list[str]:
    """Ids that a text cites as `[E3]`, `[E3, E5]` or `[E3-E5]`, in order, each once."""
    found: dict[str, None] = {}
    for group in CITED.findall(text):
        for first, last in _ONE.findall(group):
            stop = min(int(last), int(first) + 50) if last else int(first)
            found.update(dict.fromkeys(f"E{number}" for number in range(int(first), stop + 1)))
    return list(found)


def sentences(text: str) -> list[str]:
    """The sentences; a citation behind the full stop belongs to the sentence before."""
    out: list[str] = []
    for line in text.splitlines():
        rest = line.strip()
        start = 0
        for match in _END.finditer(rest):
            before = rest[start : match.end(1)].strip()
            if _NOT_ENDS.search(rest[start : match.start()]):
                continue
            out.append(before)
            start = match.end()
        if rest[start:].strip():
            out.append(rest[start:].strip())
    return out


def _claim(sentence: str, known: Results, question: str, *, begins: bool) -> Claim:
    ids = tuple(name for name in cited(sentence) if name in known)
    opinion = not ids and _claims_something(sentence)
    lost = missing(sentence, [known[name] for name in ids], question) if ids else ()
    return Claim(sentence, ids, opinion, begins, lost)


def _claims_something(sentence: str) -> bool:
    bare = BULLET.sub("", CITED.sub("", sentence)).strip().strip("*_#`")
    if sentence.lstrip().startswith("#") or bare.endswith((":", "?")) or "|---" in bare:
        return False
    return len(re.findall(r"\w+", bare)) >= _FEWEST_WORDS and not _HONEST.search(bare)
