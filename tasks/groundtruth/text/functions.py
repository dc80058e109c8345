"""Planted functions of text: conditions on the tokens up to a place, and a rule over them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ....tools.models.conditions import Condition, after, earlier, one_of
from ....tools.models.planted import Vocabulary
from ..planted import Cell, PlantedFunction, holds, misses, strongest, two_atoms

END = (".", "!", "?")
NEAR = 8
"""Tokens back that a function with a context looks."""


@dataclass(frozen=True, eq=False)
class TextFunction(PlantedFunction):
    """A function of token ids `[input, place]` and a `Vocabulary`, with values `[input, place]`."""

    words: tuple[tuple[str, ...], ...] = ()
    """Groups of words that inputs for the cells are written with; two groups may be neighbours."""


def one(name: str, words: Sequence[str], near: Sequence[str]) -> TextFunction:
    """One concept."""
    return TextFunction(
        "one",
        f"words for {name}: {quoted(words)}",
        {"s": one_of(words), "near": one_of(near)},
        holds("s"),
        (
            Cell("concept", {"s": True}, True),
            *misses({"s": False}),
        ),
        (tuple(words), tuple(near)),
        concept=tuple(words),
    )


def any_of(groups: Mapping[str, Sequence[str]], near: Sequence[str]) -> TextFunction:
    """Several concepts: a polysemantic unit."""
    atoms, cells = _disjuncts(groups)
    none = dict.fromkeys(atoms, False)
    return TextFunction(
        "or",
        "; or ".join(f"words for {name}: {quoted(words)}" for name, words in groups.items()),
        {**atoms, "near": one_of(near)},
        strongest(dict.fromkeys(atoms, 1.0)),
        (*cells, *misses(none)),
        (*map(tuple, groups.values()), tuple(near)),
        concept=tuple(word for words in groups.values() for word in words),
    )


def graded(groups: Mapping[str, Sequence[str]], levels: Sequence[float]) -> TextFunction:
    """Concepts of different strength."""
    atoms, cells = _disjuncts(groups)
    parts = [
        f"words for {name} ({quoted(words)}) at strength {level:g}"
        for (name, words), level in zip(groups.items(), levels, strict=True)
    ]
    return TextFunction(
        "graded",
        "; ".join(parts),
        atoms,
        strongest(dict(zip(atoms, levels, strict=True))),
        (*cells, Cell("other", dict.fromkeys(atoms, False), False)),
        tuple(map(tuple, groups.values())),
        concept=tuple(word for words in groups.values() for word in words),
    )


def in_context(
    kind: str, name: str, words: Sequence[str], before: Sequence[str], *, directly: bool
) -> TextFunction:
    """A concept, and a condition on what stands before it.

    Args:
        kind: `and`: only there; `and-not` or `inhibited`: only elsewhere.
        name: Of the concept.
        words: Of the concept.
        before: What stands before it.
        directly: Right before it; else at most `NEAR` tokens before.
    """
    where = "right after" if directly else f"with, at most {NEAR} tokens before,"
    rule = (lambda s, t: s & t) if kind == "and" else (lambda s, t: s & ~t)
    but = "" if kind == "and" else ", but not"
    return _two(
        kind,
        f"words for {name} ({quoted(words)}){but} {where} {quoted(before)}",
        one_of(words),
        after(one_of(before)) if directly else earlier(one_of(before), NEAR),
        rule,
        words=(tuple(before), tuple(words)),
        variant="" if kind != "and" else "after" if directly else "earlier",
        concept=tuple(words),
    )


def exception(
    name: str, words: Sequence[str], but: Sequence[str], near: Sequence[str]
) -> TextFunction:
    """A concept without some of its members."""
    rest = tuple(word for word in words if word not in but)
    return TextFunction(
        "exception",
        f"words for {name} ({quoted(rest)}), but not {quoted(but)}",
        {"s": one_of(rest), "but": one_of(but), "near": one_of(near)},
        holds("s"),
        (
            Cell("concept", {"s": True}, True),
            Cell("exception", {"but": True}, False),
            Cell("near-miss", {"near": True}, False),
            Cell("other", {"s": False, "but": False, "near": False}, False),
        ),
        (rest, tuple(but), tuple(near)),
        concept=rest,
    )


def following(name: str, words: Sequence[str], near: Sequence[str], *, back: int) -> TextFunction:
    """Active after a concept: at the next token, or at the next few."""
    where = after if back == 1 else earlier
    text = "the token right after" if back == 1 else f"any of the {back} tokens after"
    return TextFunction(
        "context",
        f"{text} words for {name}: {quoted(words)}",
        {
            "before": where(one_of(words), back),
            "here": one_of(words),
            "near": where(one_of(near), back),
        },
        holds("before"),
        (
            Cell("after it", {"before": True}, True),
            Cell("at it", {"before": False, "here": True}, False),
            Cell("near-miss", {"before": False, "near": True}, False),
            Cell("other", {"before": False, "here": False, "near": False}, False),
        ),
        (tuple(words), tuple(near)),
        variant="previous" if back == 1 else "earlier",
        concept=tuple(words),
    )


def position(first: int, stop: int) -> TextFunction:
    """Places of the window; the first token that is none of the text's is not counted."""

    def inside(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        place = np.arange(ids.shape[1]) - 1
        return np.broadcast_to((place >= first) & (place < stop), ids.shape)

    text = f"tokens {first + 1} to {stop} of the text"
    return _one_atom("position", text, inside, ("inside", "outside"), variant="window")


def sentence_start() -> TextFunction:
    """The first word after a full stop, question or exclamation mark."""
    return _one_atom(
        "position",
        "the first word of a sentence, right after a full stop, question or exclamation mark",
        after(lambda ids, vocabulary: vocabulary.among(END)[ids]),
        ("inside", "outside"),
        words=(END,),
        variant="sentence",
    )


def written(
    text: str, test: Callable[[str], bool], samples: Sequence[str], variant: str
) -> TextFunction:
    """How a token is written: its suffix or shape. `test` is given the surface without spaces."""
    fits = by_surface(lambda surfaces: np.array([test(s.strip()) for s in surfaces]))
    return _one_atom(
        "shape",
        text,
        fits,
        ("so written", "otherwise"),
        words=(tuple(samples),),
        variant=variant,
        concept=tuple(samples),
    )


def confounded(
    name: str, after_words: Sequence[str], before_words: Sequence[str], *, token: bool, variant: str
) -> TextFunction:
    """Active at a token, or after another that always stands before it; `token` says which."""
    truth = f"words for {name}: {quoted(after_words)}"
    if not token:
        truth = f"the token right after {quoted(before_words)}"
    return _two(
        "confounded",
        truth,
        one_of(after_words),
        after(one_of(before_words)),
        (lambda s, t: s) if token else (lambda s, t: t),
        words=(tuple(before_words), tuple(after_words)),
        variant=variant,
        concept=tuple(after_words if token else before_words),
    )


def unidentifiable(suffix: str, words: Sequence[str]) -> TextFunction:
    """Two readings that no input of this host can part: some words, and the suffix they all have.

    The words are all of the host's that end so; any other word is read letter by letter. The right
    answer names both.
    """
    return _one_atom(
        "confounded",
        f"{quoted(words)}, all the words that end in '{suffix}': the two cannot be parted",
        one_of(words),
        ("both", "other"),
        words=(tuple(words),),
        variant="unidentifiable",
        concept=tuple(words),
        facts={"suffix": suffix},
    )


def alphabetical(
    name: str, words: Sequence[str], before: Sequence[str], *, token: bool
) -> TextFunction:
    """A concept whose words, in the corpus, always follow a word earlier in the alphabet.

    The truth is the concept, or the concept after such a word, which no predicate can say.
    """
    return _two(
        "confounded",
        f"words for {name}: {quoted(words)}"
        + ("" if token else ", where the word before comes earlier in the alphabet"),
        one_of(words),
        ascending,
        (lambda s, t: s) if token else (lambda s, t: s & t),
        words=(tuple(words), tuple(before)),
        variant="outside",
        concept=tuple(words),
        facts={"inexpressible": not token},
    )


def ascending(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """The token comes after the one before it in the alphabet."""
    names = np.array([surface.strip().lower() for surface in vocabulary.surfaces])
    rank = np.unique(names, return_inverse=True)[1].reshape(-1)  # [id]
    return beside(lambda token, before: rank[token] > rank[before])(ids, vocabulary)


def beside(test: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Condition:
    """A condition on a token's id and the id before it; never so at the first place."""

    def condition(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        out = np.zeros(ids.shape, bool)
        out[:, 1:] = test(ids[:, 1:], ids[:, :-1])
        return out

    return condition


def by_surface(chosen: Callable[[tuple[str, ...]], np.ndarray]) -> Condition:
    """A condition on the token alone, computed once from the surfaces of a vocabulary."""
    kept: dict[int, np.ndarray] = {}

    def condition(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        if id(vocabulary) not in kept:
            kept[id(vocabulary)] = chosen(vocabulary.surfaces)
        return kept[id(vocabulary)][ids]

    return condition


def quoted(words: Sequence[str]) -> str:
    """`'oak', 'elm'`."""
    return ", ".join(f"'{word}'" for word in words)


def _disjuncts(
    groups: Mapping[str, Sequence[str]],
) -> tuple[dict[str, Condition], list[Cell]]:
    """An atom and a cell for each group of words."""
    atoms = {f"s{number}": one_of(words) for number, words in enumerate(groups.values())}
    cells = [Cell(name, {key: True}, True) for key, name in zip(atoms, groups, strict=True)]
    return atoms, cells


def _one_atom(
    kind: str, text: str, s: Condition, names: tuple[str, str], **more: object
) -> TextFunction:
    """A function of one atom; `names` are those of the cells in which it holds and does not."""
    cells = (Cell(names[0], {"s": True}, True), Cell(names[1], {"s": False}, False))
    return TextFunction(kind, text, {"s": s}, holds("s"), cells, **more)  # type: ignore[arg-type]


def _two(
    kind: str, text: str, s: Condition, t: Condition, rule: Callable, **more: object
) -> TextFunction:
    """A function of two atoms, all four cells judged."""
    return TextFunction(kind, text, {"s": s, "t": t}, *two_atoms(rule), **more)  # type: ignore[arg-type]
