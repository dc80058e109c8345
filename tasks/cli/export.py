"""The verb `export`. Heavy imports happen inside it."""

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .printing import warn
from .show import print_faults


def export(
    run: options.Run,
    csv: Annotated[Path | None, typer.Option(help="Write a table for spreadsheets.")] = None,
    jsonl: Annotated[Path | None, typer.Option(help="Write one JSON object a line.")] = None,
    neuronpedia: Annotated[
        Path | None,
        typer.Option(help="Write explanations as Neuronpedia imports them: a folder or a .jsonl."),
    ] = None,
    inspect: Annotated[
        Path | None, typer.Option(help="Write a .eval log for Inspect.", show_default=False)
    ] = None,
    model_id: Annotated[
        str | None, typer.Option(help="The model's id at Neuronpedia; default: the target's name.")
    ] = None,
    author_id: Annotated[str, typer.Option(help="The author's id at Neuronpedia.")] = "",
) -> None:
    """Write the labels of a run as files; to stdout as CSV where no file is named."""
    from ..labelling.export import csv_text, jsonl_text, write_export
    from ..labelling.folder import RunFolder
    from ..labelling.results import read_run

    labels = read_run(RunFolder(run))
    print_faults(labels)
    if csv is None and jsonl is None and neuronpedia is None and inspect is None:
        typer.echo(csv_text(labels), nl=False)
    if csv is not None:
        write_export(csv, csv_text(labels))
    if jsonl is not None:
        write_export(jsonl, jsonl_text(labels))
    if neuronpedia is not None:
        from ..labelling.neuronpedia import rows, write_neuronpedia

        explanations = rows(labels, model=model_id, author=author_id)
        files = write_neuronpedia(neuronpedia, explanations)
        warn(
            f"{len(explanations)} explanations in {len(files)} files; "
            f"{len(labels.units) - len(explanations)} units without a description are left out"
        )
    if inspect is not None:
        from ..labelling.inspect_log import write_run

        write_run(inspect, labels)
