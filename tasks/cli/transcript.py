"""The verb `transcript`: the page of a recorded investigation."""

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .printing import print_json


def transcript(
    file: options.Transcript,
    out: Annotated[
        Path | None, typer.Option(help="The page; default: beside the file, as .html.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Make one self-contained HTML page of a transcript."""
    from ...agent.transcript import render
    from ...tools.errors import UsageError

    where = out or file.with_suffix(".html")
    if where.resolve() == file.resolve():
        raise UsageError(f"--out {where} is the transcript itself; name another file")
    page = render(file, where)
    if as_json:
        print_json({"page": str(page)})
    else:
        typer.echo(str(page))
