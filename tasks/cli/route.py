"""The verb `route`: from which layer on, and for how many, the last place has to look back.

neuroscribe route organism:adder
neuroscribe route ./gpt2 --prompts sums.jsonl
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ...tools.interventions.route import Route
    from ...tools.models import Target
    from ..studies.cases import Case


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
    seed: Annotated[int, typer.Option(help="Of an organism's prompts.")] = 0,
    dtype: Annotated[str | None, typer.Option(help="Of the weights.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Find the least attention that a task needs: layers to wait, then layers to look back.

    While it waits every place stands at its token's mean (CAMA) and sees itself alone; then the
    last place looks back for some layers, and no longer (All-for-One).
    """
    from ...tools.interventions.route import Answered
    from ...tools.interventions.route import route as run
    from ...tools.models import Target
    from ..studies.cases import read_cases, sort_out

    loaded = Target.load(target, dtype=dtype, device=device)
    cases = read_cases(prompts) if prompts is not None else _own(target, many, seed)
    found = sort_out(loaded, cases[:many], keep_wrong=True)
    answered = [Answered(one.row, one.answer) for one in found.used]
    result = run(loaded, answered, keep=keep, by_place=not by_token)
    if as_json:
        typer.echo(json.dumps(_data(result, found.notes)))
        return
    _show(loaded, result, found.notes)


def _own(target: str, many: int, seed: int) -> "list[Case]":
    from ...tools.errors import UsageError
    from ...tools.models.organisms import names
    from ..organisms import prompts
    from ..studies.cases import Case

    name = target.removeprefix("organism:")
    if not target.startswith("organism:") or name not in names():
        raise UsageError("give --prompts FILE, JSONL with prompt and target in each line")
    return [Case(one.prompt, one.target) for one in prompts(name, many=many, seed=seed)]


def _data(found: "Route", notes: tuple[str, ...]) -> dict[str, Any]:
    def plain(values: Any) -> list:
        return [None if item != item else round(float(item), 4) for item in values]

    return {
        "clean": found.clean,
        "clean_interval": found.clean_interval,
        "accuracy": [plain(row) for row in found.accuracy],
        "cama": plain(found.cama),
        "mean": plain(found.mean),
        "smallest": found.smallest,
        "smallest_interval": found.smallest_interval,
        "keep": found.keep,
        "prompts": found.prompts,
        "unknown": found.unknown,
        "notes": list(notes),
    }


def _show(target: "Target", found: "Route", notes: tuple[str, ...]) -> None:
    from rich.table import Table

    from ...tools.io.console import Console

    waits, transfers = found.accuracy.shape
    table = Table(
        title=f"accuracy of {target.name}; all attention: {found.clean:.2f}", title_justify="left"
    )
    table.add_column("wait", justify="right")
    for count in range(transfers):
        table.add_column(f"look {count}", justify="right", no_wrap=True)
    table.add_column("CAMA alone", justify="right")
    table.add_column("plain mean", justify="right")
    for wait in range(waits):
        cells = ["" if v != v else f"{v:.2f}" for v in found.accuracy[wait]]
        if found.smallest is not None and found.smallest[0] == wait:
            cells[found.smallest[1]] = f"[bold]{cells[found.smallest[1]]}[/bold]"
        sides = [f"{v[wait]:.2f}" if wait < len(v) else "" for v in (found.cama, found.mean)]
        table.add_row(str(wait), *cells, *sides)
    console = Console()
    console.print(table)
    if found.smallest is None:
        console.print(f"nothing less than all attention keeps {found.keep:.0%} of the accuracy")
    else:
        wait, look = found.smallest
        low, high = found.smallest_interval or (float("nan"), float("nan"))
        console.print(
            f"smallest that keeps {found.keep:.0%}: wait {wait} layers, look back for {look} "
            f"(accuracy {found.accuracy[wait, look]:.2f}, 95% {low:.2f} to {high:.2f}; "
            f"{found.prompts} prompts)",
            highlight=False,
        )
    if found.unknown:
        console.print(f"{found.unknown} places have a token without a mean there", highlight=False)
    for note in notes:
        console.print(f"note: {note}", highlight=False, markup=False)
