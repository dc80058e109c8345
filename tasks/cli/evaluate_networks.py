"""The command `evaluate networks`: units of small trained networks whose function is known."""

from pathlib import Path
from typing import Annotated, Any

import typer

from . import options
from .printing import console, print_json, progress


def networks(
    out: Annotated[
        Path, typer.Option(help="Folder of the run; the same call goes on.", file_okay=False)
    ],
    planner: options.Planner = "builtin",
    base_url: options.BaseUrl = None,
    by: Annotated[
        str, typer.Option("--by", help="label: a labelling run; ask: the question what it does.")
    ] = "label",
    only: Annotated[
        str,
        typer.Option(
            help="brackets, sorter, counter, organisms such as organism:adder, with commas; "
            "default: the first three."
        ),
    ] = "",
    seeds: options.Seeds = "0-4",
    units: Annotated[int, typer.Option(min=0, help="Known units a network; 0: all.")] = 6,
    controls: Annotated[int, typer.Option(min=0, help="Units of each untrained copy.")] = 3,
    steps: options.Steps = None,
    unit_seconds: options.UnitSeconds = 600.0,
    timeout: options.Timeout = 120.0,
    as_json: options.Json = False,
) -> None:
    """Describe units whose function a program knows; a program says what is right."""
    from ..evaluation.networks_run import Plan, run_networks

    plan = Plan(
        planner=planner,
        base_url=base_url,
        by=by,
        networks=options.listed(only) or Plan.networks,
        seeds=options.seeds(seeds),
        units=units,
        controls=controls,
        steps=steps,
        unit_seconds=unit_seconds or None,
        timeout=timeout,
    )
    with progress("networks") as told_of:
        result = run_networks(plan, out, progress=told_of)
    if as_json:
        print_json(result)
    else:
        _show(result)
        typer.echo(f"{out / 'evaluation.json'}", err=True)


def _show(result: dict[str, Any]) -> None:
    from rich.table import Column, Table
    from rich.text import Text

    shares = ("right", "wrong", "abstained", "failed", "confidently wrong")
    made = Table(Column("", no_wrap=True), "n", *shares)
    rows = {"trained": result["trained"], **result["by"], "untrained": result["untrained"]}
    for name, row in rows.items():
        made.add_row(Text(name), str(row["n"]), *(_span(row.get(f"share {s}")) for s in shares))
    console().print(made)


def _span(share: dict[str, float] | None) -> str:
    if share is None:
        return ""
    return f"{share['value']:.0%} ({share['low']:.0%} to {share['high']:.0%})"
