"""The verb `merge`. Heavy imports happen inside it."""

from pathlib import Path
from typing import Annotated

import typer

from . import options


def merge(
    runs: Annotated[
        list[Path], typer.Argument(help="Run folders with shards of one run.", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option(help="The merged folder; default: the first.", file_okay=False)
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Bring the shards of a run together, from one folder or several."""
    from ..labelling.merge import merge as merged
    from .show import print_run

    print_run(merged(runs, out), as_json=as_json)
