"""Numbers as studies write them: `.47 [.38, .56]`."""

from collections.abc import Mapping
from typing import Any

from ..report.tables import number


def with_interval(value: Mapping[str, Any] | None, digits: int = 2) -> str:
    """`.47 [.38, .56]`; `.47` where there is no interval."""
    if value is None or value["value"] is None:
        return "–"
    if value["low"] is not None and value["low"] != value["low"]:
        return number(value["value"], digits)
    return "{} [{}, {}]".format(*(number(value[key], digits) for key in ("value", "low", "high")))


def of_n(value: Mapping[str, Any]) -> str:
    """`.47 [.38, .56] of 80`."""
    return f"{with_interval(value)} of {value['n']}"
