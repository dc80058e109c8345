"""The verb `show`, and how a run is printed. Heavy imports happen inside."""

from typing import TYPE_CHECKING, Annotated

import typer

from . import options
from .printing import console, print_json, warn

if TYPE_CHECKING:
    from ..labelling.results import LabelRun


def show(
    run: options.Run,
    unit: Annotated[
        str | None, typer.Argument(help="One unit, in full.", show_default=False)
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Show the labels of a run, or one unit in full."""
    from ..labelling import results
    from ..labelling.folder import RunFolder

    labels = results.read_run(RunFolder(run))
    if unit is None:
        print_run(labels, as_json=as_json)
        return
    print_faults(labels)
    chosen = labels.named(unit)
    if as_json:
        print_json({**labels.as_dict(), "units": [chosen.as_dict()]})
        return
    from .label_tables import unit_detail

    console(wide=True).print(unit_detail(chosen, labels.folder))


def print_faults(run: "LabelRun") -> None:
    """What is wrong with lines of a run, on stderr."""
    for line in run.said:
        warn(line)


def print_run(run: "LabelRun", *, as_json: bool) -> None:
    """A table of all units, or one JSON document."""
    print_faults(run)
    if as_json:
        print_json(run.as_dict())
        return
    from .label_tables import table

    console(wide=True).print(table(run))
