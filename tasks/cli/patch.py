"""The verb `patch`: one prompt's activations put into another, and what becomes of a prediction.

neuroscribe patch ./gpt2 --clean "Paris is in" --corrupt "Rome is in" --target " France"
    ... --units mlp.6/7,head.9/1                these units, beside matched ones
    ... --units head.5/1 --to head.9/6,logit    what goes from one to the other (path patching)
"""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .intervene import units_of
from .printing import present, spread, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from ...tools.interventions.change import Part
    from ...tools.interventions.patching import Grid, Pair
    from ...tools.models import Target, Unit

_WIDE = 24  # columns of a table


def patch(
    target: options.LanguageModel,
    clean: Annotated[str, typer.Option(help="A prompt that leads to the target.")],
    corrupt: Annotated[str, typer.Option(help="A prompt that does not, best of as many tokens.")],
    answer: options.Answer = None,
    contrast: options.Contrast = None,
    sites: Annotated[
        str | None,
        typer.Option(
            help="resid, attn_out, mlp_out or head, in all layers; or names, first to last: "
            "conv1,conv2. Left out: resid, in a network without it every module."
        ),
    ] = None,
    units: Annotated[
        str | None,
        typer.Option(help="Patch these instead, together and one by one: mlp.3/7,head.2/0-1."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(help="Path patching from --units to each of these: head.3/1,mlp.3,logit."),
    ] = None,
    through_mlps: Annotated[
        bool, typer.Option("--through-mlps", help="The paths of --to may pass through MLPs.")
    ] = False,
    metric: options.Metric = None,
    noise: Annotated[
        bool, typer.Option("--noise", help="Put corrupt values into the clean prompt.")
    ] = False,
    verify: Annotated[
        int,
        typer.Option(min=0, help="Also so many neurons: by gradient first, then patched exactly."),
    ] = 0,
    controls: Annotated[int, typer.Option(min=1, help="Sets of other units beside --units.")] = 20,
    several: options.Several = None,
    seed: options.Seed = 0,
    dtype: options.Dtype = None,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Patch one prompt's activations into another, layer by place: where is the answer carried?

    A cell is the share of the difference between the two prompts that patching it makes up for
    (with --noise: that it undoes). Heads are patched one by one, at all places.
    """
    from ...tools.errors import UsageError
    from ...tools.interventions.patching import Pair
    from ...tools.metrics.asked import asked
    from ...tools.metrics.inputs import input_of
    from ...tools.metrics.prompt import same_target, with_target
    from ...tools.models import Target

    options.measured(answer, metric)
    if (to is not None or through_mlps) and units is None:
        raise UsageError("a path begins somewhere: name --units with --to")
    if through_mlps and to is None:
        raise UsageError("--through-mlps is about the paths of --to")
    chosen = options.one_of("--several", several, options.SEVERAL)
    loaded = Target.load(target, dtype=dtype, device=device)
    read = asked(loaded, [clean], answer, contrast=contrast, metric=metric, several=chosen)
    first, measured, notes = read.prompts[0], read.metrics[0], read.notes
    answer, contrast = read.target, read.contrast
    if measured.kind == "expression":
        second = input_of(loaded, corrupt)
    else:
        second = with_target(loaded, corrupt, answer, measured)
    if measured.other is not None and contrast is not None:
        same_target(loaded, corrupt, contrast, measured.other)
    pair = Pair(loaded, first, second, measured, denoise=not noise)
    document: dict[str, Any] = {
        "target": target,
        "clean": clean,
        "corrupt": corrupt,
        "answer": answer,
        "contrast": contrast,
        "metric": measured.name,
        "direction": "noise" if noise else "denoise",
        "value": {"clean": pair.clean, "corrupt": pair.corrupt},
    }
    grid: Grid | None = None
    if units is not None:
        senders = units_of(loaded, units)
        document |= _units(pair, senders, controls, seed)
        if to is not None:
            document["paths"] = _paths(loaded, pair, senders, to, through_mlps)
    else:
        grid, more = _grid(pair, sites)
        document |= more
    document["neurons"] = []
    notes = [*notes, *pair.notes]
    if verify:
        document["neurons"], more_notes = _neurons(pair, verify)
        notes += more_notes
    document["notes"] = list(dict.fromkeys(notes))
    present(document, as_json, partial(_rows, grid=grid))


def _grid(pair: "Pair", sites: str | None) -> "tuple[Grid, dict[str, Any]]":
    from ...tools.interventions.patching import grid

    heads = sites == "head"
    cells = grid(pair, sites, by="unit" if heads else "place")
    whole = list(pair.base.prompt.tokens) or ["all"]
    return cells, {
        "sites": list(cells.sites),
        "columns": cells.share.shape[1] if heads else whole,
        "share": cells.share.tolist(),
        "after": cells.metric.tolist(),
    }


def _neurons(pair: "Pair", n: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Attribution patching of all neurons, the top exactly."""
    from ...tools.interventions.attribution_patching import attribution_patch
    from ...tools.interventions.patching import sites_of

    ranked = attribution_patch(pair, sites_of(pair.target, "mlp"), verify=n)
    notes = []
    if ranked.agreement is not None:
        notes = [f"estimates and exact effects of these neurons correlate {ranked.agreement:.2f}"]
    return [one._asdict() for one in ranked.top], notes


def _units(pair: "Pair", units: "list[Unit]", controls: int, seed: int) -> dict[str, Any]:
    """The units together, beside matched sets, and each by itself."""
    from ...tools.interventions.change import parts_of
    from ...tools.interventions.controls import against
    from ...tools.interventions.patching import patch as run
    from ..studies.zeroing import control_sets

    sets, beside_what = control_sets([pair.base], units, draws=controls, seed=seed)
    alone = [[unit] for unit in units] if len(units) > 1 else []
    cells = [parts_of(one) for one in [units, *sets, *alone]]
    patched = run(pair, cells)
    share, after = patched.share.tolist(), patched.metric.tolist()
    beside = against(share[0], share[1 : 1 + len(sets)])
    return {
        "units": [str(unit) for unit in units],
        "share": share[0],
        "after": after[0],
        "beside": beside_what,
        "controls": beside.controls,
        "control_units": [[str(unit) for unit in one] for one in sets],
        "percentile": beside.percentile,
        "p": beside.p,
        "alone": [
            {"unit": str(unit), "share": share[i], "after": after[i]}
            for i, unit in enumerate(units, 1 + len(sets))
            if alone
        ],
    }


def _paths(
    target: "Target", pair: "Pair", units: "list[Unit]", to: str, through_mlps: bool
) -> list[dict[str, Any]]:
    """The effect of the units through each receiver alone."""
    from ...tools.errors import UsageError
    from ...tools.interventions.change import parts_of
    from ...tools.interventions.path_patching import path_patch

    parts = parts_of(units)
    if len(parts) > 1:
        raise UsageError(
            f"a path begins at one site, and --units names {len(parts)}: "
            f"{', '.join(part.site for part in parts)}"
        )
    names = options.listed(to)
    if not names:
        raise UsageError("--to names no receiver; write head.3/1, mlp.3 or logit")
    receivers = [_receiver(target, name) for name in names]
    paths = path_patch(pair, parts[0], receivers, through_mlps=through_mlps)
    return [
        {"to": name, "change": one.change, "share": one.share, "moved": one.moved}
        for name, one in zip(names, paths, strict=True)
    ]


def _receiver(target: "Target", name: str) -> "Part":
    """A unit, or a whole site."""
    from ...tools.interventions.change import Part
    from ...tools.interventions.path_patching import DIRECT

    if name == DIRECT or "/" not in name:
        return Part(name if name == DIRECT else target.site(name).name)
    unit = target.unit(name)
    return Part(unit.site, (unit.index,))


def _rows(document: dict[str, Any], grid: "Grid | None") -> "Iterator[RenderableType]":
    value = document["value"]
    both = "clean into corrupt" if document["direction"] == "denoise" else "corrupt into clean"
    title = (
        f"{document['metric']}: {value['clean']:.3f} clean, {value['corrupt']:.3f} corrupt; {both}"
    )
    if grid is None:
        yield title
        yield from _unit_rows(document)
    else:
        yield f"{title}, share of the difference in percent"
        names = document["columns"]
        if isinstance(names, int):
            names = [str(head) for head in range(names)]
        for first in range(0, len(names), _WIDE):
            yield _table(grid, names, range(first, min(first + _WIDE, len(names))))
    for one in document["neurons"]:
        yield (
            f"{one['site']}/{one['unit']} at place {one['place']}: change {one['exact']:+.4f} "
            f"(estimated {one['estimate']:+.4f})"
        )


def _unit_rows(document: dict[str, Any]) -> "Iterator[str]":
    from ...tools.attribution.control import CLEAR

    names = document["units"]
    some = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    yield f"{some}: {document['share']:.1%} of the difference ({document['after']:.3f} after)"
    controls = document["controls"]
    if controls:
        few = 1 / (1 + len(controls)) > CLEAR
        chance = "too few to tell" if few else f"no more than {document['beside']} do"
        chance = "" if document["p"] <= CLEAR else f": {chance}"
        yield (
            f"{len(controls)} sets of {document['beside']}: "
            f"{spread(controls, '{:.1%}'.format, key=abs)}; "
            f"percentile {document['percentile']:.0f}, p={document['p']:.2g}{chance}"
        )
    else:
        yield "no other units to compare with"
    for one in document["alone"]:
        yield f"  {one['unit']:<12} {one['share']:7.1%} ({one['after']:.3f})"
    for one in document.get("paths", ()):
        moved = "" if one["moved"] != one["moved"] else f", moved by {one['moved']:.1%}"
        through = "straight to the output" if one["to"] == "logit" else f"through {one['to']} alone"
        yield f"  {through}: {one['share']:.1%} (change {one['change']:+.4f}{moved})"


def _table(shares: "Grid", names: list[str], columns: range) -> "Table":
    """Layers down, places or heads across; each cell in percent."""
    from rich.text import Text

    heads = shares.by == "unit"
    grid = table("head" if heads else shares.kind)
    for i in columns:
        top = names[i].strip() or repr(names[i])[1:-1] or "?"
        grid.add_column(Text(top[:6] if heads else f"{top[:6]}\n{i}"), justify="right")
    for layer, site in reversed(list(enumerate(shares.sites))):
        cells = [_cell(float(shares.share[layer, i])) for i in columns]
        stem, _, layer = site.rpartition(".")
        grid.add_row(layer if stem == shares.kind else site, *cells)
    return grid


def _cell(share: float) -> "Text":
    """A share in percent, bold from a half on, green where it restores."""
    from rich.text import Text

    if share != share:
        return Text("·", style="dim")
    bold = "bold " if abs(share) >= 0.5 else ""
    style = "dim" if abs(share) < 0.05 else bold + ("green" if share > 0 else "red")
    return Text(f"{100 * share:.0f}", style=style)
