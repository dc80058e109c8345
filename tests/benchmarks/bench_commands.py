"""What a person waits for: `--help`, and labels of MiniLM's neurons by the built-in planner."""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from .bench import Measure, seconds

_PROGRAM = [sys.executable, "-c", "from neuroscribe.tasks.cli.app import main; main()"]


def run(quick: bool) -> list[Measure]:
    """Both commands."""
    return [_help(), *_label(2 if quick else 8)]


def _help() -> Measure:
    def ask() -> None:
        subprocess.run([*_PROGRAM, "--help"], capture_output=True, check=True)

    ask()
    value = statistics.median(seconds(ask) for _ in range(7))
    return Measure("neuroscribe --help", value, "s", 0.5)


def _label(units: int) -> list[Measure]:
    """Seconds a unit from the records; where labelling fails there is no number, and it is said."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "run"
        options = ["--units", f"random:{units}", "--data", "builtin:pydocs", "--planner", "builtin"]
        command = [*_PROGRAM, "label", "minilm", *options, "--out", str(out), "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode not in (0, 1):
            print(f"label ended with exit code {done.returncode}", file=sys.stderr)
            return []
        lines = (out / "labels.jsonl").read_text().splitlines()
    each = [json.loads(line).get("seconds") for line in lines if line.strip()]
    found = [float(value) for value in each if value is not None]
    if not found:
        print("label's records hold no seconds", file=sys.stderr)
        return []
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return [
        Measure(
            "built-in planner, median unit of MiniLM, scoring included",
            statistics.median(found),
            "s",
            10.0,
            peak_mb=peak,
            note=f"{len(found)} units on builtin:pydocs",
        )
    ]
