"""The verbs of labelling: `label`, `show`, `merge`, `export`. Heavy imports happen inside them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..labelling.settings import Settings, Shard

if TYPE_CHECKING:
    from ..labelling.results import LabelRun

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Run = Annotated[Path, typer.Argument(help="A run folder.", show_default=False)]


def label(
    target: Annotated[
        str,
        typer.Argument(
            help="minilm, planted, a Hugging Face id, a folder, or path.py:factory.",
            show_default=False,
        ),
    ],
    units: Annotated[
        str,
        typer.Option(
            help="mlp.3/0-9,mlp.4/12-  random:20[:SITE]  top:20[:variance|firing][:SITE]  a file."
        ),
    ],
    data: Annotated[
        str,
        typer.Option(help="builtin:pydocs, builtin:stories, self:N, a .txt or .jsonl, hf:NAME."),
    ],
    out: Annotated[Path, typer.Option(help="The run folder.")],
    planner: Annotated[str, typer.Option(help="builtin, openai:MODEL or human.")] = "builtin",
    base_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible endpoint.")] = None,
    field: Annotated[str | None, typer.Option(help="The text field of the data.")] = None,
    records: Annotated[
        str | None,
        typer.Option(
            help="What a document of a .txt is: lines or blocks; default: by blank lines."
        ),
    ] = None,
    sites: Annotated[
        str | None,
        typer.Option("--sites", "--site", help="Where random and top look: mlp.3,mlp.4 or mlp.*"),
    ] = None,
    signs: Annotated[str, typer.Option(help="positive, or both where both mean something.")] = (
        "positive"
    ),
    tokens: Annotated[int, typer.Option(help="Tokens of all three splits together.")] = 100_000,
    context_length: Annotated[int, typer.Option(help="Tokens a window.")] = 64,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
    steps: Annotated[int, typer.Option(help="Turns of the planner a unit.")] = 16,
    unit_tokens: Annotated[int, typer.Option(help="LLM tokens a unit; 0: no limit.")] = 200_000,
    unit_seconds: Annotated[float, typer.Option(help="Seconds a unit; 0: no limit.")] = 600.0,
    unit_cost: Annotated[float, typer.Option(help="Money a unit; 0: no limit.")] = 0.0,
    price_in: Annotated[float, typer.Option(help="Money for a million tokens in.")] = 0.0,
    price_out: Annotated[float, typer.Option(help="Money for a million tokens out.")] = 0.0,
    temperature: Annotated[
        float | None, typer.Option(help="Of an LLM; default: the endpoint's own.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds of one request to an LLM.")] = 120.0,
    concurrency: Annotated[
        int | None, typer.Option(help="Units at a time; default: 4 with an LLM, else 1.")
    ] = None,
    shard: Annotated[str, typer.Option(help="I/N: the I-th of N parts of the units.")] = "1/1",
    retry_failed: Annotated[bool, typer.Option(help="Label failed units again.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what it would cost; write nothing.")] = False,
    controls: Annotated[str, typer.Option(help="none, quick or full.")] = "quick",
    revision: Annotated[str | None, typer.Option(help="Revision of the model.")] = None,
    dtype: Annotated[str | None, typer.Option(help="Number type of the weights.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps.")] = None,
    device_map: Annotated[str | None, typer.Option(help="auto: spread over devices.")] = None,
    trust_remote_code: Annotated[bool, typer.Option(help="Run the model's own code.")] = False,
    watch: Annotated[bool, typer.Option(help="Show every experiment.")] = False,
    reader: Annotated[
        str | None,
        typer.Option(help="Who reads photos: clip:MODEL, dino:MODEL[+sam:MODEL]."),
    ] = None,
    images: Annotated[
        list[str] | None,
        typer.Option(help="Image models to draw with: openai:MODEL, diffusers:FOLDER."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Label units of a model with scored descriptions; the same command again goes on."""
    settings = Settings(
        target=target,
        units=units,
        data=data,
        planner=planner,
        base_url=base_url,
        field=field,
        records=records,
        sites=tuple(name.strip() for name in (sites or "").split(",") if name.strip()),
        signs=signs,
        tokens=tokens,
        context_length=context_length,
        seed=seed,
        steps=steps,
        unit_tokens=unit_tokens or None,
        unit_seconds=unit_seconds or None,
        unit_cost=unit_cost or None,
        controls=controls,
        temperature=temperature,
        revision=revision,
        dtype=dtype,
        reader=reader,
        images=tuple(images or ()),
    )
    how = {
        "shard": Shard.parse(shard),
        "concurrency": concurrency,
        "timeout": timeout,
        "prices": (price_in, price_out) if price_in or price_out else None,
        "retry_failed": retry_failed,
        "device": device,
        "device_map": device_map,
        "trust_remote_code": trust_remote_code,
    }
    _label(settings, out, how, dry_run=dry_run, watch=watch, as_json=as_json)


def _label(
    settings: Settings,
    out: Path,
    how: Mapping[str, Any],
    *,
    dry_run: bool,
    watch: bool,
    as_json: bool,
) -> None:
    from ..labelling.label import How, run_labels, what_it_costs
    from ..labelling.progress import Shown

    if dry_run:
        cost = what_it_costs(settings, out, how=How(**how))
        typer.echo(json.dumps(cost.as_dict()) if as_json else cost.text())
        return
    shown = Shown(watching=watch, bar=settings.planner != "human")
    try:
        run = run_labels(settings, out, how=How(**how), shown=shown)
    except KeyboardInterrupt:
        typer.echo(
            f"neuroscribe: interrupted; run the same command again to go on in {out}", err=True
        )
        raise typer.Exit(130) from None
    _print(run, as_json=as_json)
    if run.failed:
        typer.echo(
            f"neuroscribe: {len(run.failed)} of {len(run.units)} units failed, such as "
            f"{run.failed[0].unit}: {run.failed[0].record['reason']}; "
            "--retry-failed tries them again",
            err=True,
        )
    raise typer.Exit(1 if run.failed else 0)


def show(
    run: Run,
    unit: Annotated[
        str | None, typer.Argument(help="One unit, in full.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the labels of a run, or one unit in full."""
    from ...tools.errors import UsageError, nearest
    from ..labelling.results import read_run
    from ..runs.folder import RunFolder

    found = read_run(RunFolder(run))
    if unit is None:
        _print(found, as_json=as_json)
        return
    _warn(found)
    try:
        chosen = found[unit]
    except KeyError:
        names = [item.unit for item in found.units]
        raise UsageError(f"{run} has no label of {unit}; nearest: {nearest(unit, names)}") from None
    if as_json:
        document = found.as_dict()
        typer.echo(json.dumps({**document, "units": [chosen.as_dict()]}))
        return
    from .show import console, unit_detail

    console().print(unit_detail(chosen))


def merge(
    runs: Annotated[
        list[Path], typer.Argument(help="Run folders with shards of one run.", show_default=False)
    ],
    out: Annotated[Path | None, typer.Option(help="The merged folder; default: the first.")] = None,
    as_json: Json = False,
) -> None:
    """Bring the shards of a run together, from one folder or several."""
    from ..labelling.merge import merge as merged

    _print(merged(runs, out), as_json=as_json)


def export(
    run: Run,
    csv: Annotated[Path | None, typer.Option(help="Write a table for spreadsheets.")] = None,
    jsonl: Annotated[Path | None, typer.Option(help="Write one JSON object a line.")] = None,
    neuronpedia: Annotated[
        Path | None,
        typer.Option(help="Write explanations as Neuronpedia imports them: a folder or a .jsonl."),
    ] = None,
    inspect: Annotated[
        Path | None, typer.Option(help="Write a .eval log for Inspect.", show_default=False)
    ] = None,
    model_id: Annotated[
        str | None, typer.Option(help="The model's id at Neuronpedia; default: the target's name.")
    ] = None,
    author_id: Annotated[str, typer.Option(help="The author's id at Neuronpedia.")] = "",
) -> None:
    """Write the labels of a run as files; to stdout as CSV where no file is named."""
    from ..labelling.export import csv_text, jsonl_text, write_export
    from ..labelling.results import read_run
    from ..runs.folder import RunFolder

    found = read_run(RunFolder(run))
    _warn(found)
    if csv is None and jsonl is None and neuronpedia is None and inspect is None:
        typer.echo(csv_text(found), nl=False)
    if csv is not None:
        write_export(csv, csv_text(found))
    if jsonl is not None:
        write_export(jsonl, jsonl_text(found))
    if neuronpedia is not None:
        from ..labelling.neuronpedia import rows, write_neuronpedia

        lines = rows(found, model=model_id, author=author_id)
        files = write_neuronpedia(neuronpedia, lines)
        left = len(found.units) - len(lines)
        typer.echo(
            f"neuroscribe: {len(lines)} explanations in {len(files)} files; {left} units without a "
            "description are left out",
            err=True,
        )
    if inspect is not None:
        from ..labelling.inspect_log import write_run

        write_run(inspect, found)


def _warn(run: "LabelRun") -> None:
    for line in run.said:
        typer.echo(f"neuroscribe: {line}", err=True)


def _print(run: "LabelRun", *, as_json: bool) -> None:
    _warn(run)
    if as_json:
        typer.echo(json.dumps(run.as_dict()))
        return
    from .show import console, table

    console().print(table(run))
