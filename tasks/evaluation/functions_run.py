"""One run of a suite, as the command line and Python start it, and what it leaves on the disk."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...tools.errors import UsageError
from ..groundtruth.functions.blackbox import Investigate
from ..groundtruth.functions.suite import SUITES, run_suite, summed
from ..runs.jsonl import append

if TYPE_CHECKING:
    from ...tools.llm.client import LLM

NAMES = (*SUITES, "modular")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """What is run."""

    suite: str
    """`numbers`, `strings` or `modular`."""
    planner: str = "builtin"
    """`openai:MODEL`; for `modular` also `builtin`, a search over frequencies."""
    base_url: str | None = None
    reader: str | None = None
    """`openai:MODEL` that judges the words; None: they are kept and not judged."""
    seeds: tuple[int, ...] = (1,)
    many: int = 4
    """Functions of each kind and seed."""
    budget: int | None = None
    """Calls a function (`modular`: pairs in all); None: the suite's own."""
    model: Path | None = None
    """Folder of the modular-addition model."""
    units: int = 0
    """Neurons of the modular suite; 0: all."""
    turns: int = 20
    """Answers of a language model a function."""
    at_once: int = 0
    """Functions at a time; 0: 4 with a language model, else 1."""

    @property
    def workers(self) -> int:
        """Functions at a time."""
        return self.at_once or (1 if self.planner == "builtin" and not self.reader else 4)


def run_job(job: Job, out: Path | None = None, *, progress: Progress | None = None) -> dict:
    """Runs a suite and gives its summary.

    Args:
        job: What to run.
        out: Folder for `functions.jsonl` (one line a function, written as it is done) and
            `evaluation.json`; None: nothing is written.
        progress: Called with how many are done, and of how many.

    Raises:
        UsageError: for an unknown suite or planner, or a folder that holds an earlier run.
    """
    started = time.monotonic()
    if job.suite not in NAMES:
        raise UsageError(f"there is no suite '{job.suite}'; give {', '.join(NAMES)}")
    investigate, reader = _investigator(job), None
    if job.reader is not None:
        from ..groundtruth.functions.reader import Reader

        reader = Reader(_client("--reader", job.reader, job))
    if investigate is None and job.suite != "modular":
        raise UsageError(
            f"functions of the suite '{job.suite}' are described by a language model: give "
            "--planner openai:MODEL, with --base-url for an endpoint of your own"
        )
    if reader is not None and job.suite == "modular":
        raise UsageError("--reader judges words of numbers and strings, not of neurons")
    lines = out / "functions.jsonl" if out is not None else None
    if lines is not None:
        if lines.exists():
            raise UsageError(f"{lines.parent} holds an earlier run; give another --out")
        lines.parent.mkdir(parents=True, exist_ok=True)

    def keep(record: dict[str, Any]) -> None:
        if lines is not None:
            append(lines, record)

    if job.suite == "modular":
        from ..groundtruth.modular.suite import run_modular

        result = run_modular(
            investigate,
            model=job.model,
            seeds=job.seeds,
            budget=job.budget,
            units=job.units,
            workers=job.workers,
            keep=keep,
            progress=progress,
        )
    else:
        assert investigate is not None
        records = run_suite(
            job.suite,
            investigate,
            seeds=job.seeds,
            many=job.many,
            budget=job.budget,
            reader=reader,
            at_once=job.workers,
            keep=lambda record: keep(record.as_dict()),
            progress=progress,
        )
        result = summed(job.suite, records)
    result |= {
        "planner": job.planner,
        "seeds": list(job.seeds),
        "wall_seconds": round(time.monotonic() - started, 2),
    }
    if out is not None:
        (out / "evaluation.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    return result


def _investigator(job: Job) -> Investigate | None:
    """The language model that the job names; None: the built-in search of the modular suite."""
    if job.planner == "builtin":
        return None
    from ..groundtruth.functions.chat import ChatInvestigator

    return ChatInvestigator(_client("--planner", job.planner, job), turns=job.turns)


def _client(option: str, spec: str, job: Job) -> "LLM":
    kind, colon, model = spec.partition(":")
    if kind != "openai" or not colon or not model:
        known = "builtin or openai:MODEL" if option == "--planner" else "openai:MODEL"
        raise UsageError(f"{option} '{spec}' is not known here; give {known}")
    from ...tools.llm.client import LLM

    return LLM(model, base_url=job.base_url)
