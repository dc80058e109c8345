"""The verb `organisms`: the trained networks of known mechanism, with what they get right."""

import json
from typing import Annotated, Any

import typer

from . import options
from .printing import console, print_json


def organisms(
    name: Annotated[str | None, typer.Argument(help="One organism, in full.")] = None,
    many: Annotated[int, typer.Option(min=1, help="Prompts to show of one organism.")] = 5,
    split: Annotated[str, typer.Option(help="train or test.")] = "test",
    kind: Annotated[str | None, typer.Option(help="Only prompts of this kind.")] = None,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """List small networks trained on known mechanisms; load them as organism:NAME.

    Exit codes: 0 done, 2 unusable arguments.
    """
    from ...tools.models.organisms import PREFIX, card, names

    if name is None:
        cards = [card(item) for item in names()]
        if as_json:
            print_json(cards)
        else:
            _table(cards)
        return
    from ..organisms import prompts
    from ..report.tables import with_interval

    examples = [
        {"prompt": item.prompt, "target": item.target, "meta": dict(item.meta)}
        for item in prompts(name, split, many, seed, kind=kind)
    ]
    one = card(name)
    if as_json:
        print_json({**one, "prompts": examples})
        return
    typer.echo(f"{PREFIX}{one['name']}: {one['mechanism']}")
    typer.echo(f"trained by: {one['command']} ({one['seconds']:.0f} s)")
    for key, value in one["held_out"].items():
        typer.echo(f"held-out accuracy, {key}: {with_interval(value, 3)} of {value['n']} prompts")
    typer.echo(json.dumps(one["figures"], indent=1))
    for item in examples:
        typer.echo(f"{item['prompt']!r} -> {item['target']!r}")


def _table(cards: list[dict[str, Any]]) -> None:
    from rich.table import Table

    from ...tools.models.organisms import PREFIX
    from ..report.tables import with_interval

    table = Table(box=None, pad_edge=False)
    for head in ("organism", "held out", "weights", "mechanism"):
        table.add_column(head, no_wrap=head in ("organism", "weights"), justify="left")
    for one in cards:
        lines = [with_interval(one["held_out"]["all"], 3)]
        lines += [
            f"{key} {value['value']:.3f}" for key, value in one["held_out"].items() if key != "all"
        ]
        table.add_row(
            f"{PREFIX}{one['name']}",
            "\n".join(lines),
            f"{one['bytes'] / 1e6:.1f} MB",
            one["mechanism"],
        )
    console().print(table)
