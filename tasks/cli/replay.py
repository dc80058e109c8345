"""The verbs on recorded investigations: `replay` runs one again, `transcript` makes its page."""

import json
from pathlib import Path
from typing import Annotated

import typer

File = Annotated[Path, typer.Argument(help="A transcript: a .jsonl file.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def replay(
    file: File,
    target: Annotated[
        str | None, typer.Option(help="The recorded target, where it lies elsewhere now.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="The recorded corpus, where it lies elsewhere now.")
    ] = None,
    trust_remote_code: Annotated[
        bool, typer.Option(help="Run the own code of the model that --target names.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Make every tool call of a transcript again and report results that differ.

    Exit codes: 0 all the same, 1 something differs, 2 the transcript, model or data cannot be used.
    """
    from ...agent.transcript import replay as again

    done = again(file, target=target, data=data, trust_remote_code=trust_remote_code)
    if as_json:
        typer.echo(json.dumps(done.as_dict(), ensure_ascii=True))
    else:
        for item in done.differing:
            typer.echo(str(item))
        for item in done.skipped:
            typer.echo(f"{item.evidence} {item.tool}: not made again, {item.reason}", err=True)
        if done.torn:
            typer.echo("the last line is incomplete and was left out", err=True)
        typer.echo(done.summary)
    return 0 if done.same else 1


def transcript(
    file: File,
    out: Annotated[
        Path | None, typer.Option(help="The page; default: beside the file, as .html.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make one self-contained HTML page of a transcript."""
    from ...agent.transcript import render
    from ...tools.errors import UsageError

    where = out or file.with_suffix(".html")
    if where.resolve() == file.resolve():
        raise UsageError(f"--out {where} is the transcript itself; name another file")
    page = render(file, where)
    typer.echo(json.dumps({"page": str(page)}) if as_json else str(page))
