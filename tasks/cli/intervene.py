"""The verb `intervene`: what becomes of a prediction when units are changed.

neuroscribe intervene ./gpt2 --units mlp.6/7 --prompt "Paris is in" --target " France"
neuroscribe intervene ./gpt2 --each mlp.6 --prompt "Paris is in" --target " France"
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .printing import picked, present, print_json, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from ...tools.interventions.change import Change
    from ...tools.interventions.reference import Reference
    from ...tools.interventions.runner import Runner
    from ...tools.metrics.prompt import TargetPrompts
    from ...tools.models import Target, Unit


def intervene(
    target: options.LanguageModel,
    prompt: Annotated[list[str], typer.Option(help="What the model reads; repeat for more.")],
    answer: options.Answer = None,
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
    contrast: options.Contrast = None,
    metric: options.Metric = None,
    places: Annotated[str, typer.Option(help="all, or last.")] = "all",
    data: Annotated[
        str, typer.Option(help="The text behind mean, resample and cama.")
    ] = "builtin:pydocs",
    tokens: Annotated[int, typer.Option(min=200, help="Tokens of that text.")] = 4_000,
    controls: Annotated[int, typer.Option(min=1, help="Of each kind.")] = 20,
    several: options.Several = None,
    seed: options.Seed = 0,
    dtype: options.Dtype = None,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Change units and measure what becomes of a prediction, beside matched units and directions.

    The percentile says how many controls have a smaller effect: units of the same sites that fire
    as often and write as much, and random directions as long. With --each every unit stands beside
    the chance of a random direction as long, with its false-discovery rate q.
    """
    from ...tools.errors import UsageError
    from ...tools.evidence import plain
    from ...tools.instruments.intervene import as_data, words
    from ...tools.interventions.change import MEASURED, parse_change
    from ...tools.interventions.effect import effect_of
    from ...tools.interventions.ranking import ranking
    from ...tools.interventions.runner import runners_of
    from ...tools.metrics.asked import asked
    from ...tools.models import Target

    options.measured(answer, metric)
    change = parse_change(method)
    if (units is None) == (each is None):
        raise UsageError("name --units to change together, or with --each a site to rank")
    if each is not None and change.method not in ("zero", "mean", "clamp"):
        raise UsageError(f"--each sets units to zero, mean or clamp:VALUE, not {change.method}")
    where = options.one_of("--places", places, ("all", "last"))
    first = options.one_of("--several", several, options.SEVERAL)
    loaded = Target.load(target, dtype=dtype, device=device)
    chosen = [] if units is None else units_of(loaded, units)
    read = asked(loaded, prompt, answer, contrast=contrast, metric=metric, several=first)
    runners = runners_of(loaded, read)
    sites = list(dict.fromkeys(unit.site for unit in chosen)) if each is None else [each]
    known = {}
    if change.method in MEASURED:
        known = _references(loaded, sites, runners, data, tokens, seed)
    if each is not None:
        value = known[each].mean if known else change.value
        ranked = ranking(runners, each, value=value, where=where, seed=seed)
        notes = list(dict.fromkeys([*read.notes, *ranked.notes]))
        document = {
            "prompts": [row.text for row in read.prompts],
            "answer": read.target,
            "contrast": read.contrast,
            "metric": runners[0].metric.name,
            "method": change.method,
            "value": change.value,
            **picked(ranked, "site", "before", "found"),
            "units": [{**one._asdict(), "unit": str(one.unit)} for one in ranked.units],
            "notes": notes,
        }
        present(document, as_json, lambda shown: _ranked_rows(shown, change, read, top))
        return
    effect = effect_of(
        runners, chosen, change, where=where, references=known, controls=controls, seed=seed
    )
    if not as_json:
        typer.echo(words(effect, read))
        return
    document = {
        "target": target,
        "prompts": prompt,
        "answer": read.target,
        "contrast": read.contrast,
        "metric": runners[0].metric.name,
        "places": places,
        **as_data(effect),
    }
    document["notes"] = list(dict.fromkeys([*read.notes, *document["notes"]]))
    print_json(plain(document))


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
    from ...tools.errors import UsageError
    from ...tools.interventions.reference import references

    if runners[0].prompt.tokenless:
        raise UsageError(
            "mean, resample and cama are over a text; take zero, scale, clamp or steer"
        )
    corpus = load_corpus(data, target=target, most_tokens=tokens, seed=seed)
    windows = cut(target, corpus, length=64, most_tokens=tokens)
    batches = [windows.rows(slice(i, i + 16)) for i in range(0, len(windows), 16)]
    wanted = {int(token) for runner in runners for token in runner.prompt.ids[0]}
    return references(target, batches, sites, tokens=wanted, seed=seed)


def _ranked_rows(
    document: dict[str, Any], change: "Change", read: "TargetPrompts", top: int
) -> "Iterator[RenderableType]":
    n, units = len(document["prompts"]), document["units"]
    yield (
        f"each unit of {document['site']} {change.words()} on {n} prompt{'s' * (n > 1)}; "
        f"{read.label}, {document['before']:.4g} unchanged"
    )
    effects = table("unit", "change", *(["95%"] if n > 1 else []), "p", "q")
    for one in units[:top]:
        interval = ["{:+.3g} .. {:+.3g}".format(*one["interval"])] if one["interval"] else []
        chance = ["–" if value is None else f"{value:.2g}" for value in (one["p"], one["q"])]
        effects.add_row(one["unit"], f"{one['effect']:+.4g}", *interval, *chance)
    yield effects
    if document["found"] is not None:
        yield (
            f"{document['found']} of {len(units)} units are beyond random directions as long at "
            "a false-discovery rate of .05"
        )
