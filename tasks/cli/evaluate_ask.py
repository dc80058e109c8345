"""The command `evaluate ask`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer


def ask(
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the run; the same call goes on.", show_default=False),
    ] = None,
    planner: Annotated[str, typer.Option(help="builtin or openai:MODEL.")] = "builtin",
    base_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible endpoint.")] = None,
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
    steps: Annotated[int, typer.Option(help="Turns of the planner a question.")] = 12,
    question_tokens: Annotated[
        int, typer.Option(help="LLM tokens a question; 0: no limit.")
    ] = 200_000,
    question_seconds: Annotated[float, typer.Option(help="Seconds a question; 0: none.")] = 600.0,
    timeout: Annotated[float, typer.Option(help="Seconds of one request to an LLM.")] = 120.0,
    price_in: Annotated[float, typer.Option(help="Money for a million tokens in.")] = 0.0,
    price_out: Annotated[float, typer.Option(help="Money for a million tokens out.")] = 0.0,
    list_questions: Annotated[
        bool, typer.Option("--list", help="Print the questions and ask none.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Score a planner's answers to questions whose answers are known.

    Exit codes: 0 done, 1 some questions got no answer, 2 unusable arguments.
    """
    from ...tools.errors import UsageError
    from ..groundtruth.questions.run import AskPlan, run_questions

    plan = AskPlan(
        planner=planner,
        base_url=base_url,
        kinds=_parts(kinds),
        only=_parts(only),
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
    prices = (price_in, price_out) if price_in or price_out else None
    found = run_questions(plan, out, prices=prices, progress=_line)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        _show(found)
        typer.echo(f"{out / 'report.html'}", err=True)
    if found["failed"]:
        typer.echo(f"neuroscribe: {found['failed']} questions have no answer", err=True)
        raise typer.Exit(1)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _line(record: Mapping[str, Any], done: int, total: int) -> None:
    said = (
        f"{done}/{total} {record['id']}: {record['verdict']} ({record['spent']['seconds']:.1f} s)"
    )
    typer.echo(said, err=True)


def _show(found: Mapping[str, Any]) -> None:
    from rich.table import Table

    from ...tools.io.console import Console
    from ..report.tables import with_interval as said
    from ..report.usage import spent_words

    table = Table("kind", "n", "right", "partly", "score", "no answer")
    rows = {"documented": found["documented"], **found["kinds"]}
    for kind, row in rows.items():
        if row["right"]["n"]:
            table.add_row(
                kind,
                str(row["right"]["n"]),
                said(row["right"]),
                str(row["partly"]),
                said(row["score"]),
                str(row["failed"]),
            )
    console = Console()
    console.print(table)
    cites = found["citations"]
    console.print(f"claims that cite a result that exists: {said(cites['cited'])}")
    console.print(f"numbers that stand in the cited result: {said(cites['supported'])}")
    console.print(spent_words(found["spent"]))
