"""The verb `cache`: what is kept on disk between runs."""

from typing import Annotated

import typer

from . import options
from .printing import console, print_json


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove all of it.")] = False,
    as_json: options.Json = False,
) -> None:
    """Show, or clear, what is kept on disk: activations, states of readers, answers of judges.

    Nothing kept is ever out of date; what was cleared is computed, or asked, again when needed.
    """
    from ...tools.io.home import cache_folder, clear_kept, kept_sizes

    sizes = clear_kept() if clear else kept_sizes()
    if as_json:
        kinds = {kind: size._asdict() for kind, size in sizes.items()}
        print_json({"folder": str(cache_folder()), "cleared": clear, "kinds": kinds})
        return
    out = console()
    out.print(f"{'cleared' if clear else 'kept in'} {cache_folder()}", markup=False)
    for kind, size in sizes.items():
        out.print(f"{kind}: {size.files:,} files, {size.bytes / 2**20:,.1f} MiB", markup=False)
    if not sizes:
        out.print("nothing is kept")
