"""The playground: what a unit does on a text or a picture of one's own, and what it is needed for.

1. Activations of the unit on the text, token by token, or on the picture, over space.
2. A change of the unit, and the likeliest next tokens or classes before and after it.
3. The size of that effect beside 20 matched random units, as in every causal tool: a language
   model's on the prompt itself (`effect_of`), other targets' by their profile over explore.
"""

import base64
import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from ...agent.transcript import heat
from ...tools.activations.measured import of_texts
from ...tools.activations.unit_stats import matched
from ...tools.data.decoding import decode
from ...tools.data.image_rows import ImageRows, image_rows
from ...tools.data.pictures import Picture
from ...tools.data.tokens import surfaces
from ...tools.data.windows import cut
from ...tools.errors import UsageError
from ...tools.images.maps import maps, region
from ...tools.interventions.change import Change, Method
from ...tools.interventions.effect import effect_of
from ...tools.interventions.matched_control import compare, control_words, verdict
from ...tools.interventions.output_change import ChangedRow, forward, has_classes, measure, span
from ...tools.interventions.runner import Runner
from ...tools.lab import Lab
from ...tools.metrics.metric import Metric
from ...tools.metrics.prompt import prompt_of
from ...tools.models import Intervention, Unit, add, clamp, scale, zero
from ...tools.render.contact_sheet import overlaid
from ...tools.render.picture_words import class_name
from .rendering import drawn
from .workbench import Workbench

LONGEST = 20_000
"""Letters of a text."""
METHODS: dict[str, tuple[str, Method]] = {
    "set to 0": ("zero", "zero"),
    "hold at a value": ("clamp", "clamp"),
    "multiply by": ("scale", "scale"),
    "add": ("add", "steer"),
}
"""What the person reads: the name here, and the method of `effect_of`."""
SHOWN = 8
"""Predictions shown of before, and of after."""


class Outcome(NamedTuple):
    """One possible output."""

    name: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """Of its probability."""
        return self.after - self.before


def change_of(method: str, value: float | None) -> Change:
    """The change that a person asked for.

    Raises:
        UsageError: for a method that is none, or one that lacks its number.
    """
    if method not in METHODS:
        raise UsageError(f"there is no change '{method}'; choose one of {', '.join(METHODS)}")
    name = METHODS[method][1]
    if name == "zero":
        return Change("zero")
    if value is None or not np.isfinite(value):
        raise UsageError(f"'{method}' needs a number")
    return Change(name, float(value))


def intervention(unit: Unit, change: Change, places: Sequence[int] | None = None) -> Intervention:
    """The change of one unit, at some places or at all."""
    if change.method == "zero":
        made = zero(unit.site, [unit.index])
    else:
        kinds = {"clamp": clamp, "scale": scale, "steer": add}
        assert change.value is not None
        made = kinds[change.method](unit.site, [unit.index], change.value)
    return made if places is None else made.at(places=places)


def outcomes(before: np.ndarray, after: np.ndarray, name: Callable[[int], str]) -> list[Outcome]:
    """The likeliest before and the likeliest after, by their larger probability.

    Args:
        before: Probabilities `[output]`.
        after: The same, after the change.
        name: What an output is called.
    """
    chosen = {int(i) for p in (before, after) for i in np.argsort(-p, kind="stable")[:SHOWN]}
    order = sorted(chosen, key=lambda i: -max(before[i], after[i]))
    return [Outcome(name(i), float(before[i]), float(after[i])) for i in order]


def text_activations(bench: Workbench, unit: str, text: str) -> str:
    """A heat map of a text, with the numbers."""
    with bench.busy:
        chosen, read = bench.unit(unit), _text(bench, text)
        lab = Lab(bench.target, cut(bench.target, [read]))
        result = of_texts(lab, chosen, [read], source="playground")
    (item,) = result.items
    values = item["activations"]
    deepest = heat.scale_of([item])
    known = [value for value in values if value is not None]
    return drawn(
        "text.html",
        unit=str(chosen),
        tokens=[
            (heat.heat([token], [value], scale=deepest), "" if value is None else f"{value:.2f}")
            for token, value in zip(item["tokens"], values, strict=True)
        ],
        peak=f"{max(known):.3g}" if known else "–",
        scale=f"{deepest:.3g}",
        notes=result.notes,
    )


def text_change(bench: Workbench, unit: str, text: str, method: str, value: float | None) -> str:
    """What becomes of the output on a text when a unit is changed at every place of it."""
    with bench.busy:
        change, read = change_of(method, value), _text(bench, text)
        chosen = bench.unit(unit)
        if bench.target.kind == "causal":
            return _next_tokens(bench, chosen, read, change)
        lab = bench.lab()
        windows = lab.tokenize([read])
        places = np.flatnonzero(windows.attended[0]).tolist()
        cases = [
            ChangedRow(0, (intervention(one, change, places),), span(windows, 0, places[0]))
            for one in (chosen, *matched(lab, chosen))
        ]
        sizes = [[effect.size] for effect in measure(lab, windows, cases)]
        comparison = verdict(lab, compare(sizes, lab.rng()), "on the same text")
    return _changed(chosen, change, [], comparison)


def picture_activations(bench: Workbench, unit: str, path: str | None) -> str:
    """A picture as the target sees it, and where the unit is active on it."""
    with bench.busy:
        chosen, rows, notes = bench.unit(unit), *_rows(bench, path)
        lab = Lab(bench.target, rows)  # type: ignore[arg-type]
        peak = float(lab.activations(rows, [chosen])[0, 0, 0])
        on_map = maps(lab, rows, chosen)
        pixels = rows.seen(0)
    active = None if on_map is None else region(on_map[0], (pixels.shape[0], pixels.shape[1]))
    return drawn(
        "picture.html",
        unit=str(chosen),
        peak=f"{peak:.3g}",
        seen=_url(pixels),
        lit=_url(overlaid(pixels, active)) if on_map is not None else "",
        active=active is not None,
        notes=notes,
    )


def picture_change(
    bench: Workbench, unit: str, path: str | None, method: str, value: float | None
) -> str:
    """What becomes of the classes of a picture when a unit is changed all over it."""
    with bench.busy:
        change = change_of(method, value)
        chosen, rows, _ = bench.unit(unit), *_rows(bench, path)
        lab = bench.lab()
        cases = [
            ChangedRow(0, (intervention(one, change),)) for one in (chosen, *matched(lab, chosen))
        ]
        sizes = [[effect.size] for effect in measure(lab, rows, cases)]
        comparison = verdict(lab, compare(sizes, lab.rng()), "on the same picture")
        table: list[Outcome] = []
        if has_classes(bench.target):
            shares = [
                forward(lab, rows, changes)[0].cpu().double().softmax(0).numpy()
                for changes in ((), cases[0].changes)
            ]
            table = outcomes(shares[0], shares[1], lambda i: class_name(bench.target, i))
    return _changed(chosen, change, table, comparison)


def _next_tokens(bench: Workbench, unit: Unit, text: str, change: Change) -> str:
    target = bench.target
    runner = Runner(target, prompt_of(target, text), Metric("kl"))
    effect = effect_of([runner], [unit], change, seed=bench.settings.seed)
    edit = intervention(unit, change, range(runner.prompt.places))
    output = target.trace(runner.prompt, interventions=[edit]).output
    assert output is not None
    shares = [logits.float().softmax(-1).cpu().numpy() for logits in (runner.logits, output[0, -1])]
    names = surfaces(target)
    table = outcomes(shares[0], shares[1], lambda i: names[i] if i < len(names) else f"<{i}>")
    words = f"KL of the next token {effect.mean:.3g} nats; " + control_words(
        effect.matched, "matched random units"
    )
    return _changed(unit, change, table, words)


def _changed(unit: Unit, change: Change, table: Sequence[Outcome], words: str) -> str:
    return drawn(
        "change.html",
        unit=str(unit),
        done=change.words(),
        table=table,
        widest=max([*(max(row.before, row.after) for row in table), 1e-9]),
        said=words,
    )


def _text(bench: Workbench, text: str) -> str:
    """The text, where the target reads text and there is some.

    Raises:
        UsageError: otherwise.
    """
    if bench.target.tokenizer is None:
        raise UsageError(f"{bench.target.name} reads no text; give it a picture")
    if not text.strip():
        raise UsageError("write a text first")
    if len(text) > LONGEST:
        raise UsageError(f"the text has {len(text):,} letters; at most {LONGEST:,} are read")
    return text


def _rows(bench: Workbench, path: str | None) -> tuple[ImageRows, Sequence[str]]:
    """An uploaded picture as the target sees it, and what was done to it.

    Raises:
        UsageError: if there is none, or it cannot be used.
    """
    if bench.target.image is None:
        raise UsageError(f"{bench.target.name} takes no pictures; write a text")
    if not path:
        raise UsageError("drop a picture first")
    content = Path(path).read_bytes()
    try:
        decoded = decode(content)
    except UsageError as error:
        raise UsageError(f"this picture cannot be used: {error}") from error
    key = hashlib.sha256(content).hexdigest()[:16]
    picture = Picture("uploaded", key, lambda: decoded.picture)
    return image_rows(bench.target, [picture]), decoded.notes


def _url(pixels: np.ndarray) -> str:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"
