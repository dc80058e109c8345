"""The verb `index-merge`. Heavy imports happen inside it."""

import time
from pathlib import Path
from typing import Annotated

import typer

from . import options
from .index import print_index


def index_merge(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders of the shards.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder of the merged index.", file_okay=False)],
    as_json: options.Json = False,
) -> None:
    """Merge shards of an index; the result is the same as from one run."""
    from ...tools.exemplars import ExemplarIndex, merge

    started = time.monotonic()
    merge(folders, out)
    print_index(ExemplarIndex.open(out), started, as_json)
