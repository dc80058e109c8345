"""Patches a unit: its values in one input are put into another, and the output is compared.

1. Text: the unit is read at a place of the source (its peak, or the last token of a word), and that
   value replaces its own at a place of the destination. Pictures: its whole map is put in.
2. The effect on the destination's output, or on a metric there, and the same for 20 matched random
   units, each with its own values in the source.
3. How far the output goes toward the source's own output, where the two can be compared.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..activations.measured import note_line, of_recipes, of_texts
from ..activations.records import full_scale
from ..activations.text_spans import occurrences
from ..activations.unit_stats import CONTROLS, matched
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..evidence import Result
from ..images.recipes import recipe_of
from ..interventions.controls import against
from ..interventions.matched_control import compare, control_words, scope, verdict
from ..interventions.neutral_pictures import own_maps, put_in
from ..interventions.output_change import (
    ChangedRow,
    forward,
    has_classes,
    measure,
    output_changes,
    over_mean,
    span,
)
from ..interventions.output_words import changed_words, class_lines, class_table
from ..interventions.runner import runners_of
from ..lab import Lab
from ..metrics.asked import asked
from ..models import Intervention, clamp
from ..registry import tool
from ..render.picture_words import caption
from ..render.text import number, peak, snippet


@tool(needs=("text",), rare=True)
def patch(
    lab: Lab,
    source: str,
    destination: str,
    unit: str | None = None,
    *,
    source_word: str | None = None,
    destination_word: str | None = None,
    metric: str | None = None,
) -> Result:
    """Puts the unit's value from one text into another: does it carry what tells them apart?

    The change of the other's output stands beside matched random units patched in the same way.

    Args:
        source: The text that gives the value.
        destination: The text that gets it.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        source_word: Where, at its last token; left out: at the peak.
        destination_word: The same in the destination.
        metric: In the place of the whole output, what is measured: arithmetic over outputs and
            units, such as class(1) - class(0), logit(" a")@3 or mlp.1/17@-1 (@: the place).
    """
    chosen = lab.chosen(unit)
    result = of_texts(lab, chosen, [source, destination], source="patch")
    if len(result.windows) < 2:
        raise UsageError("patch needs two texts that are not empty: source and destination")
    windows = result.windows
    from_place = _place(windows, 0, result.values[0], source_word)
    to_place = _place(windows, 1, result.values[1], destination_word)
    values = lab.trace(windows, [chosen.site], output=False).values[chosen.site]
    taken = values[0, from_place]  # [unit] or [unit, channel]
    changes = []
    for one in (chosen, *matched(lab, chosen, CONTROLS)):
        value = taken[one.index][None, None, None]  # [1, 1, 1] or [1, 1, 1, channel]
        change = clamp(one.site, [one.index], value.detach().clone())
        changes.append(change.at(places=[to_place]))
    scale = full_scale(lab, chosen)
    here, there = float(result.values[0, from_place]), float(result.values[1, to_place])
    lines = [
        f"{chosen}: {number(here)} taken from: "
        + snippet(windows, 0, result.values[0], scale=scale, place=from_place),
        f"put over {number(there)} in: "
        + snippet(windows, 1, result.values[1], scale=scale, place=to_place),
    ]
    if abs(here - there) < 1e-6 * max(1.0, abs(scale)):
        lines.append("the two values are the same: pick texts or words where the unit differs")
    if metric is None:
        more, data = _of_output(lab, windows, changes, from_place, to_place)
    else:
        more, data = _of_metric(lab, windows, changes, metric)
    whole = {
        "unit": str(chosen),
        "source": {"text": source, "place": from_place, "value": here},
        "destination": {"text": destination, "place": to_place, "value": there},
        **data,
        "measured": result.items,
    }
    return Result("\n".join([*lines, *more, note_line(result.notes)]).rstrip(), whole)


def _of_output(
    lab: Lab,
    windows: TokenWindows,
    changes: Sequence[Intervention],
    from_place: int,
    to_place: int,
) -> tuple[list[str], dict[str, Any]]:
    """What the unit's patch, the first change, and those of its controls do to the output."""
    read = span(windows, 1, to_place)
    cases = [ChangedRow(1, (change,), read) for change in changes]
    after = dict(output_changes(lab, windows, cases))
    standing = compare([[after[i].size] for i in range(len(cases))], lab.rng())
    words = changed_words(lab, windows, cases[:1], 6)
    toward = None
    if lab.target.kind != "causal":  # a mean over places, which the source does not share
        one, other = forward(lab, windows)[[1, 0]]
        if one.ndim > 1:
            one, other = one[to_place], other[from_place]
        toward = _toward(after[0].difference, (other - one).flatten().cpu().double().numpy())
    gain = after[0].of_following(windows)
    lines = [f"{scope(lab)}. {verdict(lab, standing, 'patched in the same way')}"]
    if toward is not None:
        lines.append(f"the output goes {toward:.1%} of the way to the source's own output")
    if gain is not None:
        lines.append(f"log-probability of the tokens that follow: {gain:+.3g} nats")
    effect = {
        "mean": standing.mean,
        "toward_source": toward,
        "log_probability": gain,
        "change": words.as_dict(),
    }
    return [*lines, words.line("the patch")], {"effect": effect, **standing.standing}


def _of_metric(
    lab: Lab, windows: TokenWindows, changes: Sequence[Intervention], metric: str
) -> tuple[list[str], dict[str, Any]]:
    """What they do to a metric on the destination; the source's own value beside it."""
    texts = [windows.texts[int(document)] for document in windows.document]
    read = asked(lab.target, texts, None, metric=metric)
    row = read.prompts[1]
    ids = windows.ids[1][windows.attended[1]]
    place = max(changes[0].places or (0,))
    if row.tokenless or place >= row.places or (row.ids[0][: len(ids)] != ids[: row.places]).any():
        raise UsageError("the destination is longer than a window; patch a metric in shorter texts")
    source, runner = runners_of(lab.target, read)
    lab.meter.forward_tokens += row.places * (2 + len(changes)) + read.prompts[0].places
    effect, *controls = (runner.measure([[change] for change in changes]) - runner.before).tolist()
    control = against(effect, controls)
    way = source.before - runner.before
    toward = effect / way if abs(way) > 1e-9 * max(1.0, abs(runner.before)) else None
    lines = [
        f"{read.label} in the destination: from {number(runner.before)} to "
        f"{number(runner.before + effect)}, change {effect:+.4g}; in the source it is "
        f"{number(source.before)}" + ("" if toward is None else f" ({toward:.1%} of the way)"),
        control_words(control, "matched units patched in the same way"),
    ]
    data = {
        "effect": {
            "mean": effect,
            "toward_source": toward,
            "metric": metric,
            "before": runner.before,
            "source": source.before,
        },
        "controls": controls,
        "percentile": control.percentile,
        "p": control.p,
    }
    return [*lines, *read.notes, *runner.notes], data


@tool(needs=("image",))
def patch_pictures(
    lab: Lab,
    source: int | str | dict[str, Any],
    destination: int | str | dict[str, Any],
    unit: str | None = None,
) -> Result:
    """Puts the unit's activation map from one picture into another: does it carry what tells them
    apart?

    The change of the other's classes stands beside matched random units patched in the same way.

    Args:
        source: The picture that gives: a window number, a prompt, a scene or a recipe.
        destination: The picture that gets it.
        unit: The unit, such as conv.3/7; left out: the unit under study.
    """
    chosen = lab.chosen(unit)
    recipes = [recipe_of(lab, source), recipe_of(lab, destination)]
    result = of_recipes(lab, chosen, recipes, source="patch")
    units = [chosen, *matched(lab, chosen, CONTROLS)]
    maps = own_maps(lab, result.rows.rows([0]), units)
    cases = [ChangedRow(1, (put_in(one, maps[one][0]),)) for one in units]
    effects = measure(lab, result.rows, cases)
    standing = compare([[effect.size] for effect in effects], lab.rng())
    table = class_table(lab.target, effects[:1])
    both = forward(lab, result.rows).flatten(1).cpu().double().numpy()
    way, change = both[0] - both[1], effects[0].change  # [output]
    if has_classes(lab.target):
        way, change = over_mean(way), over_mean(change)
    toward = _toward(change, way) or 0.0
    here, there = (float(value) for value in result.values)
    text = [
        f"{chosen}: its map (peak {number(here)}) of: {caption(result.rows, 0)}",
        f"put over its map (peak {number(there)}) in: {caption(result.rows, 1)}",
        verdict(lab, standing, "patched in the same way"),
        f"the output goes {toward:.1%} of the way to the source's own output",
        *class_lines(table, "the patch"),
    ]
    return Result(
        "\n".join(text),
        {
            "unit": str(chosen),
            "effect": {"mean": standing.mean, "toward_source": toward, "classes": table},
            **standing.standing,
            "measured": result.items,
        },
    )


def _place(windows: TokenWindows, row: int, values: np.ndarray, word: str | None) -> int:
    """The last counted token of a word, or the peak."""
    if word is None or not word.strip():
        result = peak(values)
        if result is None:
            raise UsageError("one of the texts has no token that counts; write a longer one")
        return result
    start, end = occurrences(windows.texts[row], word)[0]
    inside = (windows.start[row] < end) & (windows.end[row] > start) & windows.counted[row]
    if not inside.any():
        raise UsageError(f"'{word}' has no token that counts in '{windows.texts[row][:60]}'")
    return int(np.flatnonzero(inside)[-1])


def _toward(change: np.ndarray, way: np.ndarray) -> float | None:
    """The share of the way from the destination's output to the source's that a change goes; None
    where the two are the same."""
    length = float(way @ way)
    return None if length < 1e-24 else float(change.astype(np.float64) @ way / length)
