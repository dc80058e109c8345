"""What a record says of a unit's scores: a value, alone or with its interval; its specificity."""

from collections.abc import Mapping
from typing import Any

HEADLINES = ("correlation", "cosine", "auprc", "f1", "iou", "gain_over_lookup")
"""The scores that stand beside a description."""
_NAMED = 5


def value_of(scores: Mapping[str, Any] | None, name: str) -> float | None:
    """A score's value, whether it is kept with its interval or alone; None where there is none."""
    entry = (scores or {}).get(name)
    return entry.get("value") if isinstance(entry, Mapping) else entry


def specificity_words(entry: Any) -> str:
    """The `specificity` of a record in words; empty where there is none."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("n"), int):
        return ""
    shared = [str(one.get("unit")) for one in entry.get("shared") or () if isinstance(one, Mapping)]
    rest = (entry.get("shared_count") or len(shared)) - _NAMED
    more = f" and {rest} more" if rest > 0 else ""
    same = f"; shared with {', '.join(shared[:_NAMED])}{more}" if shared else ""
    p, middle = entry.get("p"), entry.get("median_of_controls")
    if not isinstance(p, (int, float)) or not isinstance(middle, (int, float)):
        return (
            f"not known: {entry['n']} of {entry.get('looked_at')} units of its site are active "
            f"about as often and as strongly, {entry.get('least')} are needed{same}"
        )
    return (
        f"p = {p:.2g}: correlation {entry.get('score', 0):.2f} here, as high on "
        f"{entry.get('as_high_count')} of {entry['n']} matched units, whose median is "
        f"{middle:.2f}{same}"
    )
