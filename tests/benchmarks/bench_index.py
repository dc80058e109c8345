"""The exemplar index at GPT-2-small's shape: time against the forward alone, memory, queries."""

import statistics
import tempfile
from pathlib import Path

from .bench import Measure, apart, peak_mb, ratio, seconds

TOKENS = 16_384


def run(quick: bool) -> list[Measure]:
    """All measurements; each heavy one in a process of its own, so that peaks are its own."""
    one = apart(measure, 2048 if quick else TOKENS, 1 if quick else 3)
    four = apart(measure, 8192 if quick else 4 * TOKENS, 0)
    return [
        Measure(
            "index of all neurons over the forward of the body",
            one["ratio"],
            "x",
            1.10,
            peak_mb=one["peak"],
            note=f"GPT-2-small shape, {one['tokens']} tokens, k=20, both signs",
        ),
        Measure(
            "peak memory of an index over 4 times the corpus",
            four["peak"] / one["index_peak"],
            "x",
            1.05,
            peak_mb=four["peak"],
        ),
        Measure("query of one unit", one["query_ms"], "ms", 10.0, peak_mb=one["peak"]),
    ]


def measure(tokens: int, times: int) -> dict[str, float]:
    """Seconds and memory of building, milliseconds of a query."""
    from neuroscribe.tools.exemplars import ExemplarIndex, build_index
    from neuroscribe.tools.exemplars.places import rows_of_block

    from .shapes import gpt2_small, random_windows

    target, windows = gpt2_small(), random_windows(tokens)
    sites = [name for name in target.sites if name.startswith("mlp.")]
    rows = rows_of_block(windows, max(target.sites[name].units for name in sites))
    folders = iter(range(1000))

    def forward() -> None:
        for at in range(0, len(windows), rows):
            target.trace(windows.rows(slice(at, at + rows)), output=False)

    with tempfile.TemporaryDirectory() as place:

        def index() -> None:
            build_index(target, windows, sites, Path(place) / str(next(folders)))

        index()
        found = {"tokens": tokens, "index_peak": peak_mb(), "ratio": 0.0}
        if times:
            found["ratio"] = ratio(index, forward, times=times)
        opened = ExemplarIndex.open(Path(place) / "0", target=target, windows=windows)
        units = [f"{site}/{number}" for site in sites for number in range(5, 3072, 611)]
        for unit in units:
            opened.unit(unit)
        each = [seconds(lambda unit=unit: opened.unit(unit)) for unit in units]
        return found | {"query_ms": 1000 * statistics.median(each)}
