"""Planners ask for any metric, on networks that predict no next token too."""

from pathlib import Path

import bare_models
import pytest
from checks import done, rejects
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target

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


@pytest.mark.parametrize("tool", ["attribute", "lens"])
def test_what_cannot_be_measured_is_said(lab, tool):
    rejects("numbers 0 to 1", lab, tool, {"prompt": TEXT, "metric": "class(7)"})
    rejects("says itself what", lab, tool, {"prompt": TEXT, "metric": METRIC, "target": "("})
    rejects("no causal language model", lab, tool, {"prompt": TEXT, "target": "("})
