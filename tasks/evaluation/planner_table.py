"""A benchmark run as tables in the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table


def show(found: Mapping[str, Any]) -> None:
    """Prints recovery by tier and kind, baselines beside it, and the rest in lines."""
    console = Console()
    for tier, entry in found["tiers"].items():
        what = "share of the ceiling" if tier == "C" else "recovered"
        table = Table(title=f"Tier {tier}: {what}")
        for column in ("kind", "n", what, *found["baselines"]):
            table.add_column(column, justify="left" if column == "kind" else "right")
        rows = {"all": entry["recovery"], **entry["kinds"]}
        for kind, value in rows.items():
            others = []
            for name in found["baselines"].values():
                there = name["tiers"].get(tier, {})
                other = there.get("recovery") if kind == "all" else there.get("kinds", {}).get(kind)
                others.append(
                    "" if not other or other["value"] is None else f"{other['value']:.2f}"
                )
            table.add_row(kind, str(value["n"]), said(value), *others)
        console.print(table)
        if tier == "C":
            console.print(f"ceiling: correlation {said(entry['ceiling'])}")
    null = found["null"]
    console.print(f"null and dead units found out: {said(null['detected'])}")
    console.print(f"units with a function called null or dead: {said(null['false'])}")
    console.print(f"Brier skill of confidence: {said(found['brier_skill'])}")
    for tier, value in found["text_match"].items():
        console.print(f"text match with the true description, tier {tier}: {said(value)}")
    console.print(
        f"{found['units']} units ({found['failed']} failed), {found['seconds']:.0f} s in all, "
        f"{said(found['unit_seconds'])} s a unit"
    )


def said(value: Mapping[str, Any]) -> str:
    """`0.83 [0.71, 0.90]`."""
    if value.get("value") is None:
        return "none"
    return f"{value['value']:.2f} [{value['low']:.2f}, {value['high']:.2f}]"
