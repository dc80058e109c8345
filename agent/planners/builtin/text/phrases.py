"""Words for rules: a label of few words and statements for the ledger, as a person would write.

A rule is a head (what is there: concepts, words, a shape) and conditions (what is before, after,
around it). A set is named by its concepts where it has any, else by its strongest words.
"""

from collections.abc import Sequence

import numpy as np

from .....tools.predicates.phrases import ordinal
from ....description import MOST_WORDS
from ..wording import without_repeats
from .classes import class_name
from .feature_table import TOKEN_AXES, WORD_AXES, is_context
from .rules import Clause, Rule
from .simplify import ordered
from .splits import Sample
from .terms import Term

_RELATION = {
    "previous_word": "after {}",
    "previous_token": "after {}",
    "previous_word_2": "two words after {}",
    "next_word": "before {}",
    "next_token": "before {}",
    "next_word_2": "two words before {}",
    "earlier": "after {} earlier in the text",
    "later": "with {} later in the text",
    "earlier_5": "soon after {}",
    "earlier_10": "soon after {}",
    "earlier_20": "some time after {}",
    "later_5": "soon before {}",
    "elsewhere": "in texts with {}",
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
_ADJECTIVES = {
    "capitalised": "capitalised",
    "upper": "upper-case",
    "lower": "lower-case",
    "repeated": "repeated",
    "non_ascii": "non-ASCII",
}
_MARKS = {
    ".": "full stop",
    ",": "comma",
    "!": "exclamation mark",
    "?": "question mark",
    ":": "colon",
    ";": "semicolon",
    '"': "quotation mark",
    "'": "apostrophe",
    "(": "opening bracket",
    ")": "closing bracket",
    "-": "hyphen",
    "=": "equals sign",
}
_ENDS = {".", "!", "?"}
_UNNAMED = ("words", "tokens")
"""What is listed where nothing says what it has in common."""
_NAMES = {"family": "family members"}
"""Concepts whose name does not say what their words are."""


def label(sample: Sample, parts: Sequence[Term]) -> str:
    """At most twelve words for all parts together, with what makes them strongest if it fits."""
    tails = [strengths(parts[0], most) for most in (2, 1)] if parts[0].factors else []
    for tail in (*tails, ""):
        for count in range(len(parts), 0, -1):
            for named in (3, 2, 1) if count > 1 else (4, 3, 2, 1):
                text = _together(sample, parts[:count], named) + tail
                if len(text.split()) <= MOST_WORDS and (named > 1 or (count == 1 and not tail)):
                    return text
    return _shortened(sample, parts[0])


def lists_words(text: str) -> bool:
    """Whether a label begins with some words of many, or with all but some, that nothing names."""
    head = text.partition(";")[0].partition(",")[0]
    return head in _UNNAMED or head.startswith(tuple(f"{kind} such as " for kind in _UNNAMED))


def strengths(part: Term, most: int = 4) -> str:
    """What makes a part stronger and weaker, as the end of a phrase; empty where nothing does.

    The most telling first, not the strongest: a factor of a rare context says little.
    """
    chosen = part.factors[:most]
    sides = {
        side: [factor.condition.words for factor in chosen if factor.negated == negated]
        for side, negated in (("more", True), ("less", False))
    }
    return "".join(f"; {side} {_or(texts)}" for side, texts in sides.items() if texts)


def _shortened(sample: Sample, part: Term) -> str:
    """What a part is at, with as many of its conditions as twelve words hold, concepts first."""
    rule = Rule() if part.table else ordered(part.stated_rule)

    def later(clause: Clause) -> tuple[bool, bool]:
        head = clause.axis in ("word", "token", "flag")
        listed = _tail(sample, clause, rule, 1).replace("and words such as", "")
        return not head, "words such as" in listed

    asked = sorted((clause for clause in rule.clauses if not clause.negated), key=later)
    for count in range(len(asked), 0, -1):
        text = rule_phrase(sample, Rule(tuple(asked[:count])), named=1)
        if len(text.split()) <= MOST_WORDS:
            return text
    return " ".join(phrase(sample, part, named=1).split()[:MOST_WORDS])


def phrase(sample: Sample, part: Term, *, named: int = 4) -> str:
    """A part in words."""
    if part.table:
        return _table(sample, part, named)
    return rule_phrase(sample, part.stated_rule, named=named)


def rule_phrase(sample: Sample, rule: Rule, *, named: int = 4) -> str:
    """A rule in words."""
    clauses = list(ordered(rule).clauses)
    asked = [c for c in clauses if not c.negated]
    heads = [c for c in asked if c.axis in ("word", "token")]
    flags = [c for c in asked if c.axis == "flag"]
    ends = False
    if heads:
        head = _things(sample, heads[0], rule, named)
        adjectives = [_ADJECTIVES[k] for k in (_kind(sample, c) for c in flags) if k in _ADJECTIVES]
        head = " ".join([*adjectives, head])
        ends = _is_end(sample, heads[0])
        used = [heads[0], *(c for c in flags if _kind(sample, c) in _ADJECTIVES)]
    elif flags:
        head, used = _FLAGS[_kind(sample, flags[0])], flags[:1]
    else:
        head, used = "words", []
    barred = [c for c in clauses if c.negated]
    if ends and any(c.axis.startswith("earlier") and _is_end(sample, c) for c in barred):
        barred = [c for c in barred if not _is_end(sample, c)]
    tails = [_tail(sample, c, rule, named, ends=ends) for c in asked if c not in used]
    tails = list(dict.fromkeys(tails))
    text = " ".join([head, *_joined(tails)])
    if barred:
        text += ", not " + " or ".join(_tail(sample, c, rule, min(named, 2)) for c in barred)
    return text


def _together(sample: Sample, parts: Sequence[Term], named: int) -> str:
    told: dict[str, tuple[str, int]] = {}
    for part in parts:
        words = phrase(sample, part, named=named)
        places = int((part.values(sample.features) > 0).sum())
        told.setdefault(_where(part) if part.table else words, (words, places))
    texts = without_repeats(list(told.values()))
    plain = all(
        not part.table and [c.axis for c in part.stated_rule.clauses] == ["word"] for part in parts
    )
    return (" or " if plain else "; also ").join(texts)


def _where(part: Term) -> str:
    """Where a table looks: here, before, after; of several that look alike the first is told."""
    axis = part.levels[0].rule.clauses[0].axis
    return axis.replace("token", "word")


def _joined(tails: list[str]) -> list[str]:
    return [tails[0], *(f"and {tail}" for tail in tails[1:])] if tails else []


def _table(sample: Sample, part: Term, named: int) -> str:
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
    wide = Clause(clause.axis, everything or clause.values, clause.groups)
    things = _things(sample, wide, Rule((wide,)), named)
    if clause.axis in ("word", "token"):
        return things
    return _RELATION[clause.axis].format(_things(sample, wide, Rule((wide,)), min(named, 2)))


def _tail(sample: Sample, clause: Clause, rule: Rule, named: int, *, ends: bool = False) -> str:
    if clause.axis == "flag":
        kind = _kind(sample, clause)
        return "at the start of a word" if kind == "word_start" else _FLAGS[kind]
    if clause.axis in ("position", "rank"):
        texts = _positions(clause)
        if texts.startswith("tokens"):
            return f"in {texts}"
        return f"in the {texts}" if texts.endswith("s") else f"as the {texts}"
    things = _things(sample, clause, rule, min(named, 3))
    if is_context(clause.axis) and clause.axis not in _RELATION:
        return _near(clause).format(things)
    if ends and clause.axis in ("earlier_5", "earlier_10", "earlier_20"):
        return f"after {things} (earlier in the sentence)"
    relation = _RELATION.get(clause.axis)
    return relation.format(things) if relation else things


def _near(clause: Clause) -> str:
    """How a reach in tokens is said."""
    reach = int(clause.axis.partition("_")[2])
    if reach == 1:
        return "after {}"
    return "soon after {}" if reach <= 12 else "some time after {}"


def _is_end(sample: Sample, clause: Clause) -> bool:
    names = _names(sample, clause)
    return bool(clause.values) and not clause.groups and {names[v] for v in clause.values} <= _ENDS


def _kind(sample: Sample, clause: Clause) -> str:
    (flag,) = clause.values
    data = sample.features.flags[flag]
    return str(data.get("shape", data["kind"]))


def _positions(clause: Clause) -> str:
    if clause.axis == "rank":
        first, last = min(clause.values) + 1, max(clause.values) + 1
        return f"{ordinal(first)} token" if first == last else f"tokens {first} to {last}"
    start, stop, from_end = clause.span
    end = "last" if from_end else "first"
    if start == 0 and stop is not None:
        return f"{end} {stop} tokens" if stop > 1 else f"{end} token"
    where = " from the end" if from_end else ""
    if stop == start + 1:
        return f"{ordinal(start + 1)} token{where}"
    return f"tokens {start + 1} {f'to {stop}' if stop is not None else 'on'}{where}"


def _names(sample: Sample, clause: Clause) -> dict[int, str]:
    features = sample.features
    names = features.windows.vocabulary if clause.axis in TOKEN_AXES else features.names
    return {value: names[value].strip() for value in clause.values}


def _things(sample: Sample, clause: Clause, rule: Rule, named: int) -> str:
    """Concepts and words of a clause: `animals`, `'bed' or 'table'`, `words such as 'a', 'b'`."""
    features = sample.features
    texts = [_group(features.groups[at].name) for at in sorted(clause.groups)]
    names = _names(sample, clause)
    shown: dict[str, None] = {}
    for value in _strongest_first(sample, clause, rule):
        shown.setdefault(_quoted(names[value]))
    shown |= dict.fromkeys(_quoted(word) for word in sorted(clause.unseen))
    words = [word for word in shown if word and not _odd(word)] or [w for w in shown if w]
    if not words and not texts:
        return "white space"
    if not words:
        return _or(texts[:3]) if len(texts) <= 3 else f"{', '.join(texts[:2])} and other kinds"
    room = max(1, named - len(texts))
    if len(words) > max(room, 1):
        listed = [word for word in words if word[1:-1].isalpha() and word[0] == "'"]
        kind = _UNNAMED[len(listed) < max(2, room)]
        words = listed if kind == _UNNAMED[0] else words
        listed = ", ".join(words[:room])
        if clause.called:
            return f"{_group(clause.called)} such as {listed}"
        if not texts and clause.axis in features.axes:
            shared = class_name(sample, clause.axis, rule.mask(features))
            if shared is not None:
                inside = (v for v in _strongest_first(sample, clause, rule) if shared.members[v])
                words = list(dict.fromkeys(_quoted(names[value]) for value in inside))
                return f"{shared.name} such as {', '.join(words[:room])}"
        if texts:
            return f"{_or(texts[:2])} and {kind} such as {listed}"
        return f"{kind} such as {listed}"
    return _or([*texts[:3], *words])


def _quoted(name: str) -> str:
    if not name:
        return ""
    return _MARKS.get(name, f"'{name}'")


def _odd(word: str) -> bool:
    """Long numbers and other things that tell a reader nothing."""
    return len(word) > 20 or (len(word) > 6 and any(ch.isdigit() for ch in word))


def _or(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " or " + items[-1]


def _group(name: str) -> str:
    if name.startswith("-"):
        return f"words ending in {name}"
    return f"words starting with {name}" if name.endswith("-") else _NAMES.get(name, name)


def _strongest_first(sample: Sample, clause: Clause, rule: Rule) -> list[int]:
    """The values of a clause, those first that contribute most."""
    features = sample.features
    values = sorted(clause.values)
    if len(values) < 2 or clause.axis in ("flag", "rank", "position"):
        return values
    axis = clause.axis if clause.axis in (*WORD_AXES, *TOKEN_AXES) else "word"
    keys = features.axes[axis]
    region = (sample.weight > 0) & (keys >= 0)
    if axis == clause.axis:
        region &= Rule(tuple(c for c in rule.clauses if c.axis != axis)).mask(features)
    size = features.size(axis)
    mean = sample.totals[1]
    lift = np.bincount(keys[region], sample.target[region] - mean, size)
    count = np.bincount(keys[region], minlength=size)
    strength = lift[values] / np.sqrt(count[values] + 1.0)
    if axis != clause.axis:
        strength = count[values].astype(float)
    elif clause.negated:
        strength = -strength
    return [values[at] for at in np.argsort(-strength, kind="stable")]
