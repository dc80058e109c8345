"""Words for rules: a label of few words and statements for the ledger, as a person would write.

A rule is a head (what is there: concepts, words, a shape) and conditions (what is before, after,
around it). A set is named by its concepts where it has any, else by its strongest words.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from .....tools.predicates import parse
from .....tools.predicates.phrases import ordinal
from ....description import MOST_WORDS
from ..wording import without_repeats
from .axes import is_context, step_of
from .conditions import more_and_less
from .factors import MOST_TOLD, Factor
from .rules import Clause, Rule, runs
from .simplify import ordered
from .splits import Sample
from .terms import Term
from .word_lists import UNNAMED, WordLists

_RELATION = {
    "earlier": "after {} earlier in the text",
    "later": "with {} later in the text",
    "later_5": "within 5 tokens before {}",
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
_LETTER_FLAGS = {
    "capitalised": "letters of capitalised words",
    "upper": "letters of words in capitals",
    "lower": "letters of lower-case words",
    "digits": "digits",
    "non_ascii": "letters of non-ASCII words",
    "word_start": "first letters of words",
    "word_inside": "later letters of words",
}
"""Where a token is a letter."""
_WORD_OF = {True: "where the word so far is {}", False: "in {}"}
"""A word, where a token is a letter of it: a causal network has read its beginning."""
_TOKEN = re.compile(r"'[^']*'|\btoken(s?)\b")
_ADJECTIVES = {
    "capitalised": "capitalised",
    "upper": "upper-case",
    "lower": "lower-case",
    "repeated": "repeated",
    "non_ascii": "non-ASCII",
}
_COUNTED = ("", "one", "two", "three", "four", "five")
_MOST_SPANS = 2
"""Stretches of positions that are named, the longest."""
_ENDS = {".", "!", "?"}


def label(sample: Sample, parts: Sequence[Term]) -> str:
    """At most twelve words: what the strongest part is at, then what tells most of its context.

    Of same words some places are active and others silent; what stands around them comes before
    further parts.
    """
    lists = WordLists(sample)
    places = [int((part.values(sample.features) > 0).sum()) for part in parts]
    for told in _subsets(_told(parts[0].factors)):
        tail = strengths(told, brief=True)
        for count in range(len(parts), 0, -1):
            for named in (3, 2, 1, 0) if count > 1 or told else (4, 3, 2, 0, 1):
                text = _together(lists, parts[:count], places, named) + tail
                if len(text.split()) <= MOST_WORDS:
                    return _plainly(lists, text)
    return _plainly(lists, _shortened(lists, parts[0]))


def _plainly(lists: WordLists, text: str) -> str:
    """A phrase about letters calls its tokens characters."""
    if not lists.letters:
        return text
    return _TOKEN.sub(lambda m: f"character{m[1] or ''}" if m[0][0] == "t" else m[0], text)


def lists_words(text: str) -> bool:
    """Whether a label begins with some words of many, or with all but some, that nothing names."""
    head = text.partition(";")[0].partition(",")[0]
    for of in _WORD_OF.values():
        head = head.removeprefix(f"letters {of.format('')}")
    return head in UNNAMED or head.startswith(tuple(f"{kind} such as " for kind in UNNAMED))


def _told(factors: Sequence[Factor]) -> list[Factor]:
    """Those that a label may tell; of ranges of positions one, as one may lie in another."""
    ranges = [one for one in factors if one.condition.predicate["kind"] == "position"]
    return [one for one in factors[:MOST_TOLD] if one not in ranges[1:]]


def _subsets(factors: Sequence[Factor]) -> Iterator[tuple[Factor, ...]]:
    """Factors that a label may name, the first always among them, as many as it can; then none."""
    for n in range(len(factors), 0, -1):
        yield from (some for some in combinations(factors, n) if some[0] is factors[0])
    yield ()


def strengths(factors: Sequence[Factor], *, brief: bool = False) -> str:
    """What makes a part stronger and weaker, as the end of a phrase; empty where nothing does.

    `brief`: distances are "near" and "soon".
    """
    said = [(factor.condition, factor.negated) for factor in factors]
    return more_and_less(said, brief=brief)


def _shortened(lists: WordLists, part: Term) -> str:
    """What a part is at, with as many of its conditions as twelve words hold, concepts first."""
    rule = Rule() if part.table else ordered(part.stated_rule)

    def later(clause: Clause) -> tuple[bool, bool]:
        head = clause.axis in ("word", "token", "flag")
        listed = _tail(lists, clause, rule, 1).replace("and words such as", "")
        return not head, "words such as" in listed

    asked = sorted((clause for clause in rule.clauses if not clause.negated), key=later)
    for count in range(len(asked), 0, -1):
        text = _rule_phrase(lists, Rule(tuple(asked[:count])), 1)
        if len(text.split()) <= MOST_WORDS:
            return text
    return " ".join(_phrase(lists, part, 1).split()[:MOST_WORDS])


def phrase(sample: Sample, part: Term) -> str:
    """A part in words, with the share of the activation that a name covers."""
    lists = WordLists(sample, shares=True)
    return _plainly(lists, _phrase(lists, part, 4))


def _phrase(lists: WordLists, part: Term, named: int) -> str:
    if part.table:
        return _table(lists, part, named)
    return _rule_phrase(lists, part.stated_rule, named)


def _rule_phrase(lists: WordLists, rule: Rule, named: int) -> str:
    clauses = list(ordered(rule).clauses)
    asked = [c for c in clauses if not c.negated]
    heads = [c for c in asked if c.axis in ("word", "token")]
    flags = [c for c in asked if c.axis == "flag"]
    ends = False
    if heads:
        head = lists.things(heads[0], rule, named)
        if lists.letters and heads[0].axis == "word":
            head = f"letters {_related(lists, heads[0], head)}"
        plain = [c for c in flags if _kind(lists, c) in _ADJECTIVES and _is_plain(lists, c)]
        head = " ".join([*(_ADJECTIVES[_kind(lists, c)] for c in plain), head])
        ends = _is_end(lists, heads[0])
        used = [heads[0], *plain]
    elif flags:
        head, used = _flag(lists, flags[0]), flags[:1]
    else:
        head, used = _any(lists, asked)
    barred = [c for c in clauses if c.negated]
    if ends and any(c.axis.startswith("earlier") and _is_end(lists, c) for c in barred):
        barred = [c for c in barred if not _is_end(lists, c)]
    tails = [_tail(lists, c, rule, named, ends=ends) for c in asked if c not in used]
    tails = list(dict.fromkeys(tails))
    text = " ".join([head, *_joined(tails)])
    if barred:
        text += ", not " + " or ".join(_tail(lists, c, rule, min(named, 2)) for c in barred)
    return text


def _any(lists: WordLists, asked: Sequence[Clause]) -> tuple[str, list[Clause]]:
    """What stands at places that no clause names; of symbols the positions, where they count."""
    if not lists.sample.features.symbols:
        return "letters" if lists.letters else "words", []
    where = next((c for c in asked if c.axis in ("position", "rank")), None)
    return ("any token", []) if where is None else (f"the {_positions(where)}", [where])


def _together(lists: WordLists, parts: Sequence[Term], places: Sequence[int], named: int) -> str:
    told: dict[str, tuple[str, int]] = {}
    for part, n in zip(parts, places, strict=False):
        words = _phrase(lists, part, named)
        told.setdefault(_where(part) if part.table else words, (words, n))
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


def _table(lists: WordLists, part: Term, named: int) -> str:
    strong = max(part.levels, key=lambda level: level.value).rule
    (clause,) = strong.clauses
    everything = frozenset(
        value
        for level in part.levels
        for c in level.rule.clauses
        for value in c.values
        if not c.negated and level.value > 0.4
    )
    wide = Clause(clause.axis, everything or clause.values, clause.groups)
    if clause.axis == "rank":
        return _positions(wide)
    things = lists.things(wide, Rule((wide,)), named)
    if clause.axis in ("word", "token"):
        said = _related(lists, clause, things)
        return said if said == things else f"letters {said}"
    return _relation(lists, clause).format(lists.things(wide, Rule((wide,)), min(named, 2)))


def _tail(lists: WordLists, clause: Clause, rule: Rule, named: int, *, ends: bool = False) -> str:
    if clause.axis == "flag":
        kind = _kind(lists, clause)
        return "at the start of a word" if kind == "word_start" else _flag(lists, clause)
    if clause.axis in ("position", "rank"):
        texts = _positions(clause)
        if texts.startswith("tokens"):
            return f"in {texts}"
        return f"in the {texts}" if texts.endswith("s") else f"as the {texts}"
    things = lists.things(clause, rule, min(named, 3))
    if ends and clause.axis in ("earlier_5", "earlier_10", "earlier_20"):
        return f"after {things} (earlier in the sentence)"
    return _related(lists, clause, things)


def _related(lists: WordLists, clause: Clause, things: str) -> str:
    """Where a clause looks, and what for."""
    relation = _relation(lists, clause)
    if relation in _WORD_OF.values():
        things = things.replace("words such as", "one such as")
    return relation.format(things)


def _relation(lists: WordLists, clause: Clause) -> str:
    """Where a clause looks, with room for what it looks for."""
    axis = clause.axis
    if axis in _RELATION:
        return _RELATION[axis]
    if is_context(axis):
        return _near(clause)
    if lists.letters and axis == "word":
        return _WORD_OF[lists.sample.features.causal]
    if axis in ("word", "token"):
        return "{}"
    side = {"previous": "after", "next": "before"}[axis.partition("_")[0]]
    thing = "token" if "token" in axis or lists.sample.features.symbols else "word"
    step = step_of(axis)
    return f"{side} {{}}" if step == 1 else f"{_COUNTED[step]} {thing}s {side} {{}}"


def _flag(lists: WordLists, clause: Clause) -> str:
    """Places where a flag holds, in the plural."""
    if _is_plain(lists, clause):
        kind = _kind(lists, clause)
        letters = lists.sample.features.windows.piece == "letter"
        return (_FLAGS | _LETTER_FLAGS if letters else _FLAGS)[kind]
    (flag,) = clause.values
    return parse(lists.sample.features.flags[flag]).noun()


def _is_plain(lists: WordLists, clause: Clause) -> bool:
    """Whether a flag says nothing of distances."""
    (flag,) = clause.values
    return lists.sample.features.flags[flag].keys() <= {"kind", "shape"}


def _near(clause: Clause) -> str:
    """How a reach in tokens is said."""
    reach = int(clause.axis.partition("_")[2])
    return "after {}" if reach == 1 else f"within {reach} tokens after {{}}"


def _is_end(lists: WordLists, clause: Clause) -> bool:
    names = lists.names(clause)
    return bool(clause.values) and not clause.groups and {names[v] for v in clause.values} <= _ENDS


def _kind(lists: WordLists, clause: Clause) -> str:
    (flag,) = clause.values
    data = lists.sample.features.flags[flag]
    return str(data.get("shape", data["kind"]))


def _positions(clause: Clause) -> str:
    if clause.axis == "rank":
        spans = sorted(runs(clause.values), key=lambda span: span[0] - span[1])[:_MOST_SPANS]
        if len(spans) == 1 and spans[0][1] - spans[0][0] == 1:
            return f"{ordinal(spans[0][1])} token"
        texts = [f"{start + 1}-{stop}" if stop > start + 1 else str(stop) for start, stop in spans]
        texts = [text for _, text in sorted(zip(spans, texts, strict=True))]
        return f"tokens {' and '.join(texts)}"
    start, stop, from_end = clause.span
    end = "last" if from_end else "first"
    if start == 0 and stop is not None:
        return f"{end} {stop} tokens" if stop > 1 else f"{end} token"
    where = " from the end" if from_end else ""
    if stop == start + 1:
        return f"{ordinal(start + 1)} token{where}"
    return f"tokens {start + 1} {f'to {stop}' if stop is not None else 'on'}{where}"
