"""Labels units of a model: from a selection to a folder of scored descriptions.

1. The arguments are checked, then the run folder, before anything heavy is loaded.
2. The corpus is split by document; token windows are cut for explore, validation and test.
3. Units are measured in groups, each investigated on explore alone, then scored on the rest.
4. Every label is on the disk before the next is taken, so that a run goes on where it stopped.
"""

import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...agent.state import PlannerFactory
from ...tools.data.pictures import skipped_lines
from ...tools.errors import UsageError, nearest
from ...tools.io.files import ends_with
from ...tools.models.target import Target
from ...tools.models.unit import Unit
from ..runs.folder import RunFolder
from .bench import SPLIT_KEYS
from .estimate import Estimate, estimate
from .finishing import finish
from .progress import Silent
from .results import LabelRun, read_run
from .settings import Settings, Shard
from .start import How, Ready, checked, part_of, ready, same_settings
from .trusted import own, seal_of
from .work import Job


def run_labels(
    settings: Settings,
    out: str | Path,
    *,
    how: How | None = None,
    shown: Silent | None = None,
    planner: PlannerFactory | None = None,
    target: Target | None = None,
) -> LabelRun:
    """Labels the units of a selection, or goes on with a run that was interrupted.

    Args:
        settings: What decides the labels.
        out: The run folder.
        how: How it is done.
        shown: Told of progress.
        planner: Used instead of the one that `settings.planner` names.
        target: Used instead of loading the one that `settings.target` names.

    Raises:
        UsageError: if the arguments or the data are unusable, the folder belongs to another run,
            another process has it, or the disk is full.
    """
    how, shown = how or How(), shown or Silent()
    folder = RunFolder(out, how.shard)
    settings, known = checked(settings, folder)
    if known is not None:
        folder.refuse_if_owned()
        if _complete(folder, known, how):
            return read_run(folder)
    run = ready(settings, known, how, planner=planner, target=target)
    with folder.lock(), shown:
        for line in folder.heal():
            shown.say(line)
        for line in skipped_lines(run.bench.corpus):
            shown.say(line)
        _begin(folder, run)
        todo = _todo(folder, run.units, how, shown)
        mine = part_of(run.units, how.shard)
        shown.begin(len(mine), len(mine) - len(todo))
        job = Job(run.bench, settings, run.factory, folder, shown.watch)
        order = {name: at for at, name in enumerate(run.bench.target.sites)}
        todo.sort(key=lambda unit: order[unit.site])  # all units of a site are measured at once
        for group in run.bench.groups(todo):
            columns = run.bench.measure(group)
            for record in _records(job, group, columns, how.at_a_time(settings.planner)):
                folder.append(record)
                shown.unit(record)
        finish(job, shown)
    return read_run(folder)


def what_it_costs(
    settings: Settings, out: str | Path, *, how: How | None = None, target: Target | None = None
) -> Estimate:
    """What the run would cost from here on; writes nothing.

    Raises:
        UsageError: as `run_labels`.
    """
    how = how or How()
    folder = RunFolder(out, how.shard)
    settings, known = checked(settings, folder)
    run = ready(settings, known, how, target=target)
    labels = folder.labels()
    left = [unit for unit in part_of(run.units, how.shard) if str(unit) not in labels]
    at_a_time = how.at_a_time(settings.planner)
    return estimate(run.bench, left, settings, concurrency=at_a_time, prices=how.prices)


def label(
    target: str | Target,
    *,
    units: str,
    data: str,
    out: str | Path,
    planner: str | PlannerFactory = "builtin",
    shard: str = "1/1",
    concurrency: int | None = None,
    retry_failed: bool = False,
    shown: Silent | None = None,
    **more: Any,
) -> LabelRun:
    """Labels units of a model, from Python: `label("minilm", units="random:20", ...)`.

    Args:
        target: As on the command line, or a loaded one.
        units: Which units, such as `mlp.3/0-9` or `random:20`.
        data: The corpus, such as `builtin:pydocs` or a path.
        out: The run folder; the same call again goes on with it.
        planner: `builtin`, `openai:MODEL`, `human`, or a factory of planners.
        shard: `I/N`: the I-th of N parts of the units.
        concurrency: Units at a time.
        retry_failed: Label failed units again.
        shown: Told of progress, such as `progress.Shown()`.
        more: Any other field of `Settings` or `How`, such as `seed` or `prices`.

    Raises:
        UsageError: if something given is unusable; says what and what to do.
    """
    ways = {item.name for item in fields(How)}
    known = ways | {item.name for item in fields(Settings)}
    for name in more:
        if name not in known:
            raise UsageError(f"label has no setting '{name}'; nearest: {nearest(name, known)}")
    settings = Settings(
        target=target if isinstance(target, str) else target.name,
        units=units,
        data=data,
        planner=planner if isinstance(planner, str) else planner.name,
        **{name: value for name, value in more.items() if name not in ways},
    )
    how = How(
        shard=Shard.parse(shard),
        concurrency=concurrency,
        retry_failed=retry_failed,
        **{name: value for name, value in more.items() if name in ways},
    )
    return run_labels(
        settings,
        out,
        how=how,
        shown=shown,
        planner=None if isinstance(planner, str) else planner,
        target=None if isinstance(target, str) else target,
    )


def _begin(folder: RunFolder, run: Ready) -> None:
    bench, settings = run.bench, run.settings
    facts = {
        "target": {
            "name": bench.target.name,
            "kind": bench.target.kind,
            "fingerprint": bench.target.fingerprint,
        },
        "corpus": {
            "spec": settings.data,
            "name": bench.corpus.name,
            "hash": bench.corpus.hash,
            "documents": len(bench.corpus),
            "skipped": len(getattr(bench.corpus, "skipped", ())),
            "tokens": {SPLIT_KEYS[name]: int(w.counted.sum()) for name, w in bench.windows.items()},
            "repeats": {SPLIT_KEYS[name]: n for name, n in bench.repeats.items()},
        },
    }
    known = folder.read_run()
    if known is None:
        folder.write_run(
            {
                "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "versions": _versions(),
                **facts,
                "settings": settings.as_dict(),
                "seal": seal_of(settings),
                "units": [str(unit) for unit in run.units],
            }
        )
        return
    same_settings(folder, known, settings)
    if not own(known):  # the person named all of it on the command line
        folder.write_run({**known, "seal": seal_of(settings)})
    for name, key in (("target", "fingerprint"), ("corpus", "hash")):
        earlier = name == "target" and run.bench.target.is_known_as(known[name][key])
        if known[name][key] != facts[name][key] and not earlier:
            raise UsageError(
                f"the {name} of {folder.path} has {key} {known[name][key]}, the one here "
                f"{facts[name][key]}: its labels would not belong together; use another --out"
            )


def _todo(folder: RunFolder, units: Sequence[Unit], how: How, shown: Silent) -> list[Unit]:
    """The units that have no label or lost their transcript; failed ones too, where they are to be
    tried again."""
    lost = _lost(folder)
    for unit in lost:
        shown.say(f"{unit}: its transcript is missing or torn; it is labelled again")
    folder.drop(lost)
    labels = folder.labels()
    if how.retry_failed:
        folder.drop(unit for unit, record in labels.items() if record["status"] == "failed")
        labels = folder.labels()
    todo = [unit for unit in part_of(units, how.shard) if str(unit) not in labels]
    if todo:  # they speak of fewer labels than there will be
        (folder.path / folder.controls_name).unlink(missing_ok=True)
    return todo


def _lost(folder: RunFolder) -> list[str]:
    """Units of this shard that have a label and no whole transcript."""
    labels = folder.own_labels()
    return [unit for unit, record in labels.items() if not folder.has_transcript(record)]


def _complete(folder: RunFolder, known: Mapping[str, Any], how: How) -> bool:
    labels = folder.labels()
    if how.retry_failed and any(record["status"] == "failed" for record in labels.values()):
        return False
    if _lost(folder):
        return False
    mine = part_of(known["units"], how.shard)
    report = folder.path / "report.html"
    return all(unit in labels for unit in mine) and ends_with(report, b"</html>")


def _records(
    job: Job, units: Sequence[Unit], columns: Mapping[Unit, Any], concurrency: int
) -> Iterator[dict[str, Any]]:
    """The records of units, each as soon as it is there."""
    if concurrency == 1:
        for unit in units:
            yield job.label(unit, columns)
        return
    pool = ThreadPoolExecutor(concurrency, "unit")
    try:
        for done in as_completed([pool.submit(job.label, unit, columns) for unit in units]):
            yield done.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _versions() -> dict[str, str]:
    names = ("neuroscribe", "torch", "transformers", "numpy", "scikit-learn", "langgraph")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
