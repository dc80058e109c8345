"""The verb `score`: what a judge can do with the words of a run. Heavy imports happen inside it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .printing import console, lines, print_json, warn
from .show import print_faults

if TYPE_CHECKING:
    from ..evaluation.words.plan import Plan
    from ..labelling.results import LabelRun


def score(
    run: options.Run,
    judge: options.Judge,
    base_url: options.BaseUrl = None,
    against: Annotated[
        Path | None, typer.Option(help="Another run: its labels are judged beside.")
    ] = None,
    units: Annotated[str | None, typer.Option(help="mlp.3/7,mlp.3/9; default: all.")] = None,
    retrieval: Annotated[
        bool, typer.Option(help="Also pick each unit among 20 from its label.")
    ] = True,
    components: Annotated[
        bool,
        typer.Option(
            "--components",
            help="Judge each component's words instead, at places that its predictor draws.",
        ),
    ] = False,
    max_tokens: options.MaxTokens = 500_000,
    dry_run: Annotated[bool, typer.Option(help="Say what it would cost; ask nothing.")] = False,
    seed: options.Seed = 0,
    price_in: options.PriceIn = 0.0,
    price_out: options.PriceOut = 0.0,
    timeout: options.Timeout = 120.0,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests at a time.")] = 4,
    target: Annotated[str | None, typer.Option(help="Instead of the run's model.")] = None,
    data: Annotated[str | None, typer.Option(help="Instead of the run's corpus.")] = None,
    reader: Annotated[str | None, typer.Option(help="Instead of the run's reader.")] = None,
    trust_remote_code: options.TrustNamed = False,
    as_json: options.Json = False,
) -> None:
    """Score the words of labels: a judge tells active places from silent ones by them."""
    from ...tools.errors import UsageError
    from ..evaluation.words.plan import Plan

    if components and against is not None:
        raise UsageError("--against compares labels, and --components judges components")
    plan = Plan(judge, seed, retrieval, max_tokens or None)
    labels, complete = judge_words(
        run,
        plan,
        base_url=base_url,
        against=against,
        units=options.listed(units),
        components=components,
        dry_run=dry_run,
        prices=options.prices(price_in, price_out),
        timeout=timeout,
        concurrency=concurrency,
        given={
            "target": target,
            "data": data,
            "reader": reader,
            "trust_remote_code": trust_remote_code,
        },
        as_json=as_json,
    )
    if labels is not None:
        show = print_components if components else print_words
        show(labels, as_json=as_json)
    raise typer.Exit(0 if complete else 1)


def judge_words(
    run: Path,
    plan: "Plan",
    *,
    base_url: str | None,
    against: Path | None = None,
    units: tuple[str, ...] = (),
    components: bool = False,
    dry_run: bool = False,
    prices: tuple[float, float] | None = None,
    timeout: float = 120.0,
    concurrency: int = 4,
    given: dict[str, Any] | None = None,
    as_json: bool = False,
) -> "tuple[LabelRun | None, bool]":
    """Judges the words of a run, or of its components, and says on stderr what it costs and how it
    goes.

    Returns:
        The run with its scores, None where nothing was asked; whether all units are judged.
    """
    from ..evaluation.scorers.judges import judge_named
    from ..evaluation.words.components import open_components
    from ..evaluation.words.labels import open_run
    from ..evaluation.words.plan import judge_run
    from ..labelling.folder import RunFolder
    from ..labelling.report import write_report
    from ..labelling.results import read_run

    reader = judge_named(plan.judge, base_url=base_url, timeout=timeout, at_a_time=concurrency)
    chosen = {"units": units, **(given or {})}
    if components:
        work = open_components(run, plan, **chosen)
    else:
        work = open_run(run, plan, against=against, **chosen)
    cost = work.cost()
    limit = plan.max_tokens
    if dry_run and as_json:
        print_json({**cost.as_dict(prices), "judged": work.done, "left_out": work.left_out})
        return None, True
    warn(cost.text(prices))
    if work.done or work.left_out:
        what = "component" if components else "label"
        warn(f"{work.done} units are judged already, {work.left_out} have no {what} to judge")
    if work.against and not work.against["same_corpus"]:
        warn(f"{against} had another corpus: its planner may have seen texts of this test split")
    if limit is not None and cost.tokens > limit:
        warn(f"it will stop at --max-tokens {limit:,}; the same command goes on")
    if dry_run:
        return None, True
    n = 0

    def told(line: Any) -> None:
        nonlocal n
        n += 1
        warn(f"{n}/{len(work.tasks)} {line['unit']}: {_outcome(line)}")

    try:
        spent = judge_run(work, reader, told)
    except KeyboardInterrupt:
        warn("interrupted; run the same command again to go on")
        raise typer.Exit(130) from None
    if work.tasks:
        warn(
            f"took {spent.tokens_in:,} tokens in, {spent.tokens_out:,} out, {spent.requests:,} "
            f"requests; {spent.unread} answers were not readable"
        )
        write_report(run)
    if n < len(work.tasks):
        warn(f"stopped at --max-tokens: {n} of {len(work.tasks)} units; the same command goes on")
    return read_run(RunFolder(run)), n == len(work.tasks)


def _outcome(line: Any) -> str:
    """What was found of one unit, in a few words."""
    from ..labelling.words import counted
    from ..scoring.entries import value_of

    if "components" in line:
        return ", ".join(f"{n} {name}" for name, n in counted(line["components"]).items() if n)
    parts = [("pairs right", value_of(line, "pairs")), ("AUROC", value_of(line, "auroc"))]
    known = [f"{name} {value:.2f}" for name, value in parts if value is not None]
    return line.get("reason") or ", ".join(known)


def print_components(run: "LabelRun", *, as_json: bool) -> None:
    """A line a component that was judged, or one JSON document."""
    from ..labelling.words import counted
    from .words_table import components_table

    print_faults(run)
    parts = [
        {"unit": unit.unit, "component": i, **part}
        for unit in run.units
        for i, part in enumerate(unit.record.get("components") or (), 1)
    ]
    found = counted(parts)
    if as_json:
        print_json({"components": parts, "summary": found})
        return
    where = console(wide=True)
    where.print(components_table([part for part in parts if "unnamed" in part]))
    lines(where)(
        f"{', '.join(f'{n} {name}' for name, n in found.items())}; a component is unnamed where a "
        "judge that reads its words tells places where its predictor holds from others with an "
        "AUROC below .7 (chance .5)"
    )


def print_words(run: "LabelRun", *, as_json: bool) -> None:
    """A table of the judged units with the controls beside, or one JSON document."""
    from ..labelling.words_summary import lines_of, sentences, summary

    print_faults(run)
    if as_json:
        print_json({"units": lines_of(run), "summary": summary(run)})
        return
    from .words_table import table

    where = console(wide=True)
    where.print(table(run))
    say = lines(where)
    for line in sentences(summary(run)):
        say(line)
