"""Units on rows of numbers whose weights are known, described by their coordinates."""

import numpy as np
import pytest
import torch
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners.builtin.numbers import fitted
from neuroscribe.agent.planners.builtin.planner import BuiltinFactory
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Model, Target
from neuroscribe.tools.models.own_model import from_model
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.registry import call
from torch import nn

WEIGHTS = {
    0: ({3: 1.0}, -0.5),
    1: ({1: 0.5, 4: -1.0}, 0.0),
    2: ({0: 0.5, 1: 0.2, 2: -0.7, 3: 1.0, 4: 0.1, 5: -0.4}, 0.3),
    3: ({2: -1.0}, -1.0),
    4: ({5: 1.0}, -9.0),
}
LABELS = {0: "x[3] above 0.5", 1: "-x[4] + 0.5 x[1] above", 3: "-x[2] above 1", 4: "dead"}


@pytest.fixture(scope="module")
def target() -> Target:
    network = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))
    with torch.no_grad():
        network[0].weight.zero_()
        for unit, (weights, bias) in WEIGHTS.items():
            network[0].bias[unit] = bias
            for at, weight in weights.items():
                network[0].weight[unit, at] = weight
    return from_model(Model(network, example=torch.zeros(1, 6)), name="vectors")


def _rows(n: int, seed: int) -> list[str]:
    x = np.random.default_rng(seed).normal(size=(n, 6))
    return [", ".join(f"{value:.3f}" for value in row) for row in x]


@pytest.fixture
def lab(target: Target) -> Lab:
    return Lab(target, cut(target, _rows(600, 0)))


@pytest.mark.parametrize("unit", WEIGHTS)
def test_a_rectified_sum_is_described_by_its_coordinates(target, lab, unit):
    found = investigate(lab, f"1/{unit}", BuiltinFactory()).description
    assert found.label.startswith(LABELS.get(unit, ""))
    if found.status == "dead":
        return
    fresh = cut(target, _rows(300, 1))
    (component,) = found.components
    degrees = parse(component.predictor).evaluate(fresh)[:, 0]
    truth = target.activations(fresh.trimmed(), [target.unit(f"1/{unit}")])[0, :, 0]
    assert np.corrcoef(degrees, truth)[0, 1] > 0.99
    if unit != 2:
        assert set(parse(component.predictor).weights) == set(WEIGHTS[unit][0])


def test_what_no_coordinate_tells_is_not_described():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 6))
    best = [fitted(x, np.maximum(rng.normal(size=400), 0))[0].explained for _ in range(20)]
    assert np.mean(np.array(best) > 0.02) <= 0.1


def test_tools_speak_of_coordinates(lab):
    found = call(lab, "survey", {"unit": "1/1"})
    assert found.data["coordinates"][0]["index"] == 4
    assert "token" not in found.text
    shown = call(lab, "exemplars", {"unit": "1/1", "many": 4})
    assert len(shown.data["measured"]) == 4
    written = call(lab, "activations", {"unit": "1/0", "texts": ["0, 0, 0, 2, 0, 0"]})
    assert written.data["measured"][0]["activations"] == [1.5]


def test_rivals_are_parted_and_units_found_on_rows(target, lab):
    one, other = ({"kind": "coordinates", "weights": {at: 1}, "above": 0.5} for at in ("3", "2"))
    parted = call(lab, "separate", {"unit": "1/0", "hypotheses": [one, other]})
    assert parted.error is None
    assert all(entry["source"] == "separate:explore" for entry in parted.data["measured"])
    found = call(Lab(target, lab.explore, open=True), "find_units", {"what": one})
    assert found.data["found"][0]["unit"] in ("0/0", "1/0")


def test_coordinates_are_said_in_english_and_checked(lab):
    for given, words in (
        ({"weights": {"3": 1}, "above": 0.5}, "rows where x[3] is above 0.5"),
        ({"weights": {"3": -1}, "above": 0.5}, "rows where x[3] is below -0.5"),
        (
            {"weights": {"3": 1, "1": -0.6}, "full": 2},
            "rows where x[3] - 0.6 x[1] is above 0, the more up to 2",
        ),
    ):
        assert parse({"kind": "coordinates", **given}).english() == words
    with pytest.raises(UsageError, match="greater than above"):
        parse({"kind": "coordinates", "weights": {"3": 1}, "above": 1, "full": 0})
    with pytest.raises(UsageError, match="is no row of 6 numbers"):
        cut(lab.target, ["1, 2, three, 4, 5, 6"])
