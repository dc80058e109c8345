"""Ablates units and measures what that does to the output, against matched random units.

1. Prompts: the windows of explore where the units peak, or texts.
2. The units are set to zero, to their mean over explore, or to values drawn from explore.
3. The effect on the output (see `effects.py`), averaged over prompts, with a bootstrap interval.
4. The same for 20 random sets of units of the same sites, matched in firing rate and size. On
   explore every set is ablated on its own peaks, so that a unit picked at random lands at a
   percentile that is uniform; on given texts all are ablated on the same texts.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import torch

from ..activations.measured import note_line, of_texts
from ..activations.records import item
from ..activations.unit_stats import CONTROLS, matched, peaks, profile
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..evidence import Result
from ..interventions.controls import control_sets
from ..interventions.matched_control import compare, measure_name, scope, verdict
from ..interventions.output_change import Case, Effect, Effects, measure_effects
from ..interventions.output_words import change_of, words_line
from ..lab import Lab
from ..models import Intervention, Unit, clamp, zero
from ..registry import UpTo, tool
from ..render.text import number, peak

Method = Literal["zero", "mean", "resample"]
Places = Literal["all", "active"]
Units = tuple[Unit, ...]
_MOST_UNITS = 64


class Experiment(NamedTuple):
    """How to ablate."""

    method: Method
    places: Places
    windows: TokenWindows
    spots: list[tuple[int, int]] | None
    """`(row, place)` for every set of units; None: the peaks of each in explore."""
    many: int
    """Prompts, where they are peaks."""


@tool(needs=("text",))
def ablate(
    lab: Lab,
    units: list[str] | None = None,
    *,
    texts: list[str] | None = None,
    method: Method = "zero",
    places: Places = "all",
    many: Annotated[int, UpTo(16, 2)] = 6,
) -> Result:
    """Switches units off: the change of the model's output, beside random units matched in firing
    rate and size.

    Args:
        units: Ablated together; left out: the unit under study.
        texts: Left out: windows of explore where they peak.
        method: zero; mean of explore; resample: values of random places.
        places: active: above half of the peak.
        many: Windows of explore.
    """
    chosen = tuple(dict.fromkeys(lab.target.unit(name) for name in units or []))
    chosen = chosen or (lab.chosen(None),)
    if len(chosen) > _MOST_UNITS:
        raise UsageError(f"{len(chosen)} units are too many; ablate at most {_MOST_UNITS} at once")
    notes: list[str] = []
    windows, spots, values = lab.explore, None, None
    if texts:
        measured = of_texts(lab, chosen[0], texts, source="ablate", most=16)
        notes, windows, values = measured.notes, measured.windows, measured.values
        found = [(row, peak(line)) for row, line in enumerate(values)]
        spots = [(row, place) for row, place in found if place is not None]
    how = Experiment(method, places, windows, spots, many)
    own = spots if spots is not None else peaks(lab, chosen, how.many)
    if not own:
        raise UsageError(
            f"{named(chosen)} is above 0 nowhere in explore, so there is no place to ablate it; "
            "pass texts"
        )
    sets = [chosen, *_control_sets(lab, chosen)]
    groups, effects = _run(lab, how, sets)
    against = compare([[effect.size for effect in group] for group in groups], lab.rng())
    change = change_of(lab, effects, 6)
    gains = [_gain(group) for group in groups]
    controls = [gain for gain in gains[1:] if gain is not None]
    what = "your texts" if texts else "windows of explore where it peaks"
    done = {"zero": "set to 0", "mean": "set to the mean", "resample": "resampled"}[method]
    rows = [
        f"{named(chosen)} {done} at {places} places of {len(own)} {what}; {scope(lab)}",
        verdict(lab, against, "on the same texts" if texts else "each on its own peaks"),
    ]
    if gains[0] is not None:
        rows.append(
            "ablation makes the tokens that really follow "
            f"{'more' if gains[0] > 0 else 'less'} likely: log-probability {gains[0]:+.3g} nats "
            f"(controls: median {number(float(np.median(controls)) if controls else None)})"
        )
    rows.append(words_line(change, "ablation"))
    data: dict[str, Any] = {
        "units": [str(unit) for unit in chosen],
        "method": method,
        "places": places,
        "effect": {
            "measure": measure_name(lab),
            "mean": against.mean,
            "interval": against.interval,
            "each": [effect.size for effect in groups[0]],
            "at_place": float(np.mean([effect.at_place for effect in groups[0]])),
            "log_probability": gains[0],
            "change": change.as_dict(),
        },
        "controls": against.controls,
        "percentile": against.percentile,
        "p": against.p,
        "prompts": [{"row": r, "place": p, "text": windows.text(r)} for r, p in own],
    }
    if values is not None:
        data["measured"] = [
            item(chosen[0], windows, row, values[row], source="ablate") for row, _ in own
        ]
    return Result("\n".join([*rows, note_line(notes)]).rstrip(), data)


def interventions(
    lab: Lab, units: Units, where: Sequence[Sequence[int]], method: Method, rng: np.random.Generator
) -> tuple[Intervention, ...]:
    """What one row carries; `where` `[unit]` holds the places of each."""
    out: list[Intervention] = []
    for unit, places in zip(units, where, strict=True):
        if method == "zero":
            change = zero(unit.site, [unit.index])
        else:
            known = profile(lab, unit.site, unit.sign)
            if method == "mean":
                value = known.mean[unit.index][None, None, None]  # [1, 1, 1, channel]
            else:
                drawn = rng.integers(len(known.samples), size=len(places))
                value = known.samples[drawn, unit.index][None, :, None]  # [1, place, 1, channel]
            shift = torch.as_tensor(np.ascontiguousarray(value), dtype=torch.float32)
            if lab.target.site(unit.site).channels == 1:
                shift = shift[..., 0]
            change = clamp(unit.site, [unit.index], shift)
        out.append(change.at(places=places))
    return tuple(out)


def named(units: Sequence[Unit]) -> str:
    """The units' names, the first six of them."""
    names = ", ".join(str(unit) for unit in units[:6])
    return names if len(units) <= 6 else f"{names} and {len(units) - 6} more"


def _where(
    lab: Lab, how: Experiment, units: Units, spots: Sequence[tuple[int, int]]
) -> list[list[list[int]]]:
    """Places to ablate, `[spot][unit]`."""
    every = [list(range(int(how.windows.attended[row].sum()))) for row, _ in spots]
    if how.places == "all":
        return [[one] * len(units) for one in every]
    rows = how.windows.rows([row for row, _ in spots])
    values = np.nan_to_num(lab.activations(rows, units), nan=0.0)  # [unit, spot, place]
    out = []
    for at, (_, place) in enumerate(spots):
        high = [(line > 0) & (line >= 0.5 * line.max()) for line in values[:, at]]
        out.append([np.flatnonzero(one).tolist() or [place] for one in high])
    return out


def _control_sets(lab: Lab, chosen: Units) -> list[Units]:
    """Sets of as many units of the same sites, no unit twice in one."""
    drawn = [matched(lab, unit, CONTROLS, but=chosen) for unit in chosen]
    return control_sets(drawn)


def _run(lab: Lab, how: Experiment, sets: Sequence[Units]) -> tuple[list[list[Effect]], Effects]:
    """The effects of every set, and the mean change of the first.

    What a control set does on its own peaks is kept in `lab.memo` for the next unit of the site.
    """
    kept: dict[Units, list[Effect]] = {}
    cases: list[Case] = []
    spans: dict[Units, slice] = {}
    for units in sets:
        key = ("ablation", units, how.method, how.places, how.many)
        if how.spots is None and units is not sets[0] and key in lab.memo:
            kept[units] = lab.memo[key]
            continue
        spots = how.spots if how.spots is not None else peaks(lab, units, how.many)
        rng = np.random.default_rng([lab.seed, *(unit.index for unit in units)])
        start = len(cases)
        for (row, place), where in zip(spots, _where(lab, how, units, spots), strict=True):
            cases.append(Case(row, place, interventions(lab, units, where, how.method, rng)))
        spans[units] = slice(start, len(cases))
    found = measure_effects(lab, how.windows, cases, keep=range(spans[sets[0]].stop))
    for units, span in spans.items():
        kept[units] = found.each[span]
        if how.spots is None:
            lab.memo["ablation", units, how.method, how.places, how.many] = found.each[span]
    return [kept[units] for units in sets], found


def _gain(group: Sequence[Effect]) -> float | None:
    gains = [e.log_probability for e in group if e.log_probability is not None]
    return float(np.mean(gains)) if gains else None
