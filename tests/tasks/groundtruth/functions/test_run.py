"""The command from the command line: a table for people, and nothing heavy for its help."""

import subprocess
import sys

from endpoint import endpoint, says
from neuroscribe.tasks.cli.app import run


def test_a_table_for_people(capsys):
    with endpoint(says(("answer", {"words": "zero", "code": "def f(x): return 0"}))) as server:
        planner = ["--planner", "openai:m", "--base-url", server.url, "--concurrency", "1"]
        run(
            ["evaluate", "functions", "--suite", "numbers", "--many", "1", "--seeds", "4", *planner]
        )
    table = capsys.readouterr().out
    assert "whole numbers" in table
    assert "nearest" in table


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from neuroscribe.tasks.cli.app import run; "
        "run(['evaluate', 'functions', '--help']); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'sklearn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
