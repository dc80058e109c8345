"""Meters what an investigation spends; budgets are checked against it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Meter:
    """Counts since it was made. One an investigation or conversation; no two threads share one."""

    forward_tokens: int = 0
    """Tokens that went through the target."""
    requests: int = 0
    """Requests to a language model that were answered."""
    tokens_in: int = 0
    tokens_cached: int = 0
    """Part of `tokens_in` that the endpoint served from its prefix cache."""
    tokens_out: int = 0
    estimated: int = 0
    """Requests whose endpoint did not say its tokens; they were counted from the letters."""
    cost: float = 0.0
    """Money, where prices are configured."""
    retries: int = 0
    started: float = field(default_factory=time.monotonic)
    limit: float | None = None
    """Seconds since `started` after which no request may go on; None: no limit."""

    @property
    def tokens_new(self) -> int:
        """Tokens that were computed: in and out, without those from the endpoint's cache."""
        return new_tokens(vars(self))

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since the meter was made."""
        return time.monotonic() - self.started

    @property
    def remaining(self) -> float | None:
        """Seconds that requests may still take; None: as many as they like."""
        return None if self.limit is None else self.limit - self.seconds

    def restart(self, limit: float | None) -> None:
        """Counts from zero again, with this limit."""
        vars(self).update(vars(Meter(limit=limit)))

    def restore(self, counts: Mapping[str, float]) -> None:
        """Goes on from the counts of a meter before, as `as_dict` gave them."""
        for name in self.as_dict():
            value = counts.get(name, 0)
            if name == "seconds":
                self.started -= value
            else:
                setattr(self, name, value if name == "cost" else int(value))

    def as_dict(self) -> dict[str, float]:
        """The counts, for records."""
        return {
            "forward_tokens": self.forward_tokens,
            "requests": self.requests,
            "tokens_in": self.tokens_in,
            "tokens_cached": self.tokens_cached,
            "tokens_out": self.tokens_out,
            "estimated": self.estimated,
            "cost": round(self.cost, 6),
            "retries": self.retries,
            "seconds": round(self.seconds, 3),
        }


def new_tokens(counts: Mapping[str, Any]) -> int:
    """Tokens of a meter's counts that were computed: in and out, without cached ones."""
    into, cached, out = (int(counts.get(f"tokens_{name}") or 0) for name in ("in", "cached", "out"))
    return into - cached + out
