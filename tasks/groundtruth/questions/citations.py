"""Whether an answer's claims cite results that exist, and whether these hold the stated numbers."""

from ...asking.claims import cited
from ...asking.events import Answer
from ...asking.figures import figures


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
