"""`make bench`: runs every benchmark, prints a table and writes `bench.json` in the root.

    python -m tests.benchmarks.run [--quick] [--only index,commands,...]

Exit code 1 where a limit is broken.
"""

import argparse
import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .bench import Measure

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Runs the benchmarks and tells how they went."""
    names = sorted(path.stem[6:] for path in Path(__file__).parent.glob("bench_*.py"))
    parser = argparse.ArgumentParser(description="Speed and memory, as ratios in one run.")
    parser.add_argument("--quick", action="store_true", help="Small sizes, to try the machinery.")
    parser.add_argument("--only", default=",".join(names), help=f"Some of: {', '.join(names)}.")
    parser.add_argument("--out", type=Path, default=ROOT / "bench.json")
    chosen = parser.parse_args(arguments)
    wrong = set(chosen.only.split(",")) - set(names)
    if wrong:
        parser.error(f"no benchmark {', '.join(sorted(wrong))}; there are: {', '.join(names)}")
    measures: list[Measure] = []
    for name in chosen.only.split(","):
        print(f"{name} ...", file=sys.stderr, flush=True)
        module = importlib.import_module(f".bench_{name}", __package__)
        measures += module.run(chosen.quick)
        chosen.out.write_text(json.dumps([asdict(one) for one in measures], indent=2) + "\n")
    Console().print(table(measures))
    return int(any(measure.kept is False for measure in measures))


def table(measures: list[Measure]) -> Table:
    """The measurements with their limits."""
    made = Table(title="Benchmarks")
    for column in ("what", "value", "limit", "peak"):
        made.add_column(column, justify="left" if column == "what" else "right")
    for measure in measures:
        sign = "≤" if measure.at_most else "≥"
        limit = "" if measure.limit is None else f"{sign} {measure.limit:g} {measure.unit}"
        colour = {True: "green", False: "red", None: "default"}[measure.kept]
        peak = "" if measure.peak_mb is None else f"{measure.peak_mb:,.0f} MB"
        value = f"[{colour}]{measure.value:.3g} {measure.unit}[/]"
        name = measure.name + (f"\n[dim]{measure.note}[/]" if measure.note else "")
        made.add_row(name, value, limit, peak)
    return made


if __name__ == "__main__":
    sys.exit(main())
