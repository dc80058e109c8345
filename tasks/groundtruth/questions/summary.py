"""What is counted of an answer, and the records of a run summed up by kind, with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

from ....tools.statistics.intervals import mean, share
from ...asking.claims import cited
from ...asking.events import SPOKEN, Answer
from ...asking.figures import figures
from ...report.usage import total
from .question import DOCUMENTED, KINDS, WORTH

Records = Sequence[Mapping[str, Any]]


def citations(answer: Answer) -> dict[str, int]:
    """Counts of an answer: claims, those that cite a result that exists, and their numbers."""
    known = {item.id for item in answer.evidence}
    based = [claim for claim in answer.claims if claim.evidence]
    numbers = sum(len(figures(claim.text)) for claim in based)
    lost = sum(one.text in claim.missing for claim in based for one in figures(claim.text))
    return {
        "claims": sum(bool(claim.evidence) or claim.opinion for claim in answer.claims),
        "cited": len(based),
        "missing": sum(name not in known for claim in answer.claims for name in cited(claim.text)),
        "numbers": numbers,
        "supported": numbers - lost,
    }


def summary(records: Records) -> dict[str, Any]:
    """The numbers of a run: shares with 95% Wilson intervals, means by bootstrap."""
    kinds = {kind: [one for one in records if one["kind"] == kind] for kind in KINDS}
    inside = [one for one in records if one["kind"] in DOCUMENTED]
    return {
        "questions": len(records),
        "documented": _of(inside),
        "outside": _of(kinds["outside"]),
        "kinds": {kind: _of(some) for kind, some in kinds.items() if some},
        "citations": {
            "cited": _ratio(records, "cited", "claims"),
            "supported": _ratio(records, "supported", "numbers"),
            "missing": sum(one["citations"]["missing"] for one in records),
        },
        "failed": sum(one["ended"] not in SPOKEN for one in records),
        "spent": total(one["spent"] for one in records),
        "question_seconds": mean([one["spent"].get("seconds") for one in records]),
    }


def _of(records: Records) -> dict[str, Any]:
    return {
        "right": share(one["verdict"] == "right" for one in records),
        "score": mean([WORTH[one["verdict"]] for one in records]),
        "partly": sum(one["verdict"] == "partly" for one in records),
        "failed": sum(one["ended"] not in SPOKEN for one in records),
    }


def _ratio(records: Records, part: str, whole: str) -> dict[str, Any]:
    """A share over all sentences or numbers of all answers, with its 95% Wilson interval."""
    many = sum(one["citations"][whole] for one in records)
    hit = sum(one["citations"][part] for one in records)
    return share([True] * hit + [False] * (many - hit))
