"""The verb `evaluate labels`: how good are descriptions that another tool or a person gave?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .printing import console, lines, print_json, print_problems, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..evaluation.labels_run import Judged
    from ..evaluation.scorers import Panel


def labels(
    file: Annotated[
        Path,
        typer.Argument(
            help="JSONL {unit, description}, a Neuronpedia export, a delphi folder, "
            "records of OpenAI's neuron explainer.",
            show_default=False,
        ),
    ],
    target: options.TargetNamed,
    data: options.Data,
    site: Annotated[
        str,
        typer.Option(help="The site of a foreign layer; {layer} its number, {source} its name."),
    ] = "mlp.{layer}",
    judge: Annotated[
        str | None, typer.Option(help="openai:MODEL reads the descriptions for --scorers.")
    ] = None,
    base_url: options.BaseUrl = None,
    scorers: Annotated[
        str | None,
        typer.Option(help="detection,fuzzing,...; default with --judge: detection,fuzzing."),
    ] = None,
    field: options.TextField = None,
    records: options.Records = None,
    tokens: options.CorpusTokens = 100_000,
    context_length: options.ContextLength = 64,
    seed: options.Seed = 0,
    revision: options.Revision = None,
    dtype: options.Dtype = None,
    device: options.Device = None,
    trust_remote_code: options.TrustRemoteCode = False,
    out: Annotated[
        Path | None, typer.Option(help="A .json, or a .eval log for Inspect.", show_default=False)
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Score descriptions from any tool on held-out text, beside shuffled ones."""
    from ...tools.errors import UsageError
    from ...tools.models import Target
    from ...tools.models.sentence_encoder import minilm_installed
    from ..evaluation.formats.given import SiteTemplate
    from ..evaluation.formats.read import matched, read_descriptions
    from ..evaluation.labels_run import judge as judged_by
    from ..evaluation.labels_run import summary
    from ..evaluation.text_columns import SPLITS, TextColumns
    from ..labelling.data import check_data, load_data
    from ..labelling.settings import Settings

    settings = Settings(
        target,
        units="",
        data=data,
        field=field,
        records=records,
        tokens=tokens,
        context_length=context_length,
        seed=seed,
    )
    template = SiteTemplate(site)
    names = _names(scorers, judge)
    if out is not None and out.suffix not in (".json", ".eval"):
        raise UsageError(f"--out {out} ends neither in .json nor in .eval")
    imported = read_descriptions(file, template)
    check_data(data)
    panel = _panel(names, judge, base_url)
    model = Target.load(
        target,
        revision=revision,
        dtype=dtype,
        device=device,
        trust_remote_code=trust_remote_code,
    )
    pairs, problems = matched(imported, model)
    embedded = minilm_installed()
    items: list[Judged] = []
    if pairs:
        bench = load_data(model, settings)
        windows = {name: bench.windows[name] for name in SPLITS}
        reader = TextColumns(windows, with_embeddings=embedded)
        items = judged_by(
            pairs, bench, reader, panel=panel, scorers=names, seed=seed, told=_progress
        )
    document = {
        "units": [item.as_dict() for item in items],
        "problems": [problem.as_dict() for problem in problems],
        "summary": {
            "file": str(file),
            "target": model.name,
            "fingerprint": model.fingerprint,
            "data": data,
            "site": site,
            "seed": seed,
            "text_read_by": "words and embeddings" if embedded else "words",
            "judge": judge,
            **summary(items, len(problems), seed=seed),
        },
    }
    if out is not None:
        _write(out, document)
    if as_json:
        print_json(document)
    elif items:
        _print(items, document["summary"])
    print_problems(problems, "more problems, in --json")
    if not items:
        raise UsageError(f"{file} has no description of a unit of {model.name} that can be scored")
    failed = any(score["unreadable"] for score in document["summary"]["scorers"].values())
    raise typer.Exit(1 if problems or failed else 0)


def _names(scorers: str | None, judge: str | None) -> list[str]:
    from ...tools.errors import UsageError, nearest
    from ..evaluation.scorers import SCORERS

    if scorers is None:
        return ["detection", "fuzzing"] if judge else []
    names = list(options.listed(scorers))
    for name in names:
        if name not in SCORERS:
            raise UsageError(f"there is no scorer '{name}'; nearest: {nearest(name, SCORERS)}")
    return names


def _panel(names: "Sequence[str]", judge: str | None, base_url: str | None) -> "Panel":
    """Who reads the descriptions; says at once where a scorer has no reader."""
    from ...tools.errors import UsageError
    from ...tools.models.sentence_encoder import sentence_encoder
    from ..evaluation.scorers import NEEDS, SCORERS, Panel
    from ..evaluation.scorers.judges import judge_named

    needs = {need: name for name in reversed(names) for need in SCORERS[name].needs}
    for need in ("loss", "rival"):
        if need in needs:
            raise UsageError(f"--scorers {needs[need]} needs {NEEDS[need]}; it is not offered here")
    llm = None if judge is None else judge_named(judge, base_url=base_url)
    if llm is None and "judge" in needs:
        raise UsageError(f"--scorers {needs['judge']} needs {NEEDS['judge']}")
    return Panel(judge=llm, embed=sentence_encoder() if "embedder" in needs else None)


def _progress(done: int, total: int) -> None:
    if total >= 20 and done % max(1, total // 10) == 0:
        warn(f"{done} of {total} descriptions scored")


def _write(out: Path, document: dict[str, Any]) -> None:
    if out.suffix == ".eval":
        from ..labelling.inspect_log import write_evaluation

        write_evaluation(out, document)
        return
    from ..labelling.export import write_export

    write_export(out, json.dumps(document, indent=1) + "\n")


def _print(items: "Sequence[Judged]", result: dict[str, Any]) -> None:
    from rich.text import Text

    from ..evaluation.formats.given import one_line
    from ..scoring.entries import value_of
    from ..search.terminal import listing, number

    scorers, columns = list(result["scorers"]), ("correlation", "auprc", "f1", "gain_over_lookup")
    names = ("corr.", "AUPRC", "F1", "vs baseline", "shuffled", *scorers)
    table = listing("unit", "description", *names, numbers=names)
    for item in items:
        values = [value_of(item.scores, name) for name in columns]
        values.append((item.controls.get("shuffled") or {}).get("correlation"))
        values += [item.scorers.get(name, {}).get("value") for name in scorers]
        description = one_line(item.given.description, 80)
        if item.status != "scored":
            description += f" ({item.status})"
        table.add_row(Text(str(item.unit)), Text(description), *map(number, values))
    where = console()
    where.print(table)
    say = lines(where)
    middle, shuffled = result["median"]["correlation"], result["shuffled"]
    if middle["value"] is None:
        return
    line = f"median correlation {middle['value']:.2f}"
    if middle["low"] is not None:
        line += f" ({middle['low']:.2f} .. {middle['high']:.2f})"
    if shuffled["beaten"] is not None:
        line += (
            f"; shuffled descriptions {shuffled['correlation']['value']:.2f}, "
            f"beaten in {shuffled['beaten']:.0%}"
        )
    say(f"\n{result['scored']} of {result['descriptions']} scored; {line}")
    for name, entry in result["scorers"].items():
        if entry["unreadable"]:
            unread = f"{entry['unreadable']} of {entry['questions']} answers"
            say(f"{name}: {unread} could not be read and count as wrong")
