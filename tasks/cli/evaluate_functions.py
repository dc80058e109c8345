"""The command `evaluate functions`: black-box functions and neurons whose truth is known."""

from pathlib import Path
from typing import Annotated, Any

import typer

from . import options
from .printing import console, lines, print_json, progress, warn


def functions(
    suite: Annotated[str, typer.Option(help="numbers, strings or modular.")],
    planner: Annotated[str, typer.Option(help="openai:MODEL; modular: also builtin.")] = "builtin",
    base_url: options.BaseUrl = None,
    reader: Annotated[
        str | None, typer.Option(help="openai:MODEL that judges the words too.")
    ] = None,
    seeds: options.Seeds = "1",
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
    out: Annotated[
        Path | None, typer.Option(help="Folder for records and summary.", file_okay=False)
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Describe functions in words and in code; code is judged on inputs that were not seen.

    Exit codes: 0 done, 1 some functions have no answer that runs, 2 unusable arguments.
    """
    from ...tools.errors import UsageError, nearest
    from ..evaluation.functions_run import NAMES, Job, run_job

    if suite not in NAMES:
        raise UsageError(f"there is no suite '{suite}'; nearest: {nearest(suite, NAMES)}")
    if suite == "modular" and model is None:
        raise UsageError("--suite modular needs --model FOLDER, with model.safetensors in it")
    job = Job(
        suite=suite,
        planner=planner,
        base_url=base_url,
        reader=reader,
        seeds=options.seeds(seeds),
        many=many,
        budget=budget,
        model=model,
        units=units,
        turns=turns,
        at_once=concurrency or 0,
    )
    with progress("functions") as told_of:
        result = run_job(job, out, progress=told_of)
    print_json(result) if as_json else _show(result)
    if result["failed"]:
        warn(f"{result['failed']} of {result['n']} have no answer")
        raise typer.Exit(1)


def _show(result: dict[str, Any]) -> None:
    from rich.table import Column, Table
    from rich.text import Text

    measures = [key for key in ("recovered", "exact") if key in result]
    domains = list(result.get("nmse", {}))
    names = ("n", *measures, *(f"nmse {domain}" for domain in domains))
    made = Table(Column("", no_wrap=True), *names)
    rows = {"all": result, **result["kinds"]}
    rows |= {f"{name}, as read": row for name, row in result.get("read", {}).items()}
    rows |= {name: {"n": result["n"], **row} for name, row in result["baselines"].items()}
    for name, row in rows.items():
        cells = [_interval(row.get(key)) for key in measures]
        cells += [_interval(row.get("nmse", {}).get(domain)) for domain in domains]
        made.add_row(Text(str(name)), str(row.get("n", "")), *cells)
    where = console()
    where.print(made)
    for reason, times in result.get("reasons", {}).items():
        lines(where)(f"{times} without an answer: {reason}")


def _interval(entry: dict[str, Any] | None) -> str:
    if not entry or entry.get("value") is None:
        return ""
    low, high = entry.get("low"), entry.get("high")
    return f"{entry['value']:.3g}" + ("" if low is None else f" ({low:.2g} to {high:.2g})")
