"""What a labelling run gives back: typed for Python, plain JSON for other programs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ...agent.description import Description
from ...agent.statuses import CONFIDENT, confidence_of
from ...agent.transcript.sections import cell
from ...tools.errors import UsageError, nearest
from ..report.tables import table_html
from ..report.usage import spent_words, total
from ..scoring.entries import value_of
from .folder import RunFolder
from .words import COMPONENTS, by_unit, read_lines, with_names

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
_MOST_ROWS = 100
"""Units in the table of a notebook."""


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
    def not_judged(self) -> int:
        """Units without a score, as the judge of their predictors reached its limit."""
        every = (unit.record.get("scores") or {} for unit in self.units)
        return sum("not_judged" in scores for scores in every)

    @property
    def spent(self) -> dict[str, float]:
        """Tokens in, cached and out, money and seconds of all investigations together."""
        return total(unit.record.get("meter") for unit in self.units)

    def _repr_html_(self) -> str:
        """The table of a notebook: label, status, held-out correlation, confidence of each unit."""
        rest = len(self.units) - _MOST_ROWS
        notes = [f"{rest} more units"] if rest > 0 else []
        if self.missing:
            notes.append(f"{len(self.missing)} units have no label yet")
        return table_html(
            f"{len(self.units)} units of {self.settings.get('target')}, {len(self.failed)} failed",
            ["unit", "label", "status", "correlation", f"confidence {CONFIDENT}"],
            [
                [
                    unit.unit,
                    unit.label or unit.record.get("reason") or "–",
                    unit.status,
                    cell(unit.correlation),
                    cell(confidence_of(unit.record)),
                ]
                for unit in self.units[:_MOST_ROWS]
            ],
            notes=[*notes, spent_words(self.spent), str(self.folder / "report.html")],
            words=3,
        )

    def __getitem__(self, unit: str) -> UnitLabel:
        """The label of one unit."""
        for item in self.units:
            if item.unit == str(unit):
                return item
        raise KeyError(unit)

    def named(self, unit: str) -> UnitLabel:
        """The label of a unit that a person or a program named.

        Raises:
            UsageError: if there is none; names the nearest.
        """
        try:
            return self[unit]
        except KeyError:
            near = nearest(unit, [item.unit for item in self.units]) if self.units else "none"
            raise UsageError(f"{self.folder} has no label of {unit}; nearest: {near}") from None

    def as_dict(self) -> dict[str, Any]:
        """The document that `--json` prints."""
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
            "not_judged": self.not_judged,
            "status": dict(Counter(unit.status for unit in self.units)),
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
    run = folder.facts()
    faults: list[str] = []
    labels = folder.labels(faults)
    names = sorted(path.name for path in folder.path.glob("controls*.json"))
    parts = [folder.read_controls(name, faults) for name in names]
    own = {unit: entry for part in parts for unit, entry in part.get("units", {}).items()}
    said = by_unit(
        read_lines(folder.path, faults), {unit: item["label"] for unit, item in labels.items()}
    )
    judged = read_lines(folder.path, faults, file=COMPONENTS)
    units = []
    for unit in run["units"]:
        if unit in labels:
            record = with_names(labels[unit], judged)
            if unit in said:
                record = {**record, "scores": {**(record.get("scores") or {}), "words": said[unit]}}
            record = {**record, "controls": {**(record.get("controls") or {}), **own.get(unit, {})}}
            units.append(UnitLabel(unit, record["label"], record["status"], record))
    facts = {key: value for key, value in run.items() if key not in ("settings", "units")}
    facts["controls"] = parts[0].get("run") if parts else None
    missing = tuple(unit for unit in run["units"] if unit not in labels)
    faults += whole_failures(tool_calls(item.record for item in units))
    return LabelRun(folder.path, run["settings"], facts, tuple(units), missing, tuple(faults))


def description_of(record: Mapping[str, Any]) -> Description:
    """The description in a unit's record."""
    names = Description.__dataclass_fields__
    return Description.from_dict({key: value for key, value in record.items() if key in names})


class ToolCalls(NamedTuple):
    """What became of one tool's calls, over all units."""

    calls: int
    errors: int
    reason: str
    """Of the last error."""


def tool_calls(records: Iterable[Mapping[str, Any]]) -> dict[str, ToolCalls]:
    """Calls and errors by tool, in the order of first use.

    Args:
        records: Of units, whose `evidence` lists `tool` and `error`.
    """
    tools: dict[str, ToolCalls] = {}
    for record in records:
        for item in record.get("evidence") or ():
            if not isinstance(item, Mapping) or not isinstance(item.get("tool"), str):
                continue
            calls, errors, reason = tools.get(item["tool"], ToolCalls(0, 0, ""))
            error = item.get("error")
            reason = str(error) if error else reason
            tools[item["tool"]] = ToolCalls(calls + 1, errors + bool(error), reason)
    return tools


def whole_failures(tools: Mapping[str, ToolCalls]) -> tuple[str, ...]:
    """A line for each tool of which no call succeeded."""
    return tuple(
        f"every call of {name} failed ({tool.errors} of {tool.calls}): "
        f"{' '.join(tool.reason.split())[:200]}"
        for name, tool in tools.items()
        if tool.errors == tool.calls
    )
