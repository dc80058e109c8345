"""Separates rival hypotheses: measures the unit where exactly one of them holds.

1. The leading rivals are those asked for, or the recorded ones that correlate best on explore.
2. For every ordered pair, inputs where the first holds and the second does not: places of
   explore, small edits of exemplars, sentences of the grammar; shared out evenly over the
   combinations of who holds, and over the sources.
3. The unit is measured there. Whoever holds where the unit is active predicts it.
"""

from typing import Annotated, Any

import numpy as np

from ..activations.records import activity, flat, full_scale, item
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..evidence import Result
from ..hypotheses.counterexamples import (
    Candidate,
    Grid,
    edited_exemplars,
    grid,
    in_explore,
    in_texts,
    sentences,
    words_of,
)
from ..hypotheses.resolve import Hypothesis, resolve
from ..hypotheses.rivals import agreed, cells, in_turn, leading, scores, verdict, who
from ..lab import Lab
from ..models import Unit
from ..registry import UpTo, tool
from ..render.text import MARKS, STARTS, number, snippet

_TEXTS = 400


@tool(needs=("text",))
def separate(
    lab: Lab,
    hypotheses: list[str | dict[str, Any]] | None = None,
    unit: str | None = None,
    *,
    many: Annotated[int, UpTo(48, 2)] = 18,
) -> Result:
    """Measures the unit on inputs where rivals disagree: places of explore, small edits of
    exemplars, written sentences.

    Args:
        hypotheses: Two or more; left out: all recorded. The three that correlate best are parted.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        many: How many inputs.
    """
    chosen = lab.chosen(unit)
    rivals = resolve(lab, hypotheses)
    if len(rivals) < 2:
        raise UsageError("separate needs two hypotheses or more: record a rival first")
    given = rivals
    rivals, degrees = leading(lab, chosen, rivals, grid(rivals, lab.explore).values)
    explore = Grid(degrees, lab.explore)
    found = _candidates(lab, chosen, rivals, explore, many)
    if not found:
        same = ", ".join(f"{r.id} ({r.brief})" for r in rivals)
        return Result(
            f"Nothing separates {same}: they agree on explore, on every edit of the exemplars and "
            "on the grammar's sentences that were tried. Take the simplest, or write a text "
            "where they differ yourself (activations).",
            {
                "unit": str(chosen),
                "hypotheses": [r.id for r in rivals],
                "measured": [],
                "cells": [],
            },
        )
    kept = {rival.id for rival in rivals}
    dropped = ", ".join(rival.id for rival in given if rival.id not in kept)
    notes = [f"Not parted, as they correlate less: {dropped}."] if dropped else []
    return _result(lab, chosen, rivals, found, agreed(lab, chosen, degrees), notes)


def _candidates(
    lab: Lab, unit: Unit, rivals: list[Hypothesis], explore: Grid, many: int
) -> list[Candidate]:
    """Shared out over who holds and who does not, and over sources, without repetition."""
    sentence_rng, pair_rng = lab.rng("sentences"), lab.rng("pairs")
    pairs = [(a, b) for a in range(len(rivals)) for b in range(len(rivals)) if a != b]
    words = {pair: words_of(explore, rivals, *pair) for pair in pairs}
    every = list(dict.fromkeys(word for pair in pairs for word in words[pair]))
    edits = edited_exemplars(lab, unit, rivals, every[:24])
    edits = [edits[at] for at in lab.rng("edits").permutation(len(edits))[:_TEXTS]]
    written = [text for pair in pairs for text in sentences(words[pair][:8], 2, sentence_rng)]
    made = {
        source: grid(rivals, lab.tokenize(texts))
        for source, texts in (("edit", edits), ("grammar", list(dict.fromkeys(written))))
        if texts
    }
    rows = {
        source: {text: row for row, text in enumerate(texts.windows.texts)}
        for source, texts in made.items()
    }
    by_cell: dict[tuple[bool, ...], dict[str, list[Candidate]]] = {}
    for pair in pairs:
        found = in_explore(explore, *pair, pair_rng)
        for source, texts in made.items():
            found += in_texts(texts, source, *pair, pair_rng)
        for one in found:
            values, row = explore.values, one.window
            if one.text is not None:
                values, row = made[one.source].values, rows[one.source][one.text]
            holds = tuple(bool(degree >= 0.5) for degree in values[:, row, one.place])
            by_cell.setdefault(holds, {}).setdefault(one.source, []).append(one)
    return in_turn(
        [list(sources.values()) for sources in by_cell.values()],
        many,
        lambda one: one.window if one.text is None else one.text,
    )


def _result(
    lab: Lab,
    unit: Unit,
    rivals: list[Hypothesis],
    found: list[Candidate],
    common: dict[str, Any],
    notes: list[str],
) -> Result:
    inside = [c for c in found if c.text is None]
    outside = [c for c in found if c.text is not None]
    measured: list[dict[str, Any]] = []
    drawn: list[tuple[dict[str, Any], TokenWindows, int, np.ndarray]] = []
    for source in (inside, outside):
        if not source:
            continue
        if source is inside:
            windows = lab.explore
            rows = [int(c.window or 0) for c in source]
            values = lab.column(unit)
        else:
            windows = lab.tokenize([str(c.text) for c in source])
            rows = list(range(len(source)))
            values = lab.activations(windows, [unit])[0]
        degrees = grid(rivals, windows.rows(rows)).values  # [hypothesis, item, place]
        for at, (candidate, row) in enumerate(zip(source, rows, strict=True)):
            value = values[row, candidate.place]
            measured.append(
                item(
                    unit,
                    windows,
                    row,
                    values[row],
                    source=f"separate:{candidate.source}",
                    window=candidate.window,
                    place=candidate.place,
                    value=float(value) if np.isfinite(value) else None,
                    predicted={
                        rival.id: float(degrees[k, at, candidate.place])
                        for k, rival in enumerate(rivals)
                    },
                )
            )
            drawn.append((measured[-1], windows, row, values[row]))
    return Result(
        "\n".join([_text(lab, unit, rivals, drawn, common), *notes]),
        {
            "unit": str(unit),
            "hypotheses": [r.id for r in rivals],
            "cells": cells(measured, rivals),
            "agreed": common,
            "scores": scores(measured, rivals),
            "measured": measured,
        },
    )


def _text(
    lab: Lab,
    unit: Unit,
    rivals: list[Hypothesis],
    drawn: list[tuple[dict[str, Any], TokenWindows, int, np.ndarray]],
    common: dict[str, Any],
) -> str:
    values = flat(lab, unit).values
    scale = full_scale(lab, unit)
    rows = [
        f"{unit} where the rivals disagree, {len(drawn)} inputs (explore: mean "
        f"{number(float(values.mean()))}, active above {number(activity(values))}, "
        f"max {number(scale)}; {MARKS}; {STARTS}):"
    ]
    rows += verdict([entry for entry, *_ in drawn], rivals, common)
    short = sorted(drawn, key=lambda entry: -(entry[0]["value"] or -np.inf))
    shown = [*short[:5], *short[-4:]] if len(short) > 9 else short
    rows.append(f"highest and lowest of the {len(short)}:" if len(short) > 9 else "inputs:")
    for entry, windows, row, line in shown:
        holds = who(entry["predicted"])
        text = snippet(
            *(windows, row, line),
            scale=scale,
            place=entry["place"],
            before=44,
            after=12,
            edge=True,
        )
        source = entry["source"].removeprefix("separate:")
        rows.append(f"{number(entry['value'])} ({holds}; {source}): {text}")
    return "\n".join(rows)
