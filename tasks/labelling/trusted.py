"""The settings of a run folder that others may have made, as far as they may be loaded."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...tools.data.special import Special, checked_special
from ...tools.errors import UsageError
from ...tools.models.target import Target
from ...tools.models.trust import Named, clean, code_of, seal, sealed
from .settings import Settings

_NAMES = ("target", "revision", "data", "field", "reader", "images")


def seal_of(settings: Settings) -> dict[str, Any]:
    """For `run.json`: the Python files that a run names, and the seal of all that it names."""
    code = code_of(settings.target, settings.data)
    return {"code": code, "seal": seal(_names({"settings": settings.as_dict(), "code": code}))}


def own(run: Mapping[str, Any]) -> bool:
    """Whether `run.json` carries this person's seal."""
    return sealed(_names(run), run.get("seal"))


def allowed(
    folder: Path,
    run: Mapping[str, Any],
    *,
    target: str | None = None,
    data: str | None = None,
    reader: str | None = None,
    images: tuple[str, ...] | None = None,
    special: str | None = None,
    loaded: bool = False,
    ask: bool = True,
    option: str = "--target TARGET",
) -> Settings:
    """The settings of a run, with what the person named in their place.

    Args:
        folder: The run folder.
        run: Its `run.json`.
        target: Instead of the run's.
        data: Instead of the run's.
        reader: Instead of the run's.
        images: Instead of the run's.
        special: Instead of the run's.
        loaded: The target is there already: the run's is not looked at.
        ask: Whether a person at a terminal may be asked.
        option: How a person names the target here, for messages.

    Raises:
        UsageError: if the run names what may not be loaded (`tools/models/trust.py`).
    """
    result = Settings.from_dict(run["settings"])
    named = Named(folder / "run.json", own(run), ask, run.get("code") or {})
    if target is None and not loaded:
        target = named.target(result.target, option)
    if images is None:
        images = tuple(named.image_model(spec) for spec in result.images)
    return replace(
        result,
        target=target or result.target,
        data=_there(named, result.data) if data is None else data,
        reader=named.reader(result.reader) if reader is None else reader,
        images=images,
        also=None,  # for scores, which are there already
        special=special or result.special or kept_special(run),
    )


def kept_special(run: Mapping[str, Any]) -> Special | None:
    """Which special tokens were places in a run, as its `run.json` says."""
    target = run.get("target")
    return checked_special(target.get("special")) if isinstance(target, Mapping) else None


def load_allowed(
    folder: Path | None,
    settings: Settings,
    *,
    target: str | None,
    trust_remote_code: bool = False,
    device: str | None = None,
) -> Target:
    """The target of settings that may be used.

    Args:
        folder: The run folder that they come from; None: all of them are the person's.
        settings: What `allowed` gave.
        target: The target that the person named; None: the run names it.
        trust_remote_code: Run the model's own code.
        device: cpu, cuda, mps.

    Raises:
        UsageError: if it cannot be loaded, or code should run that the person did not name.
    """
    options: dict[str, Any] = {"revision": settings.revision, "dtype": settings.dtype}
    if folder is None:
        options["trust_remote_code"] = trust_remote_code
    else:
        named = Named(folder / "run.json")
        options = named.options(options, given=target, code=trust_remote_code)
    return Target.load(settings.target, device=device, special=settings.special, **options)


def _there(named: Named, spec: str) -> str:
    """The run's data; a relative path may lie in another folder than this one."""
    name = named.data(spec)
    path = Path(name.partition(":")[0])
    if path.suffix and not path.expanduser().exists():
        raise UsageError(
            f"{named.file} names the data {clean(name)}, which is not here: give --data PATH, or "
            "run this in the folder where the run began"
        )
    return name


def _names(run: Mapping[str, Any]) -> dict[str, Any]:
    """What is sealed; runs that name no code are sealed as earlier ones were."""
    names = {name: run["settings"].get(name) for name in _NAMES}
    return {**names, "code": run["code"]} if run.get("code") else names
