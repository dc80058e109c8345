"""Gets a run ready, one value from the next: settings, planner, target, data, units.

What is cheap is checked before anything heavy is loaded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...agent.planners import planner_factory
from ...agent.state import PlannerFactory
from ...tools.activations.head_directions import along_sites
from ...tools.errors import UsageError
from ...tools.images.backends import open_backend
from ...tools.models.target import Target
from ...tools.models.unit import Unit
from ...tools.predicates.judging import judge_named
from .data import RunData, check_data, load_data
from .folder import RunFolder
from .selection import Range, check_selection, parse_selection, select_units, spelt_out
from .settings import How, Settings, Shard, differences
from .shape import Measurable
from .trusted import kept_special


@dataclass(frozen=True)
class Run:
    """A run that can begin."""

    settings: Settings
    planner: PlannerFactory
    data: RunData
    units: Sequence[Unit]
    """Of all shards."""


def resolved(settings: Settings, shard: Shard) -> Settings:
    """The settings with their units spelt out.

    Raises:
        UsageError: if the selection cannot be read.
    """
    settings = replace(settings, units=spelt_out(settings.units), shards=shard.of)
    parse_selection(settings.units)
    return settings


def earlier(folder: RunFolder, settings: Settings) -> dict[str, Any] | None:
    """What `run.json` says of an earlier start; None where there was none.

    Raises:
        UsageError: if the folder holds a run with other settings; says what differs.
    """
    if folder.read_run() is None:
        return None
    known = folder.facts(Measurable)
    other = differences(Settings.from_dict(known["settings"]).as_dict(), settings.as_dict())
    if other:
        raise UsageError(
            f"{folder.path} holds a run with other settings: {'; '.join(other)}; "
            "use the same ones to go on, or another folder with --out"
        )
    return known


def prepare(
    settings: Settings,
    known: Mapping[str, Any] | None,
    how: How,
    *,
    planner: PlannerFactory | None = None,
    target: Target | None = None,
) -> Run:
    """Loads everything.

    Args:
        settings: What `resolved` gave.
        known: `run.json` of an earlier start, whose units are kept.
        how: How the run is done.
        planner: Used instead of the one that the settings name.
        target: Used instead of loading the one that the settings name.

    Raises:
        UsageError: if the planner, the target, a unit or the data is unusable.
    """
    check_data(settings.data)
    if settings.also is not None:
        check_data(settings.also)
    planner = planner or planner_factory(
        settings.planner,
        seed=settings.seed,
        base_url=settings.base_url,
        temperature=settings.temperature,
        timeout=how.timeout,
        prices=how.prices,
    )
    if how.judge is not None:
        judge_named(how.judge, base_url=settings.base_url)  # says now what is wrong
    for spec in settings.images:
        open_backend(spec)  # says now what is missing
    target = target or Target.load(
        settings.target,
        revision=settings.revision,
        dtype=settings.dtype,
        device=how.device,
        device_map=how.device_map,
        trust_remote_code=how.trust_remote_code,
    )
    if known is not None and settings.special is None:
        target.special = kept_special(known)
    if target.image is not None and settings.planner.startswith(("oneshot:", "triage:")):
        raise UsageError(
            f"--planner {settings.planner} reads text, and {target.name} looks at pictures; use "
            f"openai:{settings.planner.partition(':')[2]}"
        )
    parts = parse_selection(settings.units)
    along = along_sites([part.site for part in parts if isinstance(part, Range)])
    data = load_data(target, settings) if along else None  # where their directions are found
    check_selection(parts, target, sites=settings.sites)
    data = data or load_data(target, settings)
    if known is not None:
        units = [target.unit(text) for text in known["units"]]
    else:
        units = select_units(
            parts,
            target,
            ranks=data.ranks,
            sites=settings.sites,
            signs=settings.signs,
            seed=settings.seed,
        )
    return Run(settings, planner, data, units)
