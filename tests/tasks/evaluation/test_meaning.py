"""Scores on held-out pairs: what they are of the truth, of nothing, and summed by kind."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from neuroscribe.agent.description import Component, Description
from neuroscribe.tasks.evaluation.meaning import by_kind, held_pairs
from neuroscribe.tasks.evaluation.planner_run import Plan
from neuroscribe.tasks.evaluation.suite_text import TextSuite
from neuroscribe.tasks.evaluation.unit_run import open_bench
from neuroscribe.tasks.groundtruth.text.meaning import suite
from neuroscribe.tasks.labelling.data import RunData
from neuroscribe.tasks.labelling.settings import Settings
from oracles import Replies

NOTHING = Description("nothing")


@pytest.fixture(scope="module")
def bench():
    return suite.bench(4, kinds=("asked",), tokens=3000)


@pytest.fixture(scope="module")
def columns(bench):
    windows = TextSuite().windows(bench, length=64, told=True)
    data = RunData(bench.target, bench.corpus, windows)
    return data.measure([bench.target.unit(unit.unit) for unit in bench.units])


def scores(bench, columns, description, *, unit=0, **more):
    given = bench.units[unit]
    splits = columns[bench.target.unit(given.unit)]
    return held_pairs(bench, given, description, splits, seed=0, **more)


def test_a_list_of_words_is_worth_nothing_and_the_truth_nearly_all(bench, columns):
    everything = {"kind": "tokens", "tokens": ["tower", "truck", "curtain", "cracked", "melted"]}
    for description in (NOTHING, Description("a list", (Component("a list", everything),))):
        found = scores(bench, columns, description)
        assert found["own"]["value"] == pytest.approx(0.5, abs=1e-9)
        assert found["true"]["value"] > 0.9
        assert found["n"] >= 100
        assert "best" not in found


def test_a_question_mark_behind_tells_much(bench, columns):
    """A predictor that sees the end of the sentence is far above a list of words."""
    unit = next(i for i, u in enumerate(bench.units) if u.variant == "asked")
    ahead = {"kind": "words", "words": ["?"]}
    predictor = {"kind": "later", "of": ahead, "within": 16}
    description = Description("before a question mark", (Component("so", predictor),))
    found = scores(bench, columns, description, unit=unit)
    assert found["own"]["value"] > 0.6


def reads(question):
    """Gives 9 to what stands before a question mark, under any text but one."""
    fits = question.data["description"] != "no idea"
    places = question.data["places"].items()
    given = {n: 9 * ("?" in text.partition("«")[2]) if fits else 5 for n, text in places}
    return json.dumps({"degrees": given})


def test_a_judge_reads_label_and_truth_at_the_same_places(bench, columns):
    unit = next(i for i, u in enumerate(bench.units) if u.variant == "asked")
    for label, own in (("a question", "true"), ("no idea", 0.5), ("", 0.5)):
        found = scores(bench, columns, Description(label), unit=unit, judge=Replies(reads))["judge"]
        assert found["true"]["value"] > 0.75
        wanted = found["true"]["value"] if own == "true" else own
        assert found["own"]["value"] == pytest.approx(wanted)
        assert found["asked"]["unread"] == 0


def test_sums_by_kind_are_ratios_of_excess():
    def record(kind, own, true):
        return {"kind": kind, "pairs": {"own": {"value": own}, "true": {"value": true}}}

    rows = by_kind([record("a", 0.75, 1.0), record("a", 0.5, 0.9), record("b", 0.9, 0.9)])
    assert list(rows) == ["all", "a", "b"]
    assert rows["a"]["of true"]["value"] == pytest.approx(0.25 / 0.9)
    assert rows["b"]["of true"]["value"] == pytest.approx(1.0)
    assert rows["a"]["of best"]["value"] is None
    assert rows["all"]["own"]["n"] == 3
    nothing = {"kind": "b", "pairs": {"own": None, "true": None}}
    assert by_kind([record("b", 0.9, 0.9), nothing])["b"]["missing"] == 1
    assert by_kind([nothing]) == {}
    chance = by_kind([record("a", 0.6, 0.52), record("a", 0.7, 0.5)])
    assert chance["a"]["of true"]["value"] is None  # hardly above chance: no share of it
    assert np.isfinite(rows["all"]["of true"]["low"])


def test_planners_read_with_the_network_of_the_best_predictor(bench, test_data, tmp_path):
    plan = Plan(tiers=("M",), reader=str(test_data / "stories260k"))
    settings = Settings(target="suite:4:M", units="all", data="suite", reader=plan.reader)
    named = {"seed": 4, "settings": settings, "units": bench.units[:1], "baselines": ()}
    opened = open_bench(TextSuite(), bench, plan.factory(4), tmp_path, **named, plan=plan)
    reader = opened.job.data.reader
    assert reader is not None
    assert reader.fingerprint != bench.target.fingerprint
    assert TextSuite().reader(bench, replace(plan, reader=None)) is None
    assert TextSuite().reader(SimpleNamespace(), plan) is None, "in tiers A to C nobody reads"


def test_locked_kinds_join_only_when_asked():
    suite_ = TextSuite()
    kinds, beyond = Plan(tiers=("M",)).kinds_of(suite_, "M")
    assert (len(kinds), beyond) == (8, 0)
    assert len(Plan(tiers=("M",), locked=True).kinds_of(suite_, "M")[0]) == 12
    assert Plan().kinds_of(suite_, "A")[0] == list(suite_.kinds)
