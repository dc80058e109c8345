"""Scenes from plain English, within the vocabulary of scenes, and English from scenes.

    two small red cats left of a blue tree on a meadow
    a large striped fish in the middle, three circles at the top; on a dotted yellow background

What a prompt leaves open (colours, sizes, places) is drawn from the seed. Words that mean nothing
in a scene are refused by name, with the nearest that do.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import UsageError, nearest
from .grammar import visible
from .layout import SPANS, Placement, PromptRelation, Tie, arrange
from .palette import COLOURS
from .scene import Place, Scene, Size, Texture, Thing
from .things import NAMES
from .vocabulary import Word, phrases, single_words

MOST = 24
LONGEST = 2000
"""Characters of a prompt."""


@dataclass(frozen=True)
class Wanted:
    """What one noun phrase asks for."""

    names: tuple[str, ...] = ()
    """Any of these; of any kind if empty."""
    number: int | None = None
    several: bool = False
    """The noun is a plural."""
    size: Size | None = None
    colour: str | None = None
    texture: Texture | None = None
    places: frozenset[Place] = frozenset()

    def fits(self, thing: Thing) -> bool:
        """Whether a thing is like this."""
        return (
            (not self.names or thing.name in self.names)
            and self.size in (None, thing.extent)
            and self.colour in (None, thing.colour)
            and self.texture in (None, thing.texture)
            and self.places <= thing.places
        )


@dataclass(frozen=True)
class Setting:
    """The background that a prompt asks for."""

    name: str = "plain"
    colour: str | None = None
    texture: Texture = "plain"


@dataclass(frozen=True)
class Parsed:
    """What a prompt says."""

    groups: tuple[Wanted, ...]
    ties: tuple[Tie, ...]
    """Between groups."""
    setting: Setting | None


def scene_of(prompt: str, seed: int = 0) -> Scene:
    """A scene as a prompt describes it.

    Raises:
        UsageError: if words are outside the vocabulary (says which, and the nearest), a phrase
            names no thing, or what it asks for cannot be placed in one picture.
    """
    parsed = parse(prompt)
    rng = np.random.default_rng([abs(seed), len(prompt)])
    setting = parsed.setting or Setting()
    counts = [_number(rng, group) for group in parsed.groups]
    if sum(counts) > MOST:
        raise UsageError(f"a picture holds at most {MOST} things, and this asks for {sum(counts)}")
    placements: list[Placement] = []
    members: list[list[int]] = []
    for group, n in zip(parsed.groups, counts, strict=True):
        members.append(list(range(len(placements), len(placements) + n)))
        placements += [_placement(rng, group, setting, sum(counts)) for _ in range(n)]
    ties = [
        Tie(one, tie.relation, other)
        for tie in parsed.ties
        for one in members[tie.first]
        for other in members[tie.second]
    ]
    layout = arrange(rng, placements, ties)
    if layout.broken:
        raise UsageError(
            "these things cannot be placed so in one picture; ask for fewer or smaller things, or "
            "for relations and places that go together"
        )
    ground = setting.colour or _ground(layout.things)
    return Scene(
        background=setting.name,
        colour=ground if setting.name == "plain" else "white",
        texture=setting.texture,
        things=layout.things,
        seed=0 if setting.name == "plain" else int(rng.integers(2**31)),
    )


def _number(rng: np.random.Generator, group: Wanted) -> int:
    if group.number is not None:
        return group.number
    return int(rng.integers(2, 4)) if group.several else 1


def _placement(rng: np.random.Generator, group: Wanted, setting: Setting, total: int) -> Placement:
    """One thing of a group, with what was left open drawn at random."""
    colours = [
        c for c in COLOURS if setting.name != "plain" or visible(c, setting.colour or "white")
    ]
    low, high = SPANS[group.size] if group.size else (0.24, 0.46 if total == 1 else 0.34)
    if not group.size and total > 6:
        low, high = SPANS["small"]
    names = group.names or NAMES
    return Placement(
        Thing(
            name=names[int(rng.integers(len(names)))],
            colour=group.colour or colours[int(rng.integers(len(colours)))],
            texture=group.texture or "plain",
            size=float(np.round(rng.uniform(low, (low + high) / 2 if total > 4 else high), 3)),
        ),
        group.places,
    )


def _ground(things: Iterable[Thing]) -> str:
    """A plain ground on which all of these are seen."""
    taken = {thing.colour for thing in things}
    order = ("white", "grey", "blue", *COLOURS)
    return next((c for c in order if all(visible(t, c) for t in taken)), "white")


def wanted(phrase: str) -> Wanted:
    """What one noun phrase means: `the small red cats at the left`.

    Raises:
        UsageError: if it is not one phrase for things.
    """
    parsed = parse(phrase, nouns=False)
    if len(parsed.groups) != 1 or parsed.ties or parsed.setting:
        raise UsageError(f"'{phrase[:80]}' is not one phrase for things, like 'the red cat'")
    return parsed.groups[0]


def words_of(prompt: str) -> list[Word]:
    """The words and phrases of a prompt, in order.

    Raises:
        UsageError: if one is outside the vocabulary.
    """
    if len(prompt) > LONGEST:
        raise UsageError(f"a prompt has at most {LONGEST} characters, not {len(prompt)}")
    plain = re.sub(r"[^\w\s,;.]|_", " ", prompt.lower())
    result: list[Word] = []
    unknown: list[str] = []
    for spoken, word in phrases(re.findall(r"\w+|[,;.]", plain)):
        if spoken in ",;.":
            result.append(Word("link", spoken))
        elif word is not None:
            result.append(word)
        elif spoken not in unknown:
            unknown.append(spoken)
    if unknown:
        offers = "; ".join(
            f"'{w[:40]}' (nearest: {nearest(w, single_words())})" for w in unknown[:8]
        )
        raise UsageError(f"outside the vocabulary of scenes: {offers}")
    return result


class _Parser:
    """Reads words from left to right into groups, ties and a setting."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.groups: list[Wanted] = []
        self.ties: list[Tie] = []
        self.setting: Setting | None = None
        self.open = Wanted()
        self.before = ""
        self.relation: PromptRelation | None = None
        self.on_ground = False
        """The last thing named was the background."""

    def take(self, word: Word) -> None:
        value = word.value
        if word.sort == "number":
            self.open = replace(self.open, number=int(value))
        elif word.sort in ("size", "colour", "texture"):
            self.open = replace(self.open, **{word.sort: value})  # type: ignore[arg-type]
        elif word.sort == "pattern":
            self._pattern(value)
        elif word.sort == "place":
            self._place(value)
        elif word.sort == "name":
            self._thing(word)
        elif word.sort in ("setting", "ground"):
            self._setting(word)
        elif word.sort == "relation":
            self.bare()
            self.relation = value  # type: ignore[assignment]
        elif word.sort == "before":
            self.bare()
            self.before = value
        elif word.sort == "link":
            self.bare()
            self.before = ""

    def bare(self) -> None:
        """What is left of a phrase that came to its end without a noun."""
        left, self.open = replace(self.open, number=None), Wanted()
        if left == Wanted() or (left.texture and left == Wanted(texture=left.texture)):
            self.open = left
            return
        only_ground = left == Wanted(colour=left.colour, texture=left.texture)
        if self.before in ("on", "against") and only_ground:
            self.setting = Setting("plain", left.colour, left.texture or "plain")
        elif self.groups and left == Wanted(places=left.places):
            self._at(left.places)
        elif only_ground and left.colour and self.groups and not self.groups[-1].colour:
            self.groups[-1] = replace(self.groups[-1], colour=left.colour)  # `a cat that is red`
        else:
            phrase = " ".join(filter(None, (left.size, left.colour, left.texture, *left.places)))
            raise UsageError(f"'{phrase}' describes no thing; name what it is, such as 'a cat'")
        self.before = ""

    def _pattern(self, value: str) -> None:
        if self.open.colour or self.open.size:
            raise UsageError("stripes, dots and checks have no colour or size of their own")
        texture: Texture = value  # type: ignore[assignment]
        if self.on_ground and self.setting:
            self.setting = replace(self.setting, texture=texture)
        elif self.groups:
            self.groups[-1] = replace(self.groups[-1], texture=texture)
        else:
            raise UsageError(f"say what is {value}: 'a {value} cat'")
        self.open = Wanted()

    def _place(self, value: str) -> None:
        place: Place = value  # type: ignore[assignment]
        fresh = replace(self.open, number=None) == Wanted()
        if self.groups and fresh and self.open.number is None and not self.on_ground:
            self._at(frozenset({place}))
        else:
            self.open = replace(self.open, places=_joined(self.open.places, place))
        self.before = ""

    def _at(self, places: frozenset[Place]) -> None:
        """Puts the last group there."""
        group = self.groups[-1]
        for place in places:
            group = replace(group, places=_joined(group.places, place))
        self.groups[-1] = group

    def _thing(self, word: Word) -> None:
        names = tuple(word.value.split())
        self.groups.append(replace(self.open, names=names, several=word.plural))
        relation = self.relation
        if not relation and self.before and len(self.groups) > 1 and not self.on_ground:
            relation = "above" if self.before in ("on", "onto", "upon") else "overlapping"
        if relation and len(self.groups) > 1:
            self.ties.append(Tie(len(self.groups) - 2, relation, len(self.groups) - 1))
        elif relation:
            raise UsageError(f"what is {relation} it? Name a thing before '{relation}' too")
        self.open, self.relation, self.before, self.on_ground = Wanted(), None, "", False

    def _setting(self, word: Word) -> None:
        if self.setting is not None:
            raise UsageError("a picture has one background, and this names two")
        left = self.open
        if word.sort == "setting":
            if left.colour or left.texture or left.size:
                raise UsageError(
                    f"a {word.value} has no colour, size or texture to choose; leave it out"
                )
            self.setting = Setting(word.value)
        else:
            self.setting = Setting("plain", left.colour, left.texture or "plain")
        self.open, self.relation, self.before, self.on_ground = Wanted(), None, "", True


def _joined(places: frozenset[Place], place: Place) -> frozenset[Place]:
    """With one more place; `top middle` is at the top."""
    together: set[Place] = {*places, place}
    if len(together) > 1:
        together.discard("middle")
    return frozenset(together)


def parse(prompt: str, *, nouns: bool = True) -> Parsed:
    """What a prompt says.

    Args:
        prompt: Plain English.
        nouns: A phrase without a noun is refused; without this it means any thing.

    Raises:
        UsageError: if it says nothing that a scene can show, or contradicts itself.
    """
    reader = _Parser(prompt)
    words = words_of(prompt)
    for word in words:
        reader.take(word)
    if not nouns and not reader.groups:
        return Parsed((reader.open,), (), reader.setting)
    reader.bare()
    if reader.relation:
        raise UsageError(f"'{reader.relation}' what? Name a thing behind it")
    if not reader.groups and reader.setting is None:
        raise UsageError("the prompt names no thing and no background; try 'a red cat on a meadow'")
    for group in reader.groups:
        if {"left", "right"} <= group.places or {"top", "bottom"} <= group.places:
            raise UsageError("one thing cannot be at two opposite places; name them one by one")
    return Parsed(tuple(reader.groups), tuple(reader.ties), reader.setting)


def groups_of(scene: Scene, phrase: str) -> Sequence[int]:
    """The numbers of the things that a phrase means: `the small red cats`."""
    like = wanted(phrase)
    return [i for i, thing in enumerate(scene.things) if like.fits(thing)]
