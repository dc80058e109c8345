"""Labels units of a model: from settings to a folder of scored descriptions.

1. Settings, then the run folder, are checked before anything heavy is loaded (`prepare.py`).
2. The corpus is split by document; token windows are cut for explore, validation and test.
3. Units are measured in groups, each investigated on explore alone, then scored on the rest
   (`labeller.py`).
4. Every label is on the disk before the next is taken, so that a run goes on where it stopped.
5. Controls that need many units, and the report, come last.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from ...agent.state import PlannerFactory
from ...agent.transcript.record import versions
from ...tools.data.pictures import skipped_lines
from ...tools.errors import UsageError, nearest
from ...tools.io.files import ends_with
from ...tools.models.target import Target
from ...tools.models.unit import Unit
from ...tools.predicates.judging import judge_of
from ..report.usage import total
from ..runs.disk import disk_full
from .attempts import RunTokens
from .controls_run import run_controls
from .folder import RunFolder
from .labeller import Labeller
from .prepare import Run, earlier, prepare, resolved
from .progress import Progress
from .results import LabelRun, read_run
from .settings import How, Settings, Shard
from .trusted import own, seal_of

_PACKAGES = ("neuroscribe", "torch", "transformers", "numpy", "scikit-learn", "langgraph")


def run_labels(
    settings: Settings,
    out: str | Path,
    *,
    how: How | None = None,
    progress: Progress | None = None,
    planner: PlannerFactory | None = None,
    target: Target | None = None,
) -> LabelRun:
    """Labels the units of a selection, or goes on with a run that was interrupted.

    Args:
        settings: What decides the labels.
        out: The run folder.
        how: How it is done.
        progress: Told of progress.
        planner: Used instead of the one that `settings.planner` names.
        target: Used instead of loading the one that `settings.target` names.

    Raises:
        UsageError: if the arguments or the data are unusable, the folder belongs to another run,
            another process has it, or the disk is full.
    """
    how, progress = how or How(), progress or Progress()
    folder = RunFolder(out, how.shard)
    settings = resolved(settings, how.shard)
    known = earlier(folder, settings)
    if known is not None:
        folder.refuse_if_owned()
        if _is_complete(folder, known, how):
            return read_run(folder)
    run = prepare(settings, known, how, planner=planner, target=target)
    with folder.lock(), progress:
        for line in (*folder.heal(), *skipped_lines(run.data.corpus)):
            progress.say(line)
        _write_facts(folder, run)
        units = how.shard.part_of(run.units)
        todo = _todo(folder, units, how, progress)
        progress.begin(len(units), len(units) - len(todo))
        labeller = Labeller(
            run.data,
            settings,
            run.planner,
            folder,
            progress.watch,
            judge_of(
                how.judge,
                getattr(run.planner, "llm", None),
                base_url=settings.base_url,
                limit=how.judge_requests,
            ),
            tokens=_tokens(folder, settings),
        )
        for record in labeller.label_all(todo, how.at_a_time(settings.planner)):
            folder.append(record)
            progress.unit(record)
        _finish(labeller, progress)
    return read_run(folder)


def label(
    target: str | Target,
    *,
    units: str,
    data: str,
    out: str | Path,
    planner: str | PlannerFactory = "builtin",
    shard: str = "1/1",
    progress: Progress | None = None,
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
        progress: Told of progress, such as `TerminalProgress()`.
        more: Any other field of `Settings` or `How`, such as `seed`, `concurrency` or `prices`.

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
    how = {name: value for name, value in more.items() if name in ways}
    return run_labels(
        settings,
        out,
        how=How(shard=Shard.parse(shard), **how),
        progress=progress,
        planner=None if isinstance(planner, str) else planner,
        target=None if isinstance(target, str) else target,
    )


def _finish(labeller: Labeller, progress: Progress) -> None:
    """The controls that need many units, where they are not there yet, and the report.

    Neither may spoil the labels: what goes wrong is said in one line, and the labels stay.

    Raises:
        DiskFullError: if there is no room for them.
    """
    folder = labeller.folder
    if labeller.settings.controls != "none" and not (folder.path / folder.controls_name).exists():
        with _attempt(folder, progress, "controls"):
            folder.write(folder.controls_name, run_controls(labeller, progress))
    with _attempt(folder, progress, "report"):
        from .report import write_report

        progress.say(f"report: {write_report(folder.path)}")


@contextmanager
def _attempt(folder: RunFolder, progress: Progress, what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        full = disk_full(error, folder.path)
        if full is not None:
            raise full from error
        folder.log_error(what, error)
        log = folder.path / "errors.log"
        progress.say(f"no {what}: {type(error).__name__}: {error} (see {log})")


def _write_facts(folder: RunFolder, run: Run) -> None:
    """Writes `run.json`, or holds it against what is loaded here."""
    facts, settings = run.data.facts, run.settings
    known = earlier(folder, settings)
    if known is None:
        folder.write_run(
            {
                "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "versions": versions(*_PACKAGES),
                "target": facts["target"],
                "corpus": {"spec": settings.data, **facts["corpus"]},
                "settings": settings.as_dict(),
                **seal_of(settings),
                "units": [str(unit) for unit in run.units],
            }
        )
        return
    if not own(known):  # the person named all of it on the command line
        folder.write_run({**known, **seal_of(settings)})
    found = {"target": run.data.target, "corpus": run.data.corpus}
    for name, key in (("target", "fingerprint"), ("corpus", "hash")):
        if not found[name].is_known_as(known[name][key]):
            raise UsageError(
                f"the {name} of {folder.path} has {key} {known[name][key]}, the one here "
                f"{facts[name][key]}: its labels would not belong together; use another --out"
            )


def _tokens(folder: RunFolder, settings: Settings) -> RunTokens:
    """What the run may spend, and what its units took so far."""
    spent = total(record.get("meter") for record in folder.labels().values())
    return RunTokens(settings.run_tokens, int(spent["tokens_in"] + spent["tokens_out"]))


def _todo(folder: RunFolder, units: Sequence[Unit], how: How, progress: Progress) -> list[Unit]:
    """The units that have no label or lost their transcript; failed ones too, where they are to be
    tried again."""
    lost = folder.without_transcript()
    for unit in lost:
        progress.say(f"{unit}: its transcript is missing or torn; it is labelled again")
    folder.drop(lost)
    if how.retry_failed:
        folder.drop(
            unit for unit, record in folder.labels().items() if record["status"] == "failed"
        )
    labels = folder.labels()
    todo = [unit for unit in units if str(unit) not in labels]
    if todo:  # they speak of fewer labels than there will be
        (folder.path / folder.controls_name).unlink(missing_ok=True)
    return todo


def _is_complete(folder: RunFolder, known: Mapping[str, Any], how: How) -> bool:
    """Whether nothing is left to do, so that nothing has to be loaded."""
    labels = folder.labels()
    if how.retry_failed and any(record["status"] == "failed" for record in labels.values()):
        return False
    if folder.without_transcript():
        return False
    report = folder.path / "report.html"
    mine = how.shard.part_of(known["units"])
    return all(unit in labels for unit in mine) and ends_with(report, b"</html>")
