"""The verb `intervene`: what becomes of a prediction when units are changed.

neuroscribe intervene ./gpt2 --units mlp.6/7 --prompt "Paris is in" --target " France"
neuroscribe intervene ./gpt2 --each mlp.6 --prompt "Paris is in" --target " France"
"""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ...tools.interventions.effect import Change
    from ...tools.interventions.ranking import Ranking
    from ...tools.interventions.reference import Reference
    from ...tools.interventions.runner import Runner
    from ...tools.metrics.prompt import Asked
    from ...tools.models import Target, Unit

Model = Annotated[str, typer.Argument(help="A language model: a folder, a hub id, ...")]
Answer = Annotated[
    str,
    typer.Option(
        "--target", help="What is to follow: ' the'; with no space, the likelier reading."
    ),
]
Contrast = Annotated[
    str | None, typer.Option(help="Another text: how far is the target ahead of it?")
]
Several = Annotated[
    str | None, typer.Option(help="A target of several tokens: first, or sum (of all).")
]
MetricName = Annotated[
    str | None,
    typer.Option(
        help="log_probability, probability, logit_difference, kl; left out: the log-probability, "
        "with --contrast the logit difference."
    ),
]
Seed = Annotated[int, typer.Option(help="Of everything random.")]
Dtype = Annotated[str | None, typer.Option(help="Of the weights.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, mps.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def intervene(
    target: Model,
    prompt: Annotated[list[str], typer.Option(help="What the model reads; repeat for more.")],
    answer: Answer,
    units: Annotated[str | None, typer.Option(help="Changed together: mlp.3/7,mlp.4/0-9.")] = None,
    each: Annotated[
        str | None,
        typer.Option(help="Every unit of a site by itself, ranked: mlp.3. Zero, mean or clamp."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Units of --each to show.")] = 20,
    method: Annotated[
        str,
        typer.Option(help="zero, mean, resample, cama, scale:FACTOR, clamp:VALUE, steer:AMOUNT."),
    ] = "zero",
    contrast: Contrast = None,
    metric: MetricName = None,
    places: Annotated[str, typer.Option(help="all, or last.")] = "all",
    data: Annotated[
        str, typer.Option(help="The text behind mean, resample and cama.")
    ] = "builtin:pydocs",
    tokens: Annotated[int, typer.Option(min=200, help="Tokens of that text.")] = 4_000,
    controls: Annotated[int, typer.Option(min=1, help="Of each kind.")] = 20,
    several: Several = None,
    seed: Seed = 0,
    dtype: Dtype = None,
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Change units and measure what becomes of a prediction, beside matched units and directions.

    The percentile says how many controls have a smaller effect: units of the same sites that fire
    as often and write as much, and random directions as long. With --each every unit stands beside
    the chance of a random direction as long, with its false-discovery rate q.
    """
    from ...tools.errors import UsageError
    from ...tools.interventions.effect import MEASURED, effect_of, parse_change
    from ...tools.interventions.ranking import ranking
    from ...tools.interventions.runner import Runner
    from ...tools.metrics.prompt import asked
    from ...tools.models import Target

    change = parse_change(method)
    if (units is None) == (each is None):
        raise UsageError("name --units to change together, or with --each a site to rank")
    if each is not None and change.method not in ("zero", "mean", "clamp"):
        raise UsageError(f"--each sets units to zero, mean or clamp:VALUE, not {change.method}")
    if places not in ("all", "last"):
        raise UsageError(f"--places is '{places}'; use all or last")
    check_several(several)
    loaded = Target.load(target, dtype=dtype, device=device)
    chosen = [] if units is None else units_of(loaded, units)
    kind: Any = metric_kind(metric, contrast)
    first: Any = several
    read = asked(loaded, prompt, answer, contrast=contrast, kind=kind, several=first)
    runners = [
        Runner(loaded, row, measured)
        for row, measured in zip(read.prompts, read.metrics, strict=True)
    ]
    where: Any = places
    if each is not None:
        known = {}
        if change.method == "mean":
            known = _references(loaded, [each], runners, data, tokens, seed)
        value = known[each].mean if known else change.value
        ranked = ranking(runners, each, value=value, where=where, seed=seed)
        _show_ranked(ranked, change, runners, top, read, as_json)
        return
    known = None
    if change.method in MEASURED:
        sites = list(dict.fromkeys(unit.site for unit in chosen))
        known = _references(loaded, sites, runners, data, tokens, seed)
    found = effect_of(
        runners, chosen, change, where=where, references=known, controls=controls, seed=seed
    )
    if as_json:
        from ...tools.instruments.intervene import as_data

        document = {
            "target": target,
            "prompts": prompt,
            "answer": read.target,
            "contrast": read.contrast,
            "metric": runners[0].metric.name,
            "places": places,
            **as_data(found),
        }
        document["notes"] = list(dict.fromkeys([*read.notes, *document["notes"]]))
        typer.echo(as_json_text(document))
    else:
        from ...tools.instruments.intervene import words

        typer.echo(words(found, runners[0].metric.name, read))


def units_of(target: "Target", text: str) -> "list[Unit]":
    """Units and ranges that are changed together."""
    from ...tools.errors import UsageError
    from ..labelling.selection import Range, parse_selection, select_units

    parts = parse_selection(text)
    if not parts or not all(isinstance(part, Range) for part in parts):
        raise UsageError(
            "--units takes units and ranges that are changed together: mlp.3/7,mlp.4/0-9"
        )
    return select_units(parts, target, ranks=lambda measure, sites: {})


def _references(
    target: "Target",
    sites: "list[str]",
    runners: "list[Runner]",
    data: str,
    tokens: int,
    seed: int,
) -> "dict[str, Reference]":
    from ...tools.data.sources import load_corpus
    from ...tools.data.windows import cut
    from ...tools.interventions.reference import references

    corpus = load_corpus(data, target=target, most_tokens=tokens, seed=seed)
    windows = cut(target, corpus, length=64, most_tokens=tokens)
    batches = [windows.rows(slice(at, at + 16)) for at in range(0, len(windows), 16)]
    wanted = {int(token) for runner in runners for token in runner.prompt.ids[0]}
    return references(target, batches, sites, tokens=wanted, seed=seed)


def metric_kind(name: str | None, contrast: str | None) -> str:
    """The metric asked for, or the one that goes without saying."""
    if name is None:
        return "log_probability" if contrast is None else "logit_difference"
    return name


def check_several(several: str | None) -> None:
    """Raises `UsageError` for what `--several` cannot be."""
    from ...tools.errors import UsageError

    if several not in (None, "first", "sum"):
        raise UsageError(f"--several is '{several}'; use first or sum")


def as_json_text(document: dict[str, Any]) -> str:
    """One line of JSON."""
    from ...tools.evidence import plain

    return json.dumps(plain(document), ensure_ascii=True)


def _show_ranked(
    found: "Ranking",
    change: "Change",
    runners: "list[Runner]",
    top: int,
    read: "Asked",
    as_json: bool,
) -> None:
    """All units in JSON, the first for people."""
    notes = list(dict.fromkeys([*read.notes, *found.notes]))
    metric = runners[0].metric.name
    if as_json:
        document = {
            "prompts": [row.text for row in read.prompts],
            "answer": read.target,
            "contrast": read.contrast,
            "metric": metric,
            "method": change.method,
            "value": change.value,
            "site": found.site,
            "before": found.before,
            "found": found.found,
            "units": [{**one._asdict(), "unit": str(one.unit)} for one in found.units],
            "notes": notes,
        }
        typer.echo(as_json_text(document))
        return
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from ...tools.io.console import Console

    console = Console()
    many = len(runners)
    over = f" over {read.measured_contrast!r}" if read.contrast is not None else ""
    console.print(
        escape(
            f"each unit of {found.site} {change.words()} on {many} prompt{'s' * (many > 1)}; "
            f"{metric}: {read.measured!r}{over}, {found.before:.4g} unchanged"
        ),
        highlight=False,
    )
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("unit", no_wrap=True)
    for name in ("change", *(["95%"] if many > 1 else []), "p", "q"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found.units[:top]:
        spread = ["{:+.3g} .. {:+.3g}".format(*one.interval)] if one.interval else []
        chance = ["–" if value is None else f"{value:.2g}" for value in (one.p, one.q)]
        table.add_row(str(one.unit), f"{one.effect:+.4g}", *spread, *chance)
    console.print(table)
    if found.found is not None:
        console.print(
            f"{found.found} of {len(found.units)} units are beyond random directions as long at a "
            "false-discovery rate of .05",
            highlight=False,
        )
    for note in notes:
        console.print(escape(f"note: {note}"), highlight=False)
