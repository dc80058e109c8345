"""Comparing two units, where it is known what they are."""

from dataclasses import replace

import pytest
from checks import done, rejects
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call


def test_twins_go_together_and_strangers_do_not(bench):
    found = call(bench, "compare_units", {"first": "planted/0", "second": "planted/1"}).data
    assert found["alike"]
    assert found["correlation"] == pytest.approx(1, abs=1e-3)
    assert found["percentile"] == 100
    assert found["first_alone"] == found["second_alone"] == 0
    assert found["cosine"] == pytest.approx(1, abs=1e-3)
    assert found["shared"] == found["tops"]
    assert not found["tokens"]["first"]
    found = call(bench, "compare_units", {"first": "planted/0", "second": "planted/2"}).data
    assert not found["alike"]
    assert found["both"] == 0
    assert found["first_alone"] > 20 < found["second_alone"]
    assert found["cosine"] == pytest.approx(-1, abs=1e-3)
    assert [one["token"].strip() for one in found["tokens"]["first"]] == ["cat"]
    assert [one["token"].strip() for one in found["tokens"]["second"]] == ["dog"]


def test_other_units_are_compared_too(bench, open_pictures):
    found = done(bench, "compare_units", {"first": "mlp.0/3", "second": "head.1/0"})
    assert found.data["cosine"] is None
    assert found.data["pairs"] > 10
    found = done(open_pictures, "compare_units", {"first": "conv.0/0", "second": "conv.0/1"})
    assert not found.data["alike"]
    assert found.data["first_alone"] > 0 < found.data["second_alone"]
    assert {item["unit"] for item in found.data["measured"]} == {"conv.0/0", "conv.0/1"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"first": "mlp.0/1", "second": "mlp.0/1"}, "with itself"),
        ({"first": "mlp.0/1", "second": "mlp.7/1"}, "no site"),
        ({"first": "mlp.0/1"}, "second"),
    ],
)
def test_what_cannot_be_compared_is_said(bench, arguments, said):
    rejects(said, bench, "compare_units", arguments)


def test_an_interval_is_of_the_documents_there_are(bench):
    """Explore keeps a document's number though others are left out; gaps are no documents."""
    spread = replace(bench.explore, document=bench.explore.document * 50)
    apart = Lab(bench.target, spread, open=True)
    asked = {"first": "planted/0", "second": "mlp.0/3"}
    one, other = (call(lab, "compare_units", asked).data["interval"] for lab in (bench, apart))
    assert other == pytest.approx(one, abs=1e-6)
