"""Pictures of a benchmark run: recovery by kind, reliability, risk against coverage."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from ...tools.statistics.intervals import share
from ..report.plots import INK, OTHER, SOFT, plain, save


def draw(result: Mapping[str, Any], out: Path) -> dict[str, Markup]:
    """Writes the pictures of a summary as PNG files; by name, what a page shows."""
    drawn = {}
    for tier in ("A", "B"):
        if tier in result["tiers"]:
            drawn[f"recovery {tier}"] = save(_recovery(result, tier), out / f"recovery-{tier}.png")
    if result["calibration"].get("bins"):
        drawn["reliability"] = save(_reliability(result), out / "reliability.png")
        drawn["risk and coverage"] = save(_risk(result), out / "risk-coverage.png")
    return drawn


def _recovery(result: Mapping[str, Any], tier: str) -> Figure:
    entry = result["tiers"][tier]
    kinds = list(entry["kinds"])
    figure = Figure(figsize=(8.4, 0.42 * len(kinds) + 1.5), layout="constrained")
    axes = figure.subplots()
    for at, kind in enumerate(kinds):
        value = entry["kinds"][kind]
        axes.barh(at, value["value"], height=0.62, color=INK, alpha=0.4, zorder=2)
        axes.plot([value["low"], value["high"]], [at, at], color="#111", lw=1.2, zorder=4)
        axes.text(1.02, at, f"n={value['n']}", va="center", fontsize=8, color="#666")
    marks = {"no experiments": ("o", OTHER), "random experiments": ("s", SOFT)}
    for name, (shape, colour) in marks.items():
        there = result["baselines"].get(name, {}).get("tiers", {}).get(tier, {}).get("kinds", {})
        known = [(there[k]["value"], at) for at, k in enumerate(kinds) if k in there]
        if known:
            x, y = zip(*known, strict=True)
            axes.scatter(x, y, marker=shape, color=colour, edgecolor="#333", zorder=5, label=name)
    axes.set_yticks(range(len(kinds)), kinds)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12)
    axes.set_xlabel("share of units recovered in every cell of the truth table, 95% interval")
    axes.set_title(f"Tier {tier}", loc="left", fontsize=11)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower right", ncols=2, fontsize=8, frameon=False)
    return plain(figure, axes)


def _reliability(result: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=(4.6, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=SOFT, lw=1, ls="--", label="as it should be")
    for item in result["calibration"]["bins"]:
        right = round(item["right"] * item["n"])
        bar = share([True] * right + [False] * (item["n"] - right))
        x = item["confidence"]
        axes.plot([x, x], [bar["low"], bar["high"]], color=INK, lw=1.2)
        axes.scatter([x], [item["right"]], s=14 + 2 * item["n"], color=INK, zorder=3)
    skill = result["brier_skill"]
    axes.set_title(
        f"Brier skill {skill['value']:.2f} [{skill['low']:.2f}, {skill['high']:.2f}], "
        f"{skill['n']} units",
        loc="left",
        fontsize=10,
    )
    axes.set_xlabel("confidence, mean of a bin of equal counts")
    axes.set_ylabel("share that is right, 95% interval")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return plain(figure, axes)


def _risk(result: Mapping[str, Any]) -> Figure:
    points = result["calibration"]["risk_coverage"]
    figure = Figure(figsize=(4.6, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.plot([p["coverage"] for p in points], [p["risk"] for p in points], color=INK, lw=1.6)
    base = 1 - result["calibration"]["base_rate"]
    axes.axhline(base, color=SOFT, ls="--", lw=1, label="all units")
    axes.set_xlabel("coverage: the most confident share of units")
    axes.set_ylabel("risk: share of them that is wrong")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, max(0.2, 1.1 * max(p["risk"] for p in points)))
    axes.set_title(f"area {result['calibration']['aurc']:.3f}", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8)
    return plain(figure, axes)
