"""The verb `tool NAME TARGET`: runs one tool.

    neuroscribe tool exemplars minilm --data builtin:pydocs --arg unit=mlp.3/7 --arg kind=quantile

What a tool takes comes from its schema. A value is read as JSON where that gives what the schema
asks for, and else as text; an argument given several times is a list.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .printing import print_json
from .tools import tool_named, types_of

if TYPE_CHECKING:
    from ...tools.evidence import Evidence
    from ...tools.registry import Tool


def tool(
    name: Annotated[str, typer.Argument(help="The tool; `neuroscribe tools` lists them.")],
    target: Annotated[str, typer.Argument(help="A model: minilm, a folder, a hub id, ...")],
    arg: Annotated[
        list[str] | None,
        typer.Option("--arg", "-a", help="NAME=VALUE for the tool; repeat for lists."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="The corpus; builtin:pydocs or builtin:scenes:400.")
    ] = None,
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
    judge: options.PlaceJudge = None,
    base_url: options.BaseUrl = None,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> int:
    """Run one tool on a model: what a planner would see.

    Exit codes: 0 done, 2 unusable arguments.
    """
    from ...tools.errors import UsageError
    from ...tools.evidence import EvidenceStore
    from ...tools.hypotheses.resolve import predictor
    from ...tools.images.backends import open_backend
    from ...tools.lab import Lab
    from ...tools.models import Target
    from ...tools.predicates.judging import judge_named
    from ...tools.registry import call
    from ..asking.data import explore, read_by

    chosen = tool_named(name)
    arguments = read_arguments(chosen, arg or [])
    loaded = Target.load(target)
    if loaded.tokenizer is None and loaded.image is None:
        raise UsageError(f"{target} takes neither text nor pictures; the tools work on these")
    studied = None if unit is None else loaded.unit(unit)
    corpus = data or ("builtin:pydocs" if loaded.image is None else "builtin:scenes:400")
    rows = explore(loaded, corpus, tokens=tokens, length=length, seed=seed)
    rows, network = read_by(loaded, rows, reader)
    lab = Lab(
        loaded,
        rows,
        evidence=EvidenceStore(pictures),
        unit=studied,
        seed=seed,
        backends={spec: open_backend(spec) for spec in images or []},
        judge=None if judge is None else judge_named(judge, base_url=base_url),
        reader=network,
        open=True,
    )
    for i, text in enumerate(hypothesis or [], 1):
        lab.hypotheses[f"H{i}"] = predictor(lab, text).model_dump()
    result = call(lab, name, arguments)
    if result.error is not None:
        raise UsageError(f"{name}: {result.error}")
    _print(result, as_json)
    return 0


def read_arguments(chosen: "Tool", entries: list[str]) -> dict[str, Any]:
    """The arguments of `--arg NAME=VALUE`, as the tool's schema types them.

    Raises:
        UsageError: for a name that the tool does not take.
    """
    from ...tools.errors import UsageError, nearest

    properties = chosen.schema["function"]["parameters"].get("properties", {})
    out: dict[str, Any] = {}
    for entry in entries:
        key, equals, text = entry.partition("=")
        if not equals:
            raise UsageError(f"--arg {entry}: write NAME=VALUE")
        if key not in properties:
            raise UsageError(f"{chosen.name} takes no '{key}'; nearest: {nearest(key, properties)}")
        types = types_of(properties[key])
        value = _value(text, types)
        if (
            "array" in types
            and not isinstance(value, list)
            and ("string" not in types or key in out)
        ):
            before = out.get(key, [])
            out[key] = [*(before if isinstance(before, list) else [before]), value]
        else:
            out[key] = value
    return out


def _value(text: str, types: set[str]) -> Any:
    """JSON where the schema wants more than text; `@file` is the file's content."""
    if text.startswith("@") and Path(text[1:]).is_file():
        text = Path(text[1:]).read_text(encoding="utf-8")
    if types <= {"string", "null"}:
        return text
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return text
    return text if "array" in types and not isinstance(value, list | dict) else value


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
