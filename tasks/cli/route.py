"""The verb `route`: from which layer on, and for how many, the last place has to look back.

neuroscribe route organism:adder
neuroscribe route ./gpt2 --prompts sums.jsonl
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .printing import picked, present, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from ...tools.interventions.route import Route
    from ..studies.cases import PromptCase


def route(
    target: Annotated[str, typer.Argument(help="A language model: organism:adder, a folder, ...")],
    prompts: Annotated[
        Path | None,
        typer.Option(help="JSONL {prompt, target}, all of one length; an organism has its own."),
    ] = None,
    many: Annotated[int, typer.Option(min=4, help="At most so many prompts.")] = 200,
    keep: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the accuracy to be kept.")
    ] = 0.95,
    by_token: Annotated[
        bool, typer.Option("--by-token", help="Means by token alone, not by token and place.")
    ] = False,
    seed: options.Seed = 0,
    dtype: options.Dtype = None,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Find the least attention that a task needs: how many layers may wait, how many must look.

    While it waits every place stands at its token's mean (CAMA) and sees itself alone; then the
    last place looks back for some layers, and no longer (All-for-One).
    """
    from ...tools.interventions.route import Answered
    from ...tools.interventions.route import route as run
    from ...tools.models import Target
    from ..studies.cases import read_cases, screen

    loaded = Target.load(target, dtype=dtype, device=device)
    cases = read_cases(prompts) if prompts is not None else _own(target, many, seed)
    usable = screen(loaded, cases[:many], keep_wrong=True)
    answered = [Answered(one.row, one.answer) for one in usable.used]
    result = run(loaded, answered, keep=keep, by_place=not by_token)
    document = _document(result, usable.notes)
    present(document, as_json, lambda _: _rows(loaded.name, result))


def _own(target: str, many: int, seed: int) -> "list[PromptCase]":
    from ...tools.errors import UsageError
    from ...tools.models.organisms import names
    from ..organisms import prompts
    from ..studies.cases import PromptCase

    name = target.removeprefix("organism:")
    if not target.startswith("organism:") or name not in names():
        raise UsageError("give --prompts FILE, JSONL with prompt and target in each line")
    return [PromptCase(one.prompt, one.target) for one in prompts(name, n=many, seed=seed)]


def _document(result: "Route", notes: tuple[str, ...]) -> dict[str, Any]:
    def plain(values: Any) -> list:
        return [None if item != item else round(float(item), 4) for item in values]

    smallest = ("clean", "clean_interval", "smallest", "smallest_interval")
    return {
        **picked(result, *smallest, "keep", "prompts", "unknown"),
        "accuracy": [plain(row) for row in result.accuracy],
        "cama": plain(result.cama),
        "mean": plain(result.mean),
        "notes": list(notes),
    }


def _rows(name: str, result: "Route") -> "Iterator[RenderableType]":
    waits, transfers = result.accuracy.shape
    columns = [*(f"look {count}" for count in range(transfers)), "CAMA alone", "plain mean"]
    title = f"accuracy of {name}; all attention: {result.clean:.2f}"
    grid = table("wait", *columns, title=title)
    for wait in range(waits):
        cells = ["" if v != v else f"{v:.2f}" for v in result.accuracy[wait]]
        if result.smallest is not None and result.smallest[0] == wait:
            cells[result.smallest[1]] = f"[bold]{cells[result.smallest[1]]}[/bold]"
        sides = [f"{v[wait]:.2f}" if wait < len(v) else "" for v in (result.cama, result.mean)]
        grid.add_row(str(wait), *cells, *sides)
    yield grid
    if result.smallest is None:
        yield f"nothing less than all attention keeps {result.keep:.0%} of the accuracy"
    else:
        wait, look = result.smallest
        low, high = result.smallest_interval or (float("nan"), float("nan"))
        yield (
            f"smallest that keeps {result.keep:.0%}: wait {wait} layers, look back for {look} "
            f"(accuracy {result.accuracy[wait, look]:.2f}, 95% {low:.2f} to {high:.2f}; "
            f"{result.prompts} prompts)"
        )
    if result.unknown:
        yield f"{result.unknown} places have a token without a mean there"
