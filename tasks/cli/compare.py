"""The verb `compare`: which heads and neurons make two runs differ.

neuroscribe compare ./stories260k --prompt "She loved to play outside in" --target " the"
neuroscribe compare ./gpt2 --prompt "Paris is in" --prompt "Rome is in" --target " France"
neuroscribe compare ./base --checkpoint ./tuned --prompt "Paris is in" --target " France"
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .printing import console, fitting, picked, present, table, zeroed_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from ...tools.attribution.comparative import ComparedUnit, Comparison, Run
    from ...tools.attribution.comparative.by_gradient import ShareDifference
    from ...tools.attribution.comparative.shallow import Shallow
    from ...tools.attribution.sources import Spot
    from ...tools.models import Target

_NUMBER = 6  # characters of a number in a table
_FEW = 9  # control sets below which p cannot reach .1
_LEFT = 53  # columns before the tokens of a unit


def compare(
    target: options.LanguageModel,
    prompt: Annotated[
        list[str],
        typer.Option(help="What the model reads. Two: base and other; with --checkpoint: any."),
    ],
    answer: options.Answer = None,
    contrast: options.Contrast = None,
    metric: options.Expression = None,
    several: options.Several = None,
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
    draws: options.Draws = 20,
    seed: options.Seed = 0,
    dtype: options.Dtype = None,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Compare two forward passes of a model: heads, the neurons they switch on, what feeds them.

    The other run is a second prompt, another checkpoint, or the base with units zeroed; with one
    prompt and nothing else, the head whose loss lowers p(target) most is zeroed, or --head.
    """
    from ...tools.attribution import target_prompt
    from ...tools.attribution.comparative import Run, Settings, strongest_head
    from ...tools.attribution.comparative import compare as run
    from ...tools.errors import UsageError
    from ...tools.metrics.readings import saturation
    from ...tools.models import Target

    options.measured(answer, metric)
    _check(prompt, several, checkpoint, ablate, own_scale)
    if metric is not None:
        if answer is not None or contrast is not None or ablate or head or keep or exact:
            raise UsageError("--metric stands with prompts, --checkpoint and --top alone")
        if (len(prompt) == 2) == (checkpoint is not None):
            raise UsageError(
                "a metric is compared between two prompts, or between two checkpoints on one "
                "prompt; for the network with units zeroed see intervene"
            )
    loaded = Target.load(target, dtype=dtype, device=device)
    other = None if checkpoint is None else Target.load(checkpoint, dtype=dtype, device=device)
    if metric is not None:
        what = f"the checkpoint {checkpoint}" if checkpoint else f"behind {prompt[1]!r}"
        shares = _of_metric((loaded, other or loaded), prompt, metric, top, draws, seed)
        document = {"target": target, "prompts": prompt, "other": what, **shares}
        present(document, as_json, _metric_rows)
        return
    assert answer is not None
    answer, notes = _reading(loaded, prompt, answer)
    if contrast is not None:
        contrast, more = _reading(loaded, prompt, contrast)
        notes += [note.replace("the target", "the contrast", 1) for note in more]
    first: Any = several

    def asked(model: "Target", text: str) -> "Run":
        made = target_prompt(model, text, answer, contrast=contrast, several=first, as_written=True)
        return Run(model, made)

    bases = [asked(loaded, text) for text in prompt]
    chosen = None if head is None else _head(loaded, head)
    if checkpoint is not None and other is not None:
        try:
            pairs = [(base, asked(other, text)) for base, text in zip(bases, prompt, strict=True)]
        except UsageError as error:
            raise UsageError(f"in the checkpoint {checkpoint}: {error}") from error
        for base, changed in pairs:
            _same_tokens(target, checkpoint, base, changed)
        what = f"the checkpoint {checkpoint}"
    elif len(prompt) == 2:
        pairs = [(bases[0], bases[1])]
        if _tokens(bases[0]) != _tokens(bases[1]):
            raise UsageError(f"behind the two prompts '{answer}' is other tokens; end both alike")
        what = f"behind {prompt[1]!r}"
    else:
        names = ablate or [str(chosen or strongest_head(bases[0]))]
        units = [loaded.unit(text) for text in names]
        heads = [unit for unit in units if unit.site.startswith("head.")]
        if chosen is None and heads:
            chosen = _head(loaded, str(heads[0]))
        pairs = [(bases[0], bases[0].without(units))]
        what = f"the same with {', '.join(map(str, units))} zeroed"
    scale = "own" if own_scale else None
    settings = Settings(top=top, exact=exact, keep=keep, scale=scale, draws=draws, seed=seed)
    compared = run(pairs, settings, head=chosen)
    document = {
        "target": target,
        "prompts": prompt,
        "answer": answer,
        "contrast": contrast,
        "token": bases[0].question.measured,
        "other": what,
        **as_document(compared, pairs[0][0]),
    }
    if contrast is None:
        sure = saturation(max(p for p, _ in compared.probability), document["token"], None)
        notes += [] if sure is None else [sure]
    document["notes"] = list(dict.fromkeys([*notes, *document["notes"]]))
    present(document, as_json, _rows)


def _of_metric(
    models: "tuple[Target, Target]", prompt: list[str], metric: str, top: int, draws: int, seed: int
) -> dict[str, Any]:
    """Any metric in two runs, as plain JSON."""
    from ...tools.attribution.comparative.by_gradient import compare_shares
    from ...tools.interventions.runner import runners_of
    from ...tools.metrics.asked import asked

    runs = [
        runners_of(each, asked(each, [text], None, metric=metric))[0]
        for each, text in zip(models, (prompt[0], prompt[-1]), strict=True)
    ]
    compared = compare_shares(runs[0], runs[1], top=top, draws=draws, seed=seed)
    return {
        **picked(compared, "metric", "notes", base="base", changed="other"),
        "groups": [
            {
                **picked(group, "name", "of"),
                "units": [_named(one) for one in group.units],
                "opposing": [_named(one) for one in group.opposing],
                "control": picked(group.control, "drop", "random", "p", zeroed="units"),
            }
            for group in compared.groups
        ],
    }


def _named(one: "ShareDifference") -> dict[str, Any]:
    return {**one._asdict(), "unit": str(one.unit)}


def _metric_rows(document: dict[str, Any]) -> "Iterator[RenderableType]":
    yield (
        f"{document['metric']}: {document['base']:.4g} on {document['prompts'][0]!r}, "
        f"{document['changed']:.4g} in the other run ({document['other']}); shares by integrated "
        "gradients"
    )
    for group in document["groups"]:
        title = f"{group['name']}: {group['of']:,} units"
        rows = table("unit", "difference", "base", "other", title=title)
        for units in filter(None, (group["units"], group["opposing"][:3])):
            for one in units:
                rows.add_row(one["unit"], *(f"{one[k]:+.4g}" for k in ("value", "base", "other")))
            rows.add_section()
        yield rows
        test = group["control"]
        yield (
            _control(test, "it") if test["zeroed"] else "control: no other units to zero beside it"
        )


def _reading(target: "Target", prompts: list[str], text: str) -> tuple[str, list[str]]:
    """The text as the prompts' tokenizer reads it behind them, and a note where that differs."""
    from ...tools.attribution import reading

    text, note = reading(target, prompts, text)
    return text, [note] if note else []


def as_document(compared: "Comparison", base: "Run") -> dict[str, Any]:
    """The comparison as plain JSON; places as numbers with their tokens."""
    from ...tools.data.tokens import surfaces

    names = surfaces(base.target)
    ids = base.question.ids[0].tolist()

    def shallow(one: "Shallow") -> dict[str, Any]:
        spot = one.spot
        assert spot.place is not None
        return {
            "unit": f"mlp.{spot.block}/{spot.index}",
            **picked(one, "value", "at_place"),
            "place": spot.place,
            "token": names[ids[spot.place]],
        }

    control = compared.control
    return {
        **picked(compared, "probability", "rank", "notes"),
        "heads": [_change(item) for item in compared.heads],
        "neurons": [_change(item) for item in compared.neurons],
        "gained": [_change(item) for item in compared.gained],
        "of": int(compared.values.numel()),
        "exact": int(compared.exact.sum()),
        "head": str(compared.head),
        "chain": [
            {
                "deep": str(item.deep),
                "head": str(item.head),
                **picked(item, "key", "through"),
                "shallow": [shallow(one) for one in item.best(5)],
            }
            for item in compared.paths
        ],
        "control": control and picked(control, "drop", "random", "p", zeroed="units"),
    }


def _change(item: "ComparedUnit") -> dict[str, Any]:
    names = ("unit", "value", "base", "other", "exact", "interval")
    more = () if item.activation is None else ("activation", "promotes", "suppresses")
    return picked(item, *names, *more)


def _check(
    prompt: list[str],
    several: str | None,
    checkpoint: str | None,
    ablate: list[str] | None,
    own_scale: bool,
) -> None:
    from ...tools.errors import UsageError

    options.one_of("--several", several, options.SEVERAL)
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

    what = ""
    if base.question.ids.tolist() != changed.question.ids.tolist():
        what = "prompt"
    elif _tokens(base) != _tokens(changed):
        what = "target"
    if what:
        raise UsageError(f"{one} and {other} tokenize the {what} differently; compare checkpoints")


def _tokens(run: "Run") -> list[int]:
    return [prediction.token for prediction in run.predictions]


def _rows(document: dict[str, Any]) -> "Iterator[RenderableType]":
    from rich.text import Text

    against = f" over {document['contrast']!r}" if document["contrast"] is not None else ""
    asked = f"{document['answer']!r}{against} behind {document['prompts'][0]!r}"
    yield f"{asked}, compared with: {document['other']}"
    for (base, other), ranks in zip(document["probability"], document["rank"], strict=True):
        yield f"p = {base:.3g} (rank {ranks[0]}) and {other:.3g} (rank {ranks[1]})"
    one_sided = document["heads"][0]["other"] is None
    names = ["fall of p when zeroed"] if one_sided else ["fall of p: difference", "base", "other"]
    heads = table("head", *names, width=_NUMBER)
    for item in document["heads"][:5]:
        heads.add_row(item["unit"], *_numbers(item)[: len(names)])
    yield heads
    neurons = table("deep neuron", "CNA", "Imp base", "other", "activations", width=_NUMBER)
    neurons.add_column("promotes here", no_wrap=True)
    room = min(console().width - _LEFT, 40)
    for item in [*document["neurons"], *document["gained"][:3]]:
        one, two = item["activation"]
        text = Text(fitting(map(repr, item["promotes"] if one >= 0 else item["suppresses"]), room))
        neurons.add_row(item["unit"], *_numbers(item), f"{one:+.2f} {two:+.2f}", text)
    if neurons.rows:
        yield neurons
    if document["exact"] < document["of"]:
        yield f"Imp is exact for {document['exact']} of {document['of']} neurons, the candidates"
    if document["control"] is not None:
        yield _control(document["control"])
    for item in document["chain"]:
        through = f"{item['through']:+.3g} through {item['head']}"
        yield f"{item['deep']} reads {item['key']:+.3g}, of which {through}; there from:"
        for one in item["shallow"]:
            most = f"most at place {one['place']} ({one['token']!r})"
            yield f"  {one['unit']:<12} {one['value']:+.3g}, {most}"


def _control(test: dict[str, Any], what: str = "p") -> str:
    line = zeroed_words(test, what)
    if test["random"]:
        few = len(test["random"]) < _FEW
        chance = "too few other sets to tell" if few else "no more than random units do"
        line += f"p = {test['p']:.2g}" + ("" if test["p"] <= 0.1 else f": {chance}")
    return line


def _numbers(item: dict[str, Any]) -> list[str]:
    mark = "" if item["exact"] else "~"
    value = f"{mark}{item['value']:+.3f}"
    if item["interval"] is not None:
        value += " [{:+.3f}, {:+.3f}]".format(*item["interval"])
    other = "" if item["other"] is None else f"{item['other']:+.3f}"
    return [value, f"{item['base']:+.3f}", other]
