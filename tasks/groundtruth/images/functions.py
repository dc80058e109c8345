"""Planted functions of pictures: atoms on what a picture shows, and a rule over them.

Beside a truth table a function of pictures says which things carry the activation, since a unit
that looks at pictures is active at a place.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ....tools.scenes.scene import Scene
from ..planted import Cell, PlantedFunction, holds, misses, strongest, two_atoms
from .atoms import Behind, Like, before, some
from .atoms import count as so_many


@dataclass(frozen=True, eq=False)
class PictureFunction(PlantedFunction):
    """A function of scenes, with values `[image]`."""

    shown: Mapping[str, float]
    """Atoms whose things carry the activation, and how strongly."""
    about: tuple[Like, ...] = ()
    """Things that pictures for the cells are put together from."""
    grounds: tuple[Behind, ...] = ()
    """Backgrounds of such pictures."""
    repeated: int = 1
    """Up to so many of a thing that it is about stand in one picture."""
    rare: tuple[Mapping[str, bool], ...] = ()
    """What hardly comes in the corpus."""
    slip: float = 0.0
    """How often it comes after all, where a picture would have it."""

    def evaluate(self, inputs: Sequence[Scene], *more: Any) -> dict[str, np.ndarray]:
        """The atoms, `[image]` bool each."""
        return {
            name: np.array([atom(scene) for scene in inputs], bool)
            for name, atom in self.atoms.items()
        }

    def where(self, scene: Scene) -> dict[int, float]:
        """How strongly each thing carries the activation of an active picture."""
        strength: dict[int, float] = {}
        for name, level in self.shown.items():
            for thing in self.atoms[name].find(scene):
                strength[thing] = max(strength.get(thing, 0.0), level)
        return strength


def thing(
    kind: str, like: Like, near: Like, ground: Behind | None = None, **more: Any
) -> PictureFunction:
    """Things of one name, colour or texture; `ground` is a background that only looks alike."""
    atoms = {"s": some(like), "near": some(near)}
    alone, rest = [], {}
    if ground is not None:
        atoms["ground"] = before(ground)
        alone = [Cell("background alone", {"s": False, "ground": True}, False)]
        rest = {"ground": False}
    return PictureFunction(
        kind,
        like.text,
        atoms,
        holds("s"),
        (
            Cell(kind, {"s": True}, True),
            *alone,
            *misses({"s": False}, **rest),
        ),
        {"s": 1.0},
        (like, near),
        () if ground is None else (ground,),
        concept=like.names,
        **more,
    )


def any_of(parts: Sequence[Like], near: Like, **more: Any) -> PictureFunction:
    """Any of several: a polysemantic unit."""
    text = "; or ".join(part.text for part in parts)
    cells = [f"{part.text} alone" for part in parts]
    return _several("or", text, parts, cells, [1.0] * len(parts), near, **more)


def graded(
    parts: Sequence[Like], levels: Sequence[float], near: Like, **more: Any
) -> PictureFunction:
    """Things of different strength; the strongest one decides."""
    at = [f"{part.text} at strength {level:g}" for part, level in zip(parts, levels, strict=True)]
    return _several(
        "graded", "; ".join(at), parts, [part.text for part in parts], levels, near, **more
    )


def same_thing(one: Like, other: Like, *, kind: str = "and", **more: Any) -> PictureFunction:
    """One thing that is both: two things that are one each do not make it active."""
    whole = one.together(other)
    return PictureFunction(
        kind,
        whole.text,
        {"both": some(whole), "s": some(one), "t": some(other)},
        holds("both"),
        (
            Cell("one thing is both", {"both": True}, True),
            Cell("two things are one each", {"both": False, "s": True, "t": True}, False),
            Cell("s, no t", {"s": True, "t": False}, False),
            Cell("no s, t", {"s": False, "t": True}, False),
            Cell("neither", {"s": False, "t": False}, False),
        ),
        {"both": 1.0},
        (whole, one, other),
        concept=one.names,
        **more,
    )


def with_other(one: Like, other: Like | Behind, **more: Any) -> PictureFunction:
    """A thing, together with another or before a background."""
    text = f"{one.text} {_where(other)} {other.text}"
    return _two("and", text, one, other, lambda s, t: s & t, "s", **more)


def unless_other(one: Like, other: Like | Behind, **more: Any) -> PictureFunction:
    """A thing, unless another is in the picture or behind it."""
    text = f"{one.text}, but not {_where(other)} {other.text}"
    rare = ({"s": True, "t": True},)
    return _two("and-not", text, one, other, lambda s, t: s & ~t, "s", rare=rare, **more)


def unless_so(one: Like, other: Like, **more: Any) -> PictureFunction:
    """A thing that is not also like another."""
    rest = replace(one, but=other)
    return PictureFunction(
        "and-not",
        rest.text,
        {"s": some(rest), "both": some(one.together(other)), "t": some(other)},
        holds("s"),
        (
            Cell("without it", {"s": True}, True),
            Cell("with it", {"s": False, "both": True}, False),
            Cell("it alone", {"s": False, "both": False, "t": True}, False),
            Cell("neither", {"s": False, "both": False, "t": False}, False),
        ),
        {"s": 1.0},
        (rest, one.together(other), other),
        rare=({"both": True},),
        concept=one.names,
        **more,
    )


def exception(whole: Like, but: Like, near: Like, **more: Any) -> PictureFunction:
    """A set of things without some of its members."""
    rest, inside = Like(whole.names, whole.colours, whole.textures, but=but), whole.together(but)
    if whole.names and but.names:
        rest, inside = Like(tuple(name for name in whole.names if name not in but.names)), but
    return PictureFunction(
        "exception",
        f"{whole.text}, but not {but.text}",
        {"s": some(rest), "but": some(inside), "near": some(near)},
        holds("s"),
        (
            Cell("the set", {"s": True}, True),
            Cell("exception", {"s": False, "but": True}, False),
            *misses({"s": False, "but": False}),
        ),
        {"s": 1.0},
        (rest, inside, near),
        rare=({"but": True},),
        concept=rest.names,
        **more,
    )


def count(like: Like, at_least: int, at_most: int | None = None, **more: Any) -> PictureFunction:
    """So many things like this."""
    what = f"things like {like.text}" if like != Like() else "things"
    number = f"{at_least} or more" if at_most is None else f"exactly {at_least}"
    others: dict[str, tuple[str, int, int | None]] = {
        "short": ("one short", at_least - 1, at_least - 1)
    }
    if at_most is not None:
        others["over"] = ("too many", at_most + 1, None)
    if at_least > 2:
        others["few"] = ("far from it", 0, at_least - 2)
    elif like != Like():
        others["none"] = ("none", 0, 0)
    cells = [Cell("enough", {"enough": True}, True)]
    cells += [Cell(name, {"enough": False, key: True}, False) for key, (name, *_) in others.items()]
    return PictureFunction(
        "count",
        f"{number} {what}",
        {
            "enough": so_many(like, at_least, at_most),
            **{key: so_many(like, low, high) for key, (_, low, high) in others.items()},
        },
        holds("enough"),
        tuple(cells),
        {"enough": 1.0},
        (like,),
        repeated=(at_most or at_least) + 1,
        concept=like.names,
        **more,
    )


def confounded(one: Like, ground: Behind, *, by_thing: bool, overlap: float) -> PictureFunction:
    """A thing and a background that always come together; `by_thing` says which counts."""
    return _two(
        "confounded",
        one.text if by_thing else ground.text,
        one,
        ground,
        (lambda s, t: s) if by_thing else (lambda s, t: t),
        "s" if by_thing else "t",
        rare=({"s": True, "t": False}, {"s": False, "t": True}),
        slip=1 - overlap,
        variant="complete" if overlap == 1 else "overlap",
        concept=one.names if by_thing else (),
        facts={"by": "thing" if by_thing else "background"},
    )


def _where(other: Like | Behind) -> str:
    return "before" if isinstance(other, Behind) else "together with"


def _several(
    kind: str,
    text: str,
    parts: Sequence[Like],
    cells: Sequence[str],
    levels: Sequence[float],
    near: Like,
    **more: Any,
) -> PictureFunction:
    """Several parts with their levels; each is judged alone."""
    names = [f"s{number}" for number in range(len(parts))]
    none = dict.fromkeys(names, False)
    alone = (Cell(c, {**none, name: True}, True) for c, name in zip(cells, names, strict=True))
    strengths = dict(zip(names, levels, strict=True))
    return PictureFunction(
        kind,
        text,
        {**{name: some(part) for name, part in zip(names, parts, strict=True)}, "near": some(near)},
        strongest(strengths),
        (*alone, *misses(none)),
        strengths,
        (*parts, near),
        concept=tuple(name for part in parts for name in part.names),
        **more,
    )


def _two(
    kind: str,
    text: str,
    one: Like,
    other: Like | Behind,
    rule: Callable[[Any, Any], Any],
    shown: str,
    **more: Any,
) -> PictureFunction:
    """A function of two atoms, all four cells judged."""
    behind = isinstance(other, Behind)
    return PictureFunction(
        kind,
        text,
        {"s": some(one), "t": before(other) if behind else some(other)},
        *two_atoms(rule),
        dict.fromkeys(shown, 1.0),
        (one,) if behind else (one, other),
        (other,) if behind else (),
        **{"concept": one.names, **more},
    )
