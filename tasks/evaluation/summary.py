"""Sums up the records of a benchmark run: by tier and kind, never over tiers, with intervals."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...agent.statuses import NO_FUNCTION as NOTHING
from ...tools.statistics.intervals import mean, share
from ..groundtruth.planted import NO_FUNCTION
from ..report.usage import total
from .calibration import calibration
from .effects_by_kind import effects_by_kind
from .meaning import by_kind
from .text_match import text_match

_AUCS = ("value", "near_miss", "unrelated")
_MADE = ("fit", "near_miss", "unrelated")


def summary(records: Sequence[Mapping[str, Any]], *, seconds: float = 0.0) -> dict[str, Any]:
    """The numbers of a run; see docs/evaluating.md for what each is."""
    tiers = {tier: _tier([r for r in records if r["tier"] == tier], tier) for tier in "ABCM"}
    matched = text_match(records)
    names = sorted({name for record in records for name in record.get("baselines") or {}})
    result: dict[str, Any] = {
        "units": len(records),
        "failed": sum(r["status"] == "failed" for r in records),
        "seconds": round(seconds, 1),
        "tiers": {tier: entry for tier, entry in tiers.items() if entry},
        "null": null(records),
        "baselines": {name: _baseline(records, name) for name in names},
        "text_match": matched,
        "steps": mean([r["steps"] for r in records]),
        "tokens": mean([r["tokens"] for r in records]),
        "spent": total(r["record"].get("meter") for r in records),
        "unit_seconds": mean([r["seconds"] for r in records]),
        "effect_named": share(
            r["effect_named"] for r in records if r.get("effect_named") is not None
        ),
    }
    result["effects"] = effects_by_kind(records)
    result["names_both"] = share(
        r["names_both"] for r in records if r.get("names_both") is not None
    )
    if any("predictive" in r for r in records):
        result["predictive"] = _predictive(records)
    result["calibration"] = of_confidence(records)
    result["brier_skill"] = result["calibration"]["brier_skill"]
    return result


def of_confidence(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Calibration over units that were concluded on, and by tier how many of them are right.

    Right is what is right in every cell of the truth table, in tier C too, and a unit without a
    function that was found out.
    """
    judged = [r for r in records if r["confidence"] is not None]
    tiers = {tier: [r for r in judged if r["tier"] == tier] for tier in "ABCM"}
    found = calibration(*([r[key] for r in judged] for key in ("confidence", "right", "tier")))
    by_tier = {
        tier: {
            "n": len(some),
            "wrong": sum(not r["right"] for r in some),
            "right": share(r["right"] for r in some),
            "confidence": mean([r["confidence"] for r in some]),
        }
        for tier, some in tiers.items()
        if some
    }
    return {**found, "tiers": by_tier}


def _predictive(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """By tier: how inputs made from descriptions do (MAIA's protocol, with near-misses)."""
    result: dict[str, Any] = {}
    for tier in "ABC":
        given = [r["predictive"] for r in records if r["tier"] == tier and "predictive" in r]
        known = [item for item in given if item["value"] is not None]
        if given:
            result[tier] = {
                "missing": len(given) - len(known),
                **{name: mean([item[name] for item in known]) for name in _AUCS},
                **{f"mean {kind}": mean([item["mean"][kind] for item in known]) for kind in _MADE},
            }
    return result


def null(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How often units without a function are found out, and others called so.

    `detected` and `false` are of the final status, which held-out scores may have changed; `own` is
    of what the planner concluded itself, over the units that it was asked about.
    """
    asked = [{**r, "status": r["planner_status"]} for r in records if r.get("planner_status")]
    return {**_null(records), "own": _null(asked)}


def _null(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    given = [
        (r["kind"], found_out(r["kind"], r["status"], r.get("planner_status")))
        for r in records
        if r["kind"] in NO_FUNCTION
    ]
    others = [r for r in records if r["kind"] not in NO_FUNCTION and r["tier"] != "C"]
    return {
        "detected": share(empty for _, empty in given),
        "false": share(claims_nothing(r["status"], r.get("planner_status")) for r in others),
        "kinds": {k: share(empty for kind, empty in given if kind == k) for k in NO_FUNCTION},
    }


def found_out(kind: str, status: str, planner_status: str | None) -> bool:
    """Whether a status is right for a unit without a function: a dead one must be called so."""
    return status == "dead" if kind == "dead" else claims_nothing(status, planner_status)


def claims_nothing(status: str, planner_status: str | None) -> bool:
    """Whether a description claims no function. A word list of the planner's own claims that the
    unit responds to these words; one that scoring puts in the place of nothing does not."""
    own = status == "word list" and planner_status == "described"
    return status in NOTHING and not own


def _tier(records: Sequence[Mapping[str, Any]], tier: str) -> dict[str, Any]:
    with_truth = [r for r in records if r["recovery"] is not None]
    if not with_truth:
        return {}
    if tier == "C":
        return {
            "recovery": mean([_fraction(r) for r in with_truth]),
            "ceiling": mean([_top(r) for r in with_truth]),
            "correlation": mean([r["recovery"]["correlation"] for r in with_truth]),
            "kinds": {
                v: mean([_fraction(r) for r in with_truth if r["variant"] == v])
                for v in sorted({r["variant"] for r in with_truth})
            },
        }
    more = {"pairs": by_kind(with_truth)} if tier == "M" else {}
    return {
        **more,
        **_recovered(with_truth),
        "scores": {
            name: mean([r["scores"].get(name) for r in with_truth])
            for name in ("correlation", "auprc", "f1", "iou")
        },
        "explained": mean([r["explained"] for r in with_truth]),
        "short": sum(bool(r["recovery"]["short"]) for r in with_truth),
    }


def _recovered(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Recovery of all, by kind, and by variant where a kind has any."""
    kinds = sorted({r["kind"] for r in records})
    variants = sorted({(r["kind"], r["variant"]) for r in records if r["variant"]})
    return {
        "recovery": share(r["right"] for r in records),
        "kinds": {k: share(r["right"] for r in records if r["kind"] == k) for k in kinds},
        "variants": {
            f"{k} {v}": share(r["right"] for r in records if (r["kind"], r["variant"]) == (k, v))
            for k, v in variants
        },
    }


def _fraction(record: Mapping[str, Any]) -> float:
    """A tier C description's correlation with the truth, as a share of the best found."""
    top = _top(record)
    return max(0.0, record["recovery"]["correlation"]) / top if top > 0 else 0.0


def _top(record: Mapping[str, Any]) -> float:
    """The best correlation with the truth that any predicate reached, the baselines' too."""
    others = [b["recovery"]["correlation"] for b in (record.get("baselines") or {}).values()]
    return max(record.get("ceiling") or 0.0, record["recovery"]["correlation"], *others, 0.0)


def _baseline(records: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    swapped = [{**r, **r["baselines"][name]} for r in records if name in (r.get("baselines") or {})]
    result: dict[str, Any] = {"tiers": {}}
    for tier in "ABM":
        entry = [r for r in swapped if r["tier"] == tier and r["recovery"] is not None]
        if entry:
            result["tiers"][tier] = _recovered(entry)
    entry = [r for r in swapped if r["tier"] == "C" and r["recovery"] is not None]
    if entry:
        result["tiers"]["C"] = {"recovery": mean([_fraction(r) for r in entry])}
    result["null"] = null(swapped)
    return result


class RecoveryRow(NamedTuple):
    """A line of a table of recovery: a planner beside its baselines."""

    kind: str
    """`all` for the tier as a whole."""
    value: Mapping[str, Any]
    baselines: list[Mapping[str, Any] | None]


def recovery_rows(
    result: Mapping[str, Any], tier: str, baselines: Sequence[str]
) -> Iterator[RecoveryRow]:
    """The lines of one tier of a summary; a baseline without a value has None."""

    def of(entry: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
        value = entry.get("recovery") if kind == "all" else entry.get("kinds", {}).get(kind)
        return value if value and value["value"] is not None else None

    entry = result["tiers"][tier]
    others = [result["baselines"][name]["tiers"].get(tier, {}) for name in baselines]
    for kind, value in {"all": entry["recovery"], **entry["kinds"]}.items():
        yield RecoveryRow(kind, value, [of(other, kind) for other in others])
