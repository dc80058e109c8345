"""The dozen units of the `planted` target: one concept, or, and, confounded; three of each.

A unit is about words or about other units' words; every form of a word counts. The confounded
ones answer to the end of a sentence that mentions one thing. In `builtin:stories` the thing never
comes without another, so that only written texts can tell which of the two it is.
"""

from collections.abc import Sequence

import torch

from ...data.windows import surfaces
from ...english.inflection import plural
from ..conditions import (
    Condition,
    after,
    both,
    capital,
    earlier,
    either,
    graded,
    in_sentence,
    one_of,
    symbol,
)
from ..planted import Spec
from ..target import Target

_ANIMALS = """
cat dog horse mouse rabbit fox wolf bear lion tiger elephant giraffe monkey zebra camel
squirrel hedgehog otter beaver badger deer kangaroo panda leopard rhinoceros hippopotamus rat
bat
"""
_COLOURS = """
red blue green yellow black white brown pink purple grey orange violet crimson scarlet lilac
beige maroon golden silver indigo
"""
_FAMILY = """
mother father sister brother aunt uncle cousin grandmother grandfather niece nephew daughter
son wife husband grandson granddaughter stepmother stepfather twin
"""
_MONTHS = """
January February March April May June July August September October November December
"""
_WEEKDAYS = """
Monday Tuesday Wednesday Thursday Friday Saturday Sunday
"""
_VEHICLES = """
car bus truck van bicycle motorcycle tram taxi train lorry scooter tractor ambulance limousine
helicopter airplane minibus jeep bulldozer sledge carriage wagon
"""
_DRINKS = """
milk tea coffee juice water lemonade wine beer cocoa cider whisky champagne vodka rum gin cola
espresso brandy sherry ginger
"""
_FRUITS = """
apple banana cherry grape lemon lime mango orange peach pear plum strawberry raspberry
blueberry pineapple melon apricot fig kiwi papaya coconut grapefruit
"""
_WEATHER = """
rain snow fog wind hail thunder lightning sleet mist drizzle frost sunshine ice slush smog
humidity dew haze rainfall snowfall
"""
_UNITS_OF_TIME = """
second minute hour day week month year decade century fortnight moment night morning evening
afternoon weekend season generation millennium quarter
"""
_NUMBERS = """
two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty thirty forty fifty sixty ninety
"""
_PROFESSIONS = """
doctor nurse teacher lawyer engineer carpenter plumber electrician baker butcher farmer pilot
dentist architect accountant journalist librarian chef barber tailor mechanic firefighter
scientist gardener
"""
_FEMALE_NAMES = """
Anna Mary Emma Lucy Sarah Alice Clara Julia Laura Sophie Helen Nora Grace Ellen Maria Jane Kate
Eva Martha Ida Olivia Hannah Zoe Rachel
"""
_CURRENCIES = """
dollar euro peso rupee yen franc rouble dinar krona lira shilling guilder drachma ducat florin
zloty rand forint cent escudo
"""
_DISEASES = """
malaria measles asthma pneumonia influenza tuberculosis cholera diabetes arthritis bronchitis
mumps rabies hepatitis leukaemia smallpox typhoid scurvy eczema polio tetanus
"""
_ROYALTY = """
king queen prince princess emperor empress duke duchess baron baroness earl sultan tsar pharaoh
monarch viscount countess maharaja archduke regent
"""

_NEAR = 10
"""Tokens that "soon after" looks back."""

_Unit = tuple[str, str, str, tuple[str, ...], Condition]
"""Name, kind, a word that the unit promotes, the words that it is about, the condition."""


def _forms(*lists: str) -> tuple[str, ...]:
    base = [word for words in lists for word in words.split()]
    return tuple(sorted({form for word in base for form in (word, plural(word))}))


def _about(words: str) -> Condition:
    return one_of(_forms(words))


def _ends(words: str) -> Condition:
    """The end of a sentence that mentions one of the words."""
    return both(symbol("."), in_sentence(_about(words)))


def _one(name: str, promotes: str, words: str) -> _Unit:
    return name, "one", promotes, _forms(words), _about(words)


def _or(name: str, promotes: str, one: str, other: str) -> _Unit:
    return name, "or", promotes, _forms(one, other), either(_about(one), _about(other))


def _and(name: str, promotes: str, words: str, other: Condition) -> _Unit:
    return name, "and", promotes, _forms(words), both(_about(words), other)


def _confounded(name: str, promotes: str, words: str) -> _Unit:
    return name, "confounded", promotes, _forms(words), _ends(words)


_UNITS: tuple[_Unit, ...] = (
    _one("animals", "ran", _ANIMALS),
    _or("months or weekdays", "morning", _MONTHS, _WEEKDAYS),
    _and("units of time right after a number", "later", _UNITS_OF_TIME, after(_about(_NUMBERS))),
    _confounded("end of a sentence about money", "paid", _CURRENCIES),
    _one("colours", "green", _COLOURS),
    _or("vehicles or drinks", "drove", _VEHICLES, _DRINKS),
    _and("capitalised numbers", "men", _NUMBERS, capital),
    _confounded("end of a sentence about a disease", "hospital", _DISEASES),
    _one("family members", "mother", _FAMILY),
    _or("fruits or weather", "garden", _FRUITS, _WEATHER),
    _and(
        "professions soon after a woman's name",
        "carefully",
        _PROFESSIONS,
        earlier(_about(_FEMALE_NAMES), _NEAR),
    ),
    _confounded("end of a sentence about royalty", "castle", _ROYALTY),
)


def words() -> tuple[str, ...]:
    """Every word that some unit is about or promotes, as written: for the tokenizer."""
    about = {word for unit in _UNITS for word in unit[3]} | set(_forms(_FEMALE_NAMES))
    every = about | {unit[2] for unit in _UNITS}
    return tuple(sorted(every | {word.capitalize() for word in about}))


def specs(host: Target, *, length: float) -> Sequence[Spec]:
    """The units; each writes along the unembedding of the word that it promotes.

    Args:
        host: A model with tied or untied output embeddings, `[id, d]`.
        length: Norm of what one unit of activation writes.
    """
    rows: torch.Tensor = host.network.get_output_embeddings().weight  # type: ignore
    tokens = {surface.strip().lower() for surface in surfaces(host)}
    found = []
    for number, (name, kind, promotes, about, condition) in enumerate(_UNITS):
        token = host.tokenizer(promotes, add_special_tokens=False)["input_ids"][0]
        vector = rows[token].detach().float()
        found.append(
            Spec(
                graded(condition, 100 * number),
                length * vector / torch.linalg.vector_norm(vector),
                name=name,
                kind=kind,
                words=tuple(word for word in about if word.lower() in tokens),
                holds=condition,
                meta={"promotes": promotes},
            )
        )
    return found
