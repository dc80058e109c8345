"""Rivals are parted on pictures where one holds and another does not."""

import numpy as np
from neuroscribe.tools.activations.records import inputs_of
from neuroscribe.tools.hypotheses.resolve import Hypothesis
from neuroscribe.tools.instruments import separate
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.registry import call

RED = {"kind": "colour", "colours": ["red"]}
CIRCLE = {"kind": "object", "names": ["circle"]}
RED_CIRCLE = {"kind": "thing", "of": [RED, CIRCLE]}
NOWHERE = {"kind": "and", "of": [RED, {"kind": "background", "names": ["sea"]}]}


def test_the_true_rule_wins_where_rivals_differ(lab) -> None:
    lab.hypotheses |= {"H1": RED, "H2": RED_CIRCLE, "H3": NOWHERE}
    found = call(lab, "separate", {"many": 24})
    assert found.error is None
    items = found.data["measured"]
    assert len(items) == 24
    kinds = {item["source"] for item in items}
    assert kinds == {"separate:explore", "separate:edit", "separate:drawn"}
    for item in items:  # they are what they are said to be
        rows = inputs_of(lab, [item])
        for key, predictor in lab.hypotheses.items():
            assert item["predicted"][key] == parse(predictor).evaluate(rows)[0, 0]
        assert np.ptp(list(item["predicted"].values())) == 1
    scores = {row["id"]: row["mean_inside"] for row in found.data["scores"]}
    assert scores["H1"] > 0.3
    assert found.data["agreed"]["count"] == 0
    assert {"sea"} & set(found.text.replace(",", " ").split())
    both = [item for item in items if item["predicted"]["H3"] == 1]
    assert both


def test_the_same_rule_twice_is_not_parted(lab) -> None:
    double = {"kind": "or", "of": [RED_CIRCLE, RED]}
    found = call(lab, "separate", {"hypotheses": [RED, double]})
    assert "Nothing separates" in found.text
    assert found.data["measured"] == []
    assert "record a rival" in str(call(lab, "separate", {"hypotheses": [RED]}).error)


def test_calls_are_repeatable(make_lab) -> None:
    asked = {"hypotheses": [RED, CIRCLE], "many": 10}
    one, other = (call(make_lab(), "separate", asked) for _ in range(2))
    assert one.data == other.data


def test_unmeasured_pictures_are_not_the_highest(lab) -> None:
    found = call(lab, "separate", {"hypotheses": [RED, CIRCLE], "many": 12}).data["measured"]
    for item, value in zip(found[:4], (None, 0.0, -0.5, None), strict=True):
        item["value"] = value
    rivals = [Hypothesis(key, parse(RED), RED) for key in found[0]["predicted"]]
    common = {"count": 0, "mean": None}
    inputs = [(item, item["tokens"][0]) for item in found]
    lines = separate._lines(lab, lab.chosen(None), rivals, inputs, common)
    assert not [line for line in lines if line.startswith("n/a (")]
    assert lines[-1] == "2 pictures have no finite activation and are not listed"
    shown = [line.split(" (")[0] for line in lines if "; " in line and " (" in line][1:]
    assert shown.index("0") < shown.index("-0.5")
