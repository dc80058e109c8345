"""A benchmark run as tables in the terminal."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table

from ...tools.io.console import Console
from ..report.usage import spent_words
from .effects_by_kind import COLUMNS, WANTED

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


def show(found: Mapping[str, Any]) -> None:
    """Prints recovery by tier and kind, baselines beside it, and the rest in lines."""
    console = Console()
    shown = [name for name in SHORT if name in found["baselines"]]
    for tier, entry in found["tiers"].items():
        what = "of best" if tier == "C" else "recovered"
        table = Table(title=f"Tier {tier}")
        for column in ("kind", "n", what, *(SHORT[name] for name in shown)):
            left = column == "kind"
            table.add_column(column, justify="left" if left else "right", no_wrap=True)
        rows = {"all": entry["recovery"], **entry["kinds"]}
        for kind, value in rows.items():
            others = []
            for name in shown:
                there = found["baselines"][name]["tiers"].get(tier, {})
                other = there.get("recovery") if kind == "all" else there.get("kinds", {}).get(kind)
                others.append(
                    "" if not other or other["value"] is None else f"{other['value']:.2f}"
                )
            table.add_row(kind, str(value["n"]), said(value), *others)
        console.print(table)
        if tier == "C":
            best = said(entry["ceiling"])
            console.print(f"best predicate found, a lower bound: correlation {best}")
    if found.get("effects"):
        console.print(_effects(found["effects"]))
    null = found["null"]
    own = null.get("own") or {"detected": {}, "false": {}}
    console.print(
        f"null and dead units found out: {said(null['detected'])}; by the planner itself, where it "
        f"was asked: {said(own['detected'])}"
    )
    console.print(
        f"units with a function called without one: {said(null['false'])}; by the planner itself: "
        f"{said(own['false'])}"
    )
    for name in shown:
        there = found["baselines"][name].get("null") or {}
        if there.get("own"):
            console.print(
                f"  {name}: found out {said(there['detected'])}, by itself "
                f"{said(there['own']['detected'])}"
            )
    console.print(f"Brier skill of confidence: {said(found['brier_skill'])}")
    for tier, value in found["text_match"].items():
        console.print(f"text match with the true description, tier {tier}: {said(value)}")
    for tier, value in (found.get("predictive") or {}).items():
        console.print(
            f"pictures from descriptions, tier {tier}: AUC over near-misses "
            f"{said(value['near_miss'])}, over unrelated ones {said(value['unrelated'])}"
        )
    console.print(
        f"{found['units']} units ({found['failed']} failed), {found['seconds']:.0f} s in all, "
        f"{said(found['unit_seconds'])} s a unit"
    )
    console.print(f"the investigations: {spent_words(found['spent'])}")


def _effects(found: Mapping[str, Any]) -> Table:
    """What is said of planted effects, by what the units really write."""
    table = Table(title="What is said of effects", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("writes", "n", "rightly", *(EFFECTS[name] for name in COLUMNS)):
        left = column == "writes"
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    for relation, entry in found.items():
        shares = [entry[name]["value"] for name in COLUMNS]
        cells = ["" if value is None else f"{value:.2f}" for value in shares]
        table.add_row(relation, str(entry["n"]), said(entry[WANTED[relation]]), *cells)
    return table


def said(value: Mapping[str, Any]) -> str:
    """`0.83 [0.71, 0.90]`."""
    if value.get("value") is None:
        return "none"
    return f"{value['value']:.2f} [{value['low']:.2f}, {value['high']:.2f}]"


def show_real(found: Mapping[str, Any]) -> None:
    """Prints the scores on a network's own units beside those of the controls."""
    table = Table(title=f"{found['units']} units of {found['target']}, held out")
    names = ("correlation", "auprc", "f1", "gain_over_lookup")
    for column in ("", "correlation", "AUPRC", "F1", "gain", "labelled"):
        table.add_column(column, justify="right" if column else "left")
    for name, entry in {"trained": found["own"], **found["controls"]}.items():
        described = entry["status"].get("described", 0)
        cells = [said(entry[score]) for score in names]
        table.add_row(name, *cells, f"{described}/{entry['n']}")
    console = Console()
    console.print(table)
    many = len(found["seeds"])
    console.print(
        f"agreement of {many} seeds, correlation of predictions: "
        f"{said(found['agreement']['correlation'])}; {found['seconds']:.0f} s"
    )
