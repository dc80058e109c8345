"""What a labelling run gives back: typed for Python, plain JSON for other programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...agent.description import Description
from ...tools.errors import UsageError
from ..report.usage import total
from ..runs.folder import RunFolder
from .tool_faults import tool_calls, whole_failures

FIRST = (
    "unit",
    "label",
    "components",
    "explained",
    "effect",
    "confidence",
    "status",
    "scores",
    "controls",
    "evidence",
)


def value_of(scores: Mapping[str, Any] | None, name: str) -> float | None:
    """A score's value, whether it is kept with its interval or alone; None where there is none."""
    entry = (scores or {}).get(name)
    return entry.get("value") if isinstance(entry, Mapping) else entry


@dataclass(frozen=True)
class UnitLabel:
    """One unit's line of a run."""

    unit: str
    label: str
    status: str
    record: Mapping[str, Any]
    """Everything that the run kept of it."""

    @property
    def correlation(self) -> float | None:
        """Held-out correlation with the unit, where there is a score."""
        return value_of(self.record.get("scores"), "correlation")

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, the shared fields first."""
        first = {name: self.record.get(name) for name in FIRST}
        return {**first, **{k: v for k, v in self.record.items() if k not in first}}


@dataclass(frozen=True)
class LabelRun:
    """A run folder, read."""

    folder: Path
    settings: Mapping[str, Any]
    facts: Mapping[str, Any]
    """Target, corpus, versions: what `run.json` says beside the settings."""
    units: tuple[UnitLabel, ...]
    """In the order of the selection."""
    missing: tuple[str, ...] = ()
    """Units that have no label yet."""
    said: tuple[str, ...] = ()
    """What the run wants its user to know, such as torn lines that were left out."""

    @property
    def failed(self) -> tuple[UnitLabel, ...]:
        """Units whose investigation failed."""
        return tuple(unit for unit in self.units if unit.status == "failed")

    @property
    def spent(self) -> dict[str, float]:
        """Tokens in, cached and out, money and seconds of all investigations together."""
        return total(unit.record.get("meter") for unit in self.units)

    def _repr_html_(self) -> str:
        """The table of a notebook."""
        from .run_html import run_html

        return run_html(self)

    def __getitem__(self, unit: str) -> UnitLabel:
        """The label of one unit."""
        for item in self.units:
            if item.unit == str(unit):
                return item
        raise KeyError(unit)

    def as_dict(self) -> dict[str, Any]:
        """The document that `--json` prints."""
        counts: dict[str, int] = {}
        for unit in self.units:
            counts[unit.status] = counts.get(unit.status, 0) + 1
        run = {
            "folder": str(self.folder),
            "target": self.facts.get("target"),
            "corpus": self.facts.get("corpus"),
            "planner": self.settings.get("planner"),
            "seed": self.settings.get("seed"),
            "created": self.facts.get("created"),
            "versions": self.facts.get("versions"),
            "settings": self.settings,
            "labelled": len(self.units),
            "missing": list(self.missing),
            "status": counts,
            "tools": {
                name: {"calls": tool.calls, "errors": tool.errors}
                for name, tool in tool_calls(unit.record for unit in self.units).items()
            },
            "spent": self.spent,
            "controls": self.facts.get("controls"),
        }
        return {"run": run, "units": [unit.as_dict() for unit in self.units]}


def read_run(folder: RunFolder) -> LabelRun:
    """The run in a folder.

    Raises:
        UsageError: if there is none.
    """
    run = folder.read_run()
    if run is None:
        raise UsageError(f"there is no run in {folder.path}: it has no run.json")
    faults: list[str] = []
    labels = folder.labels(faults)
    parts = [folder.read(path.name, faults) for path in sorted(folder.path.glob("controls*.json"))]
    own = {unit: entry for part in parts for unit, entry in part.get("units", {}).items()}
    order = run["units"]
    found = []
    for unit in order:
        if unit in labels:
            record = labels[unit]
            record = {**record, "controls": {**(record.get("controls") or {}), **own.get(unit, {})}}
            found.append(UnitLabel(unit, record["label"], record["status"], record))
    facts = {key: value for key, value in run.items() if key not in ("settings", "units")}
    facts["controls"] = parts[0].get("run") if parts else None
    missing = tuple(unit for unit in order if unit not in labels)
    faults += whole_failures(tool_calls(item.record for item in found))
    return LabelRun(folder.path, run["settings"], facts, tuple(found), missing, tuple(faults))


def description_of(record: Mapping[str, Any]) -> Description:
    """The description in a unit's record."""
    names = Description.__dataclass_fields__
    return Description.from_dict({key: value for key, value in record.items() if key in names})
