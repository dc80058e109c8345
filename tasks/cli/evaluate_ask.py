"""The command `evaluate ask`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from . import options
from .printing import console, lines, print_json, table, warn


def ask(
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the run; the same call goes on.", show_default=False, file_okay=False
        ),
    ] = None,
    planner: options.Planner = "builtin",
    base_url: options.BaseUrl = None,
    kinds: Annotated[
        str, typer.Option(help="Such as what,find,outside; default: all.", show_default=False)
    ] = "",
    only: Annotated[
        str, typer.Option(help="Ids of questions, with commas; default: all.", show_default=False)
    ] = "",
    questions: Annotated[int, typer.Option(min=0, help="So many, drawn by --seed; 0: all.")] = 0,
    seed: Annotated[int, typer.Option(help="Draws the questions.")] = 0,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Ask the questions that were kept back instead.")
    ] = False,
    steps: options.QuestionSteps = 12,
    question_tokens: options.QuestionTokens = 200_000,
    question_seconds: options.QuestionSeconds = 600.0,
    timeout: options.Timeout = 120.0,
    price_in: options.PriceIn = 0.0,
    price_out: options.PriceOut = 0.0,
    list_questions: Annotated[
        bool, typer.Option("--list", help="Print the questions and ask none.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Score a planner's answers to questions whose answers are known.

    Exit codes: 0 done, 1 some questions got no answer, 2 unusable arguments.
    """
    from ...tools.errors import UsageError
    from ..groundtruth.questions.run import AskPlan, run_questions

    plan = AskPlan(
        planner=planner,
        base_url=base_url,
        kinds=options.listed(kinds),
        only=options.listed(only),
        questions=questions or None,
        seed=seed,
        held_out=held_out,
        steps=steps,
        question_tokens=question_tokens or None,
        question_seconds=question_seconds or None,
        timeout=timeout,
    )
    if list_questions:
        for one in plan.chosen():
            typer.echo(f"{one.id}  ({one.target})  {one.text}")
        return
    if out is None:
        raise UsageError("name a folder for the run: --out runs/asked")
    prices = options.prices(price_in, price_out)
    result = run_questions(plan, out, prices=prices, progress=_line)
    if as_json:
        print_json(result)
    else:
        _show(result)
        typer.echo(f"{out / 'report.html'}", err=True)
    if result["failed"]:
        warn(f"{result['failed']} questions have no answer")
        raise typer.Exit(1)


def _line(record: Mapping[str, Any], done: int, total: int) -> None:
    seconds = f"{record['spent']['seconds']:.1f} s"
    typer.echo(f"{done}/{total} {record['id']}: {record['verdict']} ({seconds})", err=True)


def _show(result: Mapping[str, Any]) -> None:
    from ..report.tables import with_interval
    from ..report.usage import spent_words

    rows = table("kind", "n", "right", "partly", "score", "no answer")
    for kind, row in {"documented": result["documented"], **result["kinds"]}.items():
        if row["right"]["n"]:
            right, score = with_interval(row["right"]), with_interval(row["score"])
            n, partly, failed = map(str, (row["right"]["n"], row["partly"], row["failed"]))
            rows.add_row(kind, n, right, partly, score, failed)
    where, cites = console(), result["citations"]
    where.print(rows)
    say = lines(where)
    say(f"claims that cite a result that exists: {with_interval(cites['cited'])}")
    say(f"numbers that stand in the cited result: {with_interval(cites['supported'])}")
    say(spent_words(result["spent"]))
