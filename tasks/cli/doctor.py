"""The verb `doctor`: what is found of a target, and whether it can be trusted."""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from . import options
from .printing import console, print_json

if TYPE_CHECKING:
    from ...tools.models import Target
    from ..doctor import Diagnosis

_MARKS = {"ok": ("ok", "green"), "note": ("note", "yellow"), "wrong": ("WRONG", "red")}


_PATHS = 8


def doctor(
    target: options.Target,
    data: Annotated[
        str | None,
        typer.Option(help="Texts about numbers: also the key frequencies of neurons over them."),
    ] = None,
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
    found = diagnose(loaded, data)
    if as_json:
        print_json({**found.as_dict(), "next": list(following(loaded, found))})
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
        some = ", ".join(found.paths[:_PATHS]) + ", ..." * (len(found.paths) > _PATHS)
        rows.add_row(Text("sites", "bold"), Text(f"outputs of {len(found.paths)} modules: {some}"))
    for name, why in list(found.refused.items())[:8]:
        rows.add_row(Text("refused", "bold yellow"), Text(f"{name}: {why}"))
    if len(found.refused) > 8:
        rows.add_row(Text("refused", "bold yellow"), Text(f"and {len(found.refused) - 8} more"))
    for check in found.checks:
        word, colour = _MARKS[check.status]
        rows.add_row(Text(word, f"bold {colour}"), Text(f"{check.name}: {check.said}"))
    for i, command in enumerate(following(loaded, found)):
        rows.add_row(Text("" if i else "try next", "bold"), Text(command))
    out.print(rows)
    raise typer.Exit(int(not found.sound))


def following(target: "Target", found: "Diagnosis") -> Iterator[str]:
    """What to try next on a target of this kind, as commands."""
    name = shlex.quote(target.name)
    site = _a_site(target)
    if site is None or not found.sound:
        return
    data = "FOLDER" if target.image is not None else "FILE.txt"
    if target.image is not None or target.tokenizer is not None or target.numbers:
        some = f"--units top:5:variance --sites {site}"
        yield f"neuroscribe label {name} {some} --data {data} --out runs/new"
        yield f"neuroscribe ask {name} 'what does unit {site}/0 do?' --data {data}"
    change = f"--units {site}/0 --method zero"
    if target.kind == "causal":
        yield f"neuroscribe intervene {name} --prompt TEXT --target TEXT {change}"
        sound = {check.name for check in found.checks if check.status == "ok"}
        if "the residual stream adds up" in sound and "logit" in target.sites:
            yield f"neuroscribe attribute {name} --prompt TEXT --target TEXT"
            yield f"neuroscribe lens {name} --prompt TEXT --target TEXT"
    elif target.kind != "encoder":
        given = "FILE.png" if target.image is not None else "TEXT"
        if target.tokenizer is None and target.image is None:
            given = ",".join(str(i % 10) for i in range(target.numbers or 3))
        metric = "class(NAME)" if target.labels else "output(0)"
        yield f"neuroscribe attribute {name} --prompt {given} --metric '{metric}'"
        yield f"neuroscribe intervene {name} --prompt {given} --metric '{metric}' {change}"


def _a_site(target: "Target") -> str | None:
    """Where units are worth a look: neurons, channels, else the first module that can be used."""
    for kind in ("mlp.", "conv."):
        found = [name for name in target.sites if name.startswith(kind)]
        if found:
            return found[len(found) // 2]
    tables = {path for path, one in target.network.named_modules() if "Embed" in type(one).__name__}
    return next((name for name in target.sites if name != "logit" and name not in tables), None)
