"""`find --active FILE --silent FILE`: units that are active on some texts and not on others."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .printing import print_json


def find_contrast(
    run: Path,
    active: Path | None,
    silent: Path | None,
    *,
    sites: Sequence[str] | None,
    n: int,
    target: str | None,
    data: str | None,
    trust_remote_code: bool,
    special: str | None,
    as_json: bool,
) -> None:
    """Prints the search over a run's model, or over a model.

    Raises:
        UsageError: if there is no such run or model, or the texts cannot be used.
    """
    from ...tools.data.files import read_texts
    from ...tools.errors import UsageError
    from ...tools.lab import Lab
    from ...tools.models import Target
    from ...tools.registry import call
    from ..asking import all_tools as _belt  # noqa: F401  registers every tool
    from ..asking.bench import open_bench
    from ..search.measure import data_of

    if active is None:
        raise UsageError("--silent goes with --active")
    texts: dict[str, Any] = {"active": read_texts(active)}
    if silent is not None:
        texts["silent"] = read_texts(silent)
    if (run / "run.json").is_file():
        code = trust_remote_code
        bench = data_of(run, target=target, data=data, special=special, trust_remote_code=code)
        lab = Lab(bench.target, bench.windows["explore"], open=True)
    else:
        model = Target.load(
            target or str(run), trust_remote_code=trust_remote_code, special=special
        )
        own = [text for side in texts.values() for text in side] if silent is not None else ()
        lab = open_bench(model, data, texts=own)
    found = call(lab, "find_units", {**texts, "sites": list(sites) if sites else None, "many": n})
    if found.error is not None:
        raise UsageError(found.error)
    print_json(dict(found.data)) if as_json else print(found.text)
