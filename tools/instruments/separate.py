"""Separates rival hypotheses: measures the unit where exactly one of them holds.

1. The leading rivals are those asked for, or the recorded ones that correlate best on explore.
2. For every ordered pair, inputs where the first holds and the second does not, shared out evenly
   over the combinations of who holds, and over sources: places of explore, small edits of
   exemplars, sentences of the grammar (`counterexamples`); or pictures of explore, exemplars with
   one thing changed, drawn scenes (`scene_counterexamples`).
3. The unit is measured there. Whoever holds where the unit is active predicts it.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np

from ..activations.measured import of_recipes
from ..activations.records import full_scale, item, of_explore, reference
from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..evidence import Result
from ..hypotheses import counterexamples, scene_counterexamples
from ..hypotheses.resolve import Hypothesis, resolve
from ..hypotheses.rivals import Candidate, agreed, cells, leading, scores, verdict, who
from ..lab import Lab
from ..models import Unit
from ..registry import UpTo, tool
from ..render.text import MARKS, STARTS, marks_key, number, snippet
from ..scenes.scene import Scene

_HIGHEST, _LOWEST = 5, 4
"""Inputs that are listed, where there are more."""
Measured = tuple[dict[str, Any], str]
"""An entry of `measured` with `value` and what each rival `predicted`, and the input in words."""


@tool(needs=("inputs",))
def separate(
    lab: Lab,
    hypotheses: list[str | dict[str, Any]] | None = None,
    unit: str | None = None,
    *,
    many: Annotated[int, UpTo(48, 2)] = 18,
) -> Result:
    """Measures the unit on inputs where rivals disagree: places of explore, small edits of
    exemplars, written sentences; or pictures of explore, edited exemplars, drawn scenes.

    Args:
        hypotheses: Two or more; left out: all recorded. The three that correlate best are parted.
        unit: The unit, such as mlp.3/7 or conv.3/7; left out: the unit under study.
        many: How many inputs.

    Returns:
        scores [{id, correlation}]; measured, with predicted {id: value}
    """
    chosen = lab.chosen(unit)
    given = resolve(lab, hypotheses)
    if len(given) < 2:
        raise UsageError("separate needs two hypotheses or more: record a rival first")
    pictures = isinstance(lab.explore, ImageRows)
    degrees = np.stack([rival.evaluate(lab.explore) for rival in given])  # [rival, row, place]
    rivals, degrees = leading(lab, chosen, given, degrees)
    source = scene_counterexamples if pictures else counterexamples
    chosen_inputs = source.candidates(lab, chosen, rivals, degrees, many)
    if not chosen_inputs:
        return _nothing(chosen, rivals, pictures)
    measured = _measured(lab, chosen, rivals, chosen_inputs)
    entries = [entry for entry, _ in measured]
    common = agreed(lab, chosen, degrees)
    rows = _lines(lab, chosen, rivals, measured, common)
    kept = {rival.id for rival in rivals}
    dropped = ", ".join(rival.id for rival in given if rival.id not in kept)
    rows += [f"Not parted, as they correlate less: {dropped}."] if dropped else []
    return Result(
        "\n".join(rows),
        {
            "unit": str(chosen),
            "hypotheses": [r.id for r in rivals],
            "cells": cells(entries, rivals),
            "agreed": common,
            "scores": scores(entries, rivals),
            "measured": entries,
        },
    )


def _nothing(unit: Unit, rivals: Sequence[Hypothesis], pictures: bool) -> Result:
    same = ", ".join(f"{r.id} ({r.brief})" for r in rivals)
    if pictures:
        tried, make = "on every drawn scene that was", "draw a picture where they differ (draw)"
    else:
        tried = "on the grammar's sentences that were"
        make = "write a text where they differ (activations)"
    return Result(
        f"Nothing separates {same}: they are on (above 0.5) at the same places of explore, of "
        f"every edit of the exemplars and {tried} tried. Where their scores differ they differ in "
        f"degree: `fit` them; else take the simplest, or {make}.",
        {"unit": str(unit), "hypotheses": [r.id for r in rivals], "measured": [], "cells": []},
    )


def _measured(
    lab: Lab, unit: Unit, rivals: Sequence[Hypothesis], inputs: Sequence[Candidate]
) -> list[Measured]:
    """The unit on every input: those of explore first."""
    of_lab = [one for one in inputs if isinstance(one.input, int)]
    made = [one for one in inputs if not isinstance(one.input, int)]
    out: list[Measured] = []
    explore: TokenWindows | ImageRows = lab.explore
    scale = full_scale(lab, unit)

    def add(entry: dict[str, Any], one: Candidate, value: float, text: str) -> None:
        entry["source"] = f"separate:{one.source}"
        entry["value"] = float(value) if np.isfinite(value) else None
        entry["predicted"] = {
            rival.id: float(degree) for rival, degree in zip(rivals, one.degrees, strict=True)
        }
        out.append((entry, text))

    def marked(windows: TokenWindows, row: int, values: np.ndarray, place: int) -> str:
        return snippet(
            *(windows, row, values), scale=scale, place=place, before=44, after=12, edge=True
        )

    for one in of_lab:
        row, values = int(one.input), lab.column(unit)[int(one.input)]  # type: ignore[arg-type]
        entry = of_explore(lab, unit, row, one.place, source="")
        pictures = isinstance(explore, ImageRows)
        text = entry["tokens"][0] if pictures else marked(explore, row, values, one.place)
        add(entry, one, values[one.place], text)
    scenes = [one.input.model_dump() for one in made if isinstance(one.input, Scene)]
    if scenes:
        pictures = of_recipes(lab, unit, [{"scene": scene} for scene in scenes], source="")
        for entry, one, value in zip(pictures.items, made, pictures.values, strict=True):
            add(entry, one, value, entry["tokens"][0])
    elif made:
        windows = lab.tokenize([str(one.input) for one in made])
        every = lab.activations(windows, [unit])[0]  # [text, place]
        for row, one in enumerate(made):
            entry = item(unit, windows, row, every[row], source="", place=one.place)
            add(entry, one, every[row, one.place], marked(windows, row, every[row], one.place))
    return out


def _lines(
    lab: Lab,
    unit: Unit,
    rivals: list[Hypothesis],
    measured: Sequence[Measured],
    common: Mapping[str, Any],
) -> list[str]:
    pictures = isinstance(lab.explore, ImageRows)
    kind, legend = ("pictures", "") if pictures else ("inputs", marks_key(lab, MARKS, STARTS))
    order = sorted(
        (one for one in measured if one[0]["value"] is not None), key=lambda one: -one[0]["value"]
    )
    short = len(order) > _HIGHEST + _LOWEST
    rows = [
        f"{unit} where the rivals disagree, {len(measured)} {kind} "
        f"({reference(lab, unit)}{legend}):",
        *verdict([entry for entry, _ in measured], rivals, common),
        f"highest and lowest of the {len(order)}:" if short else f"{kind}:",
    ]
    for entry, text in [*order[:_HIGHEST], *order[-_LOWEST:]] if short else order:
        source = entry["source"].removeprefix("separate:")
        source += f" window {entry['window']}" if pictures and "window" in entry else ""
        rows.append(f"{number(entry['value'])} ({who(entry['predicted'])}; {source}): {text}")
    if missing := len(measured) - len(order):
        rows.append(f"{missing} {kind} have no finite activation and are not listed")
    return rows
