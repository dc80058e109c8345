"""Brings the shards of a run together, whether they lie in one folder or in several.

Shards of one run agree in their settings, target, corpus and units; what does not is refused by
name. Every label is taken over as it stands; a unit that two folders label is taken once.
"""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ...tools.errors import UsageError
from .controls_run import sums
from .folder import RunFolder
from .results import LabelRun, read_run
from .settings import Shard, differences
from .shape import Measurable
from .words import COMPONENTS, FILE, append, read_lines


def merge(runs: Sequence[Path], out: Path | None = None) -> LabelRun:
    """The merged run.

    Args:
        runs: Run folders. One alone has its shards brought together in place.
        out: The merged folder; may be one of them. Default: the first.

    Raises:
        UsageError: if the folders hold different runs, or a shard is being labelled.
    """
    folders = [RunFolder(path) for path in dict.fromkeys(Path(path) for path in runs)]
    facts = [folder.facts(Measurable) for folder in folders]
    for folder, other in zip(folders[1:], facts[1:], strict=True):
        other_values = differences(_identity(facts[0]), _identity(other))
        if other_values:
            raise UsageError(
                f"{folder.path} is another run than {folders[0].path}: {other_values[0]}"
            )
    whole = RunFolder(out or folders[0].path)
    if whole.read_run() is not None and whole.path not in [folder.path for folder in folders]:
        raise UsageError(f"{whole.path} holds a run already; name another folder with --out")
    with ExitStack() as locks:
        for folder in folders:
            for part in _shards(folder, facts[0]):
                locks.enter_context(part.lock())
        if whole.path not in [folder.path for folder in folders]:
            locks.enter_context(whole.lock())
        _bring_together(folders, whole, facts[0])
    return read_run(whole)


def _identity(run: dict[str, Any]) -> dict[str, Any]:
    settings = {key: value for key, value in run["settings"].items() if key != "shards"}
    return {
        **settings,
        "target fingerprint": run["target"]["fingerprint"],
        "corpus hash": run["corpus"]["hash"],
        "units": run["units"],
    }


def _shards(folder: RunFolder, run: dict[str, Any]) -> list[RunFolder]:
    """The folder as each of its shards sees it, for their locks."""
    result = [folder]
    for path in folder.path.glob("labels.*-of-*.jsonl"):
        number, _, of = path.name.removeprefix("labels.").removesuffix(".jsonl").partition("-of-")
        result.append(RunFolder(folder.path, Shard(int(number), int(of))))
    return result


def _bring_together(folders: Sequence[RunFolder], whole: RunFolder, run: dict[str, Any]) -> None:
    labels: dict[str, dict[str, Any]] = {}
    controls: dict[str, Any] = {}
    for folder in folders:
        for unit, record in folder.labels().items():
            if unit not in labels or labels[unit]["status"] == "failed":
                labels[unit] = record
        for path in folder.path.glob("controls*.json"):
            controls.update(folder.read_controls(path.name).get("units", {}))
        _take_transcripts(folder, whole)
    ordered = [labels[unit] for unit in run["units"] if unit in labels]
    whole.write_labels(ordered)
    if controls:
        whole.write("controls.json", {"units": controls, "run": sums(labels, controls)})
    _take_words(folders, whole)
    whole.write_run({**run, "settings": {**run["settings"], "shards": 1}})
    for path in [*whole.path.glob("labels.*-of-*.jsonl"), *whole.path.glob("controls.*-of-*.json")]:
        path.unlink()


def _take_words(folders: Sequence[RunFolder], whole: RunFolder) -> None:
    """Brings what judges said together; each line once."""
    for file in (FILE, COMPONENTS):
        known = read_lines(whole.path, file=file)
        for folder in folders:
            for line in read_lines(folder.path, file=file):
                if line not in known:
                    append(whole.path, line, file=file)
                    known.append(line)


def _take_transcripts(folder: RunFolder, whole: RunFolder) -> None:
    if folder.path == whole.path:
        return
    (whole.path / "transcripts").mkdir(parents=True, exist_ok=True)
    for path in (folder.path / "transcripts").glob("*.jsonl"):
        place = whole.path / "transcripts" / path.name
        if not place.exists():
            shutil.copyfile(path, place)
