"""The kinds of questions: which wordings mean which (`wordings.txt`), tried in their order."""

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, cast, get_args

from .wish import Kind

_PIECE = re.compile(r"\{([a-z]+)\}")
_NAMED = re.compile(r"^([a-z]+) = (.+)$")
_KIND = re.compile(r"^\[(\w+)\]$")


class Rule(NamedTuple):
    """One wording; a group `topic` holds what units are to respond to."""

    kind: Kind
    pattern: "re.Pattern[str]"


class Wordings(NamedTuple):
    """Everything in `wordings.txt`."""

    rules: tuple[Rule, ...]
    again: "re.Pattern[str]"
    """A unit alone: the same question as before, about another unit."""


@lru_cache(maxsize=1)
def wordings() -> Wordings:
    """The wordings, read once."""
    pieces: dict[str, str] = {}
    rules: list[Rule] = []
    kind, again = "", ""
    text = (Path(__file__).parent / "wordings.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        named, section = _NAMED.match(line), _KIND.match(line)
        if section is not None:
            kind = section[1]
        elif named is not None and not kind:
            pieces[named[1]] = _whole(named[2], pieces)
        elif kind == "again":
            again = line
        else:
            assert kind in get_args(Kind), f"wordings.txt names no kind before: {line}"
            rules.append(Rule(cast(Kind, kind), re.compile(_whole(line, pieces))))
    return Wordings(tuple(rules), re.compile(again))


def _whole(pattern: str, pieces: dict[str, str]) -> str:
    """A pattern with the named pieces put in."""
    return _PIECE.sub(lambda match: pieces[match[1]], pattern)
