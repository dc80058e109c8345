"""The verb `compare`: which heads and neurons make two runs differ.

neuroscribe compare ./stories260k --prompt "She loved to play outside in" --target " the"
neuroscribe compare ./gpt2 --prompt "Paris is in" --prompt "Rome is in" --target " France"
neuroscribe compare ./base --checkpoint ./tuned --prompt "Paris is in" --target " France"
"""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ...tools.attribution.comparative import Change, Comparison, Run
    from ...tools.attribution.sources import Spot
    from ...tools.models import Target

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_NUMBER = 6  # characters of a number in a table
_FEW = 9  # control sets below which p cannot reach .1
_LEFT = 53  # columns before the tokens of a unit


def compare(
    target: Annotated[str, typer.Argument(help="A language model: a folder, a hub id, ...")],
    prompt: Annotated[
        list[str],
        typer.Option(help="What the model reads. Two: base and other; with --checkpoint: any."),
    ],
    answer: Annotated[
        str, typer.Option("--target", help="What is to follow, with its leading space.")
    ],
    contrast: Annotated[
        str | None, typer.Option(help="Another text: what favours the target over it?")
    ] = None,
    several: Annotated[
        str | None, typer.Option(help="A target of several tokens: first, or sum (of all).")
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option(help="Another model of the same shape: the other run.")
    ] = None,
    ablate: Annotated[
        list[str] | None,
        typer.Option(help="Heads or neurons to zero for the other run: head.2/3; repeat for more."),
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="Head of the chain, zeroed for an edit; else the strongest.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Neurons to list.")] = 10,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Count a run's Imps outside its best N as 0.")
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Imp of every neuron exactly.")] = False,
    own_scale: Annotated[
        bool,
        typer.Option("--own-scale", help="Final-norm scale of the edited run, not the base's."),
    ] = False,
    draws: Annotated[int, typer.Option(min=0, help="Random sets of the control.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the control.")] = 0,
    dtype: Annotated[str | None, typer.Option(help="Of the weights.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps.")] = None,
    as_json: Json = False,
) -> None:
    """Compare two runs of a model: heads, the neurons they switch on, and what feeds them.

    The other run is a second prompt, another checkpoint, or the base with units zeroed; with one
    prompt and nothing else, the head whose loss lowers p(target) most is zeroed, or --head.
    """
    from ...tools.attribution.comparative import Run, Settings, strongest_head
    from ...tools.attribution.comparative import compare as run
    from ...tools.errors import UsageError
    from ...tools.evidence import plain
    from ...tools.models import Target

    _check(prompt, several, checkpoint, ablate, own_scale)
    loaded = Target.load(target, dtype=dtype, device=device)
    first: Any = several

    from ...tools.attribution import ask, reading
    from ...tools.metrics.saturation import saturation

    answer, note = reading(loaded, prompt, answer)
    notes = [note] if note else []
    if contrast is not None:
        contrast, note = reading(loaded, prompt, contrast)
        notes += [note.replace("the target", "the contrast", 1)] if note else []

    def asked(model: "Target", text: str) -> "Run":
        made = ask(model, text, answer, contrast=contrast, several=first, as_written=True)
        return Run(model, made)

    bases = [asked(loaded, text) for text in prompt]
    chosen = None if head is None else _head(loaded, head)
    if checkpoint is not None:
        other = Target.load(checkpoint, dtype=dtype, device=device)
        try:
            pairs = [(base, asked(other, text)) for base, text in zip(bases, prompt, strict=True)]
        except UsageError as error:
            raise UsageError(f"in the checkpoint {checkpoint}: {error}") from error
        for base, changed in pairs:
            same = base.question.ids.tolist() == changed.question.ids.tolist()
            if not same or base.predictions != changed.predictions:
                _same_tokens(target, checkpoint, base, changed)
        what = f"the checkpoint {checkpoint}"
    elif len(prompt) == 2:
        pairs = [(bases[0], bases[1])]
        if _tokens(bases[0]) != _tokens(bases[1]):
            raise UsageError(f"behind the two prompts '{answer}' is other tokens; end both alike")
        what = f"behind {prompt[1]!r}"
    else:
        if ablate:
            units = [loaded.unit(text) for text in ablate]
        else:
            units = [loaded.unit(str(chosen or strongest_head(bases[0])))]
        heads = [unit for unit in units if unit.site.startswith("head.")]
        if chosen is None and heads:
            chosen = _head(loaded, str(heads[0]))
        pairs = [(bases[0], bases[0].without(units))]
        what = f"the same with {', '.join(map(str, units))} zeroed"
    settings = Settings(
        top=top,
        exact=exact,
        keep=keep,
        scale="own" if own_scale else None,
        draws=draws,
        seed=seed,
    )
    found = run(pairs, settings, head=chosen)
    document = {
        "target": target,
        "prompts": prompt,
        "answer": answer,
        "contrast": contrast,
        "token": bases[0].question.measured,
        "other": what,
        **as_document(found, pairs[0][0]),
    }
    if contrast is None:
        odds = [p for p, _ in found.probability]
        sure = saturation(max(odds), bases[0].question.measured, None)
        notes += [] if sure is None else [sure]
    document["notes"] = list(dict.fromkeys([*notes, *document["notes"]]))
    if as_json:
        typer.echo(json.dumps(plain(document), ensure_ascii=True))
    else:
        _print(document)


def as_document(found: "Comparison", base: "Run") -> dict[str, Any]:
    """The comparison as plain JSON; places as numbers with their tokens."""
    from ...tools.data.tokens import surfaces

    names = surfaces(base.target)
    ids = base.question.ids[0].tolist()
    paths = []
    for item in found.paths:
        shallow = []
        for one in item.best(5):
            place = one.spot.place
            assert place is not None
            shallow.append(
                {
                    "unit": f"mlp.{one.spot.block}/{one.spot.index}",
                    "value": one.value,
                    "at_place": one.at_place,
                    "place": place,
                    "token": names[ids[place]],
                }
            )
        paths.append(
            {
                "deep": str(item.deep),
                "head": str(item.head),
                "key": item.key,
                "through": item.through,
                "shallow": shallow,
            }
        )
    control = found.control
    return {
        "probability": found.probability,
        "rank": found.rank,
        "heads": [_change(item) for item in found.heads],
        "neurons": [_change(item) for item in found.neurons],
        "gained": [_change(item) for item in found.gained],
        "of": int(found.values.numel()),
        "exact": int(found.exact.sum()),
        "head": str(found.head),
        "chain": paths,
        "control": None
        if control is None
        else {
            "zeroed": control.units,
            "drop": control.drop,
            "random": control.random,
            "p": control.p,
        },
        "notes": list(found.notes),
    }


def _change(item: "Change") -> dict[str, Any]:
    out: dict[str, Any] = {
        "unit": item.unit,
        "value": item.value,
        "base": item.base,
        "other": item.other,
        "exact": item.exact,
        "interval": item.interval,
    }
    if item.activation is not None:
        out |= {
            "activation": item.activation,
            "promotes": item.promotes,
            "suppresses": item.suppresses,
        }
    return out


def _check(
    prompt: list[str],
    several: str | None,
    checkpoint: str | None,
    ablate: list[str] | None,
    own_scale: bool,
) -> None:
    from ...tools.errors import UsageError

    if several not in (None, "first", "sum"):
        raise UsageError(f"--several is '{several}'; use first or sum")
    if checkpoint is not None and ablate:
        raise UsageError("--checkpoint and --ablate are two different comparisons; give one")
    if checkpoint is None and len(prompt) > 2:
        raise UsageError(
            f"{len(prompt)} prompts: give one (with an edit), two (base and other), or --checkpoint"
        )
    if len(prompt) == 2 and checkpoint is None and ablate:
        raise UsageError("two prompts are compared with each other; drop --ablate or one prompt")
    if len(prompt) == 2 and checkpoint is None and prompt[0] == prompt[1]:
        raise UsageError("the two prompts are the same; give two different ones, or one")
    if own_scale and (checkpoint is not None or len(prompt) == 2):
        raise UsageError("--own-scale is for an edit; other prompts and checkpoints have their own")


def _head(target: "Target", text: str) -> "Spot":
    from ...tools.attribution.sources import Spot
    from ...tools.errors import UsageError

    unit = target.unit(text)
    kind, _, block = unit.site.partition(".")
    if kind != "head" or not block.isdigit():
        raise UsageError(f"'{text}' is no head; name one such as head.2/3")
    return Spot("head", int(block), unit.index)


def _same_tokens(one: str, other: str, base: "Run", changed: "Run") -> None:
    from ...tools.errors import UsageError

    if base.question.ids.tolist() != changed.question.ids.tolist():
        raise UsageError(f"{one} and {other} tokenize the prompt differently; compare checkpoints")
    if _tokens(base) != _tokens(changed):
        raise UsageError(f"{one} and {other} tokenize the target differently; compare checkpoints")


def _tokens(run: "Run") -> list[int]:
    return [prediction.token for prediction in run.predictions]


def _print(document: dict[str, Any]) -> None:
    from rich.text import Text

    from ...tools.io.console import Console

    console = Console()

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    against = f" over {document['contrast']!r}" if document["contrast"] is not None else ""
    say(
        f"{document['answer']!r}{against} behind {document['prompts'][0]!r}, compared with: "
        f"{document['other']}"
    )
    for (base, other), ranks in zip(document["probability"], document["rank"], strict=True):
        say(f"p = {base:.3g} (rank {ranks[0]}) and {other:.3g} (rank {ranks[1]})")
    one_sided = document["heads"][0]["other"] is None
    names = ["fall of p when zeroed"] if one_sided else ["fall of p: difference", "base", "other"]
    table = _table("head", *names)
    for item in document["heads"][:5]:
        table.add_row(item["unit"], *_numbers(item)[: len(names)])
    console.print(table)
    neurons = _table("deep neuron", "CNA", "Imp base", "other", "activations")
    neurons.add_column("promotes here", no_wrap=True)
    for item in [*document["neurons"], *document["gained"][:3]]:
        tokens = item["promotes"] if item["activation"][0] >= 0 else item["suppresses"]
        one, two = item["activation"]
        neurons.add_row(
            item["unit"],
            *_numbers(item),
            f"{one:+.2f} {two:+.2f}",
            Text(_fitting(tokens, console.width - _LEFT)),
        )
    if neurons.rows:
        console.print(neurons)
    if document["exact"] < document["of"]:
        say(f"Imp is exact for {document['exact']} of {document['of']} neurons, the candidates")
    test = document["control"]
    if test is not None:
        line = f"control: zeroing the best {len(test['zeroed'])} lowers p by {test['drop']:+.3g}"
        if test["random"]:
            draws = sorted(test["random"])
            line += (
                f"; {len(draws)} random sets of the same sites: median "
                f"{draws[len(draws) // 2]:+.3g}, largest {draws[-1]:+.3g}; p = {test['p']:.2g}"
            )
            few = len(draws) < _FEW
            chance = "too few other sets to tell" if few else "no more than random units do"
            line += "" if test["p"] <= 0.1 else f": {chance}"
        say(line)
    for item in document["chain"]:
        say(
            f"{item['deep']} reads {item['key']:+.3g}, of which {item['through']:+.3g} through "
            f"{item['head']}; there from:"
        )
        for one in item["shallow"]:
            say(
                f"  {one['unit']:<12} {one['value']:+.3g}, most at place {one['place']} "
                f"({one['token']!r})"
            )
    for note in document["notes"]:
        say(f"note: {note}")


def _numbers(item: dict[str, Any]) -> list[str]:
    mark = "" if item["exact"] else "~"
    value = f"{mark}{item['value']:+.3f}"
    if item["interval"] is not None:
        value += " [{:+.3f}, {:+.3f}]".format(*item["interval"])
    other = "" if item["other"] is None else f"{item['other']:+.3f}"
    return [value, f"{item['base']:+.3f}", other]


def _fitting(tokens: list[str], room: int) -> str:
    """As many tokens as fit, whole ones; the first always."""
    out = ""
    for token in tokens:
        if out and len(out) + len(repr(token)) > min(room, 40):
            break
        out += f"{token!r} "
    return out.rstrip()


def _table(first: str, *numbers: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(first, no_wrap=True, min_width=len(first))
    for name in numbers:
        width = max(len(name), _NUMBER)
        table.add_column(name, justify="right", no_wrap=True, min_width=width)
    return table
