"""What the descriptions of a run cost, and what that bought: tokens against scores."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...agent.transcript.plots import Point, curve, scatter
from ..scoring.entries import value_of

_THOUSAND = 1000


def cost_curves(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Tokens against score, a point a unit, and both cumulated; empty where nothing was spent.

    Args:
        records: In the order of the run. A unit without a score counts with its tokens and 0.
    """
    spent = [(record, _tokens(record)) for record in records]
    if not any(tokens for _, tokens in spent):
        return []
    points, path = [], [Point(0.0, 0.0)]
    total = gained = 0.0
    for record, tokens in spent:
        score = value_of(record.get("scores"), "correlation") or 0.0
        total, gained = total + tokens / _THOUSAND, gained + max(score, 0.0)
        way = _way(record)
        note = f"{record.get('unit')}: {score:.2f} for {tokens:,} tokens{way}"
        points.append(Point(tokens / _THOUSAND, score, note=note))
        path.append(Point(total, gained, note=f"{note}; so far {gained:.2f} for {total:.0f}k"))
    x_name = "thousand tokens"
    each = scatter(points, x_name=x_name, y_name="correlation", alike=False)
    together = curve(path, x_name=x_name, y_name="correlations, summed")
    mean = gained / len(spent)
    said = f"{gained:.2f} over {len(spent)} units ({mean:.2f} each) for {total:,.0f}k tokens."
    return [
        {"title": "Tokens against score", "plot": each, "said": "One point a unit."},
        {"title": "Cumulated", "plot": together, "said": f"In the order of the run: {said}"},
    ]


def ways(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """How the descriptions of a run with several attempts came about, in sentences."""
    tried = [record for record in records if record.get("attempts") or record.get("triage")]
    if not tried:
        return []
    kept: dict[str, int] = {}
    for record in tried:
        kept[_kept_planner(record)] = kept.get(_kept_planner(record), 0) + 1
    parts = ", ".join(f"{n} from {name}" for name, n in sorted(kept.items()))
    out = [f"descriptions kept, chosen on validation: {parts}"]
    decisions = [(record.get("triage") or {}).get("decision") for record in tried]
    named = {one: decisions.count(one) for one in dict.fromkeys(decisions) if one}
    if named:
        out.append("triage: " + ", ".join(f"{one} ({n} units)" for one, n in named.items()))
    return out


def way_of(record: Mapping[str, Any]) -> list[str]:
    """How one description came about, a line each attempt; empty where there was one alone."""
    out = []
    for i, one in enumerate(record.get("attempts") or (), 1):
        validation = value_of(one, "validation")
        score = "no score" if validation is None else f"validation {validation:.2f}"
        mark = ", kept" if one.get("kept") else ", gave a component" if one.get("merged") else ""
        said = (
            f"{one.get('label') or one.get('reason')} ({score}, {one.get('tokens')} tokens{mark})"
        )
        out.append(f"attempt {i}, {one.get('planner')}: {said}")
    triage = record.get("triage")
    if triage:
        own, table = value_of(triage, "oneshot"), value_of(triage, "table")
        numbers = [("one look", own), ("token or bigram table", table)]
        said = ", ".join(f"{name} {value:.2f}" for name, value in numbers if value is not None)
        out.append(f"triage: {triage.get('decision')} (validation: {said})")
    return out


def _tokens(record: Mapping[str, Any]) -> int:
    meter = record.get("meter") or {}
    return int((meter.get("tokens_in") or 0) + (meter.get("tokens_out") or 0))


def _kept_planner(record: Mapping[str, Any]) -> str:
    kept = [str(one.get("planner")) for one in record.get("attempts") or () if one.get("kept")]
    return kept[0] if kept else "one look" if record.get("triage") else str(record.get("planner"))


def _way(record: Mapping[str, Any]) -> str:
    return f", {_kept_planner(record)}" if record.get("attempts") or record.get("triage") else ""
