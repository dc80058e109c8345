"""Units of a run as HTML: pages of the grid, and the parts of one unit's page.

The parts are sections of the transcript's page (`agent/transcript`), made when asked for.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ...agent.transcript import read
from ...agent.transcript.page import component_view, contents, section
from ...agent.transcript.plots import interval_bar
from ...agent.transcript.sections import cell, score_table
from ...tools.errors import UsageError
from ..labelling.report import dose
from .index import PAGE, Row, RunIndex, View
from .rendering import drawn, note, sendable

PARTS = {
    "exemplars": "exemplars",
    "activations": "activations",
    "effect": "effect",
    "ledger": "hypotheses",
    "timeline": "transcript",
}
"""Sections of a transcript's page that a unit's page shows when asked, and what they are called."""


@dataclass(frozen=True)
class Units:
    """A run, as its pages show it."""

    index: RunIndex

    @property
    def name(self) -> str:
        """The target's name, as a person reads it."""
        return Path(str((self.index.run.get("target") or {}).get("name") or "a model")).name

    def grid(self, view: View) -> str:
        """One page of the grid."""
        page = self.index.page(view)
        return drawn(
            "units.html",
            rows=page.rows,
            view=page.view,
            pages=max(1, -(-page.found // PAGE)),
            said=self._said(page.found, page.known),
            unread=f"{page.unread / 2**20:.0f}" if page.unread else "",
            cell=cell,
            share=_share,
            bar=_bar,
        )

    def statuses(self) -> list[str]:
        """The statuses that units have, the most frequent first."""
        return [
            name for name, _ in Counter(r.status for r in self.index.rows.values()).most_common()
        ]

    def header(self, unit: str) -> str:
        """The top of a unit's page."""
        record = self.index.record(unit)
        ending = [
            f"{name} {cell(record[key])}"
            for key, name in (("confidence", "confidence"), ("explained", "explained share"))
            if record.get(key) is not None
        ]
        return drawn(
            "unit.html",
            target=self.name,
            unit=unit,
            label=record.get("label"),
            status=str(record.get("status") or "?"),
            ending=" · ".join(ending),
            reason=record.get("reason"),
        )

    def description(self, unit: str) -> str:
        """What the run says of a unit, with its scores: from its record alone."""
        record = self.index.record(unit)
        known = {
            "components": [component_view(item) for item in record.get("components") or ()],
            "effect": record.get("effect"),
            "rejected": record.get("rejected"),
            "notes": record.get("notes"),
            "scores": score_table(record.get("scores") or {}),
            "data": "documents",
            "known": {item.get("id") for item in record.get("evidence") or ()},
        }
        found = section("description", known) + section("scores", known)
        return sendable(found) if found.strip() else note("This unit has no description.")

    def part(self, unit: str, name: str) -> str:
        """One of `PARTS` of a unit's page."""
        record = self.index.record(unit)
        path = self.index.folder / "transcripts" / Path(str(record.get("transcript") or "-")).name
        if not path.is_file():
            raise UsageError(f"the transcript of {unit} is not in {self.index.folder}")
        known = contents(read(path), record=record)
        found = section(name, known)
        if name == "effect":
            found += _more_of_effect(record, known)
        if not found.strip():
            return note(f"The transcript of {unit} has no {PARTS[name]}.")
        return sendable(found)

    def _said(self, found: int, known: int) -> str:
        asked = len(self.index.units)
        missing = f", {asked - known:,} not labelled yet" if asked > known else ""
        if found == known:
            return f"{known:,} units of {self.name}{missing}"
        return f"{found:,} of {known:,} units of {self.name}{missing}"


def _more_of_effect(record: Mapping[str, Any], known: Mapping[str, Any]) -> Markup:
    """The dose curve, and the experiments that the effect cites."""
    plot = dose(record.get("effect_scores"))
    cited = set((record.get("effect") or {}).get("evidence") or ())
    shown = [item for item in known["timeline"] if item.get("id") in cited]
    return Markup(drawn("effect.html", dose=plot, experiments=shown))


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}" if value < 0.1 else f"{value:.0%}"


def _bar(row: Row) -> Markup:
    return Markup("") if row.score is None else interval_bar(row.score, row.low, row.high)
