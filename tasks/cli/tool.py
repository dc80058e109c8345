"""The verb `tool NAME TARGET`: runs one tool.

    neuroscribe tool exemplars minilm --data builtin:pydocs --arg unit=mlp.3/7 --arg kind=quantile

What a tool takes comes from its schema. A value is read as JSON where that gives what the schema
asks for, and else as text; an argument given several times is a list.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options
from .printing import print_json

if TYPE_CHECKING:
    from ...tools.evidence import Evidence


def tool(
    name: Annotated[str, typer.Argument(help="The tool; `neuroscribe tools` lists them.")],
    target: Annotated[str, typer.Argument(help="A model: minilm, a folder, a hub id, ...")],
    arg: Annotated[
        list[str] | None,
        typer.Option("--arg", "-a", help="NAME=VALUE for the tool; repeat for lists."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="The corpus, such as builtin:pydocs, a .jsonl, FILE.py:NAME; left out: one that "
            "the model reads."
        ),
    ] = None,
    active: options.Active = None,
    silent: options.Silent = None,
    run: Annotated[Path | None, typer.Option(help="A run folder, to search its labels.")] = None,
    index: options.Index = None,
    unit: Annotated[str | None, typer.Option(help="The unit under study.")] = None,
    tokens: Annotated[int, typer.Option(min=200, help="Tokens of the corpus.")] = 20_000,
    length: Annotated[int, typer.Option(min=8, help="Tokens of a window.")] = 64,
    hypothesis: Annotated[
        list[str] | None, typer.Option(help="A predictor as JSON: H1, H2, ... in order.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder for the pictures that a tool makes.")
    ] = None,
    images: options.Images = None,
    reader: options.Reader = None,
    direction: options.Direction = None,
    special: options.Special = None,
    judge: options.PlaceJudge = None,
    planner: Annotated[
        str | None, typer.Option(help="openai:MODEL, for tools that ask a language model.")
    ] = None,
    base_url: options.BaseUrl = None,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> int:
    """Run one tool on a model: what a planner would see.

    Exit codes: 0 done, 2 unusable arguments.
    """
    from ...tools.data.files import read_texts
    from ...tools.errors import UsageError
    from ...tools.hypotheses.resolve import predictor
    from ...tools.images.backends import open_backend
    from ...tools.models import Target
    from ...tools.predicates.judging import judge_named
    from ...tools.registry import call
    from ..asking.arguments import read_arguments, tool_named
    from ..asking.bench import open_bench

    chosen = tool_named(name)
    sets = {key: path for key, path in (("active", active), ("silent", silent)) if path is not None}
    if sets and not sets.keys() <= chosen.arguments.model_fields.keys():
        raise UsageError(f"--active and --silent are for find_units; {name} takes no such texts")
    arguments = read_arguments(chosen, arg or [], files=True) | {
        k: read_texts(p) for k, p in sets.items()
    }
    loaded = Target.load(target, special=special)
    lab = open_bench(
        loaded,
        data,
        texts=[text for key in sets for text in arguments[key]] if silent else (),
        unit=unit,
        tokens=tokens,
        length=length,
        pictures=pictures,
        run=run,
        index=index,
        planner=planner,
        base_url=base_url,
        reader=reader,
        direction=direction,
        seed=seed,
        backends={spec: open_backend(spec) for spec in images or []},
        judge=None if judge is None else judge_named(judge, base_url=base_url),
    )
    for i, text in enumerate(hypothesis or [], 1):
        lab.hypotheses[f"H{i}"] = predictor(lab, text).model_dump()
    result = call(lab, name, arguments)
    if result.error is not None:
        raise UsageError(f"{name}: {result.error}")
    _print(result, as_json)
    return 0


def _print(result: "Evidence", as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "tool": result.tool,
                "arguments": dict(result.arguments),
                "text": result.text,
                "data": dict(result.data),
                "images": list(result.images),
                "seconds": round(result.seconds, 3),
            }
        )
    else:
        typer.echo(result.text)
        for path in result.images:
            typer.echo(f"picture: {path}", err=True)
