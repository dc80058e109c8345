"""What is said of planted effects, counted by what the units really write."""

import pytest
from neuroscribe.tasks.evaluation.effects_by_kind import effects_by_kind, named
from neuroscribe.tasks.evaluation.planner_table import show
from neuroscribe.tasks.evaluation.report import write_report
from neuroscribe.tasks.evaluation.summary import summary

from tests.tasks.evaluation.test_summary import record


def _unit(number, relation, promotes, said, verdict, *, twins=(), same=(), alike=()):
    made = record(number) | {"relation": relation, "promotes": promotes, "twins": list(twins)}
    made["nameable"] = bool(promotes) or None
    made["record"] = {
        "label": "x",
        "status": "described",
        "effect": {"words": said},
        "effect_scores": {
            "verdict": verdict,
            "redundant_with": list(same),
            "alike": {**dict.fromkeys(alike, "additive"), **dict.fromkeys(same, "redundant")},
        },
    }
    return made


@pytest.fixture
def effects():
    pair = ["mlp.1/6"], ["mlp.1/6"]
    return [
        _unit(1, "own", ["cat"], "raises 'cat', 'bird' (p = .05); lowers 'rose'", "causal"),
        _unit(2, "own", ["rose"], "raises 'bird' (p = .05); lowers 'rose'", "weakly causal"),
        _unit(3, "other", ["gold"], "no effect shown", "no effect shown"),
        _unit(4, "nothing", [], "no effect shown", "no effect shown"),
        _unit(5, "twin", ["oak"], "raises 'oak'", "causal", twins=pair[0], alike=pair[1]),
        _unit(6, "twin", ["oak"], "raises 'oak'", "causal", twins=["mlp.1/5"], same=["mlp.1/9"]),
    ]


def test_shares_by_relation(effects):
    found = effects_by_kind(effects)
    assert found["own"]["named"]["value"] == 0.5  # a word that is said to be lowered is not named
    assert found["other"]["named"]["value"] == 0.0
    assert found["other"]["no effect"]["value"] == 1.0
    assert found["nothing"]["no effect"]["value"] == 1.0
    assert found["nothing"]["named"]["n"] == 0
    assert found["own"]["causal"]["value"] == 1.0
    assert found["twin"]["redundant"]["value"] == 0.5  # a twin that adds up is no redundant one
    assert found["twin"]["its twin"]["value"] == 0.5
    assert found["twin"]["by chance"]["value"] == 0.0  # the twin's own sentence does not count
    assert named("raises 'Cat'", ["cat"])
    assert not named("raises 'cats'", ["cat"])


def test_records_without_evidence_are_counted_apart(effects):
    bare = record(9) | {"relation": "nothing"}
    found = effects_by_kind([*effects, bare])
    assert found["nothing"]["n"] == 1
    assert found["nothing"]["missing"] == 1
    assert effects_by_kind([bare]) == {}


def test_the_table_and_the_page_show_them(effects, tmp_path, capsys):
    found = summary(effects)
    show(found)
    assert "What is said of effects" in capsys.readouterr().out
    page = write_report(found, effects, tmp_path, title="x").read_text()
    assert "<h2>Effects</h2>" in page
    assert "its twin" in page
