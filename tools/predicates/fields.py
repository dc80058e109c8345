"""The predicate `field`: examples by what the data say of them beside their content.

It holds of data that have the field and tells nothing of texts that come without: evaluating it
there is an error, and not 0.
"""

import operator
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from ..data.fields import field_named, written
from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..io.numbers import is_number
from .core import Predicate
from .phrases import either
from .view import View

Operator = Literal["=", "!=", ">", ">=", "<", "<=", "level"]
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    **{">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
}


class DataField(Predicate, frozen=True):
    """Examples whose field compares so with the value, or is one of a list; `level` is the number
    itself, 0 at `low` and 1 at `high`. Fields belong to the data: no other text has them.
    """

    kind: Literal["field"] = "field"
    name: str = Field(min_length=1, max_length=80)
    op: Operator = "="
    value: bool | float | str | tuple[bool | float | str, ...] | None = None
    low: float | None = Field(None, allow_inf_nan=False)
    high: float | None = Field(None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _whole(self) -> "DataField":
        if self.op == "level":
            if self.low is None or self.high is None or self.low == self.high:
                raise ValueError("level needs low and high, which differ")
        elif self.value is None or self.value == ():
            raise ValueError("give the value that the field is compared with")
        elif self.op in _COMPARE and not is_number(self.value):
            raise ValueError(f"{self.op} compares with a number")
        return self

    def values(self, view: View) -> np.ndarray:
        given = field_named(view.fields, self.name, "these texts")  # [window, place]
        if self.op in ("=", "!="):
            known = {_plain(value) for value in self._listed()}
            kinds, which = np.unique([_plain(v) for v in given.ravel()], return_inverse=True)
            same = np.isin(kinds, list(known))[which].reshape(given.shape)
            return (same if self.op == "=" else ~same & _there(given)).astype(np.float32)
        if given.dtype == object:
            raise UsageError(
                f"field '{self.name}' holds words, which have no order; write field {self.name} = "
                f"{_plain(given.ravel()[0])}"
            )
        if self.op == "level":
            assert self.low is not None
            assert self.high is not None
            share = np.clip((given - self.low) / (self.high - self.low), 0, 1)
            return np.nan_to_num(share).astype(np.float32)
        assert isinstance(self.value, bool | int | float)
        return _COMPARE[self.op](given, self.value).astype(np.float32)

    def noun(self) -> str:
        return f"{self.brief()} (of the data, not of the text)"

    def tail(self) -> str:
        return f"where {self.brief()}"

    def brief(self) -> str:
        if self.op == "level":
            return f"field {self.name}, from {self.low:g} to {self.high:g}"
        values = [_plain(value) for value in self._listed()]
        said = values[0] if len(values) == 1 else either(values)
        return f"field {self.name} {self.op} {said}"

    def _listed(self) -> tuple[Any, ...]:
        return self.value if isinstance(self.value, tuple) else (self.value,)


def reads_fields(predicate: Predicate) -> bool:
    """Whether a part of a predicate reads a field."""
    return any(isinstance(one, DataField) for one in predicate.walk())


def answers(predicate: Predicate, rows: TokenWindows | ImageRows) -> bool:
    """Whether a predicate can be evaluated on rows: one of fields needs rows that have them."""
    return all(one.name in rows.fields for one in predicate.walk() if isinstance(one, DataField))


def level(rows: TokenWindows | ImageRows, name: str) -> dict[str, Any]:
    """The number of a field itself, as JSON: linear, 0.5 at its median over these rows, so that it
    holds at half of the places, and reaching 0 or 1 at the value farthest from that.

    Raises:
        UsageError: if there is no such field, or it holds words.
    """
    given = field_named(rows.fields, name, "the data")[rows.counted]
    if given.dtype == object:
        raise UsageError(f"field '{name}' holds words, which have no order; name a value of it")
    low, high = about_median(given[~np.isnan(given)])
    return {"kind": "field", "name": name, "op": "level", "low": low, "high": high}


def about_median(numbers: np.ndarray) -> tuple[float, float]:
    """Low and high of a linear degree over numbers that is 0.5 at their median."""
    middle = float(np.median(numbers))
    reach = float(np.abs(numbers - middle).max()) or 1.0
    return middle - reach, middle + reach


def _plain(value: Any) -> str:
    """A value as it is compared: a number that is written as a word is the number."""
    text = written(value)
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def _there(given: np.ndarray) -> np.ndarray:
    """bool `[window, place]`: the field has a value."""
    return given != None if given.dtype == object else ~np.isnan(given)  # noqa: E711
