"""Labels units of a model: from a selection to a folder of scored descriptions.

1. The arguments are checked, then the run folder, before anything heavy is loaded.
2. The corpus is split by document; token windows are cut for explore, select and report.
3. Units are measured in groups, each investigated on explore alone, then scored on the rest.
4. Every label is on the disk before the next is taken, so that a run goes on where it stopped.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...agent.planners import planner_factory
from ...agent.state import PlannerFactory
from ...tools.errors import UsageError
from ...tools.models.target import Target
from ...tools.models.unit import Unit
from .bench import Bench, check_data, prepare
from .finishing import finish
from .folder import RunFolder
from .progress import Silent
from .results import LabelRun, read_run
from .selection import parse_selection, select_units, spelt_out
from .settings import Settings, Shard, differences
from .work import Job


@dataclass(frozen=True)
class How:
    """How a run is done; none of it changes the labels."""

    shard: Shard = field(default_factory=Shard)
    concurrency: int = 1
    """Units at a time; more than one only helps where a planner waits for a network."""
    retry_failed: bool = False
    device: str | None = None
    device_map: str | None = None
    trust_remote_code: bool = False
    timeout: float = 120.0
    """Seconds of one attempt at a language model."""
    prices: tuple[float, float] | None = None
    """Money for a million language-model tokens, in and out."""


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
    settings = replace(settings, units=spelt_out(settings.units), shards=how.shard.of)
    parse_selection(settings.units)
    folder = RunFolder(out, how.shard)
    known = folder.read_run()
    if known is not None:
        same_settings(folder, known, settings)
        folder.refuse_if_owned()
        if _complete(folder, known, how):
            return read_run(folder)
    check_data(settings.data)
    factory = planner or planner_factory(
        settings.planner,
        seed=settings.seed,
        base_url=settings.base_url,
        temperature=settings.temperature,
        timeout=how.timeout,
        prices=how.prices,
    )
    target = target or load_target(settings, how)
    bench, units = prepared(target, settings, known)
    with folder.lock(), shown:
        for line in folder.heal():
            shown.say(line)
        _begin(folder, settings, bench, units)
        job = Job(bench, settings, factory, folder, shown.watch, getattr(factory, "llm", None))
        todo = _todo(folder, units, how)
        mine = part_of(units, how.shard)
        shown.begin(len(mine), len(mine) - len(todo))
        for group in bench.groups(todo):
            columns = bench.measure(group)
            for record in _records(job, group, columns, how.concurrency):
                folder.append(record)
                shown.unit(record)
        finish(job, shown)
    return read_run(folder)


def prepared(
    target: Target, settings: Settings, known: Mapping[str, Any] | None
) -> tuple[Bench, list[Unit]]:
    """The bench, and the units of all shards; those of the run so far, where there is one."""
    parts = parse_selection(settings.units)
    if known is None and all(hasattr(part, "first") for part in parts):
        select_units(parts, target, ranks=_no_ranks)  # refuses wrong units before the data load
    bench = prepare(target, settings)
    if known is not None:
        return bench, [target.unit(text) for text in known["units"]]
    units = select_units(
        parts,
        target,
        ranks=bench.ranks,
        sites=settings.sites,
        signs=settings.signs,
        seed=settings.seed,
    )
    return bench, units


def part_of(units: Sequence[Unit], shard: Shard) -> list[Unit]:
    """The units of one shard: every `of`-th."""
    return list(units[shard.number - 1 :: shard.of])


def load_target(settings: Settings, how: How) -> Target:
    """The target of the run."""
    options: dict[str, Any] = {
        "revision": settings.revision,
        "dtype": settings.dtype,
        "device": how.device,
        "device_map": how.device_map,
    }
    if how.trust_remote_code:
        options["trust_remote_code"] = True
    given = {name: value for name, value in options.items() if value is not None}
    return Target.load(settings.target, **given)


def same_settings(folder: RunFolder, known: Mapping[str, Any], settings: Settings) -> None:
    """Refuses to mix labels made with different settings in one folder.

    Raises:
        UsageError: says what differs.
    """
    other = differences(Settings.from_dict(known["settings"]).as_dict(), settings.as_dict())
    if other:
        raise UsageError(
            f"{folder.path} holds a run with other settings: {'; '.join(other)}; "
            "use the same ones to go on, or another folder with --out"
        )


def _begin(folder: RunFolder, settings: Settings, bench: Bench, units: Sequence[Unit]) -> None:
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
            "tokens": {name: int(w.counted.sum()) for name, w in bench.windows.items()},
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
                "units": [str(unit) for unit in units],
            }
        )
        return
    same_settings(folder, known, settings)
    for name, key in (("target", "fingerprint"), ("corpus", "hash")):
        if known[name][key] != facts[name][key]:
            raise UsageError(
                f"the {name} of {folder.path} has {key} {known[name][key]}, the one here "
                f"{facts[name][key]}: its labels would not belong together; use another --out"
            )


def _todo(folder: RunFolder, units: Sequence[Unit], how: How) -> list[Unit]:
    labels = folder.labels()
    if how.retry_failed:
        failed = [unit for unit, record in labels.items() if record["status"] == "failed"]
        folder.drop(failed)
        labels = folder.labels()
    return [unit for unit in part_of(units, how.shard) if str(unit) not in labels]


def _complete(folder: RunFolder, known: Mapping[str, Any], how: How) -> bool:
    labels = folder.labels()
    if how.retry_failed and any(record["status"] == "failed" for record in labels.values()):
        return False
    mine = known["units"][how.shard.number - 1 :: how.shard.of]
    return all(unit in labels for unit in mine) and (folder.path / "report.html").exists()


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


def _no_ranks(kind: str, sites: Sequence[str]) -> Mapping[str, Any]:
    raise AssertionError("ranges need no measure")


def _versions() -> dict[str, str]:
    import platform

    names = ("neuroscribe", "torch", "transformers", "numpy", "scikit-learn", "langgraph")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
