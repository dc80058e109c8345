"""The verb `attribute`: which units are responsible for a prediction.

neuroscribe attribute ./stories260k --prompt "She loved to play outside in" --target " the"
neuroscribe attribute my_model.py:load --prompt 0.5,-1,2 --metric "class(cat) - class(dog)"
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .printing import fitting, picked, present, table, zeroed_words

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ...tools.attribution import Attribution
    from ...tools.attribution.control import ZeroedBest
    from ...tools.attribution.shares import Shares
    from ...tools.metrics.prompt import TargetPrompts
    from ...tools.models import Target

_CONTROL = (
    *("drop", "drop_probability", "random", "random_probability"),
    *("percentile", "p", "verdict"),
)
_SHARES = ("imp", "direct", "integrated", "taylor")
_ROOM = 31  # for tokens: a row fits 80 columns


def attribute(
    target: options.LanguageModel,
    prompt: options.Prompt,
    answer: options.Answer = None,
    contrast: options.Contrast = None,
    metric: options.Expression = None,
    several: options.Several = None,
    method: Annotated[
        str,
        typer.Option(
            help="imp, direct, taylor, integrated or magnitude; with --metric imp is direct where "
            "the metric is linear in the output, else integrated."
        ),
    ] = "imp",
    kinds: Annotated[str, typer.Option(help="Of units: mlp, head, attention.")] = "mlp,head",
    sites: Annotated[
        str | None,
        typer.Option(
            help="With --metric: sites whose units share it, conv1,fc:in; left out: neurons and "
            "heads, in a network without them every module."
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Units of a kind to list.")] = 20,
    exact: Annotated[bool, typer.Option("--exact", help="Imp of every unit exactly.")] = False,
    paper: Annotated[
        bool, typer.Option("--paper", help="Without the final norm's bias, as the paper's code.")
    ] = False,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Taylor: summed over all places.")
    ] = False,
    query: Annotated[
        bool, typer.Option("--query", help="Also the units that switch the value units on.")
    ] = False,
    draws: options.Draws = 20,
    seed: options.Seed = 0,
    dtype: options.Dtype = None,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Rank all units of a model by their share in a prediction.

    Units of each kind are listed with the tokens they favour. The control zeroes the best ten and,
    beside them, sets of random units of the same sites.
    """
    options.measured(answer, metric)
    if metric is not None:
        others = (answer, contrast, several, exact or None, paper or None, query or None)
        loaded, read = _read(target, prompt, metric, others, dtype, device)
        from ...tools.attribution.shares import share_out

        how: Any = options.one_of("--method", method, _SHARES)
        shares = share_out(
            loaded,
            read.prompts[0],
            read.metrics[0],
            sites=options.listed(sites) or None,
            method=None if how == "imp" else how,
            top=top,
            draws=draws,
            seed=seed,
        )
        present(
            shares_document(shares, target, prompt, read.prompts[0].tokens), as_json, _share_rows
        )
        return
    from ...tools.attribution import Settings, target_prompt
    from ...tools.attribution import attribute as run
    from ...tools.attribution.control import control
    from ...tools.attribution.query import query_units
    from ...tools.models import Target

    both = options.one_of("--several", several, options.SEVERAL)
    chosen: Any = options.listed(kinds)
    picked: Any = method
    settings = Settings(picked, chosen, top, exact=exact, paper=paper, everywhere=everywhere)
    settings.check()
    loaded = Target.load(target, dtype=dtype, device=device)
    question = target_prompt(loaded, prompt, answer, contrast=contrast, several=both)
    attributed = run(loaded, question, settings)
    controls = [
        control(loaded, attributed, kind, draws=draws, seed=seed) for kind in attributed.units
    ]
    queries = query_units(loaded, question, paper=paper, top=top) if query else []
    present(as_document(attributed, controls, queries, prompt, target), as_json, _rows)


def _read(
    target: str,
    prompt: str,
    metric: str,
    others: tuple[Any, ...],
    dtype: str | None,
    device: str | None,
) -> "tuple[Target, TargetPrompts]":
    """The network, and a metric on its input."""
    from ...tools.errors import UsageError
    from ...tools.metrics.asked import asked
    from ...tools.models import Target

    if any(other is not None for other in others):
        raise UsageError(
            "--metric says itself what is measured: leave out --target, --contrast, "
            "--several, --exact, --paper and --query"
        )
    loaded = Target.load(target, dtype=dtype, device=device)
    return loaded, asked(loaded, [prompt], None, metric=metric)


def shares_document(
    shares: "Shares", target: str, prompt: str, tokens: tuple[str, ...]
) -> dict[str, Any]:
    """Shares in a metric as JSON."""
    return {
        "target": target,
        "prompt": prompt,
        "tokens": list(tokens),
        **picked(shares, "metric", "method", "notes", value="before"),
        "parts": shares.parts and shares.parts._asdict(),
        "groups": [
            {
                "name": group.name,
                "units": [unit.as_dict() for unit in group.units],
                "opposing": [unit.as_dict() for unit in group.opposing],
                "sites": [
                    {
                        **picked(each, "site", "without", "gap"),
                        "sum": float(each.shares.sum()),
                        "units": each.shares.shape[1],
                    }
                    for each in group.sites
                ],
                "control": picked(
                    group.control, "drop", "random", "percentile", "p", "verdict", zeroed="units"
                ),
            }
            for group in shares.groups
        ],
    }


def _share_rows(document: dict[str, Any]) -> "Iterator[RenderableType]":
    from ...tools.attribution.by_trace import Parts
    from ...tools.attribution.shares import METHODS

    yield (
        f"{document['metric']} = {document['value']:.4g} on {document['prompt']!r}; shares by "
        f"{METHODS[document['method']]}"
    )
    if document["parts"]:
        yield Parts(**document["parts"]).words()
    for group in document["groups"]:
        of = sum(site["units"] for site in group["sites"])
        ranked = table("unit", "share", "act.", title=f"{group['name']}: {of:,} units")
        ranked.add_column("at", no_wrap=True)
        for units in filter(
            None, (group["units"], group["opposing"][: max(3, len(group["units"]) // 4)])
        ):
            for one in units:
                cells = f"{one['value']:+.4g}", f"{one['activation']:+.3g}"
                ranked.add_row(one["unit"], *cells, _at(one["place"], document["tokens"]))
            ranked.add_section()
        yield ranked
        if len(group["sites"]) == 1 and group["sites"][0]["gap"] is not None:
            (site,) = group["sites"]
            without = f"the metric with {site['site']} at 0: {site['without']:.4g}"
            yield f"all shares: {site['sum']:+.4g}; {without}"
        yield _control_line(group["control"], "the metric")


def _at(place: int, tokens: list[str]) -> str:
    return f"{place} {tokens[place]!r}" if place < len(tokens) else str(place)


def as_document(
    attributed: "Attribution",
    controls: "list[ZeroedBest]",
    queries: "list[Any]",
    prompt: str,
    target: str,
) -> dict[str, Any]:
    """Everything as JSON."""
    units = {
        one.kind: {
            "units": [unit.as_dict() for unit in attributed.units[one.kind]],
            "opposing": [unit.as_dict() for unit in attributed.opposing[one.kind]],
            "of": len(attributed.values[one.kind]),
            "exact": int(attributed.exact[one.kind].sum()),
            "proven": attributed.proven[one.kind],
            "control": picked(one, *_CONTROL, zeroed="units"),
        }
        for one in controls
    }
    return {
        "target": target,
        "prompt": prompt,
        **picked(attributed.question, "contrast", answer="target", token="measured"),
        "tokens": len(attributed.question.predictions),
        **picked(attributed, "method", "notes", probability="probabilities", rank="ranks"),
        "kinds": units,
        "query": [item.as_dict() for item in queries],
    }


def _rows(document: dict[str, Any]) -> "Iterator[RenderableType]":
    odds = ", ".join(
        f"p = {p:.3g} (rank {rank})"
        for p, rank in zip(document["probability"], document["rank"], strict=True)
    )
    if document["tokens"] > 1:
        odds = f"p = {math.prod(document['probability']):.3g} in all; token by token {odds}"
    against = f" over '{document['contrast']}'" if document["contrast"] is not None else ""
    yield f"'{document['token']}'{against} behind '{document['prompt']}': {odds}"
    for kind, part in document["kinds"].items():
        title = f"{document['method']}, {kind}: {part['of']:,} units"
        ranked = table("unit", "value", "act.", title=title)
        ranked.add_column("promotes here", no_wrap=True)
        opposing = part["opposing"][: max(3, len(part["units"]) // 4)]
        for units in filter(None, (part["units"], opposing)):
            for unit in units:
                ranked.add_row(*_cells(unit))
            ranked.add_section()
        yield ranked
        yield from _exactness_and_control(part)
    if document["query"]:
        query = table("unit", "value", title="query units")
        for unit in document["query"]:
            query.add_row(unit["unit"], f"{unit['value']:+.3g}")
        yield query
        yield "query units switch on the 30 attention neurons with the highest Imp"


def _cells(unit: dict[str, Any]) -> "tuple[RenderableType, ...]":
    from rich.text import Text

    tokens = unit["promotes"] if unit["activation"] >= 0 else unit["suppresses"]
    value = f"{'' if unit['exact'] else '≤'}{unit['value']:+.3f}"
    promoted = Text(fitting(map(repr, tokens), _ROOM))
    return unit["unit"], value, f"{unit['activation']:+.2f}", promoted


def _exactness_and_control(part: dict[str, Any]) -> Iterator[str]:
    if part["exact"] < part["of"]:
        proven = part["proven"]
        order = (
            "no order is proven under a soft cap on logits"
            if proven is None
            else f"the first {proven} are proven to be the first of all"
        )
        yield f"{part['exact']} units exact, the rest bounded by their first-order terms; {order}"
    yield _control_line(part["control"], "the prediction")


def _control_line(test: dict[str, Any], what: str) -> str:
    if not test["zeroed"]:
        return "control: its sites have no other units to zero beside it"
    line = zeroed_words(test, what)
    if test["random"]:
        line += f"percentile {test['percentile']:.0f}, p = {test['p']:.2g}"
        line += f": {test['verdict']}" if test["verdict"] else ""
    return line
