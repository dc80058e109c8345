"""The verb `attribute`: which units are responsible for a prediction.

neuroscribe attribute ./stories260k --prompt "She loved to play outside in" --target " the"
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

_CONTROL = (
    *("drop", "drop_probability", "random", "random_probability"),
    *("percentile", "p", "verdict"),
)
_ROOM = 31  # for tokens: a row fits 80 columns


def attribute(
    target: options.LanguageModel,
    prompt: options.Prompt,
    answer: options.Answer,
    contrast: options.Contrast = None,
    several: options.Several = None,
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
    test = part["control"]
    if not test["zeroed"]:
        yield "control: its sites have no other units to zero beside it"
        return
    line = zeroed_words(test, "the prediction")
    if test["random"]:
        line += f"percentile {test['percentile']:.0f}, p = {test['p']:.2g}"
        line += f": {test['verdict']}" if test["verdict"] else ""
    yield line
