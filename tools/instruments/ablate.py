"""Ablates units and measures what that does to the output, against matched random units.

1. Inputs: windows or pictures of explore where the units peak, or texts or pictures given.
2. Texts: the units are set to zero, to their mean over explore, or to values drawn from explore.
   Pictures: set to 0, to their mean, or scaled, at every place.
3. The effect on the output (see `output_change`), averaged over inputs, with a bootstrap interval.
4. The same for 20 random sets of units of the same sites, matched in firing rate and size. On
   explore every set is ablated on its own peaks, so that a unit picked at random lands at a
   percentile that is uniform; on given inputs all are ablated on the same ones.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import torch

from ..activations.measured import note_line, of_texts
from ..activations.records import item
from ..activations.unit_stats import CONTROLS, matched, peaks, profile, strongest
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..evidence import Result
from ..images.recipes import made_rows, pictures_of, recipe_of
from ..interventions.controls import control_sets
from ..interventions.matched_control import Against, compare, measure_name, named, scope, verdict
from ..interventions.neutral_pictures import removal
from ..interventions.output_change import ChangedRow, measure, output_changes, span
from ..interventions.output_words import changed_words, class_lines, class_table
from ..lab import Lab
from ..models import Intervention, Unit, clamp, zero
from ..registry import UpTo, tool
from ..render.text import number, peak

Method = Literal["zero", "mean", "resample"]
Places = Literal["all", "active"]
Units = tuple[Unit, ...]
_MOST_UNITS = 64
_MOST_PICTURES = 32


class Size(NamedTuple):
    """What one case did."""

    size: float
    at_place: float
    """At the place of interest alone."""
    log_probability: float | None
    """Mean change of that of the tokens that follow."""


@tool(needs=("text",), rare=True)
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

    Returns:
        effect {mean, interval}; controls; p
    """
    chosen = _chosen(lab, units)
    notes: list[str] = []
    windows, spots, values = lab.explore, None, None
    if texts:
        measured = of_texts(lab, chosen[0], texts, source="ablate", most=16)
        notes, windows, values = measured.notes, measured.windows, measured.values
        result = [(row, peak(line)) for row, line in enumerate(values)]
        spots = [(row, place) for row, place in result if place is not None]
    own = spots if spots is not None else peaks(lab, chosen, many)
    if not own:
        raise UsageError(
            f"{named(chosen)} is above 0 nowhere in explore, so there is no place to ablate it; "
            "pass texts"
        )

    def cases(of: Units) -> list[ChangedRow]:
        where = spots if spots is not None else peaks(lab, of, many)
        rng = np.random.default_rng([lab.seed, *(unit.index for unit in of)])
        return [
            ChangedRow(row, interventions(lab, of, touched, method, rng), span(windows, row, place))
            for (row, place), touched in zip(
                where, _touched(lab, windows, places, of, where), strict=True
            )
        ]

    key = None if texts else ("ablation", method, places, many)
    groups = _sizes(lab, windows, _sets(lab, chosen), cases, key)
    against = compare([[one.size for one in group] for group in groups], lab.rng())
    change = changed_words(lab, windows, cases(chosen), 6)
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
    rows.append(change.line("ablation"))
    data = _payload(lab, chosen, method, against, groups[0])
    data["places"] = places
    data["effect"] |= {
        "at_place": float(np.mean([one.at_place for one in groups[0]])),
        "log_probability": gains[0],
        "change": change.as_dict(),
    }
    data["prompts"] = [{"row": r, "place": p, "text": windows.text(r)} for r, p in own]
    if values is not None:
        data["measured"] = [
            item(chosen[0], windows, row, values[row], source="ablate") for row, _ in own
        ]
    return Result("\n".join([*rows, note_line(notes)]).rstrip(), data)


@tool(needs=("image",))
def ablate_pictures(
    lab: Lab,
    units: list[str] | None = None,
    *,
    pictures: list[int | str | dict[str, Any]] | None = None,
    method: Literal["zero", "mean", "scale"] = "zero",
    factor: float = 0.0,
    many: Annotated[int, UpTo(32, 2)] = 8,
) -> Result:
    """Switches units off on pictures: the change of the model's classes, beside random units
    matched in firing rate and size.

    Args:
        units: Ablated together; left out: the unit under study.
        pictures: Window numbers, prompts, scenes or recipes; left out: those of explore where the
            units peak.
        method: zero; mean of explore; scale: times factor.
        factor: For scale: 0 removes, 2 doubles.
        many: Pictures of explore.
    """
    chosen = _chosen(lab, units)
    recipes = [recipe_of(lab, one) for one in pictures or []][:_MOST_PICTURES]
    rows = made_rows(lab, recipes) if recipes else pictures_of(lab)
    own = list(range(len(recipes))) if recipes else _strongest(lab, chosen, many)
    if not own:
        raise UsageError(f"{named(chosen)} is above 0 on no picture of explore; pass pictures")

    def cases(of: Units) -> list[ChangedRow]:
        changes = tuple(removal(lab, unit, method, factor) for unit in of)
        return [ChangedRow(row, changes) for row in (own if recipes else _strongest(lab, of, many))]

    key = None if recipes else ("ablation", method, factor, many)
    groups = _sizes(lab, rows, _sets(lab, chosen), cases, key)
    against = compare([[one.size for one in group] for group in groups], lab.rng())
    table = class_table(lab.target, measure(lab, rows, cases(chosen)))
    done = {"zero": "set to 0", "mean": "set to the mean", "scale": f"times {factor:g}"}[method]
    what = "given pictures" if recipes else "pictures of explore where it peaks"
    text = [
        f"{named(chosen)} {done} on {len(own)} {what}",
        verdict(lab, against, "on the same pictures" if recipes else "each on its own peaks"),
        *class_lines(table, "ablation"),
    ]
    data = _payload(lab, chosen, method, against, groups[0])
    data["effect"]["classes"] = table
    data["pictures"] = recipes or [{"window": row} for row in own]
    if recipes:
        values = lab.activations(rows, [chosen[0]])[0, :, 0]
        data["measured"] = [
            item(
                chosen[0],
                rows,
                row,
                values[row],
                source="ablate",
                window=recipe.get("window"),
                recipe=recipe,
            )
            for row, recipe in enumerate(recipes)
        ]
    return Result("\n".join(text), data)


def interventions(
    lab: Lab, units: Units, where: Sequence[Sequence[int]], method: Method, rng: np.random.Generator
) -> tuple[Intervention, ...]:
    """What one row of tokens carries; `where` `[unit]` holds the places of each."""
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


def _chosen(lab: Lab, units: list[str] | None) -> Units:
    chosen = tuple(dict.fromkeys(lab.target.unit(name) for name in units or []))
    if len(chosen) > _MOST_UNITS:
        raise UsageError(f"{len(chosen)} units are too many; ablate at most {_MOST_UNITS} at once")
    return chosen or (lab.chosen(None),)


def _sets(lab: Lab, chosen: Units) -> list[Units]:
    """The units, and sets of as many others of their sites that match them."""
    drawn = [matched(lab, unit, CONTROLS, but=chosen) for unit in chosen]
    return [chosen, *control_sets(drawn)]


def _touched(
    lab: Lab,
    windows: TokenWindows,
    places: Places,
    units: Units,
    spots: Sequence[tuple[int, int]],
) -> list[list[list[int]]]:
    """Places to ablate, `[spot][unit]`."""
    if places == "all":
        every = [list(range(int(windows.attended[row].sum()))) for row, _ in spots]
        return [[one] * len(units) for one in every]
    rows = windows.rows([row for row, _ in spots])
    values = np.nan_to_num(lab.activations(rows, units), nan=0.0)  # [unit, spot, place]
    out = []
    for i, (_, place) in enumerate(spots):
        high = [(line > 0) & (line >= 0.5 * line.max()) for line in values[:, i]]
        out.append([np.flatnonzero(one).tolist() or [place] for one in high])
    return out


def _strongest(lab: Lab, units: Units, n: int) -> list[int]:
    """The pictures where units peak, in turn, each once."""
    ranked = [strongest(lab, unit, n) for unit in units]
    mixed = [one[i] for i in range(n) for one in ranked if i < len(one)]
    return list(dict.fromkeys(mixed))[:n]


def _sizes(
    lab: Lab,
    inputs: Any,
    sets: Sequence[Units],
    cases_of: Callable[[Units], list[ChangedRow]],
    key: tuple[Any, ...] | None,
) -> list[list[Size]]:
    """What ablating each set does. What a control set does on its own peaks is kept in `lab.memo`
    under `key` for the next unit of the site; None: nothing is kept."""
    kept: dict[Units, list[Size]] = {}
    cases: list[ChangedRow] = []
    spans: dict[Units, slice] = {}
    for units in sets:
        if key is not None and units is not sets[0] and (*key, units) in lab.memo:
            kept[units] = lab.memo[*key, units]
            continue
        start = len(cases)
        cases += cases_of(units)
        spans[units] = slice(start, len(cases))
    result = {
        i: Size(change.size, float(change.sizes[0]), change.of_following(inputs))
        for i, change in output_changes(lab, inputs, cases)
    }
    sizes = [result[i] for i in range(len(cases))]
    for units, part in spans.items():
        kept[units] = sizes[part]
        if key is not None:
            lab.memo[*key, units] = sizes[part]
    return [kept[units] for units in sets]


def _gain(group: Sequence[Size]) -> float | None:
    gains = [one.log_probability for one in group if one.log_probability is not None]
    return float(np.mean(gains)) if gains else None


def _payload(
    lab: Lab, chosen: Units, method: str, against: Against, own: Sequence[Size]
) -> dict[str, Any]:
    """What both forms give."""
    return {
        "units": [str(unit) for unit in chosen],
        "method": method,
        "effect": {
            "measure": measure_name(lab),
            "mean": against.mean,
            "interval": against.interval,
            "each": [one.size for one in own],
        },
        **against.standing,
    }
