"""A benchmark run as tables in the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.table import Table

from ...tools.io.console import Console
from ..report.tables import with_interval
from ..report.usage import spent_words
from .effects_by_kind import COLUMNS, WANTED
from .summary import recovery_rows

SHORT = {
    "no experiments": "no exp.",
    "random experiments": "random",
    "one-shot": "1-shot",
    "top tokens": "tokens",
}
"""Column headings of baselines; a constant recovers nothing and has no column."""
EFFECTS = {
    "named": "named",
    "at best": "best",
    "by chance": "chance",
    "causal": "causal",
    "no effect": "none",
    "redundant": "redundant",
    "its twin": "twin",
}
"""Column headings of what is said of effects."""


def show(result: Mapping[str, Any]) -> None:
    """Prints recovery by tier and kind, baselines beside it, and the rest in lines."""
    console = Console()
    shown = [name for name in SHORT if name in result["baselines"]]
    for tier, entry in result["tiers"].items():
        what = "of best" if tier == "C" else "recovered"
        table = _table(f"Tier {tier}", "kind", "n", what, *(SHORT[name] for name in shown))
        for row in recovery_rows(result, tier, shown):
            others = ["" if one is None else f"{one['value']:.2f}" for one in row.baselines]
            table.add_row(row.kind, str(row.value["n"]), with_interval(row.value), *others)
        console.print(table)
        if tier == "C":
            best = with_interval(entry["ceiling"])
            console.print(f"best predicate found, a lower bound: correlation {best}")
        if entry.get("pairs"):
            console.print(_pairs(entry["pairs"]))
    if result.get("effects"):
        console.print(_effects(result["effects"]))
    for line in _lines(result, shown):
        console.print(line)


def _lines(result: Mapping[str, Any], baselines: list[str]) -> Iterator[str]:
    """What stands below the tables."""
    text = with_interval
    null = result["null"]
    own = null.get("own") or {"detected": {}, "false": {}}
    yield (
        f"null and dead units found out: {text(null['detected'])}; by the planner itself, where it "
        f"was asked: {text(own['detected'])}"
    )
    yield (
        f"units with a function called without one: {text(null['false'])}; by the planner itself: "
        f"{text(own['false'])}"
    )
    for name in baselines:
        there = result["baselines"][name].get("null") or {}
        if there.get("own"):
            yield (
                f"  {name}: found out {text(there['detected'])}, by itself "
                f"{text(there['own']['detected'])}"
            )
    yield from confidence_lines(result["calibration"])
    for tier, value in result["text_match"].items():
        yield f"text match with the true description, tier {tier}: {text(value)}"
    for tier, value in (result.get("predictive") or {}).items():
        yield (
            f"pictures from descriptions, tier {tier}: AUC over near-misses "
            f"{text(value['near_miss'])}, over unrelated ones {text(value['unrelated'])}"
        )
    yield (
        f"{result['units']} units ({result['failed']} failed), {result['seconds']:.0f} s in all, "
        f"{text(result['unit_seconds'])} s a unit"
    )
    yield f"the investigations: {spent_words(result['spent'])}"


def confidence_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Whether confidence means what it says, or why that cannot be told."""
    text = with_interval
    if found.get("not_assessable"):
        yield f"confidence: not assessable ({found['not_assessable']})"
    else:
        yield (
            f"confidence, {found['n']} units, {found['wrong']} wrong: AUROC "
            f"{text(found['auroc'])}, within tiers {text(found['auroc_within'])}; calibration "
            f"slope {text(found['slope'])}; Brier skill {text(found['brier_skill'])}"
        )
    for tier, entry in found.get("tiers", {}).items():
        yield (
            f"  tier {tier}: {entry['n']} units, right {text(entry['right'])}, mean confidence "
            f"{text(entry['confidence'])}"
        )


def _pairs(result: Mapping[str, Any]) -> Table:
    """Held-out pairs of tier M: AUROC within tokens, and shares of what could be reached."""
    names = ["own", "true", "best", "of true", "of best"]
    if any("judge of true" in row for row in result.values()):
        names += ["judge own", "judge true", "judge of true"]
    columns = (name.replace("judge", "j.") for name in names)
    title = "Held-out pairs: AUROC within tokens (chance .50)"
    table = _table(title, "kind", "n", *columns, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for kind, row in result.items():
        cells = [with_interval(row["own"]) if n == "own" else _plain(row.get(n)) for n in names]
        n, missing = row["own"]["n"], row["missing"]
        table.add_row(kind, f"{n} of {n + missing}" if missing else str(n), *cells)
    return table


def _plain(entry: Mapping[str, Any] | None) -> str:
    return "" if entry is None or entry["value"] is None else f"{entry['value']:.2f}"


def _effects(result: Mapping[str, Any]) -> Table:
    """What is said of planted effects, by what the units really write."""
    columns = (EFFECTS[name] for name in COLUMNS)
    title = "What is said of effects"
    table = _table(title, "writes", "n", "rightly", *columns, box=box.SIMPLE_HEAD, padding=0)
    for relation, entry in result.items():
        shares = [entry[name]["value"] for name in COLUMNS]
        cells = ["" if value is None else f"{value:.2f}" for value in shares]
        table.add_row(relation, str(entry["n"]), with_interval(entry[WANTED[relation]]), *cells)
    return table


def _table(title: str, *columns: str, **style: Any) -> Table:
    """An empty table; the first column is words, the others numbers."""
    made = Table(title=title, **style)
    for i, column in enumerate(columns):
        made.add_column(column, justify="right" if i else "left", no_wrap=True)
    return made


def show_real(result: Mapping[str, Any]) -> None:
    """Prints the scores on a network's own units beside those of the controls."""
    title = f"{result['units']} units of {result['target']}, held out"
    table = _table(title, "", "correlation", "AUPRC", "F1", "gain", "labelled")
    names = ("correlation", "auprc", "f1", "gain_over_lookup")
    for name, entry in {"trained": result["own"], **result["controls"]}.items():
        described = entry["status"].get("described", 0)
        cells = [with_interval(entry[score]) for score in names]
        table.add_row(name, *cells, f"{described}/{entry['n']}")
    console = Console()
    console.print(table)
    console.print(
        f"agreement of {len(result['seeds'])} seeds, correlation of predictions: "
        f"{with_interval(result['agreement']['correlation'])}; {result['seconds']:.0f} s"
    )
