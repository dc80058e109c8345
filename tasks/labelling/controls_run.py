"""Runs the controls of a run's labels, on stated samples.

quick    at most `QUICK` described units for `shuffled` and `one_shot`; `untrained` on one unit
         in ten, two at most
full     every described unit; `untrained` on twenty units

With a planner that costs money `one_shot` and `untrained` keep to the small samples.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...tools.models import Unit
from ...tools.models.untrained import untrained
from ..scoring.controls import Labelled, medians, one_shot, shuffled
from .folder import RunFolder
from .labeller import Labeller
from .progress import Progress
from .results import description_of

QUICK = 40
PAID = 5
"""Units for which a language model is asked for a one-shot description."""
UNTRAINED = {"quick": 2, "full": 20}


def run_controls(labeller: Labeller, progress: Progress) -> dict[str, Any]:
    """Controls of the labels of this shard.

    Returns:
        `units`: by unit, its controls; `run`: medians of the scores and of each control, and the
        units that stand behind them.
    """
    kind = labeller.settings.controls
    labels = labeller.folder.own_labels()
    described = [unit for unit, record in labels.items() if record.get("scores")]
    entries: dict[str, dict[str, Any]] = {unit: {} for unit in described}
    if kind == "none" or not described:
        return {"units": entries, "run": {}}
    chosen = _sample(described, QUICK if kind == "quick" else None, labeller.settings.seed)
    progress.say(f"controls: shuffled and one-shot descriptions of {len(chosen)} units")
    for group in labeller.data.groups([labeller.data.target.unit(unit) for unit in chosen]):
        columns = labeller.data.measure(group)
        labelled = [
            Labelled(unit, description_of(record), record["scores"], columns[unit])
            for unit in group
            for record in [labels[str(unit)]]
        ]
        for unit, scores in shuffled(labelled).items():
            entries[unit]["shuffled"] = scores
        done = sum("one_shot" in entry for entry in entries.values())
        for item in labelled if labeller.llm is None else labelled[: max(0, PAID - done)]:
            entries[str(item.unit)]["one_shot"] = one_shot(item, llm=labeller.llm)
    few = UNTRAINED[kind if labeller.llm is None else "quick"]
    if few == UNTRAINED["quick"]:
        few = min(few, -(-len(described) // 10))
    drawn = _sample(described, few, labeller.settings.seed)
    progress.say(f"controls: the same pipeline on an untrained copy, {len(drawn)} units")
    for unit, record in _on_untrained(labeller, drawn).items():
        plain = {name: entry["value"] for name, entry in medians([record["scores"]]).items()}
        head = {"label": record["label"], "status": record["status"]}
        entries[unit]["untrained"] = {**head, **plain, "tokens": record["scores"].get("tokens")}
    return {"units": entries, "run": sums(labels, entries)}


def sums(
    labels: Mapping[str, Mapping[str, Any]], entries: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Medians over units of the scores and of each control; `n` says over how many."""
    result: dict[str, Any] = {"own": medians([r["scores"] for r in labels.values() if r["scores"]])}
    for name in ("shuffled", "one_shot", "untrained"):
        values = [entry[name] for entry in entries.values() if name in entry]
        result[name] = {
            **medians(values),
            "units": len(values),
            "failed": sum("failed" in item or item.get("status") == "failed" for item in values),
            "uninterpretable": sum(item.get("status") == "uninterpretable" for item in values),
        }
    return result


def _sample(units: Sequence[str], most: int | None, seed: int) -> list[str]:
    if most is None or len(units) <= most:
        return list(units)
    return sorted(np.random.default_rng(seed).choice(units, most, replace=False).tolist())


def _on_untrained(labeller: Labeller, names: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    """Records of the same units on an untrained copy."""
    target = untrained(labeller.data.target, seed=labeller.settings.seed)
    units: list[Unit] = [target.unit(name) for name in names]
    data = replace(labeller.data, target=target)  # the windows of the scores that it stands beside
    columns = data.measure(units)
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder(Path(scratch) / "run")
        folder.path.mkdir()
        other = replace(labeller, data=data, folder=folder, watch=None)
        return {str(unit): other.label(unit, columns) for unit in units}
