"""The command `evaluate planner`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from . import options
from .printing import print_json, progress


def planner(
    out: Annotated[
        Path, typer.Option(help="Folder of the run; the same call goes on.", file_okay=False)
    ],
    planner: options.Planner = "builtin",
    suite: Annotated[
        str, typer.Option(help="text, vision: planted units; real: units of --target.")
    ] = "text",
    seeds: options.Seeds = "1",
    tiers: Annotated[
        str,
        typer.Option("--tiers", "--tier", help="A,B, M: meaning; tier C goes with A and B."),
    ] = "A,B",
    kinds: Annotated[str, typer.Option(help="Kinds of units, with commas; default: all.")] = "",
    tokens: Annotated[int, typer.Option(help="Tokens of the corpus of a bench.")] = 100_000,
    pictures: Annotated[int, typer.Option(help="Pictures of the corpus of a bench.")] = 1000,
    told: Annotated[
        bool,
        typer.Option("--told/--untold", help="Whether the planner is told what pictures show."),
    ] = True,
    locked: Annotated[
        bool, typer.Option("--locked", help="Tier M: also the kinds that nobody develops on.")
    ] = False,
    reader: Annotated[
        str,
        typer.Option(help="Tier M: a network for `like` and the best predictor; none: '-'."),
    ] = "smollm2",
    judge: Annotated[
        str | None, typer.Option(help="Tier M: openai:MODEL that judges labels, at --base-url.")
    ] = None,
    units: Annotated[int, typer.Option(help="At most so many units a bench; 0: all.")] = 0,
    host: Annotated[
        str | None, typer.Option(help="A target to plant in; default: the one that ships.")
    ] = None,
    target: Annotated[str, typer.Option(help="For the suite real.")] = "minilm",
    data: Annotated[str, typer.Option(help="For the suite real.")] = "builtin:pydocs",
    pick: Annotated[str, typer.Option(help="For the suite real: which units.")] = "random:8",
    base_url: options.BaseUrl = None,
    steps: options.Steps = None,
    unit_tokens: options.UnitTokens = 200_000,
    unit_seconds: options.UnitSeconds = 600.0,
    timeout: options.Timeout = 120.0,
    price_in: options.PriceIn = 0.0,
    price_out: options.PriceOut = 0.0,
    without: Annotated[
        str | None,
        typer.Option(
            help="A feature ablation: concept, words, previous, earlier, position, shape, not."
        ),
    ] = None,
    baselines: Annotated[bool, typer.Option(help="Run the baselines beside it.")] = True,
    processes: Annotated[int, typer.Option(help="Benches at a time; 0: one a core.")] = 0,
    as_json: options.Json = False,
) -> None:
    """Measure a planner against units whose function is known."""
    from ...tools.errors import UsageError
    from ..evaluation.planner_run import SUITES, Plan, run_planner
    from ..evaluation.planner_table import show, show_real

    named = options.seeds(seeds)
    same: dict[str, Any] = {
        "planner": planner,
        "base_url": base_url,
        "steps": steps,
        "unit_tokens": unit_tokens or None,
    }
    if suite == "real":
        from ..evaluation.real_run import RealPlan, run_real
        from ..labelling.progress import TerminalProgress

        if len(named) == 1:  # agreement needs two
            named = (*named, named[0] + 1)
        real = RealPlan(target=target, data=data, units=pick, seeds=named, **same)
        result = run_real(real, out, shown=TerminalProgress())
        print_json(result) if as_json else show_real(result)
        return
    if suite not in SUITES:
        raise UsageError(f"there is no suite '{suite}'; give {', '.join(SUITES)} or real")
    plan = Plan(
        suite=suite,
        seeds=named,
        tiers=options.listed(tiers),
        kinds=options.listed(kinds),
        tokens=tokens,
        pictures=pictures,
        told=told,
        units=units or None,
        baselines=None if baselines else (),
        unit_seconds=unit_seconds or None,
        timeout=timeout,
        host=host,
        without=without,
        locked=locked,
        judge=judge,
        reader=None if reader == "-" else reader,
        prices=options.prices(price_in, price_out),
        **same,
    )
    plan.check()
    with progress("units") as told_of:
        result = run_planner(plan, out, processes=processes, progress=told_of)
    if as_json:
        print_json(result)
    else:
        show(result)
        typer.echo(f"{out / 'evaluation.json'}", err=True)
