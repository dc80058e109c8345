"""Whether what the scans say is taken: it has to hold on explore and on the scanned texts.

The levels of what is taken are corrected by the scanned texts.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.errors import UsageError
from .....tools.predicates import parse
from .axes import TOKEN_AXES, is_context
from .fitting import levelled
from .rules import Rule
from .scanner import Scanner
from .terms import Level, Term, terms_allowed
from .texts import MeasuredTexts

_SURE = 0.97  # F1 from which rules of the search are kept as they are
_LEAST = 0.6  # F1 on explore under which scans describe something else
_LESS = 0.03  # of F1 on explore, that scans may lose for what explore has seldom
_NOISE = 0.01  # of F1 on written texts
_SPELLED = 0.98  # the same on lists of words
_FEW = 6  # words that a plain rule lists
_HEAD_START = 0.06  # of both F1 together, for plain rules of the search that say more than words
_FEWER = 0.002  # the same, for those that list a few words
_LISTS = 0.005  # of both, that long lists of the search must be better than what was scanned
_WORDS = 0.002  # of both, that words must be better than the tokens that begin them


def select_terms(
    scanner: Scanner, search: Sequence[Term], lists: MeasuredTexts, everything: MeasuredTexts
) -> list[Term]:
    """The parts that follow from the scans; empty if the search should decide.

    Args:
        scanner: What was found.
        search: The short rules of the search.
        lists: The lists of words.
        everything: All scanned texts.
    """
    result, sample = scanner.result, scanner.sample
    if result is None or not (result.answer.at or result.answer.behind or result.before):
        return []  # it is silent on all that was scanned
    here, written = on_off_f1(scanner, search), on_off_f1(scanner, search, everything)
    sure = here >= _SURE and on_off_f1(scanner, search, lists, whole=True) >= _SPELLED
    options: list[tuple[float, list[Term]]] = []
    bases = [(search if sure else (), False), ((), False), ((), True)]
    bases += [
        (spelled, False) for tokens in (False, True) if (spelled := scanner.spelled(tokens=tokens))
    ]
    for base, started in bases:
        parts = scanner.parts(base, started=started)
        if not parts or not terms_allowed(sample.features, parts):
            continue
        try:
            explore, texts = on_off_f1(scanner, parts), on_off_f1(scanner, parts, everything)
        except (UsageError, ValueError):
            continue  # too long for a predicate
        if explore < max(_LEAST, here - _LESS) or texts < written - _NOISE:
            continue
        if not base:
            parts = levelled(sample, parts, reaches=False)
            parts = [relevelled(scanner, part, everything) for part in parts]
        favour = -_WORDS * (not started)
        if base:
            favour = -_LISTS
            if all(map(is_plain, base)):
                favour = _HEAD_START if any(map(_general, base)) else _FEWER
        options.append((texts + explore + favour, parts))
    return max(options, key=lambda item: item[0])[1] if options else []


def is_plain(part: Term) -> bool:
    """Whether a part names concepts, spellings, or few words, and no tokens."""
    clauses = [clause for level in part.levels for clause in level.rule.clauses]
    listed = sum(len(c.values) for c in part.rule.clauses if c.axis not in ("flag", "rank"))
    return listed <= _FEW and not any(c.axis in TOKEN_AXES for c in clauses)


def _general(part: Term) -> bool:
    """Whether a part says more than words: a concept, a spelling, a shape, a place."""
    clauses = [c for level in part.levels for c in level.rule.clauses if not c.negated]
    return any(c.groups or c.axis in ("flag", "rank", "position") for c in clauses)


def explains(scanner: Scanner, search: Sequence[Term]) -> bool:
    """Whether rules that ask nothing of the word itself say when the unit is on."""
    clauses = [c for part in search for c in part.rule.clauses if not c.negated]
    if any(clause.axis in ("word", "token") for clause in clauses):
        return False
    return all(map(is_plain, search)) and on_off_f1(scanner, search) >= _SURE


def on_off_f1(
    scanner: Scanner,
    parts: Sequence[Term],
    texts: MeasuredTexts | None = None,
    *,
    whole: bool = False,
) -> float:
    """F1 of where parts hold against where the unit is on.

    Args:
        scanner: Knows when the unit is on.
        parts: What is said.
        texts: Where to look; explore if absent.
        whole: At words of one token only.
    """
    features = scanner.sample.features
    if not parts:
        return 0.0
    predicates = [parse(part.predicate(features)) for part in parts]
    if texts is None:
        windows, known = features.windows, scanner.sample.weight.reshape(features.shape) > 0
        on = scanner.active.reshape(features.shape)
    else:
        windows, known, on = texts.windows, texts.known, texts.on(scanner.level.threshold)
    if whole:
        known = known & _alone(windows)
    held = np.max([p.evaluate(windows) for p in predicates], axis=0)[known] > 0
    if not held.any() and not on[known].any():
        return 1.0
    both = float((held & on[known]).sum())
    return 2 * both / max(float(held.sum() + on[known].sum()), 1.0)


def _alone(windows: TokenWindows) -> np.ndarray:
    """bool `[text, place]`: the place is the only one of its word."""
    ordinal = np.pad(windows.ordinal, ((0, 0), (1, 1)), constant_values=-2)
    middle = ordinal[:, 1:-1]
    return (middle >= 0) & (middle != ordinal[:, :-2]) & (middle != ordinal[:, 2:])


def without_context(rule: Rule) -> Rule:
    """The rule without what it asks of the words around, if anything is left."""
    kept = tuple(c for c in rule.clauses if not is_context(c.axis))
    return Rule(kept) if kept else rule


def relevelled(scanner: Scanner, part: Term, texts: MeasuredTexts) -> Term:
    """The part with its words on the levels where they were measured; plain parts as they are.

    Explore shows many a word once or never; a scan shows each by itself. A word goes to the level
    whose value is nearest, as a ratio, to its mean over all places where the unit is on at it.
    """
    rule, features = part.rule, scanner.sample.features
    own = [at for at, c in enumerate(rule.clauses) if c.axis == "word" and not c.negated]
    if len(part.levels) < 2 or part.table or not own or rule.clauses[own[0]].groups:
        return part
    clause = rule.clauses[own[0]]
    named = {features.names[at]: at for at in clause.values}
    means = _means(scanner, texts)
    values = np.array([level.value for level in part.levels])
    order = np.argsort(values)
    level_of: dict[str, int] = {}
    for number in order:  # the strongest level that has the word
        inner = part.levels[number].rule.clauses[own[0]]
        level_of |= dict.fromkeys((features.names[at] for at in inner.values), int(number))
        level_of |= dict.fromkeys(inner.unseen, int(number))
    best = int(order[-1])
    strongest = [means[name] for name, at in level_of.items() if at == best and name in means]
    if not strongest:
        return part
    scale = float(np.median(strongest))
    for name in level_of:
        if name in means:
            level_of[name] = int(np.abs(np.log(means[name] / (scale * values))).argmin())
    levels = []
    for number, level in enumerate(part.levels):
        names = {name for name, at in level_of.items() if values[at] >= values[number]}
        known = frozenset(named[name] for name in names if name in named)
        unseen = frozenset(names - named.keys())
        if not names:
            return part
        levels.append(Level(level.rule.with_clause(own[0], values=known, unseen=unseen), level[1]))
    return replace(part, levels=tuple(levels))


def _means(scanner: Scanner, texts: MeasuredTexts) -> dict[str, float]:
    """Mean activation by word where the unit is on, over explore and texts."""
    features, sample = scanner.sample.features, scanner.sample
    windows, measured = texts
    count: dict[str, int] = {}
    sums: dict[str, float] = {}
    on = texts.on(scanner.level.threshold)
    lower = [word.lower() for word in windows.words]
    seen = [(lower[w], v) for w, v in zip(windows.word[on], measured[on], strict=True) if w >= 0]
    axis = features.axes["word"]
    here = scanner.active & (axis >= 0)
    seen += [(features.names[w], v) for w, v in zip(axis[here], sample.target[here], strict=True)]
    for name, value in seen:
        count[name] = count.get(name, 0) + 1
        sums[name] = sums.get(name, 0.0) + float(value)
    return {name: total / count[name] for name, total in sums.items() if total > 0}
