"""Fields of examples: what the data say of a text or picture beside its content.

A value is a number, a word, or true or false. A list with one value a token says something of every
place. On windows a field is an array `[window, place]`: float64 where all values are numbers (NaN:
none), else object (None: none).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import UsageError, nearest
from ..io.numbers import is_number

Scalar = bool | int | float | str
Value = Scalar | tuple[Scalar, ...]
LONGEST = 80
"""Letters of a value: what is longer is text and no field."""


class Span(NamedTuple):
    """Which tokens of a document a window holds."""

    document: int
    start: int
    stop: int
    size: int
    """Tokens of the document."""


def usable(value: Any) -> bool:
    """Whether something can be the value of a field."""
    if isinstance(value, list | tuple):
        return bool(value) and all(
            usable(one) and not isinstance(one, list | tuple) for one in value
        )
    if isinstance(value, str):
        return len(value) <= LONGEST
    return isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating)


def settled(value: Any) -> Value:
    """A value in plain Python: numbers of numpy and torch become Python's."""
    if isinstance(value, list | tuple):
        return tuple(settled(one) for one in value)  # type: ignore[misc]
    return value.item() if isinstance(value, np.generic) else value


def finite(value: Value) -> bool:
    """Whether no number of a value is NaN or infinite."""
    flat = value if isinstance(value, tuple) else (value,)
    return all(np.isfinite(one) for one in flat if isinstance(one, int | float))


def written(value: Any) -> str:
    """A value as a person writes it: true, 3, 0.5, red."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def numeric(values: Sequence[Value]) -> bool:
    """Whether a field holds numbers alone."""
    flat = (one for value in values for one in (value if isinstance(value, tuple) else (value,)))
    return all(map(is_number, flat))


def distinct(values: np.ndarray) -> list[Any]:
    """The different values of a field, in order."""
    if values.dtype == object:
        return sorted({value for value in values if value is not None}, key=str)
    return np.unique(values[~np.isnan(values)]).tolist()


def spread(
    documents: Sequence[Any], spans: Sequence[Span], shape: tuple[int, int], first: int
) -> dict[str, np.ndarray]:
    """The fields of documents over their windows: `[window, place]` by name.

    Args:
        documents: With `id`, `text` and `fields`, all of the same names.
        spans: `[window]`.
        shape: Windows and places.
        first: The place of a window's first token, behind special tokens.

    Raises:
        UsageError: if a list does not have one value a token.
    """
    out: dict[str, np.ndarray] = {}
    for name in documents[0].fields if documents else ():
        values = [document.fields.get(name) for document in documents]
        known = [value for value in values if value is not None]
        numbers = numeric(known)
        array = np.full(shape, np.nan if numbers else None, np.float64 if numbers else object)
        for row, span in enumerate(spans):
            value = values[span.document]
            if isinstance(value, tuple):
                if len(value) != span.size:
                    document = documents[span.document]
                    raise UsageError(
                        f"example {document.id} ('{document.text[:40]}') has "
                        f"{span.size} tokens and {len(value)} values of '{name}'; "
                        "give one value a token, or one for the whole example"
                    )
                array[row, first : first + span.stop - span.start] = value[span.start : span.stop]
            else:
                array[row] = value
        out[name] = array
    return out


def field_named(fields: Mapping[str, np.ndarray], name: str, where: str) -> np.ndarray:
    """The array of a field.

    Raises:
        UsageError: if there is none; says which there are.
    """
    if name in fields:
        return fields[name]
    if not fields:
        raise UsageError(
            f"field '{name}' is known of examples of the data alone, and {where} have no fields; "
            "give --data FILE.py:NAME, or a .jsonl or .csv file with fields"
        )
    raise UsageError(f"{where} have no field '{name}'; nearest: {nearest(name, fields)}")
