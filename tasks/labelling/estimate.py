"""What a run would cost, before anything is written: units, tokens, seconds.

Forward tokens are counted; the pace of the target is measured on a few windows; the rest is
typical: a built-in investigation takes some seconds, a language model some thousand tokens a turn.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...agent.planner_names import asks_model
from ...tools.lab import measure
from ...tools.models.target import Target
from ...tools.models.unit import Unit
from ..scoring.measured import SPLITS
from .data import SPLIT_KEYS, RunData
from .folder import RunFolder
from .prepare import earlier, prepare, resolved
from .settings import How, Settings

BUILTIN_SECONDS = 6.0
SCORING_SECONDS = 1.0
EXPERIMENT_TOKENS = 4_000
"""Tokens that the experiments of one unit send through the target."""
TURNS = 5
TURN_IN, TURN_OUT = 11_000, 700
"""Tokens of one turn of a language model; what comes in grows with the conversation."""
TURN_SECONDS = 5.0
LOOK_IN, LOOK_OUT = 1_900, 150
"""Tokens of a one-shot description."""


@dataclass(frozen=True)
class Estimate:
    """What a run would cost; everything but the number of units and forward tokens is a guess."""

    units: int
    """Units without a label yet."""
    first: tuple[str, ...]
    """The first of them."""
    forward_tokens: int
    """Tokens through the target."""
    tokens_in: int
    tokens_out: int
    """Language-model tokens."""
    cost: float | None
    seconds: float
    windows: dict[str, int]
    """Counted tokens by split."""
    judge_requests: int = 0
    """At most, for predictors that a language model judges; 0: none can be asked."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        windows = {SPLIT_KEYS[name]: tokens for name, tokens in self.windows.items()}
        return {**asdict(self), "first": list(self.first), "windows": windows}

    def text(self) -> str:
        """For a person."""
        splits = ", ".join(f"{name} {n:,}" for name, n in self.windows.items())
        lines = [
            f"units            {self.units:,} ({', '.join(self.first)}"
            f"{', ...' if self.units > len(self.first) else ''})",
            f"tokens of data   {splits}",
            f"forward tokens   {self.forward_tokens:,}",
        ]
        if self.tokens_in:
            lines.append(f"LLM tokens       about {self.tokens_in:,} in, {self.tokens_out:,} out")
        if self.judge_requests:
            lines.append(f"judged           up to {self.judge_requests:,} requests more")
        if self.cost is not None:
            lines.append(f"money            about {self.cost:.2f}")
        lines.append(f"time             about {_time(self.seconds)}")
        return "\n".join([*lines, "nothing was written"])


def what_it_costs(
    settings: Settings, out: str | Path, *, how: How | None = None, target: Target | None = None
) -> Estimate:
    """What the run would cost from here on; writes nothing.

    Raises:
        UsageError: as `run_labels`.
    """
    how = how or How()
    folder = RunFolder(out, how.shard)
    settings = resolved(settings, how.shard)
    run = prepare(settings, earlier(folder, settings), how, target=target)
    data, labels = run.data, folder.labels()
    units = [unit for unit in how.shard.part_of(run.units) if str(unit) not in labels]
    tokens_in, tokens_out, cost, seconds = 0, 0, None, BUILTIN_SECONDS
    judged = how.judge is not None or asks_model(settings.planner)
    if asks_model(settings.planner):
        each_in, each_out, turns = _model_tokens(settings)
        most = (settings.run_tokens or np.inf) / max(1.0, len(units) * (each_in + each_out))
        tokens_in, tokens_out = (
            round(len(units) * n * min(1.0, most)) for n in (each_in, each_out)
        )
        seconds = turns * TURN_SECONDS / how.at_a_time(settings.planner)
        if how.prices:
            price_in, price_out = how.prices
            cost = round((tokens_in * price_in + tokens_out * price_out) / 1e6, 4)
    groups = sum(1 for _ in data.groups(units))
    held_out = sum(int(data.windows[name].attended.sum()) for name in ("validation", "test"))
    passes = data.sites.passes(unit.site for unit in units)  # matched units
    forward = groups * data.tokens + passes * held_out + len(units) * EXPERIMENT_TOKENS
    return Estimate(
        units=len(units),
        first=tuple(str(unit) for unit in units[:3]),
        forward_tokens=forward,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=cost,
        seconds=round(forward * _pace(data, units) + len(units) * (seconds + SCORING_SECONDS), 1),
        windows={name: int(data.windows[name].counted.sum()) for name in SPLITS},
        judge_requests=how.judge_requests if judged else 0,
    )


def _model_tokens(settings: Settings) -> tuple[float, float, int]:
    """Tokens in and out of a language model a unit, and its turns; of triage the most there is."""
    kind = settings.planner.partition(":")[0]
    turns = min(settings.steps or TURNS, TURNS)
    whole = turns * (TURN_IN + TURN_OUT)
    share = settings.tries * min(1.0, (settings.unit_tokens or whole) / whole)
    if kind == "oneshot":
        return settings.tries * LOOK_IN, settings.tries * LOOK_OUT, settings.tries
    look = int(kind == "triage")
    tokens_in = turns * TURN_IN * share + look * LOOK_IN
    return tokens_in, turns * TURN_OUT * share + look * LOOK_OUT, turns


def _pace(data: RunData, units: Sequence[Unit]) -> float:
    """Seconds a token, measured on a few windows after one to warm up."""
    if not units:
        return 0.0
    explore = data.windows["explore"]
    rows = explore.rows(np.arange(min(16, len(explore))))
    deepest = max(units, key=lambda unit: data.target.sites[unit.site].block or 0)
    measure(data.target, rows.rows(slice(0, 1)), [deepest])
    started = time.monotonic()
    measure(data.target, rows, [deepest])
    return (time.monotonic() - started) / max(1, int(rows.attended.sum()))


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
