"""Words for rules: a label of few words and statements for the ledger.

Words of a set are named in the order of what they contribute, so that a long list is known by its
strongest.
"""

from collections.abc import Sequence

import numpy as np

from .board import TOKEN_AXES, WORD_AXES
from .clause import Clause, Rule
from .parts import Part
from .split import Sample

MOST_WORDS = 12
"""Words of a label."""
_RELATION = {
    "previous_word": "after",
    "previous_token": "after",
    "previous_word_2": "two words after",
    "next_word": "before",
    "next_token": "before",
    "next_word_2": "two words before",
    "earlier": "with {} earlier",
    "later": "with {} later",
    "earlier_5": "soon after {}",
    "earlier_10": "soon after {}",
    "earlier_20": "some time after {}",
    "later_5": "soon before {}",
    "elsewhere": "with {} elsewhere",
}
_FLAGS = {
    "capitalised": "capitalised words",
    "upper": "words in capitals",
    "lower": "lower-case words",
    "digits": "numbers in digits",
    "punctuation": "punctuation",
    "non_ascii": "non-ASCII words",
    "word_start": "word starts",
    "word_inside": "later pieces of words",
    "repeated": "repeated tokens",
}


def label(sample: Sample, parts: Sequence[Part]) -> str:
    """At most twelve words for all parts together."""
    for named in (3, 2, 1):
        said: list[str] = []
        for part in parts:
            words = phrase(sample, part, named=named)
            if words not in said:
                said.append(words)
        for many in range(len(said), 0, -1):
            text = ", or ".join(said[:many])
            if len(text.split()) <= MOST_WORDS and (many == len(said) or named == 1 or many > 1):
                return text
    return " ".join(phrase(sample, parts[0], named=1).split()[:MOST_WORDS])


def phrase(sample: Sample, part: Part, *, named: int = 4) -> str:
    """A part in words."""
    if part.table:
        return _table(sample, part, named)
    text = rule_phrase(sample, part.rule, named=named)
    if len(part.levels) > 1 and named > 1:
        strong = max(part.levels, key=lambda level: level.value).rule
        changed = [c for c in strong.clauses if c not in part.rule.clauses and not c.negated]
        if changed:
            text += f", most for {_things(sample, changed[0], strong, named)}"
    return text


def _table(sample: Sample, part: Part, named: int) -> str:
    strong = max(part.levels, key=lambda level: level.value).rule
    (clause,) = strong.clauses
    if clause.axis == "rank":
        return _positions(clause)
    everything = frozenset(
        value
        for level in part.levels
        for c in level.rule.clauses
        for value in c.values
        if not c.negated and level.value > 0.4
    )
    wide = Clause(clause.axis, everything or clause.values)
    things = _things(sample, wide, Rule((wide,)), named + 1)
    return things if clause.axis in ("word", "token") else f"{_RELATION[clause.axis]} {things}"


def rule_phrase(sample: Sample, rule: Rule, *, named: int = 4) -> str:
    """A rule in words."""
    here = [c for c in rule.clauses if c.axis in ("word", "token") and not c.negated]
    flags = [c for c in rule.clauses if c.axis == "flag" and not c.negated]
    head = ""
    if here:
        head = _things(sample, here[0], rule, named)
    elif flags:
        head = _flag(sample, flags[0])
    parts: list[str] = [head] if head else []
    barred: list[str] = []
    for clause in rule.clauses:
        if (here and clause is here[0]) or (not here and flags and clause is flags[0]):
            continue
        text = _tail(sample, clause, rule, named)
        (barred if clause.negated else parts).append(text)
    if not parts:
        parts = ["anything"]
    if not head and parts[0].startswith(("after", "with", "two", "before", "soon", "some")):
        parts[0] = f"words {parts[0]}"
    text = " ".join(parts)
    return f"{text}, except {' or '.join(barred)}" if barred else text


def _tail(sample: Sample, clause: Clause, rule: Rule, named: int) -> str:
    if clause.axis == "flag":
        return _flag(sample, clause) if clause.negated else f"in {_flag(sample, clause)}"
    if clause.axis in ("position", "rank"):
        return f"in the {_positions(clause)}"
    things = _things(sample, clause, rule, min(named, 2))
    relation = _RELATION.get(clause.axis)
    if relation is None:
        return things if clause.negated else f"among {things}"
    return relation.format(things) if "{}" in relation else f"{relation} {things}"


def _flag(sample: Sample, clause: Clause) -> str:
    (flag,) = clause.values
    data = sample.board.flags[flag]
    return _FLAGS[data.get("shape", data["kind"])]


def _positions(clause: Clause) -> str:
    if clause.axis == "rank":
        return f"positions {min(clause.values) + 1} to {max(clause.values) + 1}"
    start, stop, from_end = clause.span
    end = "last" if from_end else "first"
    if start == 0 and stop is not None:
        return f"{end} {stop} tokens" if stop > 1 else f"{end} token"
    upto = f"to {stop}" if stop is not None else "on"
    return f"tokens from {start + 1} {upto}" + (" from the end" if from_end else "")


def _things(sample: Sample, clause: Clause, rule: Rule, named: int) -> str:
    board = sample.board
    said = [_group(board.groups[at].name) for at in sorted(clause.groups)]
    values = leading(sample, clause, rule)
    if values:
        room = max(1, named - len(said))
        names = board.windows.vocabulary if clause.axis in TOKEN_AXES else board.names
        shown = list(dict.fromkeys(f"'{names[at].strip()}'" for at in values))
        said += shown[:room]
        if len(shown) > room and named > 1:
            said.append("the like")
            return ", ".join(said[:-1]) + " and the like"
    return said[0] if len(said) == 1 else ", ".join(said[:-1]) + " or " + said[-1]


def _group(name: str) -> str:
    return (
        f"words ending in {name}"
        if name.startswith("-")
        else (f"words starting with {name}" if name.endswith("-") else name)
    )


def leading(sample: Sample, clause: Clause, rule: Rule) -> list[int]:
    """The values of a clause, those first that contribute most."""
    board = sample.board
    values = sorted(clause.values)
    if len(values) < 2 or clause.axis in ("flag", "rank", "position"):
        return values
    axis = clause.axis if clause.axis in (*WORD_AXES, *TOKEN_AXES) else "word"
    keys = board.axes[axis]
    region = (sample.weight > 0) & (keys >= 0)
    if axis == clause.axis:
        region &= Rule(tuple(c for c in rule.clauses if c.axis != axis)).mask(board)
    size = board.size(axis)
    mean = sample.totals[1]
    lift = np.bincount(keys[region], sample.target[region] - mean, size)
    many = np.bincount(keys[region], minlength=size)
    strength = lift[values] / np.sqrt(many[values] + 1.0)
    if axis != clause.axis:
        strength = many[values].astype(float)
    elif clause.negated:
        strength = -strength
    return [values[at] for at in np.argsort(-strength, kind="stable")]
