"""English sentences for scenes, in the words that prompts are read from."""

from collections.abc import Iterable

from ..english.inflection import plural
from .scene import Place, Scene, Thing

_WORDS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
SETTING_PHRASES: dict[str, str] = {
    "meadow": "on a meadow",
    "sea": "at sea",
    "sky": "in the sky",
    "desert": "in a desert",
    "snow": "in snow",
    "night": "at night",
    "forest": "in a forest",
    "room": "in a room",
    "street": "in a street",
}


def described(scene: Scene) -> str:
    """`two small red cats at the top left and a large blue tree in the middle, on a meadow`."""
    groups: dict[tuple[object, ...], list[Thing]] = {}
    for thing in scene.things:
        look = thing.name, thing.colour, thing.texture, thing.extent, thing.places
        groups.setdefault(look, []).append(thing)
    phrases = [_phrase(group[0], len(group)) for group in groups.values()]
    where = ground(scene)
    if not phrases:
        return where
    listed = phrases[-1]
    if len(phrases) > 1:
        listed = f"{', '.join(phrases[:-1])} and {listed}"
    return f"{listed}, {where}"


def ground(scene: Scene) -> str:
    """`on a meadow`, `on a striped red background`."""
    if scene.background != "plain":
        return SETTING_PHRASES.get(scene.background, f"in a {scene.background}")
    return f"on a {scene.texture} {scene.colour} background"


def phrase(thing: Thing) -> str:
    """`a small red striped cat at the top left`."""
    return _phrase(thing, 1)


def where(places: Iterable[Place]) -> str:
    """`at the top left`, `in the middle`."""
    result = set(places)
    if "middle" in result or not result:
        return "in the middle"
    order = ("top", "bottom", "left", "right")
    return f"at the {' '.join(place for place in order if place in result)}"


def _phrase(thing: Thing, n: int) -> str:
    texture = "" if thing.texture == "plain" else f"{thing.texture} "
    words = f"{thing.extent} {texture}{thing.colour} "
    if n == 1:
        return f"a {words}{thing.name} {where(thing.places)}"
    number = _WORDS[n] if n < len(_WORDS) else str(n)
    return f"{number} {words}{plural(thing.name)} {where(thing.places)}"
