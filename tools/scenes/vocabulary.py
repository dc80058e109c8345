"""The English words that prompts are made of, each with what it means in a scene."""

from functools import lru_cache
from typing import Literal, NamedTuple

from ..english.inflection import plural
from .palette import COLOURS
from .things import GROUPS, NAMES

Sort = Literal[
    "number", "size", "colour", "texture", "pattern", "name", "setting", "ground", "relation",
    "place", "before", "link", "skip"
]  # fmt: skip


class Word(NamedTuple):
    """One word or fixed phrase."""

    sort: Sort
    value: str = ""
    """What it stands for; names of things are separated by blanks."""
    plural: bool = False


_NUMBERS = {
    "1": "a an one another single",
    "2": "two|2|a pair of|a couple of|both",
    "3": "three|3|several|a few|some",
    "4": "four|4",
    "5": "five|5|many",
    "6": "six|6",
    "7": "seven|7",
    "8": "eight|8",
    "9": "nine|9",
    "10": "ten|10",
    "11": "eleven|11",
    "12": "twelve|12|a dozen",
    **{str(number): str(number) for number in range(13, 25)},
}
_SIZES = {
    "small": "small tiny little mini minute",
    "medium": "medium|medium sized|middle sized|mid sized",
    "large": "large big huge giant great enormous",
}
_COLOURS = {
    "red": "scarlet crimson ruby",
    "orange": "",
    "yellow": "gold golden lemon",
    "green": "emerald lime olive",
    "blue": "navy azure",
    "purple": "violet lilac mauve",
    "pink": "rose magenta",
    "brown": "chestnut beige tan",
    "black": "",
    "grey": "gray silver",
    "white": "",
    "cyan": "turquoise teal aqua",
}
_TEXTURES = {
    "plain": "plain solid uniform",
    "striped": "striped stripy stripey",
    "dotted": "dotted|spotted|polka dot|polka dotted|spotty|dotty",
    "checked": "checked checkered chequered checkerboard",
}
_PATTERNS = {
    "striped": "stripes|a striped texture|a striped pattern",
    "dotted": "dots|spots|polka dots|a dotted texture|a dotted pattern",
    "checked": "checks|squares on it|a checked texture|a checked pattern",
}
_NAMES = {
    "circle": "disc disk ball",
    "square": "box",
    "rectangle": "oblong",
    "diamond": "rhombus",
    "cross": "plus",
    "ring": "donut doughnut hoop",
    "crescent": "moon|crescent moon|half moon",
    "drop": "droplet raindrop teardrop",
    "cat": "kitten kitty",
    "dog": "puppy hound",
    "rabbit": "bunny hare",
    "bird": "sparrow robin",
    "turtle": "tortoise",
    "butterfly": "moth",
    "car": "automobile",
    "bus": "coach",
    "truck": "lorry van",
    "train": "locomotive|steam train|steam engine",
    "bicycle": "bike cycle",
    "boat": "ship|sailboat|sailing boat|yacht",
    "plane": "aeroplane airplane aircraft jet",
    "rocket": "spaceship|space rocket",
    "fir": "fir tree|pine|pine tree|christmas tree|spruce|conifer",
    "flower": "blossom daisy",
    "mushroom": "toadstool",
    "cherry": "",
    "cake": "birthday cake",
    "house": "home hut cottage",
    "castle": "fortress",
    "cup": "mug|coffee cup|teacup",
    "lamp": "table lamp",
    "clock": "alarm clock",
    "umbrella": "parasol",
    "shirt": "t shirt|tee shirt|blouse",
    "shoe": "boot sneaker",
}
_GROUPS = {
    "figures": "figure|shape|geometric figure|geometric shape",
    "animals": "animal creature",
    "vehicles": "vehicle",
    "plants": "plant",
    "fruit": "piece of fruit|fruit",
    "buildings": "building",
    "tools": "tool",
    "pets": "pet",
    "mammals": "mammal",
    "food": "piece of food|food",
    "clothes": "piece of clothing|garment|clothes",
    "household": "household thing|household object",
    "pictograms": "pictogram",
}
_ANY = "thing|object|something|item"
_SETTINGS = {
    "meadow": "meadow|grass|grassland|lawn|pasture|field|green field",
    "sea": "sea|ocean|water|lake",
    "sky": "sky|blue sky|air|clouds above",
    "desert": "desert|dunes|sand|sand dunes",
    "snow": "snow|snowy landscape|winter|winter landscape",
    "night": "night|night sky|starry night|starry sky|dark",
    "forest": "forest|wood|woods|woodland|jungle",
    "room": "room|living room|house interior|indoors",
    "street": "street|road|city|town",
}
_GROUND = "background|backdrop|ground|wall paper|canvas|surface"
_RELATIONS = {
    "left of": "left of|to the left of|on the left of|at the left of|left from",
    "right of": "right of|to the right of|on the right of|at the right of|right from",
    "above": "above|over|on top of",
    "below": "below|under|beneath|underneath",
    "overlapping": "overlapping|overlaps|touching|covering|in front of|behind",
    "beside": "next to|beside|near|by",
}
_PLACES = {
    "left": "left|left hand",
    "right": "right|right hand",
    "top": "top|upper",
    "bottom": "bottom|lower",
    "middle": "middle|centre|center|central",
}
_BEFORE = "on in at against inside onto before within upon"
_LINKS = "and|with|plus|as well as|also|then|besides|but|while"
_SKIPPED = (
    "the|of|is|are|there|there is|there are|it|its|that|that is|which|which is|who|has|have|having|"
    "picture of|image of|photo of|drawing of|painting of|picture|image|photo|drawing|painting|"
    "scene|scene of|showing|shows|show|draw|please|corner|side|edge|half|part|to|coloured|colored|"
    "texture|pattern|standing|sitting|lying|floating|flying|placed|located|empty|only|just|"
    "all|every|each|exactly|a picture of|an image of|a photo of|a drawing of|a scene with|"
    "a scene of|a picture with|an image with"
)


def _split(words: str) -> list[str]:
    return [word for word in (words.split("|") if "|" in words else words.split()) if word]


@lru_cache(maxsize=1)
def vocabulary() -> dict[tuple[str, ...], Word]:
    """Every word and phrase of prompts."""
    found: dict[tuple[str, ...], Word] = {}

    def add(text: str, word: Word) -> None:
        found.setdefault(tuple(text.split()), word)

    def noun(text: str, value: str) -> None:
        head, _, last = text.rpartition(" ")
        add(text, Word("name", value))
        several = f"{head} {plural(last)}".strip()
        if not last.endswith("thing") or last == "thing":
            add(several, Word("name", value, several != text))

    for name in NAMES:
        for text in (name, *_split(_NAMES.get(name, ""))):
            noun(text, name)
    for group, words in _GROUPS.items():
        for text in _split(words):
            noun(text, " ".join(GROUPS[group]))
    for text in _split(_ANY):
        noun(text, "")
    for colour in COLOURS:
        for text in (colour, *_split(_COLOURS[colour])):
            add(text, Word("colour", colour))
    tables: tuple[tuple[Sort, dict[str, str]], ...] = (
        *(("number", _NUMBERS), ("size", _SIZES), ("texture", _TEXTURES), ("pattern", _PATTERNS)),
        *(("setting", _SETTINGS), ("relation", _RELATIONS), ("place", _PLACES)),
    )
    for sort, table in tables:
        for value, words in table.items():
            for text in _split(words):
                add(text, Word(sort, value))
    lists: tuple[tuple[Sort, str], ...] = (
        *(("ground", _GROUND), ("before", _BEFORE), ("link", _LINKS)),
        ("skip", _SKIPPED),
    )
    for sort, words in lists:
        for text in _split(words):
            add(text, Word(sort, text))
    return found


@lru_cache(maxsize=1)
def longest() -> int:
    """Words in the longest phrase."""
    return max(map(len, vocabulary()))


@lru_cache(maxsize=1)
def single_words() -> tuple[str, ...]:
    """Every word that means something by itself, for suggestions."""
    return tuple(k[0] for k, word in vocabulary().items() if len(k) == 1 and word.sort != "skip")
