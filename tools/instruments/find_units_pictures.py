"""Finds the units that respond to something in pictures; the search is that of texts.

A picture is one observation and a unit counts by its maximum over space. Examples are rows of
explore, by their numbers.
"""

from typing import Annotated, Any

import numpy as np

from ..activations.picture_records import item
from ..activations.selectivity import LEAST, Inputs, Search, search, sites_of, too_few
from ..data.image_rows import ImageRows
from ..errors import UsageError
from ..evidence import Result
from ..hypotheses.picture_query import wanted_picture
from ..images.recipes import pictures_of
from ..lab import Lab
from ..registry import UpTo, tool
from .find_units import MOST, as_data, found_text

_EXAMPLES = 3


@tool(needs=("image", "open"))
def find_units(
    lab: Lab,
    what: str | list[str] | dict[str, Any] | None = None,
    *,
    sites: list[str] | None = None,
    active: list[str] | None = None,
    silent: list[str] | None = None,
    many: Annotated[int, UpTo(MOST)] = 8,
) -> Result:
    """Finds which units respond to something: compares every unit of the model, in both
    directions, with the pictures of the corpus that show it. Units are chosen on half of the
    pictures and measured on the other half, beside the best units for shuffled pictures.

    Args:
        what: A thing, a group of things, a colour, texture, size or setting (red circles, snow),
            or a predictor as JSON; left out: give active.
        sites: Where to look, such as conv.3 or conv (all layers); left out: all of them.
        active: Instead of what: numbers of at least ten pictures (windows of the corpus) in which
            the units should be active.
        silent: Numbers of pictures in which they should not be; left out: all others.
        many: How many units to list.
    """
    chosen = sites_of(lab.target, sites)
    notes: list[str] = []
    explore = pictures_of(lab)
    if active:
        if what:
            raise UsageError("pass either what or active pictures, not both")
        said, predictor, inputs = "the active pictures", None, _given(explore, active, silent)
    else:
        one = wanted_picture(lab, what or "")
        said, predictor = one.predicate.english(), one.predicate.model_dump()
        notes = [one.note] if one.note else []
        inputs = Inputs(explore, np.asarray(one.predicate.evaluate(explore), np.float32))
    if too_few(inputs):
        raise UsageError(
            f"{said}: {int(inputs.holds.sum())} of {len(inputs.rows)} pictures; at least "
            f"{2 * LEAST} with it and as many without are needed. Ask for something else, or take "
            "a larger corpus"
        )
    found = search(lab, inputs, chosen, many)
    data = as_data(inputs, found, said, predictor, chosen)
    data |= {"written": False, "measured": _measured(explore, inputs, found), "notes": notes}
    return Result("\n".join([*found_text(inputs, found, said, "pictures"), *notes]), data)


def _given(explore: ImageRows, active: list[str], silent: list[str] | None) -> Inputs:
    """Pictures against pictures, by number."""
    own = _numbers(explore, active)
    other = _numbers(explore, silent) if silent else set(range(len(explore)))
    rows = sorted(own | other)
    degrees = np.array([[row in own] for row in rows], np.float32)  # [picture, 1]
    return Inputs(explore.rows(rows), degrees)


def _numbers(explore: ImageRows, given: list[str]) -> set[int]:
    out = set()
    for text in given:
        if not text.strip().isdigit() or int(text) >= len(explore):
            raise UsageError(f"'{text[:30]}' is no picture; pass numbers, 0 to {len(explore) - 1}")
        out.add(int(text))
    return out


def _measured(explore: ImageRows, inputs: Inputs, found: Search) -> list[dict[str, Any]]:
    """The strongest pictures of the best units, of the half that did not choose them."""
    if inputs.rows is not explore:
        return []
    out: list[dict[str, Any]] = []
    for hit in [hit for hit in found.hits if found.responds(hit)][:_EXAMPLES]:
        peaks = np.where(np.isfinite(hit.values[:, 0]), hit.values[:, 0], -np.inf)
        for at in np.argsort(-peaks, kind="stable")[:_EXAMPLES].tolist():
            window, value = int(found.rows[at]), float(hit.values[at, 0])
            out.append(item(hit.unit, explore, window, value, source="top", window=window))
    return out
