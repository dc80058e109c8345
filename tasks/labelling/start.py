"""Gets a run ready: cheap checks first, then the target, its units, and at last the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...agent.planners import planner_factory
from ...agent.state import PlannerFactory
from ...tools.errors import UsageError
from ...tools.images.backends import open_backend
from ...tools.io.numbers import check_numbers
from ...tools.io.shapes import check
from ...tools.models.target import Target
from ...tools.models.unit import Unit
from ..runs.folder import RunFolder
from .bench import Bench, check_data, prepare
from .selection import check_selection, parse_selection, select_units, spelt_out
from .settings import Settings, Shard, differences
from .shape import Measurable

AT_A_TIME = 4
"""Units at a time where a planner waits for a network."""


@dataclass(frozen=True)
class How:
    """How a run is done; none of it changes the labels."""

    shard: Shard = field(default_factory=Shard)
    concurrency: int | None = None
    """Units at a time; None: several for language models, else one."""
    retry_failed: bool = False
    device: str | None = None
    device_map: str | None = None
    trust_remote_code: bool = False
    timeout: float = 120.0
    """Seconds of one attempt at a language model."""
    prices: tuple[float, float] | None = None
    """Money for a million language-model tokens, in and out."""

    def __post_init__(self) -> None:
        price_in, price_out = self.prices or (0.0, 0.0)
        check_numbers({"timeout": self.timeout, "price_in": price_in, "price_out": price_out})
        if self.concurrency is not None and self.concurrency < 1:
            raise UsageError(f"--concurrency is {self.concurrency}; it must be at least 1")

    def at_a_time(self, planner: str) -> int:
        """Units at a time under a planner; a person takes one after the other."""
        if planner == "human":
            return 1
        return self.concurrency or (AT_A_TIME if planner.startswith("openai:") else 1)


@dataclass(frozen=True)
class Ready:
    """A run that can begin."""

    settings: Settings
    bench: Bench
    units: Sequence[Unit]
    """Of all shards."""
    factory: PlannerFactory


def checked(settings: Settings, folder: RunFolder) -> tuple[Settings, dict[str, Any] | None]:
    """The settings with their units spelt out, and `run.json` of an earlier start.

    Raises:
        UsageError: if the selection cannot be read, or the folder holds another run.
    """
    settings = replace(settings, units=spelt_out(settings.units), shards=folder.shard.of)
    parse_selection(settings.units)
    known = folder.read_run()
    if known is not None:
        same_settings(folder, known, settings)
    return settings, known


def ready(
    settings: Settings,
    known: Mapping[str, Any] | None,
    how: How,
    *,
    planner: PlannerFactory | None = None,
    target: Target | None = None,
) -> Ready:
    """Loads everything.

    Args:
        settings: What `checked` gave.
        known: `run.json` of an earlier start, whose units are kept.
        how: How the run is done.
        planner: Used instead of the one that the settings name.
        target: Used instead of loading the one that the settings name.

    Raises:
        UsageError: if the planner, the target, a unit or the data is unusable.
    """
    check_data(settings.data)
    factory = planner or planner_factory(
        settings.planner,
        seed=settings.seed,
        base_url=settings.base_url,
        temperature=settings.temperature,
        timeout=how.timeout,
        prices=how.prices,
    )
    for spec in settings.images:
        open_backend(spec)  # says now what is missing
    target = target or _load(settings, how)
    parts = parse_selection(settings.units)
    check_selection(parts, target, sites=settings.sites)
    bench = prepare(target, settings)
    if known is not None:
        units = [target.unit(text) for text in known["units"]]
    else:
        units = select_units(
            parts,
            target,
            ranks=bench.ranks,
            sites=settings.sites,
            signs=settings.signs,
            seed=settings.seed,
        )
    return Ready(settings, bench, units, factory)


def part_of(units: Sequence[Any], shard: Shard) -> list[Any]:
    """The units of one shard: every `of`-th."""
    return list(units[shard.number - 1 :: shard.of])


def same_settings(folder: RunFolder, known: Mapping[str, Any], settings: Settings) -> None:
    """Refuses to mix labels made with different settings in one folder.

    Raises:
        UsageError: says what differs.
    """
    check(known, Measurable, str(folder.path / "run.json"))
    other = differences(Settings.from_dict(known["settings"]).as_dict(), settings.as_dict())
    if other:
        raise UsageError(
            f"{folder.path} holds a run with other settings: {'; '.join(other)}; "
            "use the same ones to go on, or another folder with --out"
        )


def _load(settings: Settings, how: How) -> Target:
    return Target.load(
        settings.target,
        revision=settings.revision,
        dtype=settings.dtype,
        device=how.device,
        device_map=how.device_map,
        trust_remote_code=how.trust_remote_code,
    )
