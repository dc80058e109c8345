"""What runs and conversations spend: counts of many investigations added up, and said in words."""

from collections.abc import Iterable, Mapping
from typing import Any

COUNTS = ("forward_tokens", "requests", "tokens_in", "tokens_cached", "tokens_out", "estimated")
"""Of `tools/llm/usage.py`, beside cost and seconds."""


def total(meters: Iterable[Mapping[str, Any] | None]) -> dict[str, float]:
    """The sum of meters; seconds are those of all investigations, one after the other."""
    known = [meter for meter in meters if meter]
    result: dict[str, float] = {
        name: sum(int(meter.get(name) or 0) for meter in known) for name in COUNTS
    }
    result["cost"] = round(sum(float(meter.get("cost") or 0) for meter in known), 6)
    result["seconds"] = round(sum(float(meter.get("seconds") or 0) for meter in known), 3)
    return result


def spent_words(meter: Mapping[str, Any]) -> str:
    """What something cost: tokens in, cached and out, money where prices are known, seconds."""
    parts = []
    if meter.get("requests"):
        parts.append(
            f"{meter.get('tokens_in', 0):,.0f} tokens in ({meter.get('tokens_cached', 0):,.0f} "
            f"cached), {meter.get('tokens_out', 0):,.0f} out, {meter['requests']:,.0f} requests"
        )
    if meter.get("cost"):
        parts.append(f"{meter['cost']:.4f} money")
    parts.append(f"{meter.get('seconds') or 0:.1f} s")
    return "; ".join(parts)
