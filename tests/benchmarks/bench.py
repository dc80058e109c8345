"""What a benchmark gives, and how long and how large it was."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measure:
    """One number against its limit."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_most: bool = True
    """Whether the limit is an upper one."""
    peak_mb: float | None = None
    """Largest resident memory of the process that measured it."""
    note: str = ""

    @property
    def kept(self) -> bool | None:
        """Whether the limit is kept; None without one."""
        if self.limit is None:
            return None
        return self.value <= self.limit if self.at_most else self.value >= self.limit


def seconds(run: Callable[[], Any]) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def ratio(one: Callable[[], Any], other: Callable[[], Any], *, times: int = 3) -> float:
    """Median of `one` over `other`, measured in turns, so that a busy machine slows both."""
    other()
    pairs = [(seconds(one), seconds(other)) for _ in range(times)]
    return statistics.median(a / b for a, b in pairs)


def peak_mb() -> float:
    """Largest resident memory of this process so far, in MB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(measure: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """What a function returns in a fresh Python process, and the `peak` of its memory there."""
    code = (
        "import json, sys; from tests.benchmarks.bench import peak_mb; "
        f"from {measure.__module__} import {measure.__name__} as measure; "
        "found = measure(*json.loads(sys.argv[1])); print(json.dumps({**found, 'peak': peak_mb()}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(arguments)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "TOKENIZERS_PARALLELISM": "false"},
    )
    return json.loads(done.stdout)
