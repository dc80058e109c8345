"""Shapes of JSON out of files."""

from typing import Any, NotRequired, TypedDict

import pytest
from checks import refused, tables
from neuroscribe.tools.io.shapes import check, fault

TABLES = tables(__file__)


class Inner(TypedDict):
    name: str
    many: NotRequired[int | None]


class Outer(TypedDict):
    units: list[str]
    parts: dict[str, Inner]
    share: float


GOOD: dict[str, Any] = {"units": ["a"], "parts": {"x": {"name": "b", "many": 2}}, "share": 1}


@pytest.mark.parametrize(("change", "said"), TABLES["what_is_wrong_is_said_with_its_place"])
def test_what_is_wrong_is_said_with_its_place(change, said):
    assert fault(GOOD, Outer) is None
    caught = refused(r"run\.json: ", check, {**GOOD, **change}, Outer, "run.json")
    assert said in caught


def test_optional_values_may_be_null_or_absent():
    assert (
        fault({**GOOD, "parts": {"x": {"name": "b", "many": None}, "y": {"name": ""}}}, Outer)
        is None
    )
    assert fault([], Outer) == "it is a list, not an object"
