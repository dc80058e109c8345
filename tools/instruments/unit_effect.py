"""What one unit does: is it needed, is it enough, how does its effect arise, and what else does it.

1. The test: necessity and sufficiency beside matched units, by the rule of `causal_rule`.
2. Prompts, split by document into two halves: one names the words, the other gives every figure.
3. Sufficiency: on neutral prompts (drawn without looking at the unit) it is held at its own 50th,
   99th and 99.9th percentile at the places where it is not active: a dose-response curve.
4. Necessity: in the windows where it peaks it is resampled; the change is read at the peak.
5. Words: the tokens that rise most by holding it, on the first half, for the length of their
   unembedding row (long rows move with anything, short ones with little); on an encoder, lexicon
   words along the change of the output embedding.
6. Score, on the second half: how well the change tells these words from those of random units
   (AUROC), beside the score that matched units reach with words of their own (p).
7. Direct beside total: the rise again with the sub-layers of all later blocks held at what they
   gave (path patching), over the measured rise.
8. Redundancy: the unit removed together with others that write the same way (see `redundancy`).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..activations.unit_stats import LEVELS, TOPS, Profile, peaks, profile
from ..errors import UsageError
from ..evidence import Result
from ..interventions.effect_rows import Row, Shift, later_sublayers, measure_rows
from ..interventions.matched_control import measure_name
from ..interventions.neutral_prompts import PEAKS, Bench, Words, causal_test, levels_of, resampled
from ..interventions.redundancy import redundancy
from ..lab import Lab
from ..models import Unit
from ..registry import tool
from ..render.effect import effect_text
from ..statistics.bootstrap import mean_interval
from ..statistics.causal_rule import p_of, percentile


@tool(needs=("text",))
def unit_effect(lab: Lab, unit: str | None = None) -> Result:
    """Measures what the unit does to the model's output, with a verdict beside matched units: the
    words it promotes and suppresses, its direct effect, redundant units.

    Necessity: resampled where it is active. Sufficiency: held at its own 50th, 99th and 99.9th
    percentile where it is not active. Both ranked among 39 matched units, which gives the verdict.
    The words are found on half of the texts and scored on the other half; a redundant unit does
    the same.

    Args:
        unit: The unit, such as mlp.3/7; left out: the unit under study.
    """
    chosen = lab.chosen(unit)
    if lab.target.kind == "module":
        raise UsageError(
            f"{lab.target.name} is neither a language model nor an encoder, so its output has no "
            "words to promote; use ablate or output_effect"
        )
    bench = Bench(lab)
    known = profile(lab, chosen.site, chosen.sign)
    held = bench.held(chosen, known)
    if not held:
        raise UsageError(f"{chosen} is active at every place of the neutral prompts; use ablate")
    spots = peaks(lab, (chosen,), TOPS)
    half = bench.split(spots)
    by_level: dict[float, tuple[list[Row], list[Shift]]] = {}
    for at, level in zip(LEVELS, levels_of(known, chosen.index), strict=True):
        rows = bench.holding(chosen, held, level)
        if at != LEVELS[-1]:  # words are named at the highest level alone
            rows = [row for row in rows if bench.half[row.row] == 1] or rows
        by_level[at] = rows, measure_rows(lab, bench.windows, rows)
    removed = measure_rows(lab, lab.explore, [resampled(lab, chosen, spot) for spot in spots])
    halves = [[int(bench.half[row.row]) for row in rows] for rows, _ in by_level.values()]
    top_rows, top = by_level[LEVELS[-1]]
    rise = [_mean(top, halves[-1], side) for side in (0, 1)]  # [word] each
    fall = _mean(removed, half, 1)
    words = bench.words
    up, down = words.top(rise[0]), words.top(-rise[0])
    tested, own, others = causal_test(lab, chosen)
    raised = float(words.of(rise[1])[up].mean())
    direct = _direct(lab, chosen, bench, top_rows, halves[-1], up)
    pairs = redundancy(lab, chosen, spots, up)
    data = {
        "unit": str(chosen),
        "measure": measure_name(lab),
        "verdict": tested.verdict,
        "test": tested.as_dict(),
        "prompts": {
            "writing": sum(h == 0 for h in halves[-1]),
            "scoring": sum(h == 1 for h in halves[-1]) + half.count(1),
            "disjoint": bench.disjoint,
            "windows": {
                name: sorted(
                    {
                        bench.rows[r.row]
                        for r, h in zip(top_rows, halves[-1], strict=True)
                        if h == at
                    }
                    | {row for (row, _), h in zip(spots, half, strict=True) if h == at == 1}
                )
                for at, name in enumerate(("writing", "scoring"))
            },
        },
        "sufficiency": _curve(known, chosen, by_level, halves, words, up),
        "necessity": {
            "windows": half.count(1),
            "peaks": min(PEAKS, len(spots)),
            "size": own.needed,
            "controls": [other.needed for other in others],
            "change": None if fall is None else float(words.of(fall)[up].mean()),
            "interval": _interval(removed, half, words, up),
            "p": tested.necessity.p,
            "percentile": percentile(own.needed, [other.needed for other in others]),
        },
        "controls": [other.held for other in others],
        "p": tested.sufficiency.p,
        "percentile": percentile(own.held, [other.held for other in others]),
        "raised": raised,
        "direct": direct,
        "direct_share": None if direct is None or abs(raised) < 1e-9 else direct / raised,
        "held_out": own.score,
        "held_out_p": p_of(own.score, [other.score for other in others]),
        "held_out_median": float(np.median([o.score for o in others])) if others else None,
        "promoted": _listed(words, up, rise),
        "suppressed": _listed(words, down, rise),
        "redundant": [one.as_dict() for one in pairs],
    }
    return Result(effect_text(lab, data), data)


def _direct(
    lab: Lab, unit: Unit, bench: Bench, rows: Sequence[Row], half: Sequence[int], up: np.ndarray
) -> float | None:
    """The rise of the words along the direct path, on the scoring half."""
    freeze = later_sublayers(lab.target, unit.site)
    if freeze is None:
        return None
    scoring = [row for row, side in zip(rows, half, strict=True) if side == 1]
    if not scoring:
        return None
    found = measure_rows(lab, bench.windows, scoring, freeze=freeze)
    change = np.mean([shift.change for shift in found], axis=0)
    return float(bench.words.of(change)[up].mean())


def _mean(shifts: Sequence[Shift], half: Sequence[int], side: int) -> Any:
    """Mean change over one half; over all where a half is empty; None where there is nothing."""
    part = [s.change for s, h in zip(shifts, half, strict=True) if h == side]
    part = part or [s.change for s in shifts]
    return np.mean(part, axis=0) if part else None


def _size(shifts: Sequence[Shift], half: Sequence[int]) -> float:
    part = [s.size for s, h in zip(shifts, half, strict=True) if h == 1] or [s.size for s in shifts]
    return float(np.mean(part)) if part else 0.0


def _interval(
    shifts: Sequence[Shift], half: Sequence[int], words: Words, up: np.ndarray
) -> list[float] | None:
    """95% of the words' change, bootstrapped over windows of the scoring half."""
    each = [words.of(s.change)[up].mean() for s, h in zip(shifts, half, strict=True) if h == 1]
    found = mean_interval(each, resamples=500)
    return None if found is None else list(found)


def _curve(
    known: Profile,
    unit: Unit,
    by_level: dict[float, tuple[list[Row], list[Shift]]],
    halves: Sequence[Sequence[int]],
    words: Words,
    up: np.ndarray,
) -> list[dict[str, Any]]:
    """The dose-response curve, on the scoring half."""
    found = []
    levels = levels_of(known, unit.index)
    for (at, (_, shifts)), half, level in zip(by_level.items(), halves, levels, strict=True):
        change = words.of(_mean(shifts, half, 1))
        interval = _interval(shifts, half, words, up)
        found.append(
            {
                "percentile": 100 * at,
                "value": level,
                "size": _size(shifts, half),
                "raised": float(change[up].mean()),
                "interval": interval,
            }
        )
    return found


def _listed(words: Words, order: np.ndarray, rise: Sequence[np.ndarray]) -> list[dict[str, Any]]:
    """The words with their rise on both halves."""
    first, second = words.of(rise[0]), words.of(rise[1])
    return [
        {"token": words.names[at], "value": float(second[at]), "writing": float(first[at])}
        for at in order.tolist()
    ]
