"""A planner on a network's own units: both seeds, the controls beside it, and what agrees."""

import json

from neuroscribe.tasks.evaluation.real_run import SCORES


def test_seeds_and_controls_are_scored_beside_each_other(shown, toy_folder, tmp_path):
    out = tmp_path / "out"
    text = ("--target", str(toy_folder / "model"), "--data", str(toy_folder / "text.jsonl"))
    asked = ("evaluate", "planner", "--suite", "real", *text, "--pick", "mlp.0/0")
    table = shown(*asked, "--seeds", "3", "--out", str(out))
    found = json.loads((out / "evaluation.json").read_text())
    assert (found["units"], found["seeds"]) == (1, [3, 4])
    for arm, n in ((found["own"], 2), *((one, 1) for one in found["controls"].values())):
        assert sum(arm["status"].values()) == n
        assert all(arm[score]["n"] <= n for score in SCORES)
    assert set(found["controls"]) == {"untrained", "random directions"}
    assert (out / "directions" / "labels.jsonl").exists()
    assert "untrained" in table
    assert "agreement of 2 seeds" in table
    again = shown(*asked, "--seeds", "3", "--out", str(out), "--json")
    assert json.loads(again)["own"] == found["own"]
