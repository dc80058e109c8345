"""The report of a labelling run: one self-contained page over all of its units.

Numbers first (units by status, median scores with intervals, controls), then distributions, then a
table of all units that can be sorted and filtered, each with its description and its strongest
exemplars, and a link to the page of its transcript, which is made here too.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from ...agent.statuses import CONFIDENCE, CONFIDENT, confidence_of
from ...agent.transcript import read, render
from ...agent.transcript.heat import scale_of
from ...agent.transcript.page import ODD, component_view
from ...agent.transcript.plots import Point, curve, interval_bar
from ...agent.transcript.sections import NAMES, cell, entry_of, tops_of, triple
from ...agent.transcript.words import words_for
from ...tools.errors import UsageError
from ..report.page import write_page
from ..scoring.entries import (
    also_words,
    beside_within,
    reach_words,
    reference_line,
    shares_words,
    specificity_words,
    words_lines,
)
from ..scoring.sanity_marks import mark
from .folder import RunFolder
from .report_costs import cost_curves, way_of, ways
from .report_parts import controls_table, distributions, facts, failures, statuses, tiles
from .results import read_run
from .words_summary import sentences, summary

HERE = Path(__file__).parent
COLUMNS = (
    "words.pairs",
    "words.auroc",
    "correlation",
    "within.auroc",
    "gain_over_lookup",
    "auprc",
    "f1",
    "cosine",
)
MOST_PAGES = 500
"""Transcripts that get a page and exemplars in the table: the best-scored ones come first."""
_EXEMPLARS = 3


def write_report(folder: str | Path) -> Path:
    """Writes `report.html` into a run folder, and a page beside each transcript.

    Args:
        folder: A run folder. What is missing in it is missing in the report.

    Returns:
        The report.

    Raises:
        UsageError: if there are no labels in the folder.
    """
    folder = Path(folder)
    run, records, faults, judged = _run(folder)
    if not records and not run:
        raise UsageError(f"there is no run in {folder}: neither run.json nor labels.jsonl")
    costs = cost_curves(records)  # in the order of the run
    records = sorted(records, key=_order)
    of_text = any(entry_of(record.get("scores"), "within") for record in records)
    hidden = ("cosine", "words.auroc") if of_text else ("words.pairs", "within.auroc")
    columns = [name for name in COLUMNS if name not in hidden]
    units = [
        _unit(folder, record, faults, paged=i < MOST_PAGES) for i, record in enumerate(records)
    ]
    return write_page(
        folder / "report.html",
        _title(run, records),
        HERE / "report.html",
        over="neuroscribe · labelling run",
        script=HERE / "report.js",
        facts=facts(run),
        words=words_for(run.get("target")),
        tiles=tiles(records, missing=len(run.get("missing") or ())),
        statuses=statuses(records),
        failures=failures(records),
        missing=list(run.get("missing") or ()),
        said=faults,
        controls=controls_table(records),
        plots=[*distributions(records), *costs],
        ways=ways(records),
        way_of=way_of,
        headlines=columns,
        columns=[NAMES.get(name, name) for name in columns],
        judged=judged,
        units=units,
        marks={name: mark(name) for name in ("precision", "recall")},
        confidence_words=CONFIDENCE,
        confident=CONFIDENT,
        known=set(),
        created=run.get("created"),
        **{function.__name__: function for function in _FUNCTIONS},
    )


def _run(folder: Path) -> tuple[dict[str, Any], list[Mapping[str, Any]], list[str], list[str]]:
    """What `run.json` says, the records with their controls, what is wrong with their lines, and
    what a judge could do with the words; run and records may be missing."""
    if (folder / "run.json").exists():
        run = read_run(RunFolder(folder))
        result = run.as_dict()
        found = summary(run)
        return result["run"], result["units"], list(run.said), sentences(found) if found else []
    faults: list[str] = []
    records = RunFolder(folder).labels(faults) if folder.is_dir() else {}
    return {}, list(records.values()), faults, []


def _order(record: Mapping[str, Any]) -> tuple[int, float]:
    """By correlation, highest first; then those without a score."""
    value = triple((record.get("scores") or {}).get("correlation"))[0]
    return (1, 0.0) if value is None else (0, -value)


def _title(run: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> str:
    name = (run.get("target") or {}).get("name") or "a model"
    return f"{len(records)} unit{'' if len(records) == 1 else 's'} of {Path(str(name)).name}"


def _unit(
    folder: Path, record: Mapping[str, Any], faults: list[str], *, paged: bool
) -> dict[str, Any]:
    """One row of the table, with what opens below it; `faults` gets what is wrong with it."""
    try:
        page, tops = _transcript(folder, record, paged=paged)
    except (UsageError, *ODD) as error:
        page, tops = None, []
        faults.append(f"{record.get('unit')} has no page: {error}")
    return {"record": record, "page": page, "tops": tops}


def _transcript(
    folder: Path, record: Mapping[str, Any], *, paged: bool
) -> tuple[str | None, list[dict[str, Any]]]:
    """A link to the page of the unit's transcript, made where needed, and its top exemplars."""
    if not record.get("transcript"):
        return None, []
    path = folder / "transcripts" / Path(str(record["transcript"])).name
    if not paged and path.is_file():
        return _link(folder, path), []
    result = read(path)
    page = path.with_suffix(".html")
    if not page.exists() or page.stat().st_mtime < path.stat().st_mtime:
        render(path, page, record=record)
    items = [item for each in result.evidence.values() for item in each.data.get("measured") or ()]
    tops = tops_of(result.evidence.values(), scale=scale_of(items), limit=_EXEMPLARS)
    return _link(folder, page), tops


def _link(folder: Path, path: Path) -> str:
    return quote(path.relative_to(folder).as_posix())


def dose(found: Mapping[str, Any] | None) -> Markup:
    """How far the words that a unit promotes rise where it is held at a level; empty if unknown."""
    points = []
    for one in (found or {}).get("sufficiency") or ():
        low, high = one["interval"] or (None, None)
        note = f"percentile {one['percentile']:g}: {one['raised']:.3g} at {one['value']:.3g}"
        points.append(Point(one["value"], one["raised"], low, high, note))
    if len({point.x for point in points}) < 2:
        return Markup("")
    points.sort(key=lambda point: point.x)
    return curve(points, x_name="held at", y_name="rise of its words", size=(320, 150))


_FUNCTIONS = (
    *(entry_of, beside_within, also_words, reach_words, shares_words, reference_line, words_lines),
    confidence_of,
    *(cell, triple, dose, interval_bar, component_view, specificity_words),
)
"""What the page is drawn with."""
