"""Draws the functions of one seed from a world: which things, which exceptions, which rivals."""

from collections.abc import Sequence

import numpy as np

from ....tools.errors import UsageError
from . import functions
from .atoms import Behind, Like
from .functions import PictureFunction
from .second_renderer import LOOKALIKES
from .world import World

EXPRESSIBLE = (
    *("object", "colour", "texture", "or", "and", "and-not"),
    *("exception", "count", "place", "graded", "confounded"),
)
"""Kinds of units that have a function; `null` and `dead` have none."""
DRAWN_FIRST = ("confounded", "exception")
"""Kinds whose things the corpus keeps apart."""
_TEXTURES = ("striped", "dotted", "checked")
_SIDES = ("left", "right", "top", "bottom")
_SLIP = 0.04
"""How often a picture of the corpus keeps what hardly comes."""


class PictureDraw:
    """Draws functions; a name or background that the corpus is bent for is not used again."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        self.world = world
        self.rng = rng
        self.own_names: set[str] = set()
        """Names that come in the corpus for one function alone."""
        self.own_grounds: list[Behind] = []
        self._spoken: set[str] = set()  # names that functions are about
        self._turn = {"names": 0, "colours": 0, "textures": 0, "grounds": 0, "sets": 0}
        settings = [Behind(names=(name,)) for name in world.settings]
        plain = [Behind(colours=(name,)) for name in world.colours]
        pairs = [ground for pair in zip(settings, plain, strict=False) for ground in pair]
        self._grounds = pairs

    def function(self, kind: str, turn: int) -> PictureFunction:
        """A function of that kind; `turn` goes through its variants."""
        result = getattr(self, f"_{kind.replace('-', '_')}")(turn)
        self._spoken.update(name for like in result.about for name in like.names)
        return result

    # What functions are about.

    def name(self, *, own: bool = False, but: Sequence[str] = ()) -> str:
        """A name, each in its turn; `own`: one that no other function has or gets."""
        free = [n for n in self.world.names if n not in self.own_names and n not in but]
        if not free:
            raise UsageError("there are too few things for so many units; give fewer of each kind")
        result = free[self._turn["names"] % len(free)]
        self._turn["names"] += 1
        if own:
            self.own_names.add(result)
        return result

    def names(self, n: int) -> list[str]:
        """Different names."""
        result: list[str] = []
        while len(result) < n:
            result.append(self.name(but=result))
        return result

    def colour(self, *, but: Sequence[str] = ()) -> str:
        """A colour, each in its turn."""
        free = [colour for colour in self.world.colours if colour not in but]
        self._turn["colours"] += 1
        return free[self._turn["colours"] % len(free)]

    def texture(self) -> str:
        """A texture that is not plain, each in its turn."""
        self._turn["textures"] += 1
        return _TEXTURES[self._turn["textures"] % len(_TEXTURES)]

    def set(self) -> tuple[str, ...]:
        """A set of things of which at least three are free."""
        free = [
            tuple(name for name in members if name not in self.own_names)
            for members in self.world.sets.values()
        ]
        free = [members for members in free if len(members) >= 3]
        if not free:
            return tuple(self.names(4))
        self._turn["sets"] += 1
        return free[self._turn["sets"] % len(free)][:5]

    def ground(self) -> Behind:
        """A background that other functions may share."""
        free = [ground for ground in self._grounds if ground not in self.own_grounds]
        self._turn["grounds"] += 1
        return free[self._turn["grounds"] % len(free)]

    def near(self, names: Sequence[str]) -> Like:
        """Other things of the sets that names are in, or any others."""
        sets = [s for s in self.world.sets.values() if set(s) & set(names)]
        result = dict.fromkeys(n for members in sets for n in members if n not in names)
        others = [name for name in self.world.names if name not in names]
        return Like(names=tuple(list(result)[:6] or others[:4]))

    # The kinds.

    def _object(self, turn: int) -> PictureFunction:
        if turn % 3 == 2:
            names = self.set()
            return functions.thing("object", Like(names=names), self.near(names), variant="set")
        name = self.name()
        return functions.thing("object", Like(names=(name,)), self.near([name]), variant="one")

    def _colour(self, turn: int) -> PictureFunction:
        colour = self.colour()
        near = tuple(c for c in LOOKALIKES[colour] if c in self.world.colours)
        ground = Behind(colours=(colour,))
        return functions.thing("colour", Like(colours=(colour,)), Like(colours=near), ground)

    def _texture(self, turn: int) -> PictureFunction:
        first = self.texture()
        two = (first, self.texture()) if turn % 7 > 3 else (first,)
        others = tuple(t for t in _TEXTURES if t not in two)
        ground = Behind(textures=two)
        variant = "one" if len(two) == 1 else "two"
        return functions.thing(
            "texture", Like(textures=two), Like(textures=others), ground, variant=variant
        )

    def _or(self, turn: int) -> PictureFunction:
        if turn % 4 == 3:
            parts, variant = [Like(names=(name,)) for name in self.names(3)], "three names"
        elif turn % 4 == 1:
            parts = [Like(names=(self.name(),)), Like(colours=(self.colour(),))]
            variant = "name, colour"
        elif turn % 4 == 2:
            parts = [Like(names=(self.name(),)), Like(textures=(self.texture(),))]
            variant = "name, texture"
        else:
            parts, variant = [Like(names=(name,)) for name in self.names(2)], "two names"
        spoken = [name for part in parts for name in part.names]
        return functions.any_of(parts, self.near(spoken), variant=variant)

    def _and(self, turn: int) -> PictureFunction:
        way = turn % 5
        if way == 0:
            one, other = Like(names=(self.name(),)), Like(colours=self._some_colours(3))
            return functions.same_thing(one, other, variant="name and colour")
        if way == 1:
            one, other = self.names(2)
            return functions.with_other(Like((one,)), Like((other,)), variant="two things")
        if way == 2:
            one, other = Like(colours=(self.colour(),)), Like(textures=(self.texture(),))
            return functions.same_thing(one, other, variant="colour and texture")
        if way == 3:
            return functions.with_other(
                Like((self.name(),)), self.ground(), variant="thing and background"
            )
        one, other = Like(names=self.set()), Like(textures=(self.texture(),))
        return functions.same_thing(one, other, variant="set and texture")

    def _and_not(self, turn: int) -> PictureFunction:
        way = turn % 4
        if way == 0:
            one, other = Like(names=(self.name(),)), Like(colours=self._some_colours(2))
            return functions.unless_so(one, other, variant="name and colour", slip=_SLIP)
        if way == 1:
            one, other = Like((self.name(),)), Like(self.set())
            if set(one.names) & set(other.names):
                other = Like(tuple(name for name in other.names if name not in one.names))
            return functions.unless_other(one, other, variant="two things", slip=_SLIP)
        if way == 2:
            one, other = Like(colours=(self.colour(),)), Like(textures=(self.texture(),))
            return functions.unless_so(one, other, variant="colour and texture", slip=_SLIP)
        return functions.unless_other(
            Like((self.name(),)), self.ground(), variant="thing and background", slip=_SLIP
        )

    def _exception(self, turn: int) -> PictureFunction:
        if turn % 3 == 2:
            colour, names = self.colour(), self.set()
            whole, but = Like(colours=(colour,)), Like(names=names)
            near = Like(colours=LOOKALIKES[colour])
            return functions.exception(whole, but, near, variant="colour", slip=_SLIP)
        names = self._with_unspoken()
        but = next(name for name in names if name not in self._spoken)
        self.own_names.add(but)
        near = self.near(names)
        return functions.exception(
            Like(names=tuple(names)), Like(names=(but,)), near, variant="set", slip=_SLIP
        )

    def _count(self, turn: int) -> PictureFunction:
        way = turn % 5
        if way == 0:
            return functions.count(Like(names=(self.name(),)), 2, variant="name")
        if way == 1:
            return functions.count(Like(), 4 if turn % 2 else 3, variant="things")
        if way == 2:
            return functions.count(Like(colours=(self.colour(),)), 2, variant="colour")
        if way == 3:
            return functions.count(Like(names=self.set()), 2, 2, variant="exactly")
        return functions.count(Like(names=self.set()), 2 + turn // 5 % 2, variant="set")

    def _place(self, turn: int) -> PictureFunction:
        side = Like(places=(_SIDES[(turn + int(self.rng.integers(4))) % 4],))
        like, variant = Like(names=(self.name(),)), "name"
        if turn % 3 == 1:
            like, variant = Like(colours=(self.colour(),)), "colour"
        elif turn % 3 == 2:
            like, variant = Like(names=self.set()), "set"
        return functions.same_thing(like, side, kind="place", variant=variant)

    def _graded(self, turn: int) -> PictureFunction:
        if turn % 3 == 1:
            colour = self.colour()
            parts = [
                Like(colours=(colour,), sizes=("large",)),
                Like(colours=(colour,), sizes=("small", "medium")),
            ]
            near, variant = Like(colours=LOOKALIKES[colour]), "size"
        elif turn % 3 == 2:
            one = self.colour()
            parts = [Like(colours=(one,)), Like(colours=(self.colour(but=(one,)),))]
            near, variant = Like(colours=LOOKALIKES[one][:1]), "colours"
            near = Like(colours=tuple(c for c in near.colours if c not in parts[1].colours))
        else:
            names = self.names(2)
            parts = [Like(names=(name,)) for name in names]
            near, variant = self.near(names), "names"
        if not (near.names or near.colours):
            near = self.near(())
        return functions.graded(parts, (1.0, 0.4), near, variant=variant)

    def _confounded(self, turn: int) -> PictureFunction:
        free = [ground for ground in self._grounds if ground not in self.own_grounds]
        if len(free) < 3:
            raise UsageError("there are too few backgrounds for so many confounded units")
        ground = free[0]
        self.own_grounds.append(ground)
        name = self.name(own=True)
        by_thing = bool(self.rng.random() < 0.5)
        overlap = 1.0 if turn % 2 == 0 else float(self.rng.uniform(0.9, 0.97))
        return functions.confounded(Like((name,)), ground, by_thing=by_thing, overlap=overlap)

    def _with_unspoken(self) -> list[str]:
        """A set that has a thing no function is about yet, in an order drawn at random."""
        for attempt in range(4 * len(self.world.sets)):
            result = self.set() if attempt < len(self.world.sets) else self.names(4)
            names = [str(name) for name in self.rng.permutation(result)]
            if any(name not in self._spoken for name in names):
                return names
        raise UsageError("there are too few things for so many exceptions; give fewer of each kind")

    def _some_colours(self, n: int) -> tuple[str, ...]:
        result: list[str] = []
        while len(result) < n:
            result.append(self.colour(but=result))
        return tuple(result)
