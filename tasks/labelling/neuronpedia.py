"""Labels as Neuronpedia imports them: lines of its `Explanation` table, gzipped in batches.

    FOLDER/MODEL/SOURCE/explanations/batch-0.jsonl.gz

The folder is laid out as its public exports are, one source a site; a path that ends in `.jsonl` or
`.jsonl.gz` gets all lines in one file. A source is named by the number of its layer and the kind of
the site, as Neuronpedia names them: `mlp.3` is `3-mlp`.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from ...tools.models.unit import Unit
from ..scoring.entries import value_of
from .export import write_export
from .results import LabelRun, UnitLabel

BATCH = 1024
TYPE = "neuroscribe"
_SITE = re.compile(r"(?P<kind>.+)\.(?P<layer>\d+)")


def rows(run: LabelRun, *, model: str | None = None, author: str = "") -> list[dict[str, Any]]:
    """One line a described unit, in the order of sites.

    Args:
        run: The run.
        model: The model's id at Neuronpedia; default: the target's name.
        author: The id of the user there in whose name it is.
    """
    model = model or str((run.facts.get("target") or {}).get("name") or "")
    described = [
        unit
        for unit in run.units
        if unit.status in ("described", "word list") and unit.label.strip()
    ]
    planner = str(run.settings.get("planner") or "").removeprefix("openai:")
    created = run.facts.get("created")
    result = [_row(unit, model, author, planner, created) for unit in described]
    return sorted(result, key=lambda row: row["layer"])


def write_neuronpedia(path: Path, found: Iterable[dict[str, Any]]) -> list[Path]:
    """Writes lines as one file, or as a folder in Neuronpedia's layout; the files written.

    Raises:
        UsageError: if a file cannot be written.
    """
    found = list(found)
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        _write(path, found)
        return [path]
    files = []
    for (model, source), part in groupby(found, key=lambda row: (row["modelId"], row["layer"])):
        folder = path / _safe(model) / _safe(source) / "explanations"
        lines = list(part)
        for i in range(0, len(lines), BATCH):
            files.append(folder / f"batch-{i // BATCH}.jsonl.gz")
            _write(files[-1], lines[i : i + BATCH])
    return files


def source_of(site: str) -> str:
    """A site's name as a source: the layer's number first."""
    match = _SITE.fullmatch(site)
    return f"{match['layer']}-{match['kind']}" if match else site


def _row(unit: UnitLabel, model: str, author: str, planner: str, created: Any) -> dict[str, Any]:
    parsed = Unit.parse(unit.unit)
    source = source_of(parsed.site)
    text = unit.label if parsed.sign > 0 else f"{unit.label} (negative side)"
    mark = hashlib.sha256(f"{model}\0{source}\0{unit.unit}\0{text}".encode(errors="replace"))
    scores = unit.record.get("scores")
    named = (
        ("same-token pairs right", "words.pairs"),
        ("held-out correlation", "correlation"),
        ("gain over baselines", "gain_over_lookup"),
    )
    values = [(name, value_of(scores, key)) for name, key in named]
    notes = ", ".join(f"{name} {value:.2f}" for name, value in values if value is not None)
    return {
        "id": f"c{mark.hexdigest()[:24]}",
        "modelId": model,
        "layer": source,
        "index": str(parsed.index),
        "description": text,
        "authorId": author,
        "embedding": None,
        "triggeredById": None,
        "typeName": TYPE,
        "explanationModelName": planner or None,
        "notes": notes or None,
        "createdAt": created,
    }


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name) or "_"


def _write(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    write_export(path, gzip.compress(text.encode(), mtime=0) if path.suffix == ".gz" else text)
