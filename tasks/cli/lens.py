"""The verb `lens`: what a model would say behind every sub-layer, and what single units say.

neuroscribe lens ./stories260k --prompt "She loved to play outside in" --target " the"
neuroscribe lens ./stories260k --tuned lenses/stories --data builtin:stories --prompt "One day"
neuroscribe lens ./stories260k --unit mlp.4/102
neuroscribe lens my_classifier.py:load --prompt "(())" --metric "class(1) - class(0)"
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .printing import console, fitting, picked, present, spread, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

    from ...tools.lens.logit_lens import Lens
    from ...tools.lens.tuned_lens import TunedLens
    from ...tools.models import Target


def lens(
    target: options.LanguageModel,
    prompt: Annotated[str | None, typer.Option(help="What the model reads.")] = None,
    answer: Annotated[
        str | None,
        typer.Option("--target", help="A text to follow, with its leading space; else the top."),
    ] = None,
    contrast: Annotated[str | None, typer.Option(help="Another text beside the target.")] = None,
    metric: options.Expression = None,
    several: Annotated[
        str | None, typer.Option(help="A target of several tokens: first, or sum (each of them).")
    ] = None,
    frozen: Annotated[
        bool,
        typer.Option("--frozen", help="The final norm's statistics of the full run, not its own."),
    ] = False,
    tuned: Annotated[
        Path | None, typer.Option(help="A tuned lens: a folder; with --data it is trained.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="A corpus: train a tuned lens on it, into --tuned.")
    ] = None,
    tokens: Annotated[int, typer.Option(min=2_000, help="Tokens of that corpus.")] = 100_000,
    steps: Annotated[int, typer.Option(min=1, help="Of the training.")] = 300,
    top: Annotated[int, typer.Option(min=1, help="Tokens a row.")] = 5,
    places: Annotated[
        int, typer.Option(min=0, help="Also the top token at so many last places.")
    ] = 0,
    unit: Annotated[
        list[str] | None,
        typer.Option(help="A unit: the tokens it favours, and TokenChange; repeat for more."),
    ] = None,
    seed: options.Seed = 0,
    dtype: options.Dtype = None,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Read every sub-layer of a model as a prediction (logit or tuned lens), and units as tokens.

    A row is the residual stream behind a sub-layer: probability and rank of the target, KL(the
    model's own prediction || the row's) in nats, and the likeliest tokens.
    """
    from ...tools.errors import UsageError
    from ...tools.models import Target

    _check(prompt, answer, contrast, several, frozen, tuned, data, unit)
    if metric is not None and (prompt is None or answer or tuned or frozen or unit):
        raise UsageError("--metric goes with --prompt, and says itself what is measured")
    loaded = Target.load(target, dtype=dtype, device=device)
    document: dict[str, Any] = {"target": target}
    if metric is not None:
        document |= _of_metric(loaded, str(prompt), metric, top, seed)
        present(document, as_json, _metric_rows)
        return
    opened = None if tuned is None else _tuned(loaded, tuned, data, tokens, steps, seed)
    if opened is not None and data is not None:
        document["training"] = _training(opened)
    if prompt is not None:
        from ...tools.attribution import target_prompt
        from ...tools.lens.logit_lens import logit_lens, plain

        chosen: Any = several
        if answer is None:
            question = plain(loaded, prompt)
        else:
            question = target_prompt(loaded, prompt, answer, contrast=contrast, several=chosen)
        read = logit_lens(
            loaded,
            question,
            statistics="frozen" if frozen else "own",
            top=top,
            translators=opened,
        )
        document["prompt"] = prompt
        document["lens"] = as_document(read)
        if opened is not None:
            document["lens"]["tuned_on"] = picked(opened.card, "corpus", hash="corpus_hash")
    if unit:
        from ...tools.lens.token_change import unit_tokens

        document["units"] = [unit_tokens(loaded, loaded.unit(u), top, seed) for u in unit]
    present(document, as_json, partial(_rows, places=places))


def _of_metric(target: "Target", prompt: str, metric: str, top: int, seed: int) -> dict[str, Any]:
    """Any metric at every point that the network's end can decode."""
    from ...tools.lens.metric_lens import metric_lens
    from ...tools.metrics.asked import asked

    read = asked(target, [prompt], None, metric=metric)
    lens = metric_lens(target, read.prompts[0], read.metrics[0], top=top, seed=seed)
    points = [picked(p, "name", "value", "low", "high", "beyond", "top") for p in lens.points]
    return {"prompt": prompt, **picked(lens, "metric", "decoder"), "points": points, "notes": []}


def _metric_rows(document: dict[str, Any]) -> "Iterator[RenderableType]":
    from rich.text import Text

    yield (
        f"{document['metric']} on {document['prompt']!r}, decoded by all behind "
        f"{document['decoder']}; control: the same values with their units in random order"
    )
    rows = table("point", "metric", "control, lowest and highest")
    rows.add_column("highest outputs", no_wrap=True)
    for point in document["points"]:
        value = Text(f"{point['value']:+.4g}", style="bold green" if point["beyond"] else "")
        control = f"{point['low']:+.3g} .. {point['high']:+.3g}"
        rows.add_row(point["name"], value, control, Text(fitting(map(repr, point["top"]), 40)))
    yield rows


def as_document(lens: "Lens") -> dict[str, Any]:
    """The lens as plain JSON; everything by point, then by place."""
    tops = zip(lens.top.tolist(), lens.top_probability.tolist(), strict=True)
    return {
        **picked(lens, "kind", "statistics", "points", "tokens", "notes"),
        "trajectories": [
            {**item._asdict(), "settled": item.settled()} for item in lens.trajectories
        ],
        "kl": lens.kl.tolist(),
        "entropy": lens.entropy.tolist(),
        "top": [
            [
                [
                    {"token": lens.name(token), "id": token, "probability": p}
                    for token, p in zip(*place, strict=True)
                ]
                for place in zip(ids, odds, strict=True)
            ]
            for ids, odds in tops
        ],
    }


def _check(
    prompt: str | None,
    answer: str | None,
    contrast: str | None,
    several: str | None,
    frozen: bool,
    tuned: Path | None,
    data: str | None,
    unit: list[str] | None,
) -> None:
    """Options that do not go together."""
    from ...tools.errors import UsageError

    if prompt is None and not unit and data is None:
        raise UsageError("nothing is asked: give --prompt, --unit, or --tuned with --data")
    if prompt is None and (answer is not None or contrast is not None):
        raise UsageError("--target and --contrast stand behind a prompt: give --prompt")
    if answer is None and (contrast is not None or several is not None):
        raise UsageError("--contrast and --several need --target")
    options.one_of("--several", several, options.SEVERAL)
    if data is not None and tuned is None:
        raise UsageError("--data trains a tuned lens: say with --tuned in which folder to keep it")
    if frozen and tuned is not None:
        raise UsageError("a tuned lens is trained under the stream's own statistics: drop --frozen")


def _tuned(
    target: "Target", folder: Path, data: str | None, tokens: int, steps: int, seed: int
) -> "TunedLens":
    """Opens a tuned lens, or trains one."""
    import sys

    from ...tools.data.sources import load_corpus
    from ...tools.errors import UsageError
    from ...tools.lens.stream import reader
    from ...tools.lens.tuned_lens import CARD, Training, load_tuned, train_tuned

    if data is None:
        return load_tuned(folder, target)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "holds a tuned lens" if (folder / CARD).exists() else "is not empty"
        raise UsageError(f"{folder} {what}; drop --data to use it, or name another folder")
    reader(target)
    corpus = load_corpus(data, target=target, most_tokens=tokens, seed=seed)
    terminal = sys.stderr.isatty()

    def tell(step: int, of: int, loss: float) -> None:
        if terminal:
            end = "\n" if step == of else ""
            print(f"\rtuned lens: step {step} of {of}, KL {loss:.3f} ", end=end, file=sys.stderr)

    made = train_tuned(target, corpus, Training(steps=steps, seed=seed), tell=tell)
    made.save(folder)
    return made


def _training(lens: "TunedLens") -> dict[str, Any]:
    card = lens.card
    scores = [picked(score, "point", "logit", "tuned", "interval") for score in card.scores]
    kept = picked(card, "corpus", "fingerprint", "tokens", hash="corpus_hash")
    return kept | {"steps": card.training.steps, "scores": scores}


def _rows(document: dict[str, Any], places: int) -> "Iterator[RenderableType]":
    if "training" in document:
        yield from _training_rows(document["training"])
    if "lens" in document:
        yield from _lens_rows(document["lens"], places)
    for unit in document.get("units", []):
        yield from _unit_rows(unit)


def _unit_rows(unit: dict[str, Any]) -> "Iterator[str]":
    def tokens(part: list[dict[str, Any]]) -> str:
        return " ".join(f"{t['token']!r} {t['value']:+.2f}" for t in part) or "none"

    yield f"{unit['unit']} vocabulary projection promotes: {tokens(unit['top'])}"
    yield f"  suppresses: {tokens(unit['bottom'])}"
    for change in unit["changes"]:
        controls = change["controls"]
        beside = ""
        if controls:
            middle, _, _ = spread(controls, "{:.2f}".format).partition(",")
            beside = f" ({len(controls)} other units: {middle}, p = {change['p']:.2g})"
        yield (
            f"  held at {change['level']:+g} on {change['prompts']} prompts (largest seen there: "
            f"{change['seen']:.2f}): largest change of a logit {change['largest']:.2f}{beside}"
        )
        yield f"    raises: {tokens(change['promoted'])}"
        yield f"    lowers: {tokens(change['suppressed'])}"


def _training_rows(training: dict[str, Any]) -> "Iterator[RenderableType]":
    gains = table("point", "logit lens", "tuned lens", "gain, 95%")
    for score in training["scores"]:
        low, high = score["interval"]
        numbers = (f"{score['logit']:.3f}", f"{score['tuned']:.3f}", f"{low:.3f} .. {high:.3f}")
        gains.add_row(score["point"], *numbers)
    yield gains
    yield (
        f"KL(the model's own || lens), nats, on test documents of {training['corpus']} "
        f"({training['tokens']:,} tokens of training on explore)"
    )


def _lens_rows(lens: dict[str, Any], places: int) -> "Iterator[RenderableType]":
    norm = "its own statistics" if lens["statistics"] == "own" else "the full run's statistics"
    trained = f", trained on {lens['tuned_on']['corpus']}" if "tuned_on" in lens else ""
    yield f"{lens['kind']} lens, final norm with {norm}{trained}"
    groups: dict[int, list[dict[str, Any]]] = {}
    for item in lens["trajectories"]:
        groups.setdefault(item["place"], []).append(item)
    for place, items in groups.items():
        yield f"behind {''.join(lens['tokens'][: place + 1])[-80:]!r}"
        yield _trajectories(lens, place, items, console().width)
        for item in items:
            settled = item["settled"]
            until = "not the likeliest at the end"
            if settled is not None:
                until = f"the likeliest from {lens['points'][settled]} to the end"
            yield f"{item['text']!r} ({item['role']}): {until}"
    if places:
        yield _grid(lens, places)
    yield from (f"note: {note}" for note in lens["notes"])


def _trajectories(
    lens: dict[str, Any], place: int, items: list[dict[str, Any]], width: int
) -> "Table":
    """A row a point: probability and rank of each text, KL, and the likeliest tokens."""
    from rich.text import Text

    names = [column for item in items for column in (f"p({item['text']!r})", "rank")]
    rows = table("point", *names, "KL")
    rows.add_column("likeliest", no_wrap=True)
    wide = [
        max(len(name), *(len(f"{p:.3g}") for p in item["probability"])) + 7
        for name, item in zip(names[::2], items, strict=True)
    ]
    room = max(20, width - 21 - sum(wide))
    for i, point in enumerate(lens["points"]):
        cells = []
        for item in items:
            rank = item["rank"][i]
            style = "bold green" if rank == 1 else ""
            cells += [
                Text(f"{item['probability'][i]:.3g}", style=style),
                Text(str(rank), style=style),
            ]
        likeliest = (f"{t['token']!r} {t['probability']:.2f}" for t in lens["top"][i][place])
        cells += [f"{lens['kl'][i][place]:.2f}", Text(fitting(likeliest, room)[:room])]
        rows.add_row(point, *cells)
    return rows


def _grid(lens: dict[str, Any], places: int) -> "Table":
    """Points down, the last places across: the likeliest token, bright where it is likely."""
    from rich.text import Text

    width = len(lens["tokens"])
    chosen = range(max(0, width - places), width)
    grid = table("point")
    for place in chosen:
        grid.add_column(Text(f"{lens['tokens'][place]!r}"[:12]), no_wrap=True, max_width=12)
    for i, point in enumerate(lens["points"]):
        cells = []
        for place in chosen:
            best = lens["top"][i][place][0]
            same = best["id"] == lens["top"][-1][place][0]["id"]
            style = ("green" if same else "") + (" bold" if best["probability"] >= 0.5 else "")
            cells.append(Text(f"{best['token']!r}"[:12], style=style.strip() or "dim"))
        grid.add_row(point, *cells)
    return grid
