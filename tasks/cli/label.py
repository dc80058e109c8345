"""The verb `label`. Heavy imports happen inside it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ...agent.statuses import LABELLED
from ..labelling.settings import How, Settings, Shard
from . import options
from .printing import print_json, warn

_LIMITS = ("run_tokens", "unit_tokens", "unit_seconds", "unit_cost")  # 0 is no limit


@options.from_settings(
    Settings,
    target=options.Target,
    data=options.Data,
    sites=(
        Annotated[
            str | None,
            typer.Option(
                "--sites", "--site", help="Where random and top look: mlp.3,mlp.4 or mlp.*"
            ),
        ],
        None,
    ),
    run_tokens=(
        Annotated[
            int,
            typer.Option(
                min=0, help="LLM tokens of the run, within which triage investigates; 0: no limit."
            ),
        ],
        0,
    ),
    unit_tokens=(options.UnitTokens, 200_000),
    unit_seconds=(options.UnitSeconds, 600.0),
    unit_cost=(Annotated[float, typer.Option(help="Money a unit; 0: no limit.")], 0.0),
    shards=None,
    images=(options.Images, None),
    direction=options.Direction,
    special=options.Special,
    programs=(options.Programs, True),
)
def label(
    *,
    out: Annotated[Path, typer.Option(help="The run folder.")],
    price_in: options.PriceIn = 0.0,
    price_out: options.PriceOut = 0.0,
    timeout: options.Timeout = 120.0,
    concurrency: Annotated[
        int | None, typer.Option(help="Units at a time; default: 4 with an LLM, else 1.")
    ] = None,
    shard: options.Shard = "1/1",
    retry_failed: Annotated[bool, typer.Option(help="Label failed units again.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what it would cost; write nothing.")] = False,
    device: options.Device = None,
    device_map: Annotated[str | None, typer.Option(help="auto: spread over devices.")] = None,
    trust_remote_code: options.TrustRemoteCode = False,
    judge: Annotated[
        str | None,
        typer.Option(
            help="openai:MODEL at --base-url scores the words (see the verb score), and reads "
            "places for judged predictors (default: the planner's model)."
        ),
    ] = None,
    judge_requests: options.JudgeRequests = 1000,
    judge_tokens: Annotated[int, typer.Option(help="Tokens of the judge; 0: no limit.")] = 500_000,
    watch: Annotated[bool, typer.Option(help="Show every experiment.")] = False,
    as_json: options.Json = False,
    **given: Any,
) -> None:
    """Label units of a model with scored descriptions; repeat the command to resume."""
    given |= {name: given[name] or None for name in _LIMITS}
    given |= {"sites": options.listed(given["sites"]), "images": tuple(given["images"] or ())}
    settings = Settings(**given)
    part = Shard.parse(shard)
    from ..labelling.estimate import what_it_costs
    from ..labelling.label import run_labels
    from ..labelling.progress import TerminalProgress
    from .show import print_run

    how = How(
        shard=part,
        concurrency=concurrency,
        retry_failed=retry_failed,
        device=device,
        device_map=device_map,
        trust_remote_code=trust_remote_code,
        timeout=timeout,
        prices=options.prices(price_in, price_out),
        judge=judge,
        judge_requests=judge_requests,
    )
    if dry_run:
        cost = what_it_costs(settings, out, how=how)
        if as_json:
            print_json(cost.as_dict())
        else:
            typer.echo(cost.text())
        return
    progress = TerminalProgress(watching=watch, bar=settings.planner != "human")
    try:
        run = run_labels(settings, out, how=how, progress=progress)
    except KeyboardInterrupt:
        warn(f"interrupted; run the same command again to go on in {out}")
        raise typer.Exit(130) from None
    judged = True
    if judge is not None and any(unit.status in LABELLED for unit in run.units):
        from ..evaluation.words.plan import Plan
        from .score import judge_words

        scored, judged = judge_words(
            out,
            Plan(judge, settings.seed, max_tokens=judge_tokens or None),
            base_url=settings.base_url,
            prices=how.prices,
            timeout=timeout,
            given={
                "target": settings.target,
                "data": settings.data,
                "reader": settings.reader,
                "trust_remote_code": trust_remote_code,
            },
        )
        run = scored or run
    print_run(run, as_json=as_json)
    if run.failed:
        first = run.failed[0]
        warn(
            f"{len(run.failed)} of {len(run.units)} units failed, such as "
            f"{first.unit}: {first.record['reason']}; --retry-failed tries them again"
        )
    raise typer.Exit(1 if run.failed or not judged else 0)
