"""Units of a run as HTML: pages of the grid, and the parts of one unit's page.

The parts are sections of the transcript's page (`agent/transcript`), made when asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ...agent.statuses import CONFIDENCE, CONFIDENT, confidence_of
from ...agent.transcript import read
from ...agent.transcript.page import component_view, contents, section
from ...agent.transcript.plots import interval_bar
from ...agent.transcript.sections import cell, score_table
from ...tools.data.windows import clean
from ...tools.errors import UsageError
from ..labelling.report import dose
from ..scoring.entries import specificity_words
from ..search.records import Filters
from ..search.search import RunSearch
from .index import PAGE, Page, Row, RunIndex, View
from .rendering import drawn, note

PARTS = {
    "exemplars": "exemplars",
    "activations": "activations",
    "effect": "effect",
    "ledger": "hypotheses",
    "timeline": "transcript",
}
"""Sections of a transcript's page that a unit's page shows when asked, and what they are called."""
_HITS = 500  # units that a search gives at most


@dataclass
class Units:
    """A run, as its pages show it."""

    index: RunIndex
    _search: RunSearch | None = None

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
            said=self._said(page),
            unread=f"{page.unread / 2**20:.0f}" if page.unread else "",
            cell=cell,
            share=_share,
            bar=_bar,
            confidence_words=CONFIDENCE,
        )

    def search(self, view: View) -> View:
        """The view with what a search by words and meaning finds for its text.

        Raises:
            UsageError: if there is no run to search.
        """
        if self._search is None:
            self._search = RunSearch(self.index.folder)
        kinds = (view.status,) if view.status else ()
        result = self._search.search(view.text, _HITS, Filters(kinds=kinds))
        hits = tuple(hit.unit for hit in result.hits)
        return replace(view, hits=hits, note="; ".join(result.notes), sort="", page=0)

    def header(self, unit: str) -> str:
        """The top of a unit's page."""
        record = self.index.record(unit)
        ending = [
            f"{name} {cell(value)}{of}"
            for value, name, of in (
                (confidence_of(record), "confidence", f" {CONFIDENT}"),
                (record.get("explained"), "explained share", ""),
            )
            if value is not None
        ]
        specificity = specificity_words(record.get("specificity"))
        ending += [f"specificity {specificity}"] if specificity else []
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
        html = section("description", known) + section("scores", known)
        return clean(html) if html.strip() else note("This unit has no description.")

    def part(self, unit: str, name: str) -> str:
        """One of `PARTS` of a unit's page."""
        record = self.index.record(unit)
        path = self.index.folder / "transcripts" / Path(str(record.get("transcript") or "-")).name
        if not path.is_file():
            raise UsageError(f"the transcript of {unit} is not in {self.index.folder}")
        known = contents(read(path), record=record)
        html = section(name, known)
        if name == "effect":
            html += _more_of_effect(record, known)
        if not html.strip():
            return note(f"The transcript of {unit} has no {PARTS[name]}.")
        return clean(html)

    def _said(self, page: Page) -> str:
        asked = len(self.index.units)
        of = "" if page.found == page.known else f"{page.found:,} of "
        parts = [f"{of}{page.known:,} units of {self.name}"]
        if asked > page.known and not page.unread:
            parts.append(f"{asked - page.known:,} not labelled yet")
        if page.view.hits is not None:
            parts.append("found by words and meaning")
        if faults := self.index.faults:
            more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
            parts.append(f"{faults[0]}{more}")
        return "; ".join([", ".join(parts), page.view.note]).rstrip("; ")


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
