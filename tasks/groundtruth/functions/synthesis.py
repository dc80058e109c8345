"""Programs that agree with every call: enumeration, with parameters read from the calls."""

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np

from .blackbox import Arguments
from .programs import EDITS, Program, bases, counts, edit, either, table, tests
from .sandbox import Value

_MOST = 200  # programs that are kept
_SMALLEST_SIDE = 0.08  # share of the calls on the rarer side of a condition


def consistent(inputs: Sequence[Arguments], outputs: Sequence[Value]) -> list[Program]:
    """Programs that give these outputs for these inputs, the cheapest first.

    Args:
        inputs: What was called.
        outputs: What came; all of one type.
    """
    if all(isinstance(value, bool) for value in outputs):
        found = rules(inputs, [bool(value) for value in outputs])
    elif all(isinstance(value, int) for value in outputs):
        wanted = np.array(outputs, np.int64)
        found = sums(inputs, wanted) or conditions(_partial_counts(inputs, wanted), inputs, outputs)
    elif all(isinstance(value, str) for value in outputs):
        texts = [str(value) for value in outputs]
        found = [one for one in edited(inputs, texts, share=1.0) if one(inputs) == texts]
        found = found or conditions(edited(inputs, texts, share=_SMALLEST_SIDE), inputs, outputs)
    else:
        found = []
    return sorted(set(found), key=lambda one: (one.cost, one.expression))[:_MOST]


def rules(
    inputs: Sequence[Arguments], wanted: Sequence[bool], told: np.ndarray | None = None
) -> list[Program]:
    """One or two tests, or their negations, joined by and or or.

    Args:
        inputs: What was called.
        wanted: Where the rule holds.
        told: Inputs that count; default: all.
    """
    literals, values = _literals(tuple(inputs))  # values: [literal, input]
    truth = np.array(wanted, bool)
    if told is not None:
        values, truth = values[:, told], truth[told]
    if truth.all() or not truth.any():
        return [Program("always" if truth.all() else "never", str(bool(truth.all())), 0.5)]
    found = [literals[at] for at in np.flatnonzero((values == truth).all(1))]
    wide = np.flatnonzero(values[:, truth].all(1))  # hold wherever it is true
    narrow = np.flatnonzero(~values[:, ~truth].any(1))  # hold nowhere else
    for chosen, word, joined in ((wide, "and", np.logical_and), (narrow, "or", np.logical_or)):
        chosen = sorted(chosen, key=lambda at: literals[at].cost)[:150]
        for i, j in combinations(chosen, 2):
            if (joined(values[i], values[j]) == truth).all():
                one, two = literals[i], literals[j]
                found.append(
                    Program(
                        f"{one.words} {word} {two.words}",
                        f"({one.expression}) {word} ({two.expression})",
                        one.cost + two.cost + 1,
                    )
                )
    return found


@functools.lru_cache(maxsize=8)
def _literals(inputs: tuple[Arguments, ...]) -> tuple[list[Program], np.ndarray]:
    """Every test and its negation, and where they hold."""
    single = tests(inputs)
    holds = table(single, inputs)
    negated = [Program(f"not: {t.words}", f"not ({t.expression})", t.cost + 0.5) for t in single]
    return [*single, *negated], np.vstack([holds, ~holds])


def sums(inputs: Sequence[Arguments], wanted: np.ndarray) -> list[Program]:
    """`a * count + b * count + c` with small whole numbers, and one count modulo a number."""
    features = counts(len(inputs[0]))
    columns = np.array([one(inputs) for one in features], float)  # [count, input]
    found = []
    for chosen in [*combinations(range(len(features)), 1), *combinations(range(len(features)), 2)]:
        design = np.vstack([columns[list(chosen)], np.ones(len(inputs))]).T
        solved = np.round(np.linalg.lstsq(design, wanted, rcond=None)[0]).astype(int)
        if np.abs(solved[:-1]).max() > 9 or (solved[:-1] == 0).any():
            continue
        if (design @ solved == wanted).all():
            found.append(_sum([features[at] for at in chosen], solved))
    if len(set(wanted.tolist())) == 1:
        found.append(Program(f"always {wanted[0]}", str(wanted[0]), 0.5))
    for at, one in enumerate(features):
        for divisor in range(max(2, int(wanted.max()) + 1), 13):
            for add in range(divisor):
                if ((columns[at] + add) % divisor == wanted).all():
                    more = f" + {add}" if add else ""
                    found.append(
                        Program(
                            f"{one.words}{more}, modulo {divisor}",
                            f"({one.expression}{more}) % {divisor}",
                            one.cost + 2 + (1 if add else 0),
                        )
                    )
    return found


def _sum(features: Sequence[Program], solved: np.ndarray) -> Program:
    parts, said = [], []
    for one, weight in zip(features, solved[:-1], strict=True):
        parts.append(one.expression if weight == 1 else f"{weight} * {one.expression}")
        said.append(f"the number of {one.words.removeprefix('the ')}")
        said[-1] = said[-1] if weight == 1 else f"{weight} times {said[-1]}"
    if solved[-1]:
        parts.append(str(solved[-1]))
        said.append(str(solved[-1]))
    cost = sum(one.cost for one in features) + 0.5 * sum(abs(int(w)) != 1 for w in solved[:-1])
    return Program(" plus ".join(said), " + ".join(parts), cost + (0.5 if solved[-1] else 0))


def edited(inputs: Sequence[Arguments], wanted: Sequence[str], *, share: float) -> list[Program]:
    """Up to two edits in a row that give at least this share of the outputs."""
    found: dict[str, Program] = {}
    for base in bases(len(inputs[0])):
        for given in EDITS:
            first = edit(base, given)
            got = [str(value) for value in first(inputs)]
            options = [edit(first, more) for more in EDITS]
            options += [edit(first, more) for more in _read(got, wanted, share)]
            for one in options:
                found.setdefault(one.expression, one)
    constant = Counter(wanted).most_common(2)
    for text, _ in constant:
        found.setdefault(repr(text), Program(f"'{text}'", repr(text), 2))
    right = []
    for one in found.values():
        hits = sum(a == b for a, b in zip(one(inputs), wanted, strict=True))
        if hits >= share * len(wanted):
            right.append(one)
    return right


def _read(
    got: Sequence[str], wanted: Sequence[str], share: float
) -> Iterable[tuple[str, str, float]]:
    """Edits with a parameter that many of these pairs of texts speak for."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    swaps: Counter[tuple[str, str]] = Counter()
    shifts: Counter[int] = Counter()
    for one, other in zip(got, wanted, strict=True):
        if other.startswith(one) and len(other) > len(one):
            after[other[len(one) :]] += 1
        if other.endswith(one) and len(other) > len(one):
            before[other[: len(other) - len(one)]] += 1
        if one and len(one) == len(other) and one != other:
            changed = {(x, y) for x, y in zip(one, other, strict=True) if x != y}
            if len(changed) == 1:
                swaps[changed.pop()] += 1
            moved = {(ord(y) - ord(x)) % 26 for x, y in zip(one, other, strict=True)}
            if len(moved) == 1:
                shifts[moved.pop()] += 1
    enough = max(2, share * len(wanted) * 0.9)
    for text, times in after.most_common(3):
        if times >= enough:
            yield f"with '{text}' at its end", f"{{s}} + {text!r}", 1.5
    for text, times in before.most_common(3):
        if times >= enough:
            yield f"with '{text}' before it", f"{text!r} + {{s}}", 1.5
    for (c, d), _ in swaps.most_common(3):  # a letter that few words have changes few
        yield f"with each {c} made {d}", f"{{s}}.replace('{c}', '{d}')", 2
    for k, times in shifts.most_common(1):
        if times >= enough:
            moved_letter = f"chr((ord(c) - 97 + {k}) % 26 + 97)"
            yield f"each letter moved {k} on", f"''.join({moved_letter} for c in {{s}})", 2


def conditions(
    partial: Sequence[Program], inputs: Sequence[Arguments], wanted: Sequence[Value]
) -> list[Program]:
    """Two programs that together are right everywhere, with a rule that says which one is."""
    partial = sorted(partial, key=lambda one: one.cost)[:60]
    right = np.array(
        [[a == b for a, b in zip(one(inputs), wanted, strict=True)] for one in partial]
    ).reshape(len(partial), len(wanted))
    found = []
    for i, j in combinations(range(len(partial)), 2):
        if not (right[i] | right[j]).all():
            continue
        told = right[i] != right[j]  # where both are right the rule is free
        sides = right[i][told]
        if min(sides.sum(), (~sides).sum()) < _SMALLEST_SIDE * len(wanted):
            continue
        options = rules(inputs, right[i].tolist(), told)
        options = sorted(options, key=lambda one: one.cost)[:20]
        found += [either(partial[i], partial[j], rule) for rule in options]
        if len(found) > _MOST // 4:
            break
    return found


def _partial_counts(inputs: Sequence[Arguments], wanted: np.ndarray) -> list[Program]:
    """Single counts and constants that are right for many of the calls."""
    found = [
        Program(str(value), str(value), 1)
        for value, times in Counter(wanted.tolist()).most_common(3)
        if times >= _SMALLEST_SIDE * len(wanted)
    ]
    for one in counts(len(inputs[0])):
        if (np.array(one(inputs)) == wanted).mean() >= _SMALLEST_SIDE:
            found.append(Program(f"the number of {one.words.removeprefix('the ')}", *one[1:]))
    return found
