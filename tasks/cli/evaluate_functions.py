"""The command `evaluate functions`: black-box functions and neurons whose truth is known."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def functions(
    suite: Annotated[str, typer.Option(help="numbers, strings or modular.")],
    planner: Annotated[str, typer.Option(help="openai:MODEL; modular: also builtin.")] = "builtin",
    base_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible endpoint.")] = None,
    reader: Annotated[
        str | None, typer.Option(help="openai:MODEL that judges the words too.")
    ] = None,
    seeds: Annotated[str, typer.Option(help="Such as 1,2,5-8; from 1000 on: for reports.")] = "1",
    many: Annotated[int, typer.Option(min=1, help="Functions of each kind and seed.")] = 4,
    budget: Annotated[
        int | None, typer.Option(min=1, help="Calls a function; modular: pairs in all.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="modular: folder of the model.", show_default=False)
    ] = None,
    units: Annotated[
        int, typer.Option(min=0, help="modular: so many neurons, drawn by seed; 0: all.")
    ] = 0,
    turns: Annotated[int, typer.Option(min=1, help="Answers of an LLM a function.")] = 20,
    concurrency: Annotated[
        int | None, typer.Option(help="Functions at a time; default: 4 with an LLM, else 1.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for records and summary.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Describe functions in words and in code; code is judged on inputs that were not seen.

    Exit codes: 0 done, 1 some functions have no answer that runs, 2 unusable arguments.
    """
    from ...tools.errors import UsageError, nearest
    from ..evaluation.functions_run import NAMES, Job, run_job
    from ..evaluation.planner_run import seeds_of

    if suite not in NAMES:
        raise UsageError(f"there is no suite '{suite}'; nearest: {nearest(suite, NAMES)}")
    if suite == "modular" and model is None:
        raise UsageError("--suite modular needs --model FOLDER, with model.safetensors in it")
    job = Job(
        suite=suite,
        planner=planner,
        base_url=base_url,
        reader=reader,
        seeds=seeds_of(seeds),
        many=many,
        budget=budget,
        model=model,
        units=units,
        turns=turns,
        at_once=concurrency or 0,
    )
    found = _with_progress(job, out, run_job)
    typer.echo(json.dumps(found)) if as_json else _show(found)
    if found["failed"]:
        typer.echo(f"neuroscribe: {found['failed']} of {found['n']} have no answer", err=True)
        raise typer.Exit(1)


def _with_progress(job: Any, out: Path | None, run: Any) -> dict[str, Any]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from ...tools.io.console import Console

    columns = (TextColumn("functions"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("functions", total=None)
        return run(
            job, out, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )


def _show(found: dict[str, Any]) -> None:
    from rich.markup import escape
    from rich.table import Column, Table

    from ...tools.io.console import Console

    measures = [key for key in ("recovered", "exact") if key in found]
    domains = list(found.get("nmse", {}))
    table = Table(
        Column("", no_wrap=True), "n", *measures, *(f"nmse {domain}" for domain in domains)
    )
    rows = {"all": found, **found["kinds"]}
    rows |= {f"{name}, as read": row for name, row in found.get("read", {}).items()}
    rows |= {name: {"n": found["n"], **row} for name, row in found["baselines"].items()}
    for name, row in rows.items():
        cells = [_interval(row.get(key)) for key in measures]
        cells += [_interval(row.get("nmse", {}).get(domain)) for domain in domains]
        table.add_row(escape(str(name)), str(row.get("n", "")), *cells)
    console = Console()
    console.print(table)
    for reason, times in found.get("reasons", {}).items():
        console.print(f"{times} without an answer: {escape(str(reason))}")


def _interval(found: dict[str, Any] | None) -> str:
    if not found or found.get("value") is None:
        return ""
    value = f"{found['value']:.3g}"
    if found.get("low") is None:
        return value
    return f"{value} ({found['low']:.2g} to {found['high']:.2g})"
