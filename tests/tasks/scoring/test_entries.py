"""Scores as records hold them, in any shape that a file may have."""

import pytest
from neuroscribe.tasks.scoring.entries import beside_within, value_of


def test_scores_within_tokens_are_read_by_their_path():
    one = {"auroc": {"value": 0.61, "low": 0.5, "high": 0.7}, "correlation": {"value": 0.2}}
    scores = {"within": {**one, "bigram": one, "reference": {"reader": "smollm2", **one}}}
    assert value_of(scores, "within.auroc") == 0.61
    assert beside_within(scores) == [
        "bigram table: AUROC 0.610, correlation 0.200",
        "reference (smollm2's states): AUROC 0.610, correlation 0.200",
    ]


@pytest.mark.parametrize(
    "within",
    [
        None,
        3,
        "x",
        [],
        {},
        {"bigram": 3},
        {"bigram": {"auroc": None}},
        {"reference": {"auroc": []}},
    ],
)
def test_odd_shapes_say_nothing(within):
    assert value_of({"within": within}, "within.auroc") is None
    assert beside_within({"within": within}) == []
    assert beside_within(None) == []
