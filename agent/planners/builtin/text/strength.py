"""How strongly a unit is on at each word: levels of a part, corrected by scanned texts.

Explore shows many a word once or never; a scan shows each by itself. A word goes to the level whose
value is nearest, as a ratio, to its mean over all places where the unit is on at it.
"""

from dataclasses import replace

import numpy as np

from .scanner import Scanner
from .terms import Level, Term
from .texts import MeasuredTexts


def relevelled(scanner: Scanner, part: Term, texts: MeasuredTexts) -> Term:
    """The part with its words on the levels where they were measured; plain parts as they are."""
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
