"""Surveys a unit over all of explore: how often, how strongly and on what it is active.

1. Moments, quantiles and a histogram of the activation at every counted place, or of its peak on
   every picture.
2. Both signs: whether the opposite one carries meaning, from the activation function.
3. On texts: how much of it token identity explains (the mean activation of each token is learnt on
   half of the documents and correlated with the activation in the other half, both ways); the
   tokens and the words with the highest mean, and the words that carry most of the activation.
4. On pictures: how much of a picture the active region covers, and where it lies; the statements
   about pictures that go best with the activation (see `cues.py`), and those that go against it by
   more than chance.
"""

from collections import Counter
from dataclasses import asdict, replace
from typing import Annotated, Any

import numpy as np

from ..activations.cues import Cue, cues
from ..activations.reach import out_of_reach
from ..activations.records import Flat, activity, flat
from ..activations.unit_summary import (
    Mean,
    by_place,
    by_token,
    by_word,
    distribution,
    token_identity,
)
from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows
from ..evidence import Result
from ..images.recipes import pictures_of
from ..lab import Lab
from ..models import Unit
from ..registry import UpTo, tool
from ..render.captions import regions
from ..render.picture_words import where
from ..render.text import number, quoted
from ..statistics.association import pearson

_BINS = 20
_REGIONS = 32  # pictures whose active regions are looked at
_AGAINST = 5  # statements that go against a unit
_SHOWN_PLACES = 4


@tool(needs=("inputs",))
def survey(lab: Lab, unit: str | None = None, *, many: Annotated[int, UpTo(40)] = 10) -> Result:
    """Measures the unit on all of explore: how often it is active, its distribution, both signs;
    the tokens and words with the highest mean, or how much of pictures it covers and which things,
    colours and settings go with it. Start here.

    Args:
        unit: The unit, such as mlp.3/7 or conv.3/7; left out: the unit under study.
        many: How many tokens and words, or things, colours and settings, to list.

    Returns:
        stats {mean, max, active_above, ...}; tokens, words [{name, mean, count}]
    """
    chosen = lab.chosen(unit)
    pictures = isinstance(lab.explore, ImageRows)
    data = flat(lab, chosen)
    if not data.values.size:
        return Result(
            f"{chosen}: explore has no {'picture' if pictures else 'place'} with a finite "
            "activation.",
            {"unit": str(chosen), "stats": {"count": 0, "not_finite": data.not_finite}},
        )
    stats = distribution(data, lab.explore, lab.target.site(chosen.site), chosen)
    if not pictures:
        stats["token_identity"] = token_identity(data, lab.explore)
    counts, edges = np.histogram(data.values, bins=_BINS)
    payload: dict[str, Any] = {
        "unit": str(chosen),
        "stats": stats,
        "histogram": {"counts": counts, "edges": edges},
    }
    lines = (_of_pictures if pictures else _of_texts)(lab, chosen, data, payload, many)
    if stats["dead"]:
        return Result(_dead(chosen, stats, pictures), payload)
    if stats["not_finite"]:
        lines.insert(-1, f"{stats['not_finite']} activations were not finite and were left out")
    return Result("\n".join(lines), payload)


def _dead(unit: Unit, stats: dict[str, Any], pictures: bool) -> str:
    where_to = f"at {stats['count']} places of {stats['windows']} windows"
    what, how = "a text", "activations"
    if pictures:
        where_to, what, how = f"on {stats['count']} pictures", "a picture", "draw"
    return (
        f"{unit} is dead: it was never above 0 {where_to} (max {number(stats['max'])}, sd "
        f"{number(stats['sd'])}). Conclude so, unless {what} of your own moves it ({how})."
    )


def _of_texts(lab: Lab, unit: Unit, data: Flat, payload: dict[str, Any], many: int) -> list[str]:
    """Adds tokens and words to the payload, and says what was found."""
    least = max(2, min(5, data.values.size // 2000))
    tokens = by_token(data, lab.explore, least)[:many]
    words = by_word(lab.column(unit), lab.explore, least)
    carried = sorted(words, key=lambda one: -one.mean * one.count)[: max(1, many * 6 // 10)]
    words = words[:many]
    payload |= {
        "tokens": [asdict(entry) for entry in tokens],
        "words": [asdict(entry) for entry in words],
        "carried": [asdict(entry) for entry in carried],
        "least_count": least,
    }
    stats = payload["stats"]
    if stats["dead"]:
        return []
    at, opposite, identity = stats["thresholds"], stats["opposite"], stats["token_identity"]
    rows = [
        f"{unit} over explore: {stats['count']} places, {stats['windows']} windows, "
        f"{stats['documents']} documents",
        f"above 0 at {stats['firing_rate']:.1%} of places; mean {number(stats['mean'])}, "
        f"sd {number(stats['sd'])}, max {number(stats['max'])}, median "
        f"{number(stats['quantiles']['0.5'])}",
        f"active, above half of the mean of its top 0.1% ({number(stats['active_above'])}): "
        f"{stats['active']} places; top 10% above {number(at['0.9'])}, top 1% above "
        f"{number(at['0.99'])}, top 0.1% above {number(at['0.999'])}",
        "share of positive activation in the top "
        + ", ".join(f"{top} of places: {share:.0%}" for top, share in stats["mass_share"].items()),
        f"other sign: {opposite['why']}; min {number(opposite['min'])}, "
        f"{opposite['energy']:.0%} of energy",
    ]
    if opposite["meaning"]:
        rows[-1] += f"; its places: exemplars with unit {replace(unit, sign=-unit.sign)}"
    if identity is not None:
        rows.append(
            f"token identity alone predicts it with correlation {identity:.2f} "
            f"({max(identity, 0) ** 2:.0%} of variance, cross-fitted)"
            + ("; the context matters" if identity < 0.5 else "")
        )
    if lab.explore.numbers is not None:
        return [*rows[:5], _coordinates(data, lab.explore, payload, many)]
    where_active = by_place(data, lab.explore)
    rows += [where_active] if where_active is not None else []
    rows += _reach(lab, unit, data, payload)
    return [*rows, "\n".join(_words(tokens, words, carried, least))]


def _reach(lab: Lab, unit: Unit, data: Flat, payload: dict[str, Any]) -> list[str]:
    """Says at how many places the unit cannot reach the output, where some cannot."""
    out = out_of_reach(lab.target, lab.explore, unit.site)
    if out is None:
        return []
    lost = out[data.window, data.place]
    values = np.maximum(data.values.astype(np.float64), 0)
    share = float(values[lost].sum() / max(values.sum(), 1e-30))
    payload["out_of_reach"] = {"places": int(lost.sum()), "of": lost.size, "activation": share}
    if lost.all():
        return [f"at none of the {lost.size} places can {unit.site} reach the output"]
    return [
        f"at {lost.sum()} of {lost.size} places {unit.site} cannot reach the output; {share:.0%} "
        f"of the activation is there; mean there {number(float(data.values[lost].mean()))}, at the "
        f"others {number(float(data.values[~lost].mean()))}"
    ]


def _coordinates(data: Flat, windows: TokenWindows, payload: dict[str, Any], many: int) -> str:
    """Adds the correlation with each number of a row, and says the largest."""
    assert windows.numbers is not None
    x = windows.numbers[data.window]  # [row, coordinate]
    r = [pearson(column, data.values) or 0.0 for column in x.T.astype(np.float64)]
    order = np.argsort(-np.abs(r), kind="stable")[:many]
    payload["coordinates"] = [{"index": int(i), "correlation": float(r[i])} for i in order]
    listed = ", ".join(f"x[{i}] {r[i]:.2f}" for i in order)
    return f"correlation with each of the {x.shape[1]} numbers of a row: {listed}"


def _words(tokens: list[Mean], words: list[Mean], carried: list[Mean], least: int) -> list[str]:
    """Tokens and words in a line each; none that a list above named is said again."""
    rows = [f"tokens by mean (x count, at least {least}): {_listed(tokens)}"]
    named = {(entry.name.strip().lower(), entry.count) for entry in tokens}
    more = [entry for entry in words if (entry.name, entry.count) not in named]
    if more or not words:
        rows.append("words by mean of their peak: " + _listed(more, len(words) - len(more)))
    named |= {(entry.name, entry.count) for entry in words}
    heavy = [entry for entry in carried if (entry.name, entry.count) not in named]
    if heavy:
        listed = _listed(heavy, len(carried) - len(heavy))
        rows.append("words that carry most (mean x count): " + listed)
    return rows


def _listed(entries: list[Mean], above: int = 0) -> str:
    """A list of words; `above`: how many more of it stand in a list before."""
    if not entries:
        return "none is frequent enough"
    listed = ", ".join(f"{quoted(e.name)} {number(e.mean)} x{e.count}" for e in entries)
    return listed + (f", and {above} of those above" if above else "")


def _of_pictures(lab: Lab, unit: Unit, data: Flat, payload: dict[str, Any], many: int) -> list[str]:
    """Adds cues and the active region to the payload, and says what was found."""
    stats = payload["stats"]
    if stats["dead"]:
        return []
    every = cues(lab, pictures_of(lab), lab.column(unit)[:, 0])
    cover = _cover(lab, unit)
    chance = float(np.sqrt(2 * np.log(max(2, len(every))) / max(2, stats["count"])))
    payload |= {
        "cues": [cue._asdict() for cue in every[:many]],
        "chance": chance,
        "cover": cover,
    }
    at, opposite = stats["thresholds"], stats["opposite"]
    rows = [
        f"{unit} over explore: {stats['count']} pictures; the activation of a picture is the "
        "unit's maximum over space",
        f"above 0 on {stats['firing_rate']:.1%} of pictures; mean {number(stats['mean'])}, sd "
        f"{number(stats['sd'])}, max {number(stats['max'])}, median "
        f"{number(stats['quantiles']['0.5'])}, min {number(stats['min'])}",
        f"active, above half of the mean of its strongest five ({number(stats['active_above'])}): "
        f"{stats['active']} pictures; top 10% above {number(at['0.9'])}, top 1% above "
        f"{number(at['0.99'])}",
        f"other sign: {opposite['why']}; {opposite['energy']:.0%} of energy",
    ]
    if cover is not None:
        shares = list(cover["where"].items())[:_SHOWN_PLACES]
        rows.append(
            f"active region on its {cover['pictures']} strongest pictures: median "
            f"{cover['median_share']:.0%} of the picture; "
            + ", ".join(f"{name} x{n}" for name, n in shares)
        )
    listed = [
        "goes with it (r: mean where so, mean elsewhere, pictures), "
        f"of {len(every)} statements; chance alone reaches about {chance:.2f}:",
        *map(_cue, every[:many]),
    ]
    against = [cue for cue in reversed(every) if cue.correlation < -chance][:_AGAINST]
    if against:
        listed += ["goes against it, beyond chance:", *map(_cue, against)]
    return [*rows, "\n".join(listed)]


def _cover(lab: Lab, unit: Unit) -> dict[str, Any] | None:
    """Size and place of the active region where the unit is most active."""
    column = np.nan_to_num(lab.column(unit)[:, 0], nan=-np.inf)
    bar = activity(column)
    order = [int(at) for at in np.argsort(-column, kind="stable")[:_REGIONS] if column[at] > bar]
    active = regions(lab, unit, pictures_of(lab).rows(order)) if order else None
    masks = [one.mask for one in active or () if one is not None]
    if not masks:
        return None
    shares = [float(mask.mean()) for mask in masks]
    return {
        "pictures": len(masks),
        "median_share": float(np.median(shares)),
        "where": dict(Counter(where(mask) for mask in masks).most_common()),
    }


def _cue(cue: Cue) -> str:
    return (
        f"  {cue.name} ({cue.correlation:.2f}: {number(cue.inside)}, {number(cue.outside)}, "
        f"x{cue.holds})"
    )
