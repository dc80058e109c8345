"""What a record says of specificity, in a sentence."""

from collections.abc import Mapping
from typing import Any

_NAMED = 5


def specific(found: Any) -> str:
    """The `specificity` of a record in words; empty where there is none."""
    if not isinstance(found, Mapping) or not isinstance(found.get("n"), int):
        return ""
    shared = [str(one.get("unit")) for one in found.get("shared") or () if isinstance(one, Mapping)]
    many = found.get("shared_count") or len(shared)
    more = f" and {many - _NAMED} more" if many > _NAMED else ""
    same = f"; shared with {', '.join(shared[:_NAMED])}{more}" if shared else ""
    p, middle = found.get("p"), found.get("median_of_controls")
    if not isinstance(p, (int, float)) or not isinstance(middle, (int, float)):
        return (
            f"not known: {found['n']} of {found.get('looked_at')} units of its site are active "
            f"about as often and as strongly, {found.get('least')} are needed{same}"
        )
    return (
        f"p = {p:.2g}: correlation {found.get('score', 0):.2f} here, as high on "
        f"{found.get('as_high_count')} of {found['n']} matched units, whose median is "
        f"{middle:.2f}{same}"
    )
