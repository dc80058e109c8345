"""What a record says of a unit's scores: a value, alone or with its interval; its specificity."""

from collections.abc import Mapping
from typing import Any

from ...agent.transcript.sections import entry_of

HEADLINES = ("correlation", "cosine", "auprc", "f1", "iou", "gain_over_lookup")
"""The scores that stand beside a description."""
_NAMED = 5


def value_of(scores: Mapping[str, Any] | None, name: str) -> float | None:
    """A score's value, whether it is kept with its interval or alone; None where there is none."""
    entry = entry_of(scores, name)
    return entry.get("value") if isinstance(entry, Mapping) else entry


def beside_within(scores: Mapping[str, Any] | None) -> list[str]:
    """What stands beside scores within tokens, a line each: the bigram table, the reference."""
    out = []
    for name, what in (("bigram", "bigram table"), ("reference", "reference")):
        auroc = value_of(scores, f"within.{name}.auroc")
        if isinstance(auroc, (int, float)):
            reader = entry_of(scores, f"within.{name}.reader")
            said = f"{what} ({reader}'s states)" if isinstance(reader, str) else what
            correlation = value_of(scores, f"within.{name}.correlation")
            middle = f", correlation {correlation:.3f}" if correlation is not None else ""
            out.append(f"{said}: AUROC {auroc:.3f}{middle}")
    return out


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
