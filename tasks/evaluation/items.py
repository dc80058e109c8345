"""Items of a choice between explanations: one true, several false, with the unit's activations.

    [{name, explanation, false_explanations, activation_records: [{tokens, activations}]}]

As an array, as JSON lines, or as an object of such items by name; `sentences`, lists of tokens and
`[token, activation]` pairs, stand for the records of OpenAI's neuron puzzles.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from ...tools.errors import UsageError
from .formats.given import Place, Problem, short
from .formats.lines import Bad, read_bytes, values
from .formats.records import checked_text
from .records import Record

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST_TOKENS = 50_000
"""Of all records of one item."""


class Question(NamedTuple):
    """What a chooser sees of an item: nothing in it says which option is true."""

    options: tuple[str, ...]
    records: tuple[Record, ...]


class Item(NamedTuple):
    """One item with its answer."""

    name: str
    place: Place
    question: Question
    true: int
    """Index of the true option."""


def read_items(path: Path, *, seed: int = 0) -> tuple[list[Item], list[Problem]]:
    """The items of a file, options in an order that the seed decides, and what cannot be used.

    Raises:
        UsageError: if the file cannot be read.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    data, damage = read_bytes(path)
    items: list[Item] = []
    problems: list[Problem] = []
    names: dict[str, Place] = {}
    place = Place(1)
    for line in values(data):
        place = Place(line.number)
        if isinstance(line, Bad):
            problems.append(Problem(place, line.reason))
            continue
        for key, entry in _entries(line.value):
            try:
                item = _item(entry, key, place, np.random.default_rng([seed, len(items)]))
                if item.name in names:
                    raise ValueError(f"{short(item.name)} stands on {names[item.name]} already")
            except ValueError as error:
                named = f"{short(key)}: " if key else ""
                problems.append(Problem(place, f"{named}{error}"))
                continue
            names[item.name] = place
            items.append(item)
    if damage is not None or not (items or problems):
        problems.append(Problem(place, damage or "the file is empty"))
    return items, problems


def _entries(value: Any) -> list[tuple[str, Any]]:
    """The items in one JSON value, with their keys where they stand in an object."""
    if isinstance(value, Mapping) and "explanation" not in value and value:
        inner = [item for item in value.values() if isinstance(item, Mapping)]
        if inner and any("explanation" in item for item in inner):
            return [(str(key), item) for key, item in value.items()]
    return [("", value)]


def _item(entry: Any, key: str, place: Place, rng: np.random.Generator) -> Item:
    if not isinstance(entry, Mapping):
        raise ValueError(f"not an object but {short(entry)}")
    name = entry.get("name", key)
    name = str(name)[:200] if isinstance(name, (str, int)) and str(name) else f"item {place.line}"
    true = checked_text(entry.get("explanation"), "the explanation")
    listed = entry.get("false_explanations")
    if not isinstance(listed, list) or not listed:
        raise ValueError("has no false_explanations to choose from")
    false = list(dict.fromkeys(checked_text(item, "a false explanation") for item in listed))
    if true.casefold() in {text.casefold() for text in false}:
        raise ValueError("the true explanation stands among the false ones")
    if len(false) >= len(LETTERS):
        raise ValueError(f"{len(false) + 1} explanations, at most {len(LETTERS)} are compared")
    records = _records(entry)
    if not any(value > 0 for record in records for value in record.activations):
        raise ValueError("no token has an activation above zero")
    options = [true, *false]
    order = rng.permutation(len(options))
    shuffled = tuple(options[at] for at in order)
    return Item(name, place, Question(shuffled, records), int(np.flatnonzero(order == 0)[0]))


def _records(entry: Mapping[str, Any]) -> tuple[Record, ...]:
    listed = entry.get("activation_records")
    if listed is None and isinstance(entry.get("sentences"), list):
        listed = [_of_pairs(row) for row in entry["sentences"]]
    if not isinstance(listed, list) or not listed:
        raise ValueError("has no activation_records")
    result = [_record(record, number) for number, record in enumerate(listed, 1)]
    n = sum(len(record.tokens) for record in result)
    if n > MOST_TOKENS:
        raise ValueError(f"{n:,} tokens, at most {MOST_TOKENS:,} are read")
    return tuple(result)


def _record(record: Any, number: int) -> Record:
    if not isinstance(record, Mapping):
        raise ValueError(f"record {number} is not an object")
    tokens, activations = record.get("tokens"), record.get("activations")
    if not _all(tokens, str) or not tokens:
        raise ValueError(f"the tokens of record {number} are not a list of text")
    if not _all(activations, int, float):
        raise ValueError(f"the activations of record {number} are not a list of numbers")
    if len(tokens) != len(activations):
        raise ValueError(
            f"record {number} has {len(tokens)} tokens and {len(activations)} activations"
        )
    if not all(math.isfinite(value) for value in activations):
        raise ValueError(f"record {number} has an activation that is not finite")
    return Record(tuple(tokens), tuple(float(value) for value in activations))


def _of_pairs(row: Any) -> Any:
    """A sentence of a neuron puzzle: bare tokens are not active."""
    if not isinstance(row, list):
        return row
    pairs = [item if isinstance(item, list) and len(item) == 2 else [item, 0.0] for item in row]
    return {"tokens": [pair[0] for pair in pairs], "activations": [pair[1] for pair in pairs]}


def _all(given: Any, *kinds: type) -> TypeGuard[list[Any]]:
    return isinstance(given, list) and all(
        isinstance(item, kinds) and not isinstance(item, bool) for item in given
    )
