"""Answers from evidence alone: a template of `answers/` for each kind of question, filled in.

The lines of a template run on as sentences of one paragraph. A line `---` begins the next one, a
line that begins with `- ` is an item of a list, and a line `\\` ends a line of the answer. Every
sentence carries its numbers, its controls and, before its full stop, the results that it cites.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

import jinja2

from ....tools.evidence import Evidence
from ....tools.predicates.phrases import series
from ....tools.render.text import number, quoted
from ....tools.statistics.causal_rule import LEAST_CONTROLS, SHOWN, units
from .asked import Ask, is_head, past_of
from .calls import LABELS, unreadable
from .helping import examples, sample_units, some_sites
from .templates import nearest, templates

KINDS = {
    "previous": "the previous token",
    "itself": "the token itself",
    "first": "the first token",
    "copies": "earlier copies of the token",
    "induction": "the tokens behind earlier copies",
}
"""What attention is measured on, by the tool's name for it."""
_CONSTANTS: dict[str, Any] = {
    "CLEAR_CORRELATION": 0.3,  # on unseen documents, from which a description says something
    "DOUBTFUL_CONFIDENCE": 0.3,  # under it a description that token identity matches is doubtful
    "CLEAR_P": 0.1,  # up to which a change stands out from its controls
    "LIKELY": 0.05,  # p up to which the hits of an index stand out
    "FOUND": 0.05,  # q up to which a unit of a sweep counts
    "LEAST_DROP": 0.01,  # nats that a drop must have
    # Of the way from even attention to all of it, from which a head looks there mostly: half, so
    # that a kind of place that is common anyway does not count as its pattern.
    "MOST": 0.5,
    "SIGNED": "{unit} ({value:+.3g})",
    "NOTHING": "I have said nothing yet in this conversation that could be explained.",
    "KINDS": KINDS,
    "SHOWN": SHOWN,
    "LEAST_CONTROLS": LEAST_CONTROLS,
}
_JOIN = "\u2060"  # a word joiner: what stands before it ends no sentence
_SPECIAL = re.compile(r"<[^<>]*>|\[[A-Z]+\]")
_IDS = re.compile(r" ?[\[(]E\d+(?:, E\d+)*[\])]")
_LETTERS = 160  # of a text that an answer shows


def answer(ask: Ask) -> str:
    """The answer to a question, from what was found for it."""
    template = _templates().get_template(f"{ask.intent.kind}.txt")
    known = {"ask": ask, "unit": next(iter(ask.intent.units), None), "past": past_of(ask)}
    return laid_out(template.render(**known, image=ask.lab.target.image is not None))


def laid_out(text: str) -> str:
    """A filled template as paragraphs and lists."""
    paragraphs: list[list[str]] = [[]]
    runs_on = False
    for line in filter(None, (line.strip() for line in text.split("\n"))):
        rows = paragraphs[-1]
        if line == "---":
            paragraphs.append([])
        elif runs_on and not line.startswith("- ") and line != "\\":
            rows[-1] += f" {line}"
        elif line != "\\":
            rows.append(line)
        runs_on = line not in ("---", "\\") and not line.startswith("- ")
    return "\n\n".join("\n".join(rows) for rows in paragraphs if rows)


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
    return series(items, "and")


def tokens(items: Sequence[str], n: int = 5) -> str:
    """Tokens in quotes."""
    return ", ".join(quoted(item) for item in items[:n])


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
    strongest = max(range(len(values)), key=values.__getitem__)
    spaced = any(" " in piece for piece in pieces)
    glued = set(item.get("glued", ()))
    text = ""
    for i in range(max(0, strongest - before), min(len(pieces), strongest + after + 1)):
        piece = pieces[i]
        if _SPECIAL.fullmatch(piece) and i != strongest:
            continue
        gap = "" if spaced or i in glued else " "
        lead = piece[: len(piece) - len(piece.lstrip())] if spaced else gap
        core = piece.strip() or "␠"
        text += lead + (f"«{core}»" if i == strongest else core)
    return short(text, 120)


def peak(item: Mapping[str, Any]) -> float:
    """The strongest activation of a measured input."""
    return max((value for value in item["activations"] if value is not None), default=0.0)


class _Fields(Formatter):
    """Formats of items: `!q` is a token in quotes, `!n` a number with three digits."""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        convert = {"q": quoted, "n": number}.get(conversion)
        return super().convert_field(value, conversion) if convert is None else convert(value)


def each(items: Iterable[Any], form: str) -> list[str]:
    """Every item in one form, by the names of its fields or by their places."""
    return [
        _Fields().vformat(form, *(((), one) if isinstance(one, Mapping) else (one, {})))
        for one in items
    ]


class Look(NamedTuple):
    """One kind of place that a head attends to."""

    what: str
    share: str
    """Its weight in words, beside even attention."""
    excess: float
    """How far it is on the way from even attention (0) to all of it (1)."""
    beyond: bool
    """Above even attention, by its interval where there is one."""


def look_of(row: Mapping[str, Any], kind: str, even: Mapping[str, float]) -> Look:
    """How a head attends to one kind of place."""
    span = (row["interval"] or {}).get(kind)
    share = f"{weight(row, kind)} on {KINDS[kind]} (even {even[kind]:.2f})"
    excess = (row[kind] - even[kind]) / max(1e-9, 1 - even[kind])
    return Look(KINDS[kind], share, excess, (span[0] if span else row[kind]) > even[kind])


def looks_of(row: Mapping[str, Any], even: Mapping[str, float]) -> list[Look]:
    """What a head attends to, most first."""
    return sorted((look_of(row, kind, even) for kind in KINDS), key=lambda look: -look.excess)


def heads_beyond(
    rows: Iterable[Mapping[str, Any]], kind: str, even: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Heads that attend to one kind of place more than even attention would, most first."""
    looks = [(row, look_of(row, kind, even)) for row in rows]
    good = sorted(((r, look) for r, look in looks if look.beyond), key=lambda one: -one[0][kind])
    return [{"text": f"{row['unit']} ({weight(row, kind)})", "look": look} for row, look in good]


def weight(row: Mapping[str, Any], kind: str) -> str:
    """`0.43 (95% 0.40 to 0.46)`."""
    span = (row["interval"] or {}).get(kind)
    return f"{row[kind]:.2f}" + (f" (95% {span[0]:.2f} to {span[1]:.2f})" if span else "")


def swept_units(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Units of a sweep: which take most, which are beyond chance, either way; is chance known?"""
    moved = [one for one in rows if abs(one["effect"]) >= _CONSTANTS["LEAST_DROP"]]
    good = [one for one in moved if one["q"] is None or one["q"] <= _CONSTANTS["FOUND"]]

    def named(some: list[Mapping[str, Any]], sign: int) -> list[str]:
        return each((one for one in some if sign * one["effect"] > 0), "{unit} ({effect:+.3g})")

    known = any(one["q"] is not None for one in moved)
    taken = {"most": named(moved, -1), "needed": named(good, -1), "against": named(good, 1)}
    return {**taken, "known": known}


def rises(points: Sequence[str], chances: Sequence[float]) -> list[str]:
    """The two points of a lens at which a probability rises most."""
    steps = sorted(range(1, len(chances)), key=lambda i: chances[i - 1] - chances[i])[:2]
    return [
        f"{points[i]} ({number(chances[i - 1])} to {number(chances[i])})"
        for i in steps
        if chances[i] > chances[i - 1]
    ]


def label_lines(found: Evidence) -> dict[str, Any]:
    """Lines of a search of labels: those whose labels have the words, where there are any."""
    hits = found.data["hits"]
    worded = [
        one for one in hits if any(w.startswith(("label:", "components:")) for w in one["why"])
    ]
    names = {f"{hit['unit']}:" for hit in worded or hits}
    rows = [line for line in found.text.splitlines()[1:] if line.partition(" ")[0] in names]
    lines = [short(line) for line in rows[: 2 * LABELS]]
    return {"lines": lines, "worded": bool(worded), "more": found.data["found"] - len(names)}


def _texts(items: Iterable[Mapping[str, Any]]) -> str:
    """Measured inputs with their peaks."""
    return listed([f"“{shown(one)}” ({number(peak(one))})" for one in items])


@cache
def _templates() -> jinja2.Environment:
    folder = Path(__file__).parent / "answers"
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), trim_blocks=True, lstrip_blocks=True
    )
    functions = (cite, spread, listed, tokens, short, shown, peak, each, number, quoted, units)
    functions += (looks_of, heads_beyond, swept_units, rises, label_lines)
    functions += (unreadable, examples, templates, nearest, sample_units, some_sites)
    made.globals |= {function.__name__: function for function in functions} | _CONSTANTS
    made.globals |= {
        "texts": _texts,
        "without_id": lambda words: re.sub(r"^H\d+: ", "", words),  # of its investigation
        "without_citations": lambda text: _IDS.sub("", text),  # of another investigation
        "one_line": lambda text: " ".join(filter(None, map(str.strip, text.split("\n")))),
    }
    made.filters |= {"form": format, "number": number}
    made.tests |= {"head": is_head, "active": lambda item: peak(item) > 0}
    return made
