"""A suite from the command line: one document, records beside it, no run over another."""

import json
import subprocess
import sys

from neuroscribe.tasks.cli.app import run


def test_a_run_leaves_records_and_a_summary(capsys, tmp_path):
    given = ["evaluate", "functions", "--suite", "strings", "--many", "1", "--seeds", "4"]
    given += ["--out", str(tmp_path / "o"), "--json"]
    assert run(given) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= {"suite", "n", "exact", "recovered", "kinds", "baselines", "failed"}
    assert found["n"] == 8
    assert found["failed"] == 0
    assert found["language"]["inside"]["recovered"]["value"] > 0.5
    lines = (tmp_path / "o" / "functions.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert len(records) == 8
    assert all(one["truth"]["code"] and one["answer"]["words"] for one in records)
    assert all(one["calls"] <= 150 for one in records)
    assert json.loads((tmp_path / "o" / "evaluation.json").read_text()) == found
    assert run(given) == 2
    assert "holds an earlier run" in capsys.readouterr().err


def test_a_table_for_people(capsys):
    assert run(["evaluate", "functions", "--suite", "numbers", "--many", "1", "--seeds", "4"]) == 0
    said = capsys.readouterr().out
    assert "whole numbers" in said
    assert "nearest" in said


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from neuroscribe.tasks.cli.app import run; "
        "run(['evaluate', 'functions', '--help']); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'sklearn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
