"""Planners ask for any metric, on networks that predict no next token too."""

from pathlib import Path

import bare_models
import pytest
from checks import done, rejects
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.interventions.runner import Runner
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.metrics.expression import expression
from neuroscribe.tools.metrics.inputs import input_of
from neuroscribe.tools.models import Target, clamp

TEXT = "(())"
METRIC = "class(1) - class(0)"


@pytest.fixture(scope="module")
def lab():
    target = Target.load(f"{Path(str(bare_models.__file__))}:classifier")
    return Lab(target, cut(target, [TEXT, "()()", "((", "())("] * 4), open=True)


def test_attribute_shares_it_out(lab):
    for metric, how in ((METRIC, "exact trace"), ("probability(1)", "integrated gradients")):
        found = done(lab, "attribute", {"prompt": TEXT, "metric": metric, "many": 3})
        assert len(found.data["mlp"]["units"]) == 3
        assert found.data["mlp"]["units"][0]["unit"] in found.text
        assert how in found.text.splitlines()[0]
        assert len(found.text) < 2500
    assert max(found.data["mlp"]["gap"]) < 1e-4
    assert "by gradients, not exactly" in found.text


def test_lens_reads_it_at_every_point(lab):
    found = done(lab, "lens", {"prompt": TEXT, "metric": METRIC})
    assert [one["name"] for one in found.data["points"]] == ["embed", "resid.0", "resid.1"]
    whole = done(lab, "attribute", {"prompt": TEXT, "metric": METRIC}).data["value"]
    assert found.data["points"][-1]["value"] == pytest.approx(whole, abs=1e-5)


def test_intervene_measures_it(lab):
    given = {"prompts": [TEXT, "(("], "units": ["mlp.1/3"], "metric": METRIC}
    found = done(lab, "intervene", given)
    assert METRIC in found.text
    assert len(found.data["effect"]["before"]) == 2
    assert len(found.data["controls"]) == 20


def test_patch_measures_it_and_everything_patched_is_the_source(lab):
    given = {"source": TEXT, "destination": "))((", "unit": "mlp.0/35", "metric": METRIC}
    words = {"source_word": "((", "destination_word": "))"}  # their last tokens: place 1
    found = done(lab, "patch", given | words).data
    rows = [input_of(lab.target, text) for text in (TEXT, "))((")]
    source, runner = (Runner(lab.target, row, expression(lab.target, METRIC, row)) for row in rows)
    value = source.values("mlp.0")[1, 35]
    change = clamp("mlp.0", [35], value[None, None, None]).at(places=[1])
    effect = float(runner.measure([[change]])[0]) - runner.before
    assert found["effect"]["mean"] == pytest.approx(effect, abs=1e-6)
    assert found["effect"]["source"] == pytest.approx(source.before, abs=1e-6)
    way = source.before - runner.before
    assert found["effect"]["toward_source"] == pytest.approx(effect / way, abs=1e-5)
    assert len(found["controls"]) == 20
    same = done(lab, "patch", given | {"destination": TEXT})
    assert same.data["effect"]["mean"] == pytest.approx(0, abs=1e-6)
    assert same.data["effect"]["toward_source"] is None


def test_sweep_units_measures_it(lab):
    found = done(lab, "sweep_units", {"prompts": [TEXT], "metric": METRIC, "sites": ["mlp.1"]})
    best = found.data["units"][0]
    one = done(lab, "intervene", {"prompts": [TEXT], "units": [best["unit"]], "metric": METRIC})
    assert best["effect"] == pytest.approx(one.data["effect"]["mean"], abs=1e-5)
    assert METRIC in found.text


@pytest.mark.parametrize(
    ("tool", "texts"),
    [
        ("attribute", {"prompt": TEXT}),
        ("intervene", {"prompts": [TEXT], "units": ["mlp.0/1"]}),
        ("lens", {"prompt": TEXT}),
        ("patch", {"source": TEXT, "destination": "((", "unit": "mlp.0/1"}),
        ("sweep_units", {"prompts": [TEXT]}),
    ],
)
def test_one_mistake_in_a_metric_is_one_message_everywhere(lab, tool, texts):
    rejects(
        "there is no function 'klass' (nearest: class", lab, tool, {**texts, "metric": "klass(1)"}
    )
    rejects("the output has numbers 0 to 1", lab, tool, {**texts, "metric": "class(7)"})


@pytest.mark.parametrize("tool", ["attribute", "lens"])
def test_what_cannot_be_measured_is_said(lab, tool):
    rejects("numbers 0 to 1", lab, tool, {"prompt": TEXT, "metric": "class(7)"})
    rejects("says itself what", lab, tool, {"prompt": TEXT, "metric": METRIC, "target": "("})
    rejects("no causal language model", lab, tool, {"prompt": TEXT, "target": "("})
