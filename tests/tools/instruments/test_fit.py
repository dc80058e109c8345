"""Fits: what a hypothesis adds to token means, of a unit on for pets, but not behind `no`."""

import numpy as np
import pytest
from checks import rejects
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call
from word_model import WORDS

from tests.tools.instruments.conftest import PETS, TREES, TRUE

CATS = {"kind": "words", "words": ["cat"]}
HALF = {"kind": "earlier", "of": {"kind": "words", "words": ["tree"]}}
"""Holds at some places of every token, and has nothing to do with the unit."""


def test_context_gains_and_words_that_the_table_knows_do_not(rivals):
    result = call(rivals, "fit", {"hypotheses": ["H1", "H2", HALF]})
    assert result.error is None, result.error
    words, context, nothing = result.data["tests"]
    r_squared = {name: value["value"] for name, value in result.data["r_squared"].items()}
    assert r_squared["both"] > r_squared["table"] + 0.05
    assert r_squared["both"] > r_squared["hypotheses"] > 0.5
    assert context["gain"]["low"] > max(context["control"])
    assert context["weight"] > 0.8
    for one in (words, nothing):
        assert one["gain"]["value"] < 0.01
    assert result.data["within"]["correlation"]["low"] > 0.7
    assert f"H2: {TRUE['kind']}" not in result.text
    assert "both " in result.text
    assert f"n={context['holds']}" in result.text
    column = rivals.column(rivals.unit)[rivals.explore.counted]
    assert result.data["places"] == column.size


def test_noise_gains_no_more_than_its_control(make_lab, planted):
    rng = np.random.default_rng(1)
    texts = [" ".join(rng.choice(WORDS, 30)) for _ in range(80)]
    lab = Lab(planted, cut(planted, texts, length=32), unit=planted.unit("planted/0"))
    column = lab.column(lab.unit)
    noise = rng.normal(size=column.shape).astype(np.float32)
    lab.columns[lab.unit] = np.where(np.isfinite(column), noise, np.nan)
    result = call(lab, "fit", {"hypotheses": [CATS, HALF, TREES, {"kind": "repeated"}]})
    for row in result.data["tests"]:
        assert row["gain"]["low"] <= 0.002
        assert abs(row["gain"]["value"] - np.mean(row["control"])) < 0.01
    assert abs(result.data["r_squared"]["table"]["value"]) < 0.02


def test_what_cannot_be_fitted_is_said(rivals, planted):
    never = call(rivals, "fit", {"hypotheses": [{"kind": "words", "words": ["zebra"]}, "H2"]})
    assert "never holds on explore" in never.text
    silent = Lab(planted, rivals.explore, unit=planted.unit("planted/1"), hypotheses={"H1": PETS})
    rejects("does not vary", silent, "fit")
    one = Lab(planted, rivals.explore.rows([0]), unit=rivals.unit, hypotheses={"H1": PETS})
    rejects("one document", one, "fit")
    rejects("no hypothesis yet", Lab(planted, rivals.explore, unit=rivals.unit), "fit")


def test_a_hypothesis_that_lowers_has_no_weight(rivals):
    behind = {"kind": "previous", "of": {"kind": "words", "words": ["no"]}}
    result = call(rivals, "fit", {"hypotheses": ["H1", behind]})
    assert result.data["tests"][1]["weight"] == pytest.approx(0, abs=0.05)


def test_what_lowers_the_unit_is_fitted_with_its_sign(rivals):
    no = {
        "kind": "and",
        "of": [PETS, {"kind": "previous", "of": {"kind": "words", "words": ["no"]}}],
    }
    plain = call(rivals, "fit", {"hypotheses": ["H1", no]})
    assert plain.data["tests"][1]["weight"] == 0
    signed = call(rivals, "fit", {"hypotheses": ["H1"], "lowering": [no]})
    assert signed.error is None, signed.error
    row = signed.data["tests"][1]
    assert row["weight"] < -0.5
    assert row["gain"]["low"] > max(row["control"])
    assert row["holds"] == plain.data["tests"][1]["holds"]
    assert row["correlation"] == pytest.approx(plain.data["tests"][1]["correlation"])
