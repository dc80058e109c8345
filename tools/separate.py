"""Separates rival hypotheses: measures the unit where exactly one of them holds.

1. The leading rivals are those asked for, or the recorded ones that correlate best on explore.
2. For every ordered pair, inputs where the first holds and the second does not: places of
   explore, small edits of exemplars, sentences of the grammar; shared out evenly over the
   combinations of who holds, and over the sources.
3. The unit is measured there. Whoever holds where the unit is active predicts it.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from .data.windows import TokenWindows
from .disagreements import (
    Candidate,
    Grid,
    edited_exemplars,
    grid,
    in_explore,
    in_texts,
    sentences,
    words_of,
)
from .errors import UsageError
from .evidence import Result
from .hypotheses import Hypothesis, resolve
from .lab import Lab
from .measured import activity, flat, full_scale, item
from .models import Unit
from .registry import tool
from .render_text import MARKS, number, snippet
from .survey import correlation

_RIVALS = 3
_TEXTS = 400


@tool(needs=("text",))
def separate(
    lab: Lab,
    hypotheses: list[str | dict[str, Any]] | None = None,
    unit: str | None = None,
    *,
    many: int = 18,
) -> Result:
    """Finds the inputs on which rival hypotheses disagree most and measures the unit there: places
    of the exploration corpus, small edits of its exemplars, and written sentences.

    Args:
        hypotheses: At least two ids such as H1, or predictors as JSON; left out: all that were
            recorded. Of more than three the three that correlate best are kept.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        many: How many inputs, at most 48.
    """
    chosen = lab.chosen(unit)
    rivals = resolve(lab, hypotheses)
    if len(rivals) < 2:
        raise UsageError("separate needs two hypotheses or more: record a rival first")
    many = max(2, min(many, 48))
    explore = grid(rivals, lab.explore)
    rivals, explore = _leading(lab, chosen, rivals, explore)
    found = _candidates(lab, chosen, rivals, explore, many)
    if not found:
        same = ", ".join(f"{r.id} ({r.english})" for r in rivals)
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
    return _result(lab, chosen, rivals, found, _agreed(lab, chosen, explore))


def _agreed(lab: Lab, unit: Unit, explore: Grid) -> dict[str, Any]:
    """The unit on explore where all rivals hold: what a place in dispute is to be compared with."""
    data = flat(lab, unit)
    here = data.values[(explore.values[:, data.window, data.place] >= 0.5).all(0)]
    return {"count": int(here.size), "mean": float(here.mean()) if here.size else None}


def _leading(
    lab: Lab, unit: Unit, rivals: list[Hypothesis], explore: Grid
) -> tuple[list[Hypothesis], Grid]:
    if len(rivals) <= _RIVALS:
        return rivals, explore
    data = flat(lab, unit)
    scores = [
        correlation(values[data.window, data.place], data.values) or -1.0
        for values in explore.values
    ]
    order = np.argsort(-np.array(scores), kind="stable")[:_RIVALS]
    return [rivals[at] for at in order], Grid(explore.values[order], explore.windows)


def _candidates(
    lab: Lab, unit: Unit, rivals: list[Hypothesis], explore: Grid, many: int
) -> list[Candidate]:
    """Shared out over who holds and who does not, and over sources, without repetition."""
    rng = lab.rng()
    pairs = [(a, b) for a in range(len(rivals)) for b in range(len(rivals)) if a != b]
    words = {pair: words_of(explore, rivals, *pair) for pair in pairs}
    every = list(dict.fromkeys(word for pair in pairs for word in words[pair]))
    edits = edited_exemplars(lab, unit, rivals, every[:24])
    edits = [edits[at] for at in rng.permutation(len(edits))[:_TEXTS]]
    written = [text for pair in pairs for text in sentences(words[pair][:8], 2, rng)]
    made = {
        source: grid(rivals, lab.tokenize(texts))
        for source, texts in (("edit", edits), ("grammar", list(dict.fromkeys(written))))
        if texts
    }
    rows = {
        source: {text: row for row, text in enumerate(texts.windows.texts)}
        for source, texts in made.items()
    }
    cells: dict[tuple[bool, ...], dict[str, list[Candidate]]] = {}
    for pair in pairs:
        found = in_explore(explore, *pair, rng)
        for source, texts in made.items():
            found += in_texts(texts, source, *pair, rng)
        for one in found:
            values, row = explore.values, one.window
            if one.text is not None:
                values, row = made[one.source].values, rows[one.source][one.text]
            holds = tuple(bool(degree >= 0.5) for degree in values[:, row, one.place])
            cells.setdefault(holds, {}).setdefault(one.source, []).append(one)
    return _in_turn([list(sources.values()) for sources in cells.values()], many)


def _in_turn(cells: list[list[list[Candidate]]], many: int) -> list[Candidate]:
    """So many candidates, one a cell in turn, and in a cell one a source; no input twice."""
    out: list[Candidate] = []
    seen: set[Any] = set()
    while any(any(sources) for sources in cells) and len(out) < many:
        for sources in cells:
            taken = False
            while any(sources) and not taken and len(out) < many:
                queue = sources.pop(0)
                sources.append(queue)
                while queue and not taken:
                    candidate = queue.pop(0)
                    key = candidate.window if candidate.text is None else candidate.text
                    if key not in seen:
                        seen.add(key)
                        out.append(candidate)
                        taken = True
    return out


def _result(
    lab: Lab,
    unit: Unit,
    rivals: list[Hypothesis],
    found: list[Candidate],
    agreed: dict[str, Any],
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
    cells = _cells(measured, rivals)
    scores = _scores(measured, rivals)
    return Result(
        _text(lab, unit, rivals, drawn, cells, scores, agreed),
        {
            "unit": str(unit),
            "hypotheses": [r.id for r in rivals],
            "cells": cells,
            "agreed": agreed,
            "scores": scores,
            "measured": measured,
        },
    )


def _cells(measured: list[dict[str, Any]], rivals: list[Hypothesis]) -> list[dict[str, Any]]:
    """For each combination of who holds: how many inputs, and the activation there."""
    groups: dict[tuple[bool, ...], list[float]] = {}
    for entry in measured:
        key = tuple(entry["predicted"][rival.id] >= 0.5 for rival in rivals)
        if entry["value"] is not None:
            groups.setdefault(key, []).append(entry["value"])
    return [
        {
            "true": [r.id for r, holds in zip(rivals, key, strict=True) if holds],
            "count": len(values),
            "mean": float(np.mean(values)),
            "min": float(np.min(values)),
            "max": float(np.max(values)),
            "predicted": _mean_degrees(measured, rivals, key),
        }
        for key, values in sorted(groups.items(), key=lambda pair: -float(np.mean(pair[1])))
    ]


def _mean_degrees(
    measured: list[dict[str, Any]], rivals: list[Hypothesis], key: tuple[bool, ...]
) -> dict[str, float]:
    """What each rival predicts on average in one cell."""
    inside = [
        entry["predicted"]
        for entry in measured
        if tuple(entry["predicted"][rival.id] >= 0.5 for rival in rivals) == key
    ]
    return {rival.id: float(np.mean([one[rival.id] for one in inside])) for rival in rivals}


def _who(degrees: Mapping[str, float]) -> str:
    """The rivals that predict anything, with how much where it is not 1."""
    said = [
        key if degree > 0.995 else f"{key} {degree:.2g}"
        for key, degree in degrees.items()
        if degree > 0.005
    ]
    return ", ".join(said) or "none"


def _inseparable(measured: list[dict[str, Any]], rivals: list[Hypothesis]) -> str:
    """The pairs that no input told apart; empty if there is none."""
    same = [
        f"{one.id} and {other.id}"
        for one, other in combinations(rivals, 2)
        if all(abs(e["predicted"][one.id] - e["predicted"][other.id]) < 0.5 for e in measured)
    ]
    return f"no input separated {', '.join(same)}" if same else ""


def _scores(measured: list[dict[str, Any]], rivals: list[Hypothesis]) -> list[dict[str, Any]]:
    """How well each predicted the unit on these inputs alone."""
    kept = [entry for entry in measured if entry["value"] is not None]
    values = np.array([entry["value"] for entry in kept])
    out = []
    for rival in rivals:
        degrees = np.array([entry["predicted"][rival.id] for entry in kept])
        holds = degrees >= 0.5
        out.append(
            {
                "id": rival.id,
                "correlation": correlation(degrees, values),
                "holds": int(holds.sum()),
                "mean_inside": float(values[holds].mean()) if holds.any() else None,
                "mean_outside": float(values[~holds].mean()) if (~holds).any() else None,
            }
        )
    return out


def _text(
    lab: Lab,
    unit: Unit,
    rivals: list[Hypothesis],
    drawn: list[tuple[dict[str, Any], TokenWindows, int, np.ndarray]],
    cells: list[dict[str, Any]],
    scores: list[dict[str, Any]],
    agreed: dict[str, Any],
) -> str:
    values = flat(lab, unit).values
    scale = full_scale(lab, unit)
    rows = [
        f"{unit} where the rivals disagree, {len(drawn)} inputs (explore: mean "
        f"{number(float(values.mean()))}, active above {number(activity(values))}, "
        f"max {number(scale)}; {MARKS}):"
    ]
    rows += [f"{rival.id}: {rival.english}" for rival in rivals]
    for cell in cells:
        rows.append(
            f"predicted by {_who(cell['predicted'])}: mean {number(cell['mean'])} "
            f"(n={cell['count']}, {number(cell['min'])} to {number(cell['max'])})"
        )
    if agreed["count"]:
        rows.append(
            f"for comparison, explore where all of them hold: mean {number(agreed['mean'])} "
            f"(n={agreed['count']})"
        )
    rows.append(
        "correlation on these inputs: "
        + ", ".join(f"{s['id']} {number(s['correlation'])}" for s in scores)
    )
    apart = _inseparable([entry for entry, *_ in drawn], rivals)
    rows += [apart] if apart else []
    short = sorted(drawn, key=lambda entry: -(entry[0]["value"] or -np.inf))
    shown = [*short[:5], *short[-4:]] if len(short) > 9 else short
    rows.append(f"highest and lowest of the {len(short)}:" if len(short) > 9 else "inputs:")
    for entry, windows, row, line in shown:
        who = _who(entry["predicted"])
        text = snippet(windows, row, line, scale=scale, place=entry["place"], before=44, after=12)
        source = entry["source"].removeprefix("separate:")
        rows.append(f"{number(entry['value'])} ({who}; {source}): {text}")
    return "\n".join(rows)
