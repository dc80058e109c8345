"""Causal tools find what a channel does to the classes, and that others do nothing."""

import pytest
import torch
from checks import done, rejects
from colour_target import BLUE, DEAD, GREEN, RED
from neuroscribe.tools.activations.unit_stats import matched, profile
from neuroscribe.tools.interventions.neutral_pictures import removal
from neuroscribe.tools.interventions.output_change import ChangedRow, measure
from neuroscribe.tools.registry import call
from neuroscribe.tools.render.effect import effect_sentence
from neuroscribe.tools.statistics.causal_rule import LEAST_CONTROLS

MIXED = 7
"""A random mixture of colours that the head does not read."""


def test_the_profile_is_what_the_channels_are(pictures):
    known = profile(pictures, "conv.0")
    column = pictures.column(pictures.unit)[:, 0]
    assert known.peaks[:, RED] == pytest.approx(column, rel=1e-5)
    trace = pictures.target.trace(pictures.explore, ["conv.0"])
    values = trace.values["conv.0"]  # [image, place, unit]
    assert known.rate == pytest.approx((values > 0).float().mean((0, 1)).numpy(), abs=1e-6)
    assert known.size == pytest.approx(values.double().square().mean((0, 1)).sqrt().numpy())
    assert known.mean[:, 0] == pytest.approx(values.mean((0, 1)).numpy(), abs=1e-5)
    units = matched(pictures, pictures.unit)
    assert len(units) == 20
    assert not {unit.index for unit in units} & {RED, DEAD}


def test_effects_are_those_of_two_forwards(pictures):
    cases = [ChangedRow(row, (removal(pictures, pictures.unit),)) for row in (3, 5, 3)]
    found = measure(pictures, pictures.explore, cases)
    before = pictures.target.trace(pictures.explore.rows([3, 5, 3])).output.double()
    after = pictures.target.trace(
        pictures.explore.rows([3, 5, 3]), interventions=[removal(pictures, pictures.unit)]
    )
    p, q = before.log_softmax(1), after.output.double().log_softmax(1)
    sizes = (p.exp() * (p - q)).sum(1)
    for effect, size, change in zip(found, sizes, q - p, strict=True):
        assert effect.size == pytest.approx(float(size), rel=1e-4)
        assert effect.change == pytest.approx(change.numpy(), rel=1e-4)


def test_ablation_names_the_class(pictures):
    found = done(pictures, "ablate_pictures")
    assert found.data["effect"]["classes"][0]["class"] == "redness"
    assert found.data["effect"]["classes"][0]["logit"] < -0.5
    assert len(found.data["controls"]) == 20
    assert found.data["percentile"] == 100
    assert "lowers: redness" in found.text
    nothing = call(pictures, "ablate_pictures", {"units": [f"conv.0/{MIXED}"]})
    assert nothing.data["effect"]["mean"] == pytest.approx(0, abs=1e-9)
    assert nothing.data["percentile"] < 60
    given = [{"things": [{"name": "square", "colour": "red", "size": 0.5}]}]
    found = call(pictures, "ablate_pictures", {"pictures": given, "method": "scale", "factor": 2})
    up = call(pictures, "ablate_pictures", {"pictures": given})
    assert found.data["effect"]["classes"][0]["logit"] == pytest.approx(
        -up.data["effect"]["classes"][0]["logit"], rel=1e-3
    )
    assert found.data["measured"][0]["activations"][0] > 0.3
    mean = call(pictures, "ablate_pictures", {"pictures": given, "method": "mean"})
    assert -up.data["effect"]["mean"] < mean.data["effect"]["mean"] < up.data["effect"]["mean"]


def test_unit_effect_finds_the_class_and_its_size(make_pictures):
    for unit, name in ((RED, "redness"), (GREEN, "greenness"), (BLUE, "blueness")):
        found = done(make_pictures(f"conv.0/{unit}"), "unit_effect")
        data = found.data
        assert data["verdict"] == ("causal" if unit == RED else "no effect shown")  # red is largest
        assert [one["token"] for one in data["promoted"]] == [name]
        assert data["necessity"]["change"] < 0 < data["raised"]
        assert data["p"] <= 3 / (LEAST_CONTROLS + 1)  # only the other two do as much
        assert data["held_out"] == 1
        assert data["sufficiency"][-1]["size"] >= data["sufficiency"][0]["size"]
        assert f"raises '{name}'" in effect_sentence(data)
        assert len(data["controls"]) == LEAST_CONTROLS


def test_unit_effect_of_a_channel_that_nothing_reads(make_pictures):
    found = call(make_pictures(f"conv.0/{MIXED}"), "unit_effect", {})
    assert found.data["verdict"] == "no effect shown"
    assert "no effect shown beyond 39 matched units" in effect_sentence(found.data)
    dead = call(make_pictures(f"conv.0/{DEAD}"), "unit_effect", {})
    assert "above 0 on no picture" in str(dead.error)


def test_a_patch_carries_what_the_channel_carries(pictures):
    red = {"colour": "grey", "things": [{"name": "square", "colour": "red", "size": 0.5}]}
    blue = {"colour": "grey", "things": [{"name": "square", "colour": "blue", "size": 0.5}]}
    found = done(pictures, "patch_pictures", {"source": red, "destination": blue})
    assert found.data["effect"]["classes"][0]["class"] == "redness"
    assert found.data["percentile"] == 100
    assert 0.2 < found.data["effect"]["toward_source"] < 0.8
    same = call(pictures, "patch_pictures", {"source": red, "destination": red})
    assert same.data["effect"]["mean"] == pytest.approx(0, abs=1e-9)


def test_outputs_without_classes_and_not_finite(pictures, monkeypatch):
    monkeypatch.delitem(pictures.target.sites, "logit")
    found = call(pictures, "ablate_pictures", {})
    assert found.data["effect"]["measure"].startswith("turn of the output")
    assert found.data["effect"]["mean"] > 0
    rejects("no classes", pictures, "unit_effect")
    bias = pictures.target.network.head.bias
    monkeypatch.setattr(bias, "data", torch.full_like(bias, torch.nan))
    rejects("not finite", pictures, "ablate_pictures")
