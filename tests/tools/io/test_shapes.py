"""Shapes of JSON out of files."""

import json
from typing import Any, NotRequired, TypedDict

import pytest
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.io.shapes import check, fault


class Inner(TypedDict):
    name: str
    many: NotRequired[int | None]


class Outer(TypedDict):
    units: list[str]
    parts: dict[str, Inner]
    share: float


GOOD: dict[str, Any] = {"units": ["a"], "parts": {"x": {"name": "b", "many": 2}}, "share": 1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"units": 3}, "units is a whole number, not a list"),
        ({"units": ["a", None]}, "units[1] is null, not a text"),
        ({"parts": []}, "parts is a list, not an object"),
        ({"parts": {"x": {}}}, "parts.x.name is missing"),
        ({"parts": {"x": {"name": "b", "many": "2"}}}, "parts.x.many is a text, not a whole "),
        ({"parts": {"x": {"name": "b", "many": True}}}, "parts.x.many is true or false, not"),
        ({"share": json.loads("NaN")}, "share is nan, not a number"),
        ({"share": "1"}, "share is a text, not a number"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change: dict[str, Any], said: str) -> None:
    assert fault(GOOD, Outer) is None
    with pytest.raises(UsageError, match=r"run\.json: ") as caught:
        check({**GOOD, **change}, Outer, "run.json")
    assert said in str(caught.value)


def test_optional_values_may_be_null_or_absent() -> None:
    assert (
        fault({**GOOD, "parts": {"x": {"name": "b", "many": None}, "y": {"name": ""}}}, Outer)
        is None
    )
    assert fault([], Outer) == "it is a list, not an object"
