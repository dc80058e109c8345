"""The dozen units of the `planted` target: one concept, or, and, confounded; three of each.

A unit is about words or about other units' words; every form of a word counts. The confounded
ones answer to the end of a sentence that mentions one thing. In `builtin:stories` the thing never
comes without another, so that only written texts can tell which of the two it is.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import torch

from ...data.windows import surfaces
from ...english.inflection import plural
from .. import conditions
from ..conditions import Condition, both
from ..planted import Spec
from ..target import Target

_WORDS = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
_NEAR = 10
"""Tokens that "soon after" looks back."""

_Unit = tuple[str, str, str, tuple[str, ...], Condition]
"""Name, kind, a word that the unit promotes, the words that it is about, the condition."""


def _forms(*lists: str) -> tuple[str, ...]:
    base = [word for name in lists for word in _WORDS[name]]
    return tuple(sorted({form for word in base for form in (word, plural(word))}))


def _about(words: str) -> Condition:
    return conditions.one_of(_forms(words))


def _ends(words: str) -> Condition:
    """The end of a sentence that mentions one of these words."""
    return both(conditions.symbol("."), conditions.in_sentence(_about(words)))


def _one(name: str, promotes: str, words: str) -> _Unit:
    return name, "one", promotes, _forms(words), _about(words)


def _or(name: str, promotes: str, one: str, other: str) -> _Unit:
    return name, "or", promotes, _forms(one, other), conditions.either(_about(one), _about(other))


def _and(name: str, promotes: str, words: str, other: Condition) -> _Unit:
    return name, "and", promotes, _forms(words), both(_about(words), other)


def _confounded(name: str, promotes: str, words: str) -> _Unit:
    return name, "confounded", promotes, _forms(words), _ends(words)


_UNITS: tuple[_Unit, ...] = (
    _one("animals", "ran", "animals"),
    _or("months or weekdays", "morning", "months", "weekdays"),
    _and(
        "units of time right after a number",
        "later",
        "units of time",
        conditions.after(_about("numbers")),
    ),
    _confounded("end of a sentence about money", "paid", "currencies"),
    _one("colours", "green", "colours"),
    _or("vehicles or drinks", "drove", "vehicles", "drinks"),
    _and("capitalised numbers", "men", "numbers", conditions.capital),
    _confounded("end of a sentence about a disease", "hospital", "diseases"),
    _one("family members", "mother", "family"),
    _or("fruits or weather", "garden", "fruits", "weather"),
    _and(
        "professions soon after a woman's name",
        "carefully",
        "professions",
        conditions.earlier(_about("female names"), _NEAR),
    ),
    _confounded("end of a sentence about royalty", "castle", "royalty"),
)


def words() -> tuple[str, ...]:
    """Every word that some unit is about or promotes, as written: for the tokenizer."""
    about = {word for unit in _UNITS for word in unit[3]} | set(_forms("female names"))
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
    result = []
    for number, (name, kind, promotes, about, condition) in enumerate(_UNITS):
        token = host.tokenizer(promotes, add_special_tokens=False)["input_ids"][0]
        vector = rows[token].detach().float()
        result.append(
            Spec(
                conditions.graded(condition, 100 * number),
                length * vector / torch.linalg.vector_norm(vector),
                name=name,
                kind=kind,
                words=tuple(word for word in about if word.lower() in tokens),
                holds=condition,
                meta={"promotes": promotes},
            )
        )
    return result
