"""What answers are made from: the intent, what was found so far, and how sentences cite it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ....tools.evidence import Evidence
from ....tools.lab import Lab
from ....tools.registry import offered
from ....tools.render.text import number, quoted
from .intent import Intent

_JOIN = "\u2060"  # a word joiner: what stands before it ends no sentence
_SPECIAL = re.compile(r"<[^<>]*>|\[[A-Z]+\]")
_LETTERS = 160  # of a text that an answer shows


class Call(NamedTuple):
    """A tool to run."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Past:
    """An earlier turn."""

    intent: Intent
    question: str
    text: str
    made: tuple[Evidence, ...]


@dataclass(frozen=True)
class Ask:
    """One question at one step."""

    lab: Lab
    intent: Intent
    step: int
    """How often tools were called for it before."""
    made: tuple[Evidence, ...]
    """Results made for it, failed ones among them."""
    earlier: tuple[Past, ...] = ()

    def has(self, tool: str) -> bool:
        """Whether this lab offers a tool."""
        return tool in offered(self.lab)

    def found(self, tool: str, **arguments: Any) -> Evidence | None:
        """The last good result of a tool for this question, with these arguments."""
        for one in reversed(self.made):
            same = all(one.arguments.get(key) == value for key, value in arguments.items())
            if one.tool == tool and one.error is None and same:
                return one
        return None

    @property
    def places(self) -> str:
        """What is counted: places of texts, or pictures."""
        return "places" if self.lab.target.image is None else "pictures"

    def refused(self, tool: str) -> str:
        """Why a tool is not offered here, with what can be asked; empty where it is."""
        if self.has(tool):
            return ""
        what = "takes pictures" if self.lab.target.image is not None else "predicts no next token"
        return (
            f"I cannot ask that of {self.lab.target.name}, which {what}: ask instead which units "
            "respond to something, or what a unit does."
        )

    @property
    def failures(self) -> list[Evidence]:
        """Calls that gave no result, each error once."""
        bad: dict[str, Evidence] = {}
        for one in self.made:
            if one.error is not None:
                bad.setdefault(one.error, one)
        return list(bad.values())

    def failed(self, instead: str = "") -> str:
        """The failures as sentences, with what can be asked instead; empty without any."""
        said = [
            f"I could not get a result of {one.tool}: "
            f"{short(str(one.error).rstrip('.'), 400)}{cite(one)}."
            for one in self.failures
        ]
        hint = f"That was not measured: {instead}."
        return " ".join([*said, *([hint] if said and instead else [])])


def cite(*found: Evidence | None) -> str:
    """` [E1, E2]`, which stands before the full stop of a sentence."""
    ids = list(dict.fromkeys(one.id for one in found if one is not None))
    return f" [{', '.join(ids)}]" if ids else ""


def spread(value: float | None, interval: Sequence[float] | None) -> str:
    """A number with its interval: `0.76 (0.70 to 0.81)`."""
    if interval is None:
        return number(value)
    return f"{number(value)} (95% {number(interval[0])} to {number(interval[1])})"


def listed(items: Sequence[str]) -> str:
    """`a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def tokens(items: Sequence[str], many: int = 5) -> str:
    """Tokens in quotes."""
    return ", ".join(quoted(item) for item in items[:many])


def short(text: str, letters: int = _LETTERS) -> str:
    """A text on one line, cut if it is long.

    Nothing in it can be read as a citation, or as the end of a sentence of the answer.
    """
    line = re.sub(r"\[(?=\s*E\d)", f"[{_JOIN}", " ".join(text.split()))
    line = line if len(line) <= letters else line[: letters - 1].rstrip() + "…"
    return re.sub(r"([.!?])(?=\s|$)", rf"\1{_JOIN}", line)


def shown(item: Mapping[str, Any], before: int = 8, after: int = 3) -> str:
    """The text around the strongest token of a measured input, which stands in «»."""
    values = [value if value is not None else float("-inf") for value in item["activations"]]
    pieces = list(item["tokens"])
    if len(pieces) == 1:  # a picture
        return short(pieces[0])
    at = max(range(len(values)), key=values.__getitem__)
    spaced = any(" " in piece for piece in pieces)
    glued = set(item.get("glued", ()))
    text = ""
    for number_ in range(max(0, at - before), min(len(pieces), at + after + 1)):
        piece = pieces[number_]
        if _SPECIAL.fullmatch(piece):
            continue
        gap = "" if spaced or number_ in glued else " "
        lead = piece[: len(piece) - len(piece.lstrip())] if spaced else gap
        core = piece.strip() or "␠"
        text += lead + (f"«{core}»" if number_ == at else core)
    return short(text, 120)


def peak(item: Mapping[str, Any]) -> float:
    """The strongest activation of a measured input."""
    return max((value for value in item["activations"] if value is not None), default=0.0)
