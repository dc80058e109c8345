"""What comes after the last unit of a run: the controls that need many units, and the report.

Controls are computed on at most `SAMPLE` labelled units, the untrained copy on fewer, each sample
drawn by the run's seed and stated in `controls.json`. A control that fails is recorded as failed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...agent.description import Description
from ...tools.models.target import Target
from ...tools.models.unit import Unit
from . import controls
from .bench import Bench, Splits
from .controls import Labelled
from .folder import RunFolder
from .progress import Silent
from .work import Job

SAMPLE = 200
UNTRAINED = {"quick": 3, "full": 20}
ONE_SHOT_PAID = {"quick": 5, "full": 20}


def finish(job: Job, shown: Silent, held: Mapping[Unit, Splits]) -> None:
    """Computes the controls of this shard and writes the report.

    Args:
        job: What the units were labelled with.
        shown: Told of it.
        held: Activations that are still in memory; others are measured again.
    """
    folder = job.folder
    if job.settings.controls != "none" and not (folder.path / folder.controls_name).exists():
        shown.say("controls: shuffled descriptions, one-shot labels, an untrained copy")
        folder.write(folder.controls_name, _controls(job, held))
    write_report(folder, shown)


def write_report(folder: RunFolder, shown: Silent) -> None:
    """Writes `report.html`; a report that cannot be written does not spoil the labels."""
    from .report import write_report as write

    try:
        shown.say(f"report: {write(folder.path)}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        full = folder.full(error)
        if full is not None:
            raise full from error
        shown.say(f"no report: {type(error).__name__}: {error}")


def _controls(job: Job, held: Mapping[Unit, Splits]) -> dict[str, Any]:
    seed, size = job.settings.seed, job.settings.controls
    labelled = _labelled(job, held)
    units: dict[str, dict[str, Any]] = {str(item.unit): {} for item in labelled}
    shuffled = controls.shuffled(labelled, seed=seed)
    for name, entry in shuffled.items():
        units[name]["shuffled"] = entry
    once = labelled if job.llm is None else labelled[: ONE_SHOT_PAID[size]]
    for item in once:
        units[str(item.unit)]["one_shot"] = controls.one_shot(item, llm=job.llm, seed=seed)
    run: dict[str, Any] = {
        "labels": controls.medians([item.scores for item in labelled]),
        "shuffled": controls.medians(list(shuffled.values())),
        "one_shot": controls.medians([units[str(item.unit)]["one_shot"] for item in once]),
        "sample": [str(item.unit) for item in labelled],
    }
    few = [item.unit for item in labelled[: UNTRAINED[size]]]
    if few and job.settings.planner == "builtin":
        try:
            run["untrained"] = controls.on_untrained(
                job.bench.target, few, _relabelled(job), seed=seed
            )
        except (ValueError, RuntimeError, NotImplementedError) as error:
            run["untrained"] = {"failed": str(error)}
        for name, entry in run["untrained"].get("units", {}).items():
            units[name]["untrained"] = entry
    return {"run": run, "units": units}


def _labelled(job: Job, held: Mapping[Unit, Splits]) -> list[Labelled]:
    """A seeded sample of the described units of this shard, with their activations."""
    records = job.folder.own_labels()
    able = [name for name, record in records.items() if record.get("components")]
    order = np.random.default_rng(job.settings.seed).permutation(len(able))[:SAMPLE]
    units = [job.bench.target.unit(able[at]) for at in order]
    missing = [unit for unit in units if unit not in held]
    found = dict(held)
    for group in job.bench.groups(missing):
        found.update(job.bench.measure(group))
    return [
        Labelled(unit, _description(records[str(unit)]), records[str(unit)]["scores"], *found[unit])
        for unit in units
    ]


def _description(record: Mapping[str, Any]) -> Description:
    names = Description.__dataclass_fields__
    return Description.from_dict({key: value for key, value in record.items() if key in names})


def _relabelled(job: Job) -> Any:
    """Labels units of another copy of the target on the same windows, keeping nothing."""

    def relabel(copy: Target, units: Sequence[Unit]) -> Sequence[Mapping[str, Any]]:
        bench = Bench(copy, job.bench.corpus, job.bench.windows)
        columns = bench.measure(units)
        other = Job(bench, job.settings, job.factory, job.folder, keep=False)
        return [other.label(unit, columns) for unit in units]

    return relabel
