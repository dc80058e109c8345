"""The forms of planted functions: their atoms, their rule, and the cells of their truth table.

A form says at which places a unit is active, from conditions on the tokens up to there (atoms) and
a rule over them. Its cells are assignments of the atoms that have to be judged one by one: every
disjunct, exception, suppressor and near-miss. The rule gives a level: 0 where inactive.

Nothing here knows how descriptions are written or searched for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....tools.models.conditions import Condition, after, earlier, one_of
from ....tools.models.planted import Vocabulary

END = (".", "!", "?")
NEAR = 8
"""Tokens back that a form with a context looks."""


@dataclass(frozen=True)
class Cell:
    """One line of a truth table."""

    name: str
    pattern: Mapping[str, bool]
    """What the atoms have to be."""
    active: bool


@dataclass(frozen=True)
class Form:
    """A function of the input whose truth is known."""

    kind: str
    text: str
    """The true description, in words."""
    atoms: Mapping[str, Condition]
    level: Callable[[Mapping[str, np.ndarray]], np.ndarray]
    """Atoms `[input, place]` bool to the level `[input, place]`, 0..1, 0 where inactive."""
    cells: tuple[Cell, ...]
    words: tuple[tuple[str, ...], ...] = ()
    """Groups of words that inputs for the cells are written with; two groups may be neighbours."""
    variant: str = ""
    concept: tuple[str, ...] = ()
    """Words of the concept that the function is about."""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def values(self, ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        """The noiseless function, `[input, place]` in 0..1."""
        return np.asarray(self.level(self.evaluate(ids, vocabulary)), dtype=np.float64)

    def evaluate(self, ids: np.ndarray, vocabulary: Vocabulary) -> dict[str, np.ndarray]:
        """The atoms, `[input, place]` bool each."""
        return {name: atom(ids, vocabulary) for name, atom in self.atoms.items()}


def _level(rule: Callable[..., np.ndarray]) -> Callable[[Mapping[str, np.ndarray]], np.ndarray]:
    return lambda atoms: rule(**atoms).astype(np.float64)


def _names(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def one(name: str, words: Sequence[str], near: Sequence[str]) -> Form:
    """One concept."""
    return Form(
        "one",
        f"words for {name}: {_names(words)}",
        {"s": one_of(words), "near": one_of(near)},
        lambda a: a["s"] * 1.0,
        (
            Cell("concept", {"s": True}, True),
            Cell("near-miss", {"s": False, "near": True}, False),
            Cell("other", {"s": False, "near": False}, False),
        ),
        (tuple(words), tuple(near)),
        concept=tuple(words),
    )


def any_of(groups: Mapping[str, Sequence[str]], near: Sequence[str]) -> Form:
    """Several concepts: a polysemantic unit."""
    atoms = {f"s{number}": one_of(words) for number, words in enumerate(groups.values())}
    none = dict.fromkeys(atoms, False)
    cells = [Cell(name, {key: True}, True) for key, name in zip(atoms, groups, strict=True)]
    return Form(
        "or",
        "; or ".join(f"words for {name}: {_names(words)}" for name, words in groups.items()),
        {**atoms, "near": one_of(near)},
        lambda a: np.logical_or.reduce([a[key] for key in atoms]) * 1.0,
        (
            *cells,
            Cell("near-miss", {**none, "near": True}, False),
            Cell("other", {**none, "near": False}, False),
        ),
        (*(tuple(words) for words in groups.values()), tuple(near)),
        concept=tuple(word for words in groups.values() for word in words),
    )


def _two(kind: str, text: str, s: Condition, t: Condition, rule: Any, **more: Any) -> Form:
    """A form of two atoms, all four cells judged."""
    cells = []
    for has_s in (True, False):
        for has_t in (True, False):
            active = bool(rule(np.array(has_s), np.array(has_t)))
            said = "s" if has_s else "no s"
            cells.append(
                Cell(f"{said}, {'t' if has_t else 'no t'}", {"s": has_s, "t": has_t}, active)
            )
    return Form(
        kind, text, {"s": s, "t": t}, lambda a: rule(a["s"], a["t"]) * 1.0, tuple(cells), **more
    )


def both(name: str, words: Sequence[str], before: Sequence[str], *, directly: bool) -> Form:
    """A concept, and a condition on what stands before it."""
    context = after(one_of(before)) if directly else earlier(one_of(before), NEAR)
    where = "right after" if directly else f"with, at most {NEAR} tokens before,"
    return _two(
        "and",
        f"words for {name} ({_names(words)}) {where} {_names(before)}",
        one_of(words),
        context,
        lambda s, t: s & t,
        words=(tuple(before), tuple(words)),
        variant="after" if directly else "earlier",
        concept=tuple(words),
    )


def unless(
    kind: str, name: str, words: Sequence[str], before: Sequence[str], *, directly: bool
) -> Form:
    """A concept, unless something stands before it: `and-not` (directly) or `inhibited`."""
    context = after(one_of(before)) if directly else earlier(one_of(before), NEAR)
    where = "right after" if directly else f"with, at most {NEAR} tokens before,"
    return _two(
        kind,
        f"words for {name} ({_names(words)}), but not {where} {_names(before)}",
        one_of(words),
        context,
        lambda s, t: s & ~t,
        words=(tuple(before), tuple(words)),
        concept=tuple(words),
    )


def exception(name: str, words: Sequence[str], but: Sequence[str], near: Sequence[str]) -> Form:
    """A concept without some of its members."""
    rest = [word for word in words if word not in but]
    return Form(
        "exception",
        f"words for {name} ({_names(rest)}), but not {_names(but)}",
        {"s": one_of(rest), "but": one_of(but), "near": one_of(near)},
        lambda a: a["s"] * 1.0,
        (
            Cell("concept", {"s": True}, True),
            Cell("exception", {"but": True}, False),
            Cell("near-miss", {"near": True}, False),
            Cell("other", {"s": False, "but": False, "near": False}, False),
        ),
        (tuple(rest), tuple(but), tuple(near)),
        concept=tuple(rest),
    )


def context(name: str, words: Sequence[str], near: Sequence[str], *, back: int) -> Form:
    """Active after a concept: at the next token, or at the next few."""
    where = after if back == 1 else earlier
    text = "the token right after" if back == 1 else f"any of the {back} tokens after"
    return Form(
        "context",
        f"{text} words for {name}: {_names(words)}",
        {
            "before": where(one_of(words), back),
            "here": one_of(words),
            "near": where(one_of(near), back),
        },
        lambda a: a["before"] * 1.0,
        (
            Cell("after it", {"before": True}, True),
            Cell("at it", {"before": False, "here": True}, False),
            Cell("near-miss", {"before": False, "near": True}, False),
            Cell("other", {"before": False, "here": False, "near": False}, False),
        ),
        (tuple(words), tuple(near)),
        "previous" if back == 1 else "earlier",
        concept=tuple(words),
    )


def position(first: int, stop: int) -> Form:
    """Places of the window; the first token that is none of the text's is not counted."""

    def inside(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        place = np.arange(ids.shape[1]) - 1
        return np.broadcast_to((place >= first) & (place < stop), ids.shape)

    return Form(
        "position",
        f"tokens {first + 1} to {stop} of the text",
        {"s": inside},
        lambda a: a["s"] * 1.0,
        (Cell("inside", {"s": True}, True), Cell("outside", {"s": False}, False)),
        variant="window",
    )


def sentence_start() -> Form:
    """The first word after a full stop, question or exclamation mark."""
    return Form(
        "position",
        "the first word of a sentence, right after a full stop, question or exclamation mark",
        {"s": after(one_of_marks(END))},
        lambda a: a["s"] * 1.0,
        (Cell("inside", {"s": True}, True), Cell("outside", {"s": False}, False)),
        (END,),
        "sentence",
    )


def one_of_marks(marks: Sequence[str]) -> Condition:
    """The token is one of these marks."""
    return lambda ids, vocabulary: vocabulary.among(marks)[ids]


def written(text: str, test: Callable[[str], bool], samples: Sequence[str], variant: str) -> Form:
    """How a token is written: its suffix or shape. `test` is given the surface without spaces."""
    kept: dict[int, np.ndarray] = {}

    def holds(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        if id(vocabulary) not in kept:
            kept[id(vocabulary)] = np.array([test(s.strip()) for s in vocabulary.surfaces])
        return kept[id(vocabulary)][ids]

    return Form(
        "shape",
        text,
        {"s": holds},
        lambda a: a["s"] * 1.0,
        (Cell("so written", {"s": True}, True), Cell("otherwise", {"s": False}, False)),
        (tuple(samples),),
        variant,
        concept=tuple(samples),
    )


def graded(groups: Mapping[str, Sequence[str]], levels: Sequence[float]) -> Form:
    """Concepts of different strength."""
    atoms = {f"s{number}": one_of(words) for number, words in enumerate(groups.values())}
    strengths = dict(zip(atoms, levels, strict=True))
    said = [
        f"words for {name} ({_names(words)}) at strength {level:g}"
        for (name, words), level in zip(groups.items(), levels, strict=True)
    ]
    return Form(
        "graded",
        "; ".join(said),
        atoms,
        lambda a: np.max([a[key] * strengths[key] for key in atoms], axis=0),
        (
            *(Cell(n, {key: True}, True) for key, n in zip(atoms, groups, strict=True)),
            Cell("other", dict.fromkeys(atoms, False), False),
        ),
        tuple(tuple(words) for words in groups.values()),
        concept=tuple(word for words in groups.values() for word in words),
    )


def confounded(
    name: str, after_words: Sequence[str], before_words: Sequence[str], *, token: bool, variant: str
) -> Form:
    """Active at a token, or after another that always stands before it; `token` says which."""
    rule = (lambda s, t: s) if token else (lambda s, t: t)
    truth = f"words for {name}: {_names(after_words)}"
    if not token:
        truth = f"the token right after {_names(before_words)}"
    return _two(
        "confounded",
        truth,
        one_of(after_words),
        after(one_of(before_words)),
        rule,
        words=(tuple(before_words), tuple(after_words)),
        variant=variant,
        concept=tuple(after_words if token else before_words),
    )


def unidentifiable(suffix: str, words: Sequence[str]) -> Form:
    """Two readings that no input of this host can part: some words, and the suffix they all have.

    The words are all of the host's that end so; any other word is read letter by letter. The right
    answer names both.
    """
    return Form(
        "confounded",
        f"{_names(words)}, all the words that end in '{suffix}': the two cannot be parted",
        {"s": one_of(words)},
        lambda a: a["s"] * 1.0,
        (Cell("both", {"s": True}, True), Cell("other", {"s": False}, False)),
        (tuple(words),),
        "unidentifiable",
        concept=tuple(words),
        facts={"suffix": suffix},
    )


def alphabetical(name: str, words: Sequence[str], before: Sequence[str], *, token: bool) -> Form:
    """A concept whose words, in the corpus, always follow a word earlier in the alphabet.

    The truth is the concept, or the concept after such a word, which no predicate can say.
    """
    return _two(
        "confounded",
        f"words for {name}: {_names(words)}"
        + ("" if token else ", where the word before comes earlier in the alphabet"),
        one_of(words),
        ascending,
        (lambda s, t: s) if token else (lambda s, t: s & t),
        words=(tuple(words), tuple(before)),
        variant="outside",
        concept=tuple(words),
        facts={"beyond": not token},
    )


def ascending(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """The token comes after the one before it in the alphabet."""
    names = np.array([surface.strip().lower() for surface in vocabulary.surfaces])
    rank = np.unique(names, return_inverse=True)[1].reshape(-1)  # [id]
    found = np.zeros(ids.shape, bool)
    found[:, 1:] = rank[ids[:, 1:]] > rank[ids[:, :-1]]
    return found
