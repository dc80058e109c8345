"""The verb `attribute`: which units are responsible for a prediction.

neuroscribe attribute ./stories260k --prompt "She loved to play outside in" --target " the"
"""

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ...tools.attribution import Attribution
    from ...tools.attribution.control import Control

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def attribute(
    target: Annotated[str, typer.Argument(help="A language model: a folder, a hub id, ...")],
    prompt: Annotated[str, typer.Option(help="What the model reads.")],
    answer: Annotated[
        str, typer.Option("--target", help="What it is to predict, with its leading space.")
    ],
    contrast: Annotated[
        str | None, typer.Option(help="Another text: what favours the target over it?")
    ] = None,
    several: Annotated[
        str | None, typer.Option(help="A target of several tokens: first, or sum.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="imp, direct, taylor, integrated or magnitude.")
    ] = "imp",
    kinds: Annotated[str, typer.Option(help="Of units: mlp, head, attention.")] = "mlp,head",
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
    draws: Annotated[int, typer.Option(min=0, help="Random sets of the control.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the control.")] = 0,
    dtype: Annotated[str | None, typer.Option(help="Of the weights.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps.")] = None,
    as_json: Json = False,
) -> None:
    """Rank all units of a model by their share in a prediction.

    Units of each kind are listed with the tokens they favour. The control zeroes the best ten and,
    beside them, sets of random units of the same sites.
    """
    from ...tools.attribution import Settings, ask
    from ...tools.attribution import attribute as run
    from ...tools.attribution.control import control
    from ...tools.attribution.query import Query, query_units
    from ...tools.errors import UsageError
    from ...tools.models import Target

    if several not in (None, "first", "sum"):
        raise UsageError(f"--several is '{several}'; use first or sum")
    chosen: Any = tuple(kind.strip() for kind in kinds.split(",") if kind.strip())
    picked: Any = method
    settings = Settings(picked, chosen, top, exact=exact, paper=paper, everywhere=everywhere)
    settings.check()
    loaded = Target.load(target, dtype=dtype, device=device)
    question = ask(loaded, prompt, answer, contrast=contrast, several=several)  # pyright: ignore
    found = run(loaded, question, settings)
    controls = [control(loaded, found, kind, draws=draws, seed=seed) for kind in found.units]
    queries: list[Query] = []
    if query:
        queries = query_units(loaded, question, paper=paper, top=top)
    document = as_document(found, controls, queries, prompt, target)
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=True))
    else:
        _print(document)


def as_document(
    found: "Attribution",
    controls: "list[Control]",
    queries: "list[Any]",
    prompt: str,
    target: str,
) -> dict[str, Any]:
    """Everything as plain JSON."""
    from ...tools.evidence import plain

    units = {
        kind: {
            "units": [unit.as_dict() for unit in found.units[kind]],
            "opposing": [unit.as_dict() for unit in found.opposing[kind]],
            "of": len(found.values[kind]),
            "exact": int(found.exact[kind].sum()),
            "proven": found.proven[kind],
            "control": _control(controls, kind),
        }
        for kind in found.units
    }
    return plain(
        {
            "target": target,
            "prompt": prompt,
            "answer": found.question.target,
            "contrast": found.question.contrast,
            "token": found.question.measured,
            "tokens": len(found.question.predictions),
            "probability": found.probabilities,
            "rank": found.ranks,
            "method": found.method,
            "kinds": units,
            "query": [item.as_dict() for item in queries],
            "notes": found.notes,
        }
    )


def _control(controls: "list[Control]", kind: str) -> dict[str, Any]:
    found = next(item for item in controls if item.kind == kind)
    return {
        "zeroed": found.units,
        "drop": found.drop,
        "drop_probability": found.drop_probability,
        "random": found.random,
        "random_probability": found.random_probability,
        "percentile": found.percentile,
        "p": found.p,
        "verdict": found.verdict,
    }


def _print(document: dict[str, Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from ...tools.io.console import Console

    console = Console()
    odds = ", ".join(
        f"p = {p:.3g} (rank {rank})"
        for p, rank in zip(document["probability"], document["rank"], strict=True)
    )
    if document["tokens"] > 1:
        odds = f"p = {math.prod(document['probability']):.3g} in all; token by token {odds}"
    against = f" over '{document['contrast']}'" if document["contrast"] is not None else ""
    console.print(escape(f"'{document['token']}'{against} behind '{document['prompt']}': {odds}"))
    for kind, found in document["kinds"].items():
        table = Table(title=f"{document['method']}, {kind}: {found['of']:,} units")
        for name in ("unit", "value", "act."):
            table.add_column(name, justify="left" if name == "unit" else "right", no_wrap=True)
        table.add_column("promotes here", no_wrap=True)
        for unit in found["units"]:
            _row(table, unit)
        if found["opposing"]:
            table.add_section()
            for unit in found["opposing"][: max(3, len(found["units"]) // 4)]:
                _row(table, unit)
        console.print(table)
        console.print(escape(_said(found)))
    if document["query"]:
        table = Table(title="query units")
        for name in ("unit", "value"):
            table.add_column(name, justify="left" if name == "unit" else "right", no_wrap=True)
        for unit in document["query"]:
            table.add_row(escape(unit["unit"]), f"{unit['value']:+.3g}")
        console.print(table)
        console.print("query units switch on the 30 attention neurons with the highest Imp")
    for note in document["notes"]:
        console.print(escape(f"note: {note}"))


def _row(table: Any, unit: dict[str, Any]) -> None:
    from rich.markup import escape

    tokens = unit["promotes"] if unit["activation"] >= 0 else unit["suppresses"]
    shown, room = "", 32
    for token in tokens:  # as many as fit a narrow terminal
        if len(shown) + len(repr(token)) < room:
            shown += f"{token!r} "
    mark = "" if unit["exact"] else "≤"
    table.add_row(
        escape(unit["unit"]),
        f"{mark}{unit['value']:+.3f}",
        f"{unit['activation']:+.2f}",
        escape(shown.rstrip()),
    )


def _said(found: dict[str, Any]) -> str:
    """What is exact, and the control, in two lines."""
    lines = []
    if found["exact"] < found["of"]:
        proven = found["proven"]
        lines.append(
            f"{found['exact']} units exact, the rest bounded by their first-order terms; "
            + (
                "no order is proven under a soft cap on logits"
                if proven is None
                else f"the first {proven} are proven to be the first of all"
            )
        )
    test = found["control"]
    draws = sorted(test["random"])
    if not test["zeroed"]:
        return "\n".join([*lines, "control: its sites have no other units to zero beside it"])
    line = (
        f"control: zeroing the best {len(test['zeroed'])} lowers the prediction by "
        f"{test['drop']:+.3g} (p by {test['drop_probability']:+.3g})"
    )
    if draws:
        sets = "random sets" if len(draws) > 1 else "other set"
        line += (
            f"; {len(draws)} {sets} of the same sites: median {draws[len(draws) // 2]:+.3g}, "
            f"largest {draws[-1]:+.3g}; percentile {test['percentile']:.0f}, p = {test['p']:.2g}"
        )
        line += f": {test['verdict']}" if test["verdict"] else ""
    return "\n".join([*lines, line])
