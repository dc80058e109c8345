"""Rivals are parted where one holds and another does not, on texts and on pictures."""

import numpy as np
import pytest
from checks import done, rejects
from neuroscribe.tools.activations.records import inputs_of
from neuroscribe.tools.hypotheses.resolve import Hypothesis
from neuroscribe.tools.instruments import separate
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.registry import call

from tests.tools.instruments.conftest import PETS, TRUE

RED = {"kind": "colour", "colours": ["red"]}
CIRCLE = {"kind": "object", "names": ["circle"]}
RED_CIRCLE = {"kind": "thing", "of": [RED, CIRCLE]}
NOWHERE = {"kind": "and", "of": [RED, {"kind": "background", "names": ["sea"]}]}


def test_separating_inputs_show_who_is_right(rivals):
    found = call(rivals, "separate", {"hypotheses": ["H1", "H2"], "many": 12})
    assert len(found.data["measured"]) == 12
    for item in found.data["measured"]:
        assert item["predicted"] == {"H1": 1.0, "H2": 0.0}  # only the exception is in dispute
        assert item["value"] == 0.0
    assert found.data["cells"][0]["true"] == ["H1"]
    both = parse(TRUE).evaluate(rivals.explore) > 0.5  # H2 holds within H1
    expected = np.nanmean(rivals.column(rivals.unit)[both & rivals.explore.counted])
    assert found.data["agreed"]["mean"] == pytest.approx(expected, rel=1e-4)
    assert {item["source"] for item in found.data["measured"]} >= {
        "separate:explore",
        "separate:edit",
    }


def test_both_directions_are_tried(rivals):
    found = call(rivals, "separate", {"hypotheses": ["H2", "H3"], "many": 12})
    cells = {tuple(cell["true"]): cell for cell in found.data["cells"]}
    assert cells["H2",]["mean"] >= 1.0
    assert cells["H3",]["mean"] == 0.0
    scores = {score["id"]: score["correlation"] for score in found.data["scores"]}
    assert scores["H2"] > 0.9 > 0 > scores["H3"]
    rivals.hypotheses["H4"] = {"kind": "words", "words": ["red"]}
    found = call(rivals, "separate", {})
    assert len(found.data["hypotheses"]) == 3
    assert found.data["hypotheses"][:2] == ["H2", "H1"]


def test_graded_predictions_are_shown_and_the_inseparable_named(rivals):
    rivals.hypotheses["H4"] = {
        "kind": "graded",
        "levels": [{"of": TRUE, "value": 1}, {"of": PETS, "value": 0.4}],
    }
    found = call(rivals, "separate", {"hypotheses": ["H1", "H2", "H4"]})
    assert "no input separated H2 and H4" in found.text
    assert "predicted by H1, H4 0.4: mean 0 " in found.text


def test_the_true_rule_wins_where_rivals_differ(pictures):
    pictures.hypotheses |= {"H1": RED, "H2": RED_CIRCLE, "H3": NOWHERE}
    found = done(pictures, "separate", {"many": 24})
    items = found.data["measured"]
    assert len(items) == 24
    kinds = {item["source"] for item in items}
    assert kinds == {"separate:explore", "separate:edit", "separate:drawn"}
    for item in items:  # they are what they are said to be
        rows = inputs_of(pictures, [item])
        for key, predictor in pictures.hypotheses.items():
            assert item["predicted"][key] == parse(predictor).evaluate(rows)[0, 0]
        assert np.ptp(list(item["predicted"].values())) == 1
    scores = {row["id"]: row["mean_inside"] for row in found.data["scores"]}
    assert scores["H1"] > 0.3
    assert found.data["agreed"]["count"] == 0
    assert {"sea"} & set(found.text.replace(",", " ").split())
    both = [item for item in items if item["predicted"]["H3"] == 1]
    assert both


def test_unmeasured_pictures_are_not_the_highest(pictures):
    found = call(pictures, "separate", {"hypotheses": [RED, CIRCLE], "many": 12}).data["measured"]
    for item, value in zip(found[:4], (None, 0.0, -0.5, None), strict=True):
        item["value"] = value
    rivals = [Hypothesis(key, parse(RED), RED) for key in found[0]["predicted"]]
    common = {"count": 0, "mean": None}
    inputs = [(item, item["tokens"][0]) for item in found]
    lines = separate._lines(pictures, pictures.chosen(None), rivals, inputs, common)
    assert not [line for line in lines if line.startswith("n/a (")]
    assert lines[-1] == "2 pictures have no finite activation and are not listed"
    shown = [line.split(" (")[0] for line in lines if "; " in line and " (" in line][1:]
    assert shown.index("0") < shown.index("-0.5")


@pytest.mark.parametrize(
    ("make", "rivals", "same"),
    [
        ("make_lab", [PETS, TRUE], [PETS, {"kind": "or", "of": [PETS, PETS]}]),
        ("make_pictures", [RED, CIRCLE], [RED, {"kind": "or", "of": [RED_CIRCLE, RED]}]),
    ],
)
def test_calls_are_repeatable_and_what_is_the_same_is_not_parted(make, rivals, same, request):
    labs = [request.getfixturevalue(make)() for _ in range(2)]
    asked = {"hypotheses": rivals, "many": 10}
    assert call(labs[0], "separate", asked).data == call(labs[1], "separate", asked).data
    nothing = call(labs[0], "separate", {"hypotheses": same})
    assert "Nothing separates" in nothing.text
    assert nothing.data["measured"] == []
    rejects("record a rival", labs[0], "separate", {"hypotheses": same[:1]})
