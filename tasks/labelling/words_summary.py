"""What a judge could do with the words of a whole run: medians over units beside their controls."""

from collections import Counter
from typing import Any

from ...agent.transcript.sections import entry_of
from ...tools.evidence import plain
from ...tools.statistics.bootstrap import Median, median
from ...tools.statistics.intervals import share
from ..report.tables import with_interval
from ..scoring.entries import judged_pictures, value_of
from .results import LabelRun

Lines = list[dict[str, Any]]


def lines_of(run: LabelRun) -> Lines:
    """What the judge who was asked last said, a line a unit; units without one are left out."""
    found = (entry_of(unit.record.get("scores"), "words") for unit in run.units)
    return [line for line in found if line]


def summary(run: LabelRun) -> dict[str, Any]:
    """Medians with intervals over units; empty where no judge was asked."""
    lines = lines_of(run)
    if not lines:
        return {}
    lead = "auroc" if judged_pictures(lines[-1]) else "pairs"
    found = {
        "judge": lines[-1]["judge"],
        "shown": lines[-1].get("shown", "places"),
        "units": len(lines),
        "not_judged": len(run.units) - len(lines),
        "pairs": _median(lines, "pairs"),
        "auroc": _median(lines, "auroc"),
        "rank": _median(lines, "rank"),
        "above_chance": _above_chance(lines),
        "shuffled": {name: _median(lines, f"shuffled.{name}") for name in ("pairs", "auroc")},
        "over_shuffled": _gap(lines, lead, "shuffled"),
        "retrieval": _retrieval(lines, "retrieval"),
        "control": lines[-1].get("control"),
        "reasons": dict(Counter(line["reason"] for line in lines if line.get("reason"))),
        "warnings": dict(Counter(text for line in lines for text in line.get("warnings") or ())),
    }
    if any(line.get("against") for line in lines):
        found["against"] = {
            "run": next(line["against"].get("run") for line in lines if line.get("against")),
            "pairs": _median(lines, "against.pairs"),
            "auroc": _median(lines, "against.auroc"),
            "retrieval": _retrieval(lines, "against.retrieval"),
        }
        found["over_against"] = _gap(lines, lead, "against")
    return plain(found)


def sentences(found: dict[str, Any]) -> list[str]:
    """A summary in words, for a person."""
    if not found:
        return ["no judge was asked about these labels"]
    pairs, over, pictures = found["pairs"], found["over_shuffled"], judged_pictures(found)
    lead, kind = ("auroc", "kind") if pictures else ("pairs", "token")
    above = found["above_chance"]
    out = [
        f"{found['units']} units by {found['judge']}: median share of same-{kind} pairs right "
        f"{with_ends(pairs)} over {pairs['n']} units (chance .50; a label that only names {kind}s "
        f"gets .50), AUROC {with_ends(found['auroc'])}",
        f"AUROC with an interval above .50: {with_ends(above)} of {above['n']} units",
        f"under another unit's label {with_ends(found['shuffled'][lead])}; the own label is "
        f"ahead by {with_ends(over)} over {over['n']} units",
    ]
    if "against" in found:
        other, ahead = found["against"], found["over_against"]
        out.append(
            f"labels of {other['run']}: {with_ends(other['pairs'])}, AUROC "
            f"{with_ends(other['auroc'])}; these are ahead by {with_ends(ahead)} over "
            f"{ahead['n']} units; retrieved {_share_words(other['retrieval'])}"
        )
    out.append(f"picked from its label among others: {_share_words(found['retrieval'])}")
    how = found.get("control")
    if how:
        out.append(
            f"control questions: {how['right']:.0%} of {how['n']} right, {how['failed']} unread"
        )
    for text, n in {**found["reasons"], **found["warnings"]}.items():
        out.append(f"{text} ({n} unit{'' if n == 1 else 's'})")
    return out


def with_ends(entry: Any) -> str:
    """`.83 [.71, .90]`; the value alone where too few units are behind it."""
    if not entry or entry.get("value") is None:
        return "–"
    if entry.get("low") is None:
        return f"{entry['value']:.2f}"
    return with_interval(entry)


def _share_words(entry: Any) -> str:
    if not entry or not entry["n"]:
        return "not asked"
    return f"{with_ends(entry)} of {entry['n']} units (chance {entry['chance']:.2f})"


def _median(lines: Lines, name: str) -> dict[str, Any]:
    return median([value_of(line, name) for line in lines])._asdict()


def _above_chance(lines: Lines) -> dict[str, Any]:
    """The share of units whose AUROC has an interval above one half."""
    found = [entry for line in lines if (entry := entry_of(line, "auroc"))]
    return share((entry.get("low") or 0) > 0.5 for entry in found)


def _gap(lines: Lines, lead: str, other: str) -> dict[str, Any]:
    """The median by which the own label is ahead, unit by unit."""
    both = [(value_of(line, lead), value_of(line, f"{other}.{lead}")) for line in lines]
    gaps = [own - other for own, other in both if own is not None and other is not None]
    return median(gaps)._asdict() if gaps else Median(None, None, None, 0)._asdict()


def _retrieval(lines: Lines, name: str) -> dict[str, Any]:
    found = [entry for line in lines if (entry := entry_of(line, name))]
    chance = sum(1 / entry["among"] for entry in found) / len(found) if found else None
    return {**share(entry["right"] for entry in found), "chance": chance}
