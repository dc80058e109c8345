"""The benchmark of a planner: every planted unit of chosen seeds labelled and judged.

Each bench (a seed and a tier) is a job for one process; a record is on the disk, whole, before the
next unit begins, and the same call again goes on where it stopped. The order of units is drawn by
seed, so that what is done first is a fair sample.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ...agent.planners import planner_factory
from ...agent.planners.builtin.planner import BuiltinFactory
from ...agent.state import PlannerFactory
from ...tools.errors import UsageError, nearest
from ...tools.io.files import write_whole
from ...tools.io.lock import owned
from ...tools.llm.endpoints import public_options
from ..groundtruth.images.suite import PICTURES
from ..groundtruth.planted import INEXPRESSIBLE
from ..groundtruth.text.meaning.reading import ENCODER
from ..groundtruth.text.suite import TOKENS
from ..runs.folder import settle_plan
from ..runs.jsonl import append, heal, read_records_of
from .scorers.judges import judge_named
from .suite import Suite
from .suite_text import TextSuite
from .suite_vision import VisionSuite
from .summary import summary

SUITES: dict[str, Suite] = {suite.name: suite for suite in (TextSuite(), VisionSuite())}


def suite_of(name: str) -> Suite:
    """The suite of that name.

    Raises:
        UsageError: if there is none.
    """
    if name not in SUITES:
        raise UsageError(f"there is no suite '{name}'; nearest: {nearest(name, SUITES)}")
    return SUITES[name]


@dataclass(frozen=True)
class Plan:
    """What is run; it decides the result."""

    planner: str = "builtin"
    suite: str = "text"
    seeds: tuple[int, ...] = (1,)
    tiers: tuple[str, ...] = ("A", "B")
    kinds: tuple[str, ...] = ()
    """Of units, with `beyond` for tier C; none named: all."""
    tokens: int = TOKENS
    """About how many tokens the corpus of a bench has, where it is text."""
    pictures: int = PICTURES
    """How many pictures it has, where it is pictures."""
    told: bool = True
    """Whether the planner is told what a picture of the corpus shows (its scene graph)."""
    units: int | None = None
    """At most so many units of each bench; None: all."""
    baselines: tuple[str, ...] | None = None
    """Run beside it; None: all that the suite has."""
    base_url: str | None = None
    steps: int | None = None
    unit_tokens: int | None = 200_000
    unit_seconds: float | None = 600.0
    timeout: float = 120.0
    """Seconds of one request to a language model."""
    prices: tuple[float, float] | None = None
    """Money for a million tokens, in and out; it decides no result."""
    host: str | None = None
    """A target to plant in; None: the one that ships."""
    without: str | None = None
    """A kind of predicate that is taken from the built-in planner: a feature ablation."""
    locked: bool = False
    """Whether the kinds of tier M that nobody develops on are planted too."""
    reader: str | None = "smollm2"
    """For tier M: a second network whose states planners may describe units by (`like`), and which
    stand for the best predictor."""
    judge: str | None = None
    """For tier M: openai:MODEL, which judges labels and true descriptions; at `base_url`."""

    def factory(self, seed: int) -> PlannerFactory:
        """Makes the planner for a bench."""
        if self.without is not None:
            return BuiltinFactory(seed=seed, without=self.without)
        return planner_factory(
            self.planner,
            seed=seed,
            base_url=self.base_url,
            timeout=self.timeout,
            prices=self.prices,
        )

    def resolved(self) -> dict[str, Any]:
        """The plan as JSON, with what it leaves to the suite named."""
        suite = suite_of(self.suite)
        kinds = self.kinds or self.known_kinds(suite)
        baselines = suite.baselines if self.baselines is None else self.baselines
        known = {**public_options(self), "kinds": kinds, "baselines": baselines}
        del known["prices"]
        return json.loads(json.dumps(known))

    def known_kinds(self, suite: Suite, *, locked: bool | None = None) -> tuple[str, ...]:
        """The kinds of all tiers of the plan, each once, with `beyond` where there is a tier C."""
        locked = self.locked if locked is None else locked
        named = [kind for tier in self.tiers for kind in suite.kinds_of(tier, locked=locked)]
        beyond = [INEXPRESSIBLE] if set(self.tiers) - {"M"} else []
        return tuple(dict.fromkeys([*named, *beyond]))

    def kinds_of(self, suite: Suite, tier: str) -> tuple[list[str], int]:
        """The kinds of a tier that have a truth table, and how many of tier C its bench gets."""
        kinds = self.kinds or self.known_kinds(suite)
        known = suite.kinds_of(tier, locked=self.locked)
        beyond = tier != "M" and INEXPRESSIBLE in kinds
        return [k for k in kinds if k in known], suite.inexpressible if beyond else 0

    def check(self) -> None:
        """Raises `UsageError` for what is unusable."""
        suite = suite_of(self.suite)
        known = self.known_kinds(suite, locked=True)
        for kind in self.kinds:
            if kind not in known:
                raise UsageError(f"the suite has no kind '{kind}'; nearest: {nearest(kind, known)}")
            if kind not in self.known_kinds(suite):
                raise UsageError(f"the kind '{kind}' is locked: give --locked")
        if not self.seeds or any(seed < 0 for seed in self.seeds):
            raise UsageError("--seeds takes numbers from 0, such as 1,2,3,4")
        if not self.tiers or not set(self.tiers) <= set(suite.each):
            tiers = " and ".join(suite.each)
            raise UsageError(f"--tiers takes {tiers}, not {','.join(self.tiers)}")
        if "M" in self.tiers:
            self._check_meaning()
        self.factory(0)
        if self.without is not None and self.planner != "builtin":
            raise UsageError("--without is for the built-in planner")

    def _check_meaning(self) -> None:
        """What tier M cannot use."""
        if self.host not in (None, ENCODER):
            raise UsageError(f"tier M is planted in {ENCODER} alone; leave --host away")
        if self.reader == ENCODER:
            raise UsageError(
                f"the reader is the network that units are planted in ({ENCODER}); choose another"
            )
        if self.judge is not None:
            judge_named(self.judge, base_url=self.base_url)


def run_planner(
    plan: Plan,
    out: Path,
    *,
    processes: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Runs what is not done yet and sums up everything.

    Args:
        plan: What to run.
        out: The folder of the run; another plan in it is refused.
        processes: Benches at a time; 0: as many as there are cores. A planner that waits for a
            language model runs its benches in as many too.
        progress: Told of units done and units there are.

    Raises:
        UsageError: if the plan is unusable or the folder holds another one.
    """
    plan.check()
    out.mkdir(parents=True, exist_ok=True)
    with owned(out):
        settle_plan(out, plan.resolved(), usual=Plan().resolved())
        return _run(plan, out, processes, progress)


def _run(
    plan: Plan, out: Path, processes: int, progress: Callable[[int, int], None] | None
) -> dict[str, Any]:
    started = time.monotonic()
    jobs = [(seed, tier) for seed in plan.seeds for tier in plan.tiers]
    known = _total(plan)
    workers = min(len(jobs), processes or os.cpu_count() or 1)
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        waiting: set[Future[None]] = {
            pool.submit(_bench_job, plan, seed, tier, str(out), os.getpid()) for seed, tier in jobs
        }
        told = -1
        while waiting:
            done, waiting = wait(waiting, timeout=1.0, return_when=FIRST_COMPLETED)
            for job in done:
                job.result()
            written = sum(path.stat().st_size for path in out.glob("units-*.jsonl"))
            if progress is not None and written != told:
                told = written
                progress(sum(1 for _ in read_records(out)), known)
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    records = list(read_records(out))
    seconds = _spent(out, time.monotonic() - started)
    found = {"suite": plan.suite, **summary(records, seconds=seconds)}
    text = json.dumps({"plan": plan.resolved(), **found}, indent=1)
    write_whole(out / "evaluation.json", text)
    if records:
        from .report import write_report

        name = f"{plan.planner} on seeds {', '.join(str(seed) for seed in plan.seeds)}"
        write_report(found, records, out, title=name)
    return found


def read_records(out: Path) -> Iterator[dict[str, Any]]:
    """The records of a run, as far as they are written; none twice."""
    for path in sorted(out.glob("units-*.jsonl")):
        found: dict[str, dict[str, Any]] = {}
        for record in read_records_of(path):
            found.setdefault(record["unit"], record)
        yield from found.values()


def _total(plan: Plan) -> int:
    suite = suite_of(plan.suite)
    each = []
    for tier in plan.tiers:
        kinds, n_inexpressible = plan.kinds_of(suite, tier)
        each.append(suite.each[tier] * len(kinds) + n_inexpressible)
    return len(plan.seeds) * sum(min(n, plan.units or n) for n in each)


def _spent(out: Path, now: float) -> float:
    """Seconds of all sittings together."""
    path = out / "seconds.json"
    before = float(json.loads(path.read_text())) if path.exists() else 0.0
    write_whole(path, json.dumps(before + now))
    return before + now


def _bench_job(plan: Plan, seed: int, tier: str, out: str, parent: int) -> None:
    """One bench, in a process of its own, which ends when its parent is gone."""
    import signal

    import numpy as np
    import torch

    from ..labelling.settings import Settings
    from .unit_run import open_bench

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    folder = Path(out)
    path = folder / f"units-{seed}-{tier}.jsonl"
    done = {record["unit"] for record in read_records_of(path)}
    suite = suite_of(plan.suite)
    kinds, n_inexpressible = plan.kinds_of(suite, tier)
    ground = suite.bench(tier, seed, kinds=kinds, inexpressible_each=n_inexpressible, plan=plan)
    order = np.random.default_rng(seed).permutation(len(ground.units))
    units = [ground.units[int(at)] for at in order][: plan.units]
    units = [unit for unit in units if unit.unit not in done]
    if not units:
        return
    settings = Settings(
        target=f"{'suite' if plan.suite == 'text' else plan.suite}:{seed}:{tier}",
        units=",".join(unit.unit for unit in units),
        data=ground.corpus.name,
        planner=plan.planner,
        seed=seed,
        steps=plan.steps,
        unit_tokens=plan.unit_tokens,
        unit_seconds=plan.unit_seconds,
        controls="none",
        reader=plan.reader if tier == "M" else None,
    )
    factory = plan.factory(seed)
    opened = open_bench(
        suite,
        ground,
        factory,
        folder / "benches" / f"{seed}-{tier}",
        seed=seed,
        settings=settings,
        units=units,
        baselines=suite.baselines if plan.baselines is None else plan.baselines,
        told=plan.told,
        plan=plan,
    )
    heal(path)
    for unit in units:
        record = opened.run(unit)
        if os.getppid() != parent:
            return
        append(path, record)
