"""Patches a unit: its value in one text is put into another, and the output is compared.

1. The unit is read at a place of the source: its peak, or the last token of a word.
2. That value replaces the unit's own at a place of the destination.
3. The effect on the destination's output, and the same for 20 matched random units, each with its
   own value at the same place of the source.
4. How far the output goes toward the source's own output, where the two can be compared.
"""

from typing import Any

import numpy as np
import torch

from ..activations.measured import note_line, of_texts
from ..activations.records import full_scale
from ..activations.text_spans import occurrences
from ..activations.unit_stats import CONTROLS, matched
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..evidence import Result
from ..interventions.matched_control import compare, scope, verdict
from ..interventions.output_change import Case, measure_effects
from ..interventions.output_words import change_of, words_line
from ..lab import Lab
from ..models import clamp
from ..registry import tool
from ..render.text import number, peak, snippet


@tool(needs=("text",))
def patch(
    lab: Lab,
    source: str,
    destination: str,
    unit: str | None = None,
    *,
    source_word: str | None = None,
    destination_word: str | None = None,
) -> Result:
    """Puts the unit's value from one text into another: does it carry what tells them apart?

    The change of the other's output stands beside matched random units patched in the same way.

    Args:
        source: The text that gives the value.
        destination: The text that gets it.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        source_word: Where, at its last token; left out: at the peak.
        destination_word: The same in the destination.
    """
    chosen = lab.chosen(unit)
    found = of_texts(lab, chosen, [source, destination], source="patch")
    if len(found.windows) < 2:
        raise UsageError("patch needs two texts that are not empty: source and destination")
    windows = found.windows
    from_place = _place(windows, 0, found.values[0], source_word)
    to_place = _place(windows, 1, found.values[1], destination_word)
    units = [chosen, *matched(lab, chosen, CONTROLS)]
    values = lab.target.trace(windows, [chosen.site], output=False).values[chosen.site]
    lab.meter.forward_tokens += int(windows.attended.sum())
    taken = values[0, from_place]  # [unit] or [unit, channel]
    cases = []
    for one in units:
        value = taken[one.index][None, None, None]  # [1, 1, 1] or [1, 1, 1, channel]
        change = clamp(one.site, [one.index], value.detach().clone())
        cases.append(Case(1, to_place, (change.at(places=[to_place]),)))
    effects = measure_effects(lab, windows, cases, keep=[0])
    against = compare([[effect.size] for effect in effects.each], lab.rng())
    change = change_of(lab, effects, 6)
    toward = _toward(lab, windows, effects.shift, from_place, to_place)
    scale = full_scale(lab, chosen)
    here, there = float(found.values[0, from_place]), float(found.values[1, to_place])
    gain = effects.each[0].log_probability
    rows = [
        f"{chosen}: {number(here)} taken from: "
        + snippet(windows, 0, found.values[0], scale=scale, place=from_place),
        f"put over {number(there)} in: "
        + snippet(windows, 1, found.values[1], scale=scale, place=to_place),
        f"{scope(lab)}. {verdict(lab, against, 'patched in the same way')}",
    ]
    if abs(here - there) < 1e-6 * max(1.0, abs(scale)):
        rows.append("the two values are the same: pick texts or words where the unit differs")
    if toward is not None:
        rows.append(f"the output goes {toward:.1%} of the way to the source's own output")
    if gain is not None:
        rows.append(f"log-probability of the tokens that follow: {gain:+.3g} nats")
    rows.append(words_line(change, "the patch"))
    data: dict[str, Any] = {
        "unit": str(chosen),
        "source": {"text": source, "place": from_place, "value": here},
        "destination": {"text": destination, "place": to_place, "value": there},
        "effect": {
            "mean": against.mean,
            "toward_source": toward,
            "log_probability": gain,
            "change": change.as_dict(),
        },
        "controls": against.controls,
        "percentile": against.percentile,
        "p": against.p,
        "measured": found.items,
    }
    return Result("\n".join([*rows, note_line(found.notes)]).rstrip(), data)


def _place(windows: TokenWindows, row: int, values: np.ndarray, word: str | None) -> int:
    """The last counted token of a word, or the peak."""
    if word is None or not word.strip():
        found = peak(values)
        if found is None:
            raise UsageError("one of the texts has no token that counts; write a longer one")
        return found
    start, end = occurrences(windows.texts[row], word)[0]
    inside = (windows.start[row] < end) & (windows.end[row] > start) & windows.counted[row]
    if not inside.any():
        raise UsageError(f"'{word}' has no token that counts in '{windows.texts[row][:60]}'")
    return int(np.flatnonzero(inside)[-1])


def _toward(
    lab: Lab, windows: TokenWindows, shift: np.ndarray, from_place: int, to_place: int
) -> float | None:
    """The share of the way from the destination's output to the source's that the shift goes."""
    output = lab.target.trace(windows).output
    lab.meter.forward_tokens += int(windows.attended.sum())
    assert output is not None
    if lab.target.kind == "causal":
        return None  # the shift is a mean over places, which the source does not share
    one, other = output[1], output[0]
    if one.ndim > 1:
        one, other = one[to_place], other[from_place]
    way = (other - one).flatten().cpu().double()
    if float(way.norm()) < 1e-12:
        return None
    return float(torch.as_tensor(shift).cpu().to(way) @ way / way.square().sum())
