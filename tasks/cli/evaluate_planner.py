"""The command `evaluate planner`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def planner(
    out: Annotated[Path, typer.Option(help="Folder of the run; the same call goes on.")],
    planner: Annotated[str, typer.Option(help="builtin or openai:MODEL.")] = "builtin",
    suite: Annotated[
        str, typer.Option(help="text, vision: planted units; real: units of --target.")
    ] = "text",
    seeds: Annotated[str, typer.Option(help="Such as 1,2,5-8; from 1000 on: for reports.")] = "1",
    tiers: Annotated[str, typer.Option(help="A,B; tier C goes with both.")] = "A,B",
    kinds: Annotated[str, typer.Option(help="Kinds of units, with commas; default: all.")] = "",
    tokens: Annotated[int, typer.Option(help="Tokens of the corpus of a bench.")] = 100_000,
    pictures: Annotated[int, typer.Option(help="Pictures of the corpus of a bench.")] = 1000,
    told: Annotated[
        bool,
        typer.Option("--told/--untold", help="Whether the planner is told what pictures show."),
    ] = True,
    units: Annotated[int, typer.Option(help="At most so many units a bench; 0: all.")] = 0,
    host: Annotated[
        str | None, typer.Option(help="A target to plant in; default: the one that ships.")
    ] = None,
    target: Annotated[str, typer.Option(help="For the suite real.")] = "minilm",
    data: Annotated[str, typer.Option(help="For the suite real.")] = "builtin:pydocs",
    pick: Annotated[str, typer.Option(help="For the suite real: which units.")] = "random:8",
    base_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible endpoint.")] = None,
    steps: Annotated[int, typer.Option(help="Turns of the planner a unit.")] = 16,
    unit_tokens: Annotated[int, typer.Option(help="LLM tokens a unit; 0: no limit.")] = 200_000,
    unit_seconds: Annotated[float, typer.Option(help="Seconds a unit; 0: no limit.")] = 600.0,
    timeout: Annotated[float, typer.Option(help="Seconds of one request to an LLM.")] = 120.0,
    price_in: Annotated[float, typer.Option(help="Money for a million tokens in.")] = 0.0,
    price_out: Annotated[float, typer.Option(help="Money for a million tokens out.")] = 0.0,
    without: Annotated[
        str | None,
        typer.Option(
            help="A feature ablation: concept, words, previous, earlier, position, shape, not."
        ),
    ] = None,
    baselines: Annotated[bool, typer.Option(help="Run the baselines beside it.")] = True,
    processes: Annotated[int, typer.Option(help="Benches at a time; 0: one a core.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measure a planner against units whose function is known."""
    from ...tools.errors import UsageError
    from ..evaluation.planner_run import Plan, run_planner, seeds_of
    from ..evaluation.suites import SUITES

    if suite == "real":
        _real(target, data, pick, planner, seeds, out, base_url, steps, unit_tokens, as_json)
        return
    if suite not in SUITES:
        raise UsageError(f"there is no suite '{suite}'; give {', '.join(SUITES)} or real")
    chosen = tuple(part.strip() for part in kinds.split(",") if part.strip())
    plan = Plan(
        planner=planner,
        suite=suite,
        seeds=seeds_of(seeds),
        tiers=tuple(part.strip() for part in tiers.split(",")),
        kinds=chosen,
        tokens=tokens,
        pictures=pictures,
        told=told,
        units=units or None,
        baselines=None if baselines else (),
        base_url=base_url,
        steps=steps,
        unit_tokens=unit_tokens or None,
        unit_seconds=unit_seconds or None,
        timeout=timeout,
        host=host,
        without=without,
        prices=(price_in, price_out) if price_in or price_out else None,
    )
    plan.check()
    found = _with_progress(plan, out, processes, run_planner)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        from ..evaluation.planner_table import show

        show(found)
        typer.echo(f"{out / 'evaluation.json'}", err=True)


def _real(
    target: str,
    data: str,
    pick: str,
    planner: str,
    seeds: str,
    out: Path,
    base_url: str | None,
    steps: int,
    unit_tokens: int,
    as_json: bool,
) -> None:
    from ..evaluation.planner_run import seeds_of
    from ..evaluation.planner_table import show_real
    from ..evaluation.real_run import RealPlan, run_real
    from ..labelling.progress import TerminalProgress

    several = seeds_of(seeds)
    if len(several) == 1:  # agreement needs two
        several = (*several, max(several) + 1)
    plan = RealPlan(
        target=target,
        data=data,
        units=pick,
        planner=planner,
        seeds=several,
        base_url=base_url,
        steps=steps,
        unit_tokens=unit_tokens or None,
    )
    found = run_real(plan, out, shown=TerminalProgress())
    if as_json:
        typer.echo(json.dumps(found))
    else:
        show_real(found)


def _with_progress(plan: Any, out: Path, processes: int, run: Any) -> dict[str, Any]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from ...tools.io.console import Console

    columns = (TextColumn("units"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("units", total=None)
        return run(
            plan,
            out,
            processes=processes,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
