"""Runs compared unit by unit: means over the units that both have, with an interval."""

from pathlib import Path

import pytest
from neuroscribe.tasks.evaluation.paired_runs import compared
from neuroscribe.tasks.labelling.results import LabelRun, UnitLabel
from neuroscribe.tools.errors import UsageError

SETTINGS = {"target": "t", "data": "d", "tokens": 1000, "context_length": 64}


def run(name: str, values: dict[str, float | None], tokens: int = 0, **settings: str) -> LabelRun:
    units = []
    for unit, value in values.items():
        scores = {"correlation": value, "within": {"auroc": {"value": value and value / 2}}}
        meter = {"tokens_in": 3 * tokens, "tokens_cached": tokens, "tokens_out": tokens}
        record = {"unit": unit, "scores": scores, "meter": meter}
        units.append(UnitLabel(unit, unit, "described", record))
    return LabelRun(Path(name), {**SETTINGS, **settings}, {}, tuple(units))


def test_the_difference_is_over_the_units_that_both_have() -> None:
    first = run("a", {"u": 0.2, "v": 0.4, "w": None, "x": 0.9})
    other = run("b", {"u": 0.5, "v": 0.6, "w": 0.9, "y": 0.1}, tokens=100)
    document = compared([first, other])
    (one,) = document["runs"]
    assert (document["first"], one["run"], document["tokens"], one["tokens"]) == ("a", "b", 0, 300)
    rows = {row["score"]: row for row in one["scores"]}
    assert set(rows) == {"correlation", "within"}
    assert rows["correlation"]["units"] == 2
    assert rows["correlation"]["first"] == pytest.approx(0.3)
    assert rows["correlation"]["difference"] == pytest.approx(0.25)
    assert rows["within"]["difference"] == pytest.approx(0.125)
    low, high = rows["correlation"]["interval"]
    assert low == pytest.approx(0.2)
    assert high == pytest.approx(0.3)


def test_one_unit_has_no_interval() -> None:
    (one,) = compared([run("a", {"u": 0.2}), run("b", {"u": 0.5})])["runs"]
    assert [row["interval"] for row in one["scores"]] == [None, None]


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], "two run folders or more"),
        ([run("b", {"v": 0.2})], "no unit in common"),
        ([run("b", {"u": 0.2}, data="e")], "b has data e and a d"),
    ],
)
def test_runs_that_do_not_compare_are_refused(others: list[LabelRun], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        compared([run("a", {"u": 0.2}), *others])
