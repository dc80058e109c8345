"""What a list of words is called: its concepts, what its words have in common, its strongest words.

A list that classes cover is named by them (`classes`), with the share of the unit's activation that
they cover where a description has the room; any other list is shown by its strongest words.
"""

from collections.abc import Sequence

import numpy as np

from .....tools.predicates.phrases import quoted, series
from .axes import TOKEN_AXES, WORD_AXES
from .classes import ClassName, class_name
from .rules import Clause, Rule
from .splits import Sample

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
_FEW_LEFT = 3
_MOST_SYMBOLS = 6
_LEAST_RUN = 4
"""Symbols left out that are named; in a list; numbers in a row that are named by both ends."""
UNNAMED = ("words", "tokens", "letters", "characters")
"""What is listed where nothing says what it has in common; the last two where a token is one."""
_NAMES = {"family": "family members"}
"""Concepts whose name does not say what their words are."""


class WordLists:
    """The lists in the rules of one unit; what each is called is found out once."""

    def __init__(self, sample: Sample, *, shares: bool = False) -> None:
        self.sample = sample
        self.shares = shares
        """Whether the share that a name covers is told."""
        self._ordered: dict[tuple[Clause, Rule], list[int]] = {}
        self._shared: dict[tuple[Clause, Rule], ClassName | None] = {}

    @property
    def letters(self) -> bool:
        """Whether a token is a letter of a word."""
        return self.sample.features.windows.piece == "letter"

    def names(self, clause: Clause) -> dict[int, str]:
        """The words or tokens of a clause by number."""
        features = self.sample.features
        names = features.windows.vocabulary if clause.axis in TOKEN_AXES else features.names
        if features.symbols:
            return {value: names[value] for value in clause.values}
        return {value: names[value].strip() for value in clause.values}

    def things(self, clause: Clause, rule: Rule, n: int) -> str:
        """Concepts and words of a clause: `animals`, `'bed' or 'table'`, `words such as 'a', 'b'`.

        Args:
            clause: What is named.
            rule: Where it stands.
            n: Words shown of a long list; 0: none where it has a name.
        """
        texts = [_group(self.sample.features.groups[at].name) for at in sorted(clause.groups)]
        words = self._words(clause, rule)
        if not words and not texts:
            return "white space"
        if not words:
            return (
                series(texts[:3]) if len(texts) <= 3 else f"{', '.join(texts[:2])} and other kinds"
            )
        if self.sample.features.symbols:
            return self._symbols(clause, texts, words)
        room = max(1, (n or 2) - len(texts))
        if len(words) <= room:
            return series([*texts[:3], *words])
        if clause.called:
            return f"{_group(clause.called)} such as {', '.join(words[:room])}"
        shared = None if texts else self._name(clause, rule)
        if shared is not None:
            inside = self._words(clause, rule, shared.members)[:n]
            share = f" ({shared.share:.0%})" if self.shares else ""
            return f"{shared.name}{share}" + (f" such as {', '.join(inside)}" if inside else "")
        listed = [word for word in words if word[1:-1].isalpha() and word[0] == "'"]
        mixed = len(listed) < max(2, room)
        letters = clause.axis in TOKEN_AXES and self.letters
        kind = UNNAMED[mixed + 2 * letters]
        shown = ", ".join((words if mixed else listed)[:room])
        lead = f"{series(texts[:2])} and {kind}" if texts else kind
        return f"{lead} such as {shown}"

    def _symbols(self, clause: Clause, classes: list[str], words: list[str]) -> str:
        """Tokens of a clause in the order of the vocabulary, or what they leave of it."""
        names = self.sample.features.names
        values = set(clause.values)
        run = _run([names[value] for value in values], names)
        left = [name for at, name in enumerate(names) if at not in values]
        if run:
            return series([*classes, run])
        if not left:
            return "any token"
        if not classes and len(left) <= _FEW_LEFT and len(values) > 2 * len(left):
            but = f" but {series(sorted(map(quoted, left)))}" if left else ""
            return f"all tokens{but}"
        known = [quoted(text) for text in sorted((names[v] for v in values), key=_in_order)]
        if len(known) <= _MOST_SYMBOLS:
            return series([*classes, *known])
        return f"{len(known)} tokens such as {', '.join(words[:_FEW_LEFT])}"

    def _words(self, clause: Clause, rule: Rule, members: np.ndarray | None = None) -> list[str]:
        """Its words as they are shown, the strongest first, those that tell nothing left out."""
        names = self.names(clause)
        shown: dict[str, None] = {}
        for value in self._strongest_first(clause, rule):
            if members is None or members[value]:
                shown.setdefault(self._quoted(names[value]))
        if self.sample.features.symbols:
            return list(shown)
        if members is None:
            shown |= dict.fromkeys(_quoted(word) for word in sorted(clause.unseen))
        return [word for word in shown if word and not _odd(word)] or [w for w in shown if w]

    def _quoted(self, name: str) -> str:
        return quoted(name) if self.sample.features.symbols else _quoted(name)

    def _name(self, clause: Clause, rule: Rule) -> ClassName | None:
        """What its words have in common; of a list in the context, by how often they occur."""
        key = (clause, rule)
        if key not in self._shared:
            features = self.sample.features
            if clause.axis in features.axes and not clause.negated:
                self._shared[key] = class_name(self.sample, clause.axis, rule.mask(features))
            else:
                axis = clause.axis if clause.axis in features.axes else "word"
                held = np.isin(features.axes[axis], [*clause.values])
                self._shared[key] = class_name(self.sample, axis, held, by_lift=False)
        return self._shared[key]

    def _strongest_first(self, clause: Clause, rule: Rule) -> list[int]:
        """The values of a clause, those first that contribute most."""
        key = (clause, rule)
        if key not in self._ordered:
            self._ordered[key] = self._by_strength(clause, rule)
        return self._ordered[key]

    def _by_strength(self, clause: Clause, rule: Rule) -> list[int]:
        sample, features = self.sample, self.sample.features
        values = sorted(clause.values)
        if len(values) < 2 or clause.axis in ("flag", "rank", "position"):
            return values
        axis = clause.axis if clause.axis in (*WORD_AXES, *TOKEN_AXES) else "word"
        keys = features.axes[axis]
        region = (sample.weight > 0) & (keys >= 0)
        if axis == clause.axis:
            region &= Rule(tuple(c for c in rule.clauses if c.axis != axis)).mask(features)
        size = features.size(axis)
        lift = np.bincount(keys[region], sample.target[region] - sample.totals[1], size)
        count = np.bincount(keys[region], minlength=size)
        strength = lift[values] / np.sqrt(count[values] + 1.0)
        if axis != clause.axis:
            strength = count[values].astype(float)
        elif clause.negated:
            strength = -strength
        return [values[at] for at in np.argsort(-strength, kind="stable")]


def _in_order(text: str) -> tuple[int, str]:
    """Numbers by size, then all else by its letters."""
    return (int(text), "") if text.isdecimal() else (10**9, text)


def _run(texts: Sequence[str], vocabulary: Sequence[str]) -> str:
    """Numbers that are all there are between the least and the largest; else empty."""
    if len(texts) < _LEAST_RUN or not all(text.isdecimal() for text in texts):
        return ""
    own = sorted(int(text) for text in texts)
    there = [int(text) for text in vocabulary if text.isdecimal()]
    inside = [number for number in there if own[0] <= number <= own[-1]]
    return f"numbers {own[0]} to {own[-1]}" if len(inside) == len(own) else ""


def _quoted(name: str) -> str:
    return _MARKS.get(name, f"'{name}'") if name else ""


def _odd(word: str) -> bool:
    """Long numbers and other things that tell a reader nothing."""
    return len(word) > 20 or (len(word) > 6 and any(ch.isdigit() for ch in word))


def _group(name: str) -> str:
    if name.startswith("-"):
        return f"words ending in {name}"
    return f"words starting with {name}" if name.endswith("-") else _NAMES.get(name, name)
