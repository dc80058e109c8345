"""The verb `doctor`: what is found of a target, and whether it can be trusted."""

import typer

from . import options
from .printing import console, print_json

_MARKS = {"ok": ("ok", "green"), "note": ("note", "yellow"), "wrong": ("WRONG", "red")}


def doctor(
    target: options.Target,
    revision: options.Revision = None,
    dtype: options.Dtype = None,
    device: options.Device = None,
    trust_remote_code: options.TrustRemoteCode = False,
    as_json: options.Json = False,
) -> None:
    """Load a target and show what is found of it, and whether it can be trusted.

    Where something is missing it says what to write. Exit code 1 where a check fails.
    """
    from rich.table import Table
    from rich.text import Text

    from ...tools.models import Target
    from ..doctor import counted, diagnose

    loaded = Target.load(
        target, revision=revision, dtype=dtype, device=device, trust_remote_code=trust_remote_code
    )
    found = diagnose(loaded)
    if as_json:
        print_json(found.as_dict())
        raise typer.Exit(int(not found.sound))
    out = console()
    rows = Table(box=None, show_header=False, pad_edge=False)
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    for name, said in {"target": found.target, **found.findings}.items():
        rows.add_row(Text(name, "bold"), Text(said))
    for sites in found.sites:
        rows.add_row(Text("sites", "bold"), Text(counted(sites)))
    if found.paths:
        rows.add_row(Text("sites", "bold"), Text(f"and the outputs of {found.paths} modules"))
    for name, why in list(found.refused.items())[:8]:
        rows.add_row(Text("refused", "bold yellow"), Text(f"{name}: {why}"))
    if len(found.refused) > 8:
        rows.add_row(Text("refused", "bold yellow"), Text(f"and {len(found.refused) - 8} more"))
    for check in found.checks:
        word, colour = _MARKS[check.status]
        rows.add_row(Text(word, f"bold {colour}"), Text(f"{check.name}: {check.said}"))
    out.print(rows)
    raise typer.Exit(int(not found.sound))
