"""The verbs `patch` and `intervene`: what parts of a network do to a prediction.

neuroscribe patch ./gpt2 --clean "Paris is in" --corrupt "Rome is in" --target " France"
neuroscribe intervene ./gpt2 --units mlp.6/7 --prompt "Paris is in" --target " France"
"""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from ..tools.interventions.patching import Grid
    from ..tools.interventions.reference import Reference
    from ..tools.interventions.runner import Runner
    from ..tools.models import Target, Unit

Model = Annotated[str, typer.Argument(help="A language model: a folder, a hub id, ...")]
Answer = Annotated[
    str, typer.Option("--target", help="What is to follow, with its leading space: ' the'.")
]
Contrast = Annotated[
    str | None, typer.Option(help="Another text: how far is the target ahead of it?")
]
Several = Annotated[
    str | None, typer.Option(help="`first`: of a target of several tokens the first.")
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
_WIDE = 24  # columns of a table


def patch(
    target: Model,
    clean: Annotated[str, typer.Option(help="A prompt that leads to the target.")],
    corrupt: Annotated[str, typer.Option(help="A prompt that does not, best of as many tokens.")],
    answer: Answer,
    contrast: Contrast = None,
    sites: Annotated[str, typer.Option(help="resid, attn_out, mlp_out or head.")] = "resid",
    metric: MetricName = None,
    noise: Annotated[
        bool, typer.Option("--noise", help="Put corrupt values into the clean prompt.")
    ] = False,
    verify: Annotated[
        int,
        typer.Option(min=0, help="Also so many neurons: by gradient first, then patched exactly."),
    ] = 0,
    several: Several = None,
    dtype: Dtype = None,
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Patch one prompt's activations into another, layer by place: where is the answer carried?

    A cell is the share of the difference between the two prompts that patching it makes up for
    (with --noise: that it undoes). Heads are patched one by one, at all places.
    """
    from ..tools.errors import UsageError, nearest
    from ..tools.interventions.attribution_patching import attribution_patch
    from ..tools.interventions.patching import Pair, grid, sites_of
    from ..tools.interventions.prompt import asked, prompt_of, same_target
    from ..tools.models import Target

    kinds = ("resid", "attn_out", "mlp_out", "head")
    if sites not in kinds:
        raise UsageError(f"--sites is '{sites}'; nearest: {nearest(sites, kinds)}")
    loaded = Target.load(target, dtype=dtype, device=device)
    _only_first(several)
    kind: Any = _metric(metric, contrast)
    chosen: Any = several
    first, measured, notes = asked(
        loaded, clean, answer, contrast=contrast, kind=kind, several=chosen
    )
    if measured.token is not None:
        same_target(loaded, corrupt, answer, measured.token)
    if measured.other is not None and contrast is not None:
        same_target(loaded, corrupt, contrast, measured.other)
    pair = Pair(loaded, first, prompt_of(loaded, corrupt), measured, denoise=not noise)
    found = grid(pair, sites, by="unit" if sites == "head" else "place")
    top = []
    if verify:
        neurons = sites_of(loaded, "mlp")
        attributed = attribution_patch(pair, neurons, verify=verify)
        top = [one._asdict() for one in attributed.top]
        if attributed.agreement is not None:
            notes += (
                f"estimates and exact effects of these neurons correlate "
                f"{attributed.agreement:.2f}",
            )
    document = {
        "target": target,
        "clean": clean,
        "corrupt": corrupt,
        "answer": answer,
        "contrast": contrast,
        "metric": measured.name,
        "direction": "noise" if noise else "denoise",
        "value": {"clean": found.clean, "corrupt": found.corrupt},
        "sites": list(found.sites),
        "columns": list(pair.base.prompt.tokens) if sites != "head" else found.share.shape[1],
        "share": found.share.tolist(),
        "after": found.metric.tolist(),
        "neurons": top,
        "notes": list(dict.fromkeys([*notes, *found.notes])),
    }
    if as_json:
        typer.echo(_json(document))
    else:
        _show_patch(document, found)


def intervene(
    target: Model,
    units: Annotated[str, typer.Option(help="Changed together: mlp.3/7,mlp.4/0-9.")],
    prompt: Annotated[list[str], typer.Option(help="What the model reads; repeat for more.")],
    answer: Answer,
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
    as often and write as much, and random directions as long.
    """
    from ..tools.errors import UsageError
    from ..tools.interventions.effect import MEASURED, effect_of, parse_change
    from ..tools.interventions.prompt import asked
    from ..tools.interventions.runner import Runner
    from ..tools.models import Target

    change = parse_change(method)
    if places not in ("all", "last"):
        raise UsageError(f"--places is '{places}'; use all or last")
    _only_first(several)
    loaded = Target.load(target, dtype=dtype, device=device)
    chosen = _units(loaded, units)
    kind: Any = _metric(metric, contrast)
    first: Any = several
    notes: list[str] = []
    runners = []
    for text in prompt:
        row, measured, said = asked(
            loaded, text, answer, contrast=contrast, kind=kind, several=first
        )
        runners.append(Runner(loaded, row, measured))
        notes += said
    known = None
    if change.method in MEASURED:
        known = _references(loaded, chosen, runners, data, tokens, seed)
    where: Any = places
    found = effect_of(
        runners, chosen, change, where=where, references=known, controls=controls, seed=seed
    )
    if as_json:
        from ..tools.intervene import as_data

        document = {
            "target": target,
            "prompts": prompt,
            "answer": answer,
            "contrast": contrast,
            "metric": runners[0].metric.name,
            "places": places,
            **as_data(found),
        }
        document["notes"] = list(dict.fromkeys([*notes, *document["notes"]]))
        typer.echo(_json(document))
    else:
        from ..tools.intervene import words

        typer.echo(words(found, runners[0].metric.name, answer, contrast, notes))


def _units(target: "Target", text: str) -> "list[Unit]":
    from ..tools.errors import UsageError
    from .labelling.selection import Range, parse_selection, select_units

    parts = parse_selection(text)
    if not parts or not all(isinstance(part, Range) for part in parts):
        raise UsageError(
            "--units takes units and ranges that are changed together: mlp.3/7,mlp.4/0-9"
        )
    return select_units(parts, target, ranks=lambda measure, sites: {})


def _references(
    target: "Target",
    units: "list[Unit]",
    runners: "list[Runner]",
    data: str,
    tokens: int,
    seed: int,
) -> "dict[str, Reference]":
    from ..tools.data.sources import load_corpus
    from ..tools.data.windows import cut
    from ..tools.interventions.reference import references

    corpus = load_corpus(data, target=target, most_tokens=tokens, seed=seed)
    windows = cut(target, corpus, length=64, most_tokens=tokens)
    batches = [windows.rows(slice(at, at + 16)) for at in range(0, len(windows), 16)]
    wanted = {int(token) for runner in runners for token in runner.prompt.ids[0]}
    sites = list(dict.fromkeys(unit.site for unit in units))
    return references(target, batches, sites, tokens=wanted, seed=seed)


def _metric(name: str | None, contrast: str | None) -> str:
    if name is None:
        return "log_probability" if contrast is None else "logit_difference"
    return name


def _only_first(several: str | None) -> None:
    from ..tools.errors import UsageError

    if several not in (None, "first"):
        raise UsageError(f"--several is '{several}'; effects are measured on one token: use first")


def _json(document: dict[str, Any]) -> str:
    from ..tools.evidence import plain

    return json.dumps(plain(document), ensure_ascii=True)


def _show_patch(document: dict[str, Any], found: "Grid") -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    value = document["value"]
    both = "clean into corrupt" if found.denoise else "corrupt into clean"
    console.print(
        f"{escape(document['metric'])}: {value['clean']:.3f} clean, {value['corrupt']:.3f} "
        f"corrupt; {both}, share of the difference in percent"
    )
    names = document["columns"]
    if isinstance(names, int):
        names = [str(head) for head in range(names)]
    for first in range(0, len(names), _WIDE):
        console.print(_table(found, names, range(first, min(first + _WIDE, len(names)))))
    for one in document["neurons"]:
        console.print(
            f"{one['site']}/{one['unit']} at place {one['place']}: change {one['exact']:+.4f} "
            f"(estimated {one['estimate']:+.4f})"
        )
    for note in document["notes"]:
        console.print(f"[dim]{escape(note)}[/]")


def _table(found: "Grid", names: list[str], columns: range) -> "Table":
    """Layers down, places or heads across; each cell in percent."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    heads = found.by == "unit"
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(found.kind if not heads else "head", no_wrap=True)
    for at in columns:
        top = names[at].strip() or repr(names[at])[1:-1] or "?"
        table.add_column(Text(f"{top[:6]}" if heads else f"{top[:6]}\n{at}"), justify="right")
    for layer, site in reversed(list(enumerate(found.sites))):
        cells: list[Any] = []
        for at in columns:
            share = float(found.share[layer, at])
            if share != share:
                cells.append(Text("·", style="dim"))
                continue
            strong = min(1.0, abs(share))
            style = (
                "dim"
                if strong < 0.05
                else ("bold " if strong >= 0.5 else "") + ("green" if share > 0 else "red")
            )
            cells.append(Text(f"{100 * share:.0f}", style=style))
        table.add_row(site.rpartition(".")[2], *cells)
    return table
