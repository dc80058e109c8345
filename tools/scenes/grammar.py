"""A grammar of scenes: draws them at random within settings, so that their content is known.

Names, colours, textures and backgrounds are drawn independently of each other, unless settings say
otherwise: in a corpus of the grammar nothing predicts anything else. Things are put where they can
be seen: each new one is tried at many places until it hides little of the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from ..errors import UsageError, nearest
from .backgrounds import BACKGROUNDS
from .palette import COLOURS
from .scene import TEXTURES, Scene, Texture, Thing
from .things import GROUPS, NAMES

_T = TypeVar("_T")
_S = TypeVar("_S", bound=str)
NUMBERS: Mapping[int, float] = {1: 0.34, 2: 0.3, 3: 0.22, 4: 0.14}
"""How many things a scene has, and how often."""
_TRIES = 60
_NEIGHBOURS = {  # colours that are hard to see on each other
    frozenset(pair)
    for pair in (("black", "brown"), ("white", "yellow"), ("red", "orange"), ("grey", "brown"))
}


def sample(
    rng: np.random.Generator,
    *,
    names: Sequence[str] | None = None,
    colours: Sequence[str] | None = None,
    textures: Sequence[Texture] | None = None,
    backgrounds: Sequence[str] | None = None,
    background_colours: Sequence[str] | None = None,
    background_textures: Sequence[Texture] | None = None,
    number: int | tuple[int, int] | None = None,
    size: tuple[float, float] = (0.14, 0.5),
    overlap: float = 0.04,
    including: Iterable[Mapping[str, Any]] = (),
) -> Scene:
    """One scene.

    Args:
        rng: Random generator.
        names: Of things, or of groups of things; None: any.
        colours: Of things.
        textures: Of things; None: mostly plain.
        backgrounds: `plain` and names of settings; None: plain in four of ten.
        background_colours: Of plain backgrounds.
        background_textures: Of plain backgrounds; None: mostly plain.
        number: How many things, or fewest and most; None: mostly one to three, at most four.
        size: Smallest and largest share of the side.
        overlap: How much of the smaller of two things' squares may be shared.
        including: Things that must be there, each with some of a thing's fields given
            (`{"name": "cat", "colour": "red"}`); the rest is drawn. They count in `number`.

    Raises:
        UsageError: if a name, colour or background is unknown, or a range is empty.
    """
    given = [dict(fields) for fields in including]
    low, high = size
    if not 0.05 <= low <= high <= 1:
        raise UsageError(f"sizes go from .05 to 1, the smaller first; not {low} to {high}")
    kinds = _known("background", backgrounds, BACKGROUNDS)
    if backgrounds is None and rng.random() < 0.4:
        kinds = ["plain"]
    background = _one(rng, kinds)
    ground = _one(rng, _known("colour", background_colours, COLOURS))
    texture = _texture(rng, background_textures)
    pool = [name for word in (names or NAMES) for name in _things(word)]
    free = _known("colour", colours, COLOURS)
    things: list[Thing] = []
    for i in range(max(len(given), _number(rng, number))):
        fields = given[i] if i < len(given) else {}
        shown = [c for c in free if background != "plain" or visible(c, ground)] or free
        fields.setdefault("name", _one(rng, pool))
        fields.setdefault("colour", _one(rng, shown))
        fields.setdefault("texture", _texture(rng, textures))
        things.append(place(rng, fields, things, size=(low, high), overlap=overlap))
    clash = any(not visible(thing.colour, ground) for thing in things)
    if background == "plain" and clash and background_colours is None:
        taken = [thing.colour for thing in things]
        fits = [c for c in COLOURS if all(visible(colour, c) for colour in taken)]
        ground = _one(rng, fits or COLOURS)
    return Scene(
        background=background,
        colour=ground if background == "plain" else "white",
        texture=texture if background == "plain" else "plain",
        things=tuple(things),
        seed=0 if background == "plain" else int(rng.integers(2**31)),
    )


def scenes(n: int, /, *, seed: int = 0, **settings: Any) -> list[Scene]:
    """So many scenes, each different; `settings` are those of `sample`.

    Raises:
        UsageError: if the settings allow too few.
    """
    result: dict[Scene, None] = {}
    for i in range(20 * n + 20):
        if len(result) == n:
            break
        result.setdefault(sample(np.random.default_rng([abs(seed), i]), **settings))
    if len(result) < n:
        raise UsageError(f"the settings allow only {len(result)} different scenes, not {n}")
    return list(result)


def place(
    rng: np.random.Generator,
    fields: Mapping[str, Any],
    others: Sequence[Thing],
    *,
    size: tuple[float, float] = (0.14, 0.5),
    overlap: float = 0.04,
) -> Thing:
    """A thing with these fields, of a size and at a place where it hides little of the others.

    Where none is found, it is the best of those tried.
    """
    low, high = size
    best, least = None, np.inf
    for attempt in range(_TRIES):
        top = high if not others else max(low, high - (high - low) * attempt / _TRIES)
        wide = float(fields.get("size", np.round(rng.uniform(low, top), 3)))
        margin = min(0.5, wide / 2 + 0.01)
        spot = np.round(rng.uniform(margin, 1 - margin, 2), 3) if margin < 0.5 else (0.5, 0.5)
        thing = Thing.model_validate(
            {"x": float(spot[0]), "y": float(spot[1]), **fields, "size": wide}
        )
        worst = max((shared(thing, other) for other in others), default=0.0)
        if worst < least:
            best, least = thing, worst
        if worst <= overlap:
            break
    assert best is not None
    return best


def shared(one: Thing, other: Thing) -> float:
    """How much of the smaller of two things' bounding squares the other covers."""
    half = (one.size + other.size) / 2
    least = min(one.size, other.size)
    wide = min(least, half - abs(one.x - other.x))
    high = min(least, half - abs(one.y - other.y))
    return max(0.0, wide) * max(0.0, high) / least**2


def visible(colour: str, ground: str) -> bool:
    """Whether a thing of this colour is easy to see on a plain ground."""
    return colour != ground and frozenset((colour, ground)) not in _NEIGHBOURS


def _number(rng: np.random.Generator, number: int | tuple[int, int] | None) -> int:
    if number is None:
        return int(rng.choice(list(NUMBERS), p=list(NUMBERS.values())))
    low, high = (number, number) if isinstance(number, int) else number
    if not 0 <= low <= high <= 24:
        raise UsageError(f"a scene has 0 to 24 things, the fewer first; not {low} to {high}")
    return int(rng.integers(low, high + 1))


def _texture(rng: np.random.Generator, allowed: Sequence[Texture] | None) -> Texture:
    if allowed is None:
        return "plain" if rng.random() < 0.55 else _one(rng, TEXTURES[1:])
    return _one(rng, _known("texture", allowed, TEXTURES))


def _things(word: str) -> Sequence[str]:
    """A name, or the names of a group."""
    if word in GROUPS:
        return GROUPS[word]
    return _known("thing", [word], NAMES)


def _known(what: str, chosen: Sequence[_S] | None, valid: Sequence[_S]) -> Sequence[_S]:
    """The chosen ones, or all.

    Raises:
        UsageError: if one is not valid, or none is left.
    """
    if chosen is None:
        return valid
    for name in chosen:
        if name not in valid:
            raise UsageError(f"no {what} '{name}'; nearest: {nearest(str(name), valid)}")
    if not chosen:
        raise UsageError(f"no {what} to choose from; leave it out for any")
    return chosen


def _one(rng: np.random.Generator, options: Sequence[_T]) -> _T:
    return options[int(rng.integers(len(options)))]
