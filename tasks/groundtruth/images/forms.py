"""The forms of functions of pictures: their atoms, their rule, and the cells of their truth table.

As for text, a form says when a unit is active, from atoms and a rule over them, and its cells are
the assignments that have to be judged one by one. Beside that it says which things carry the
activation, since a unit that looks at pictures is active at a place.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....tools.scenes.scene import Scene
from ..text.forms import Cell
from .atoms import Atom, Behind, Like, before, many, some

Rule = Callable[[Mapping[str, np.ndarray]], np.ndarray]


@dataclass(frozen=True, eq=False)
class PictureForm:
    """A function of pictures whose truth is known."""

    kind: str
    text: str
    """The true description, in words."""
    atoms: Mapping[str, Atom]
    level: Rule
    """Atoms `[image]` bool to the level `[image]`, 0..1, 0 where inactive."""
    cells: tuple[Cell, ...]
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
    variant: str = ""
    concept: tuple[str, ...] = ()
    """Names of things that the function is about."""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def evaluate(self, scenes: Sequence[Scene]) -> dict[str, np.ndarray]:
        """The atoms, `[image]` bool each."""
        return {
            name: np.array([atom(scene) for scene in scenes], bool)
            for name, atom in self.atoms.items()
        }

    def values(self, scenes: Sequence[Scene]) -> np.ndarray:
        """The noiseless function, `[image]` in 0..1."""
        return np.asarray(self.level(self.evaluate(scenes)), dtype=np.float64)

    def where(self, scene: Scene) -> dict[int, float]:
        """How strongly each thing carries the activation of an active picture."""
        found: dict[int, float] = {}
        for name, strength in self.shown.items():
            for thing in self.atoms[name].find(scene):
                found[thing] = max(found.get(thing, 0.0), strength)
        return found


def _when(rule: Callable[..., np.ndarray], *names: str) -> Rule:
    return lambda atoms: rule(*(atoms[name] for name in names)).astype(np.float64)


def _is(x: np.ndarray) -> np.ndarray:
    return x


def thing(
    kind: str, like: Like, near: Like, ground: Behind | None = None, **more: Any
) -> PictureForm:
    """Things of one name, colour or texture; `ground` is a background that only looks alike."""
    rest = {"near": False} if ground is None else {"near": False, "ground": False}
    cells = [Cell(kind, {"s": True}, True)]
    if ground is not None:
        cells.append(Cell("background alone", {"s": False, "ground": True}, False))
        cells.append(Cell("near-miss", {"s": False, "near": True, "ground": False}, False))
    else:
        cells.append(Cell("near-miss", {"s": False, "near": True}, False))
    atoms = {"s": some(like), "near": some(near)}
    if ground is not None:
        atoms["ground"] = before(ground)
    return PictureForm(
        kind,
        like.text,
        atoms,
        _when(_is, "s"),
        (*cells, Cell("other", {"s": False, **rest}, False)),
        {"s": 1.0},
        (like, near),
        () if ground is None else (ground,),
        concept=like.names,
        **more,
    )


def any_of(parts: Sequence[Like], near: Like, **more: Any) -> PictureForm:
    """Any of several: a polysemantic unit."""
    names = [f"s{number}" for number in range(len(parts))]
    none = dict.fromkeys(names, False)
    alone = [
        Cell(f"{part.text} alone", {**none, name: True}, True)
        for name, part in zip(names, parts, strict=True)
    ]
    return PictureForm(
        "or",
        "; or ".join(part.text for part in parts),
        {**{name: some(part) for name, part in zip(names, parts, strict=True)}, "near": some(near)},
        _when(lambda *found: np.logical_or.reduce(found), *names),
        (
            *alone,
            Cell("near-miss", {**none, "near": True}, False),
            Cell("other", {**none, "near": False}, False),
        ),
        dict.fromkeys(names, 1.0),
        (*parts, near),
        concept=tuple(name for part in parts for name in part.names),
        **more,
    )


def same_thing(one: Like, other: Like, *, kind: str = "and", **more: Any) -> PictureForm:
    """One thing that is both: two things that are one each do not make it active."""
    whole = one.together(other)
    return PictureForm(
        kind,
        whole.text,
        {"both": some(whole), "s": some(one), "t": some(other)},
        _when(_is, "both"),
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


def _two(
    kind: str, text: str, one: Like, other: Like | Behind, rule: Any, shown: str, **more: Any
) -> PictureForm:
    """A form of two atoms, all four cells judged."""
    cells = []
    for has_s in (True, False):
        for has_t in (True, False):
            name = f"{'s' if has_s else 'no s'}, {'t' if has_t else 'no t'}"
            active = bool(rule(np.array(has_s), np.array(has_t)))
            cells.append(Cell(name, {"s": has_s, "t": has_t}, active))
    setting = isinstance(other, Behind)
    return PictureForm(
        kind,
        text,
        {"s": some(one), "t": before(other) if isinstance(other, Behind) else some(other)},
        _when(rule, "s", "t"),
        tuple(cells),
        dict.fromkeys(shown, 1.0),
        (one,) if setting else (one, other),  # type: ignore[arg-type]
        (other,) if setting else (),  # type: ignore[arg-type]
        **{"concept": one.names, **more},
    )


def with_other(one: Like, other: Like | Behind, **more: Any) -> PictureForm:
    """A thing, together with another or before a background."""
    where = "before" if isinstance(other, Behind) else "together with"
    return _two(
        "and", f"{one.text} {where} {other.text}", one, other, lambda s, t: s & t, "s", **more
    )


def unless_other(one: Like, other: Like | Behind, **more: Any) -> PictureForm:
    """A thing, unless another is in the picture or behind it."""
    where = "before" if isinstance(other, Behind) else "together with"
    return _two(
        "and-not",
        f"{one.text}, but not {where} {other.text}",
        one,
        other,
        lambda s, t: s & ~t,
        "s",
        rare=({"s": True, "t": True},),
        **more,
    )


def unless_so(one: Like, other: Like, **more: Any) -> PictureForm:
    """A thing that is not also like another."""
    rest = Like(one.names, one.colours, one.textures, one.sizes, one.places, other)
    return PictureForm(
        "and-not",
        rest.text,
        {"s": some(rest), "both": some(one.together(other)), "t": some(other)},
        _when(_is, "s"),
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


def exception(whole: Like, but: Like, near: Like, **more: Any) -> PictureForm:
    """A set of things without some of its members."""
    rest = Like(whole.names, whole.colours, whole.textures, but=but)
    if whole.names and but.names:
        rest = Like(tuple(name for name in whole.names if name not in but.names))
    inside = whole.together(but) if not (whole.names and but.names) else but
    return PictureForm(
        "exception",
        f"{whole.text}, but not {but.text}",
        {"s": some(rest), "but": some(inside), "near": some(near)},
        _when(_is, "s"),
        (
            Cell("the set", {"s": True}, True),
            Cell("exception", {"s": False, "but": True}, False),
            Cell("near-miss", {"s": False, "but": False, "near": True}, False),
            Cell("other", {"s": False, "but": False, "near": False}, False),
        ),
        {"s": 1.0},
        (rest, inside, near),
        rare=({"but": True},),
        concept=rest.names,
        **more,
    )


def count(like: Like, at_least: int, at_most: int | None = None, **more: Any) -> PictureForm:
    """So many things like this."""
    what = f"things like {like.text}" if like != Like() else "things"
    number = f"{at_least} or more" if at_most is None else f"exactly {at_least}"
    atoms = {
        "enough": many(like, at_least, at_most),
        "short": many(like, at_least - 1, at_least - 1),
    }
    cells = [
        Cell("enough", {"enough": True}, True),
        Cell("one short", {"enough": False, "short": True}, False),
    ]
    if at_most is not None:
        atoms["over"] = many(like, at_most + 1)
        cells.append(Cell("too many", {"enough": False, "over": True}, False))
    if at_least > 2:
        atoms["few"] = many(like, 0, at_least - 2)
        cells.append(Cell("far from it", {"enough": False, "few": True}, False))
    elif like != Like():
        atoms["none"] = many(like, 0, 0)
        cells.append(Cell("none", {"enough": False, "none": True}, False))
    return PictureForm(
        "count",
        f"{number} {what}",
        atoms,
        _when(_is, "enough"),
        tuple(cells),
        {"enough": 1.0},
        (like,),
        repeated=(at_most or at_least) + 1,
        concept=like.names,
        **more,
    )


def graded(parts: Sequence[Like], levels: Sequence[float], near: Like, **more: Any) -> PictureForm:
    """Things of different strength; the strongest one decides."""
    names = [f"s{number}" for number in range(len(parts))]
    none = dict.fromkeys(names, False)
    strengths = dict(zip(names, levels, strict=True))
    said = [f"{part.text} at strength {level:g}" for part, level in zip(parts, levels, strict=True)]
    return PictureForm(
        "graded",
        "; ".join(said),
        {**{name: some(part) for name, part in zip(names, parts, strict=True)}, "near": some(near)},
        lambda a: np.max([a[name] * strengths[name] for name in names], axis=0),
        (
            *(
                Cell(part.text, {**none, name: True}, True)
                for name, part in zip(names, parts, strict=True)
            ),
            Cell("near-miss", {**none, "near": True}, False),
            Cell("other", {**none, "near": False}, False),
        ),
        strengths,
        (*parts, near),
        concept=tuple(name for part in parts for name in part.names),
        **more,
    )


def confounded(one: Like, ground: Behind, *, by_thing: bool, overlap: float) -> PictureForm:
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
