"""The verb `replay`: runs a recorded investigation again."""

from typing import Annotated

import typer

from . import options
from .printing import print_json


def replay(
    file: options.Transcript,
    target: Annotated[
        str | None, typer.Option(help="The recorded target, where it lies elsewhere now.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="The recorded corpus, where it lies elsewhere now.")
    ] = None,
    trust_remote_code: options.TrustNamed = False,
    as_json: options.Json = False,
) -> int:
    """Make every tool call of a transcript again and report results that differ.

    Exit codes: 0 all the same, 1 something differs, 2 the transcript, model or data cannot be used.
    """
    from ...agent.transcript import replay as again

    done = again(file, target=target, data=data, trust_remote_code=trust_remote_code)
    if as_json:
        print_json(done.as_dict())
    else:
        for item in done.differing:
            typer.echo(str(item))
        for item in done.skipped:
            typer.echo(f"{item.evidence} {item.tool}: not made again, {item.reason}", err=True)
        if done.torn:
            typer.echo("the last line is incomplete and was left out", err=True)
        typer.echo(done.summary)
    return 0 if done.same else 1
