"""What one unit does to the output: is it needed, is it enough, how does its effect arise, and what
else does it.

1. The test: necessity and sufficiency beside matched units, by the rule of `causal_rule`.
2. Inputs in two halves (prompts by document, pictures in turn): one names the words or classes, the
   other gives every figure.
3. Sufficiency: on neutral inputs it is held at three of its own percentiles: a dose-response curve.
   On text at the places where it is not active; in pictures by maps that it really has.
4. Necessity: where it peaks it is resampled; on text the change is read at the peak.
5. Words: the tokens that rise most by holding it, on the first half, for the length of their
   unembedding row; on an encoder, lexicon words along the change of the output embedding; the
   classes of a vision model.
6. Score, on the second half: how well the change tells these words from those of random units
   (AUROC), beside the score that matched units reach with words of their own (p).
7. Direct beside total (text): the rise again with the sub-layers of all later blocks held at what
   they gave (path patching), over the measured rise.
8. Redundancy (text): the unit removed together with others that write the same way.
9. Vocabulary projection (language models, where asked for): the tokens that its write vector
   favours by itself.
"""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np

from ..activations.unit_stats import LEVELS, TOPS, mean_direction, peaks, profile, strongest
from ..errors import UsageError
from ..evidence import Result
from ..interventions.matched_control import measure_name
from ..interventions.neutral_pictures import NeutralPictures
from ..interventions.neutral_prompts import NeutralPrompts, held_throughout, openings
from ..interventions.output_change import (
    ChangedRow,
    Effect,
    has_classes,
    later_sublayers,
    measure,
    over_mean,
)
from ..interventions.redundancy import redundant_pairs
from ..interventions.strength import PEAKS, NeutralInputs, Strength, causal_test, neutral_inputs
from ..lab import Lab
from ..lens.lexicon_words import neighbours
from ..lens.projection import token_ends, unit_logits
from ..models import Unit
from ..registry import UpTo, tool
from ..render.effect import effect_text, held_text, projection_lines
from ..render.picture_words import class_name
from ..statistics.bootstrap import mean_interval
from ..statistics.causal_rule import Causal, p_of
from ..statistics.permutation import percentile

_PICTURES = 24
"""Strongest pictures on which a unit is resampled."""
_DRAWS = 500


class Halves(NamedTuple):
    """What cases did, on the half that names words (0) and the half that scores them (1)."""

    effects: Sequence[Effect]
    half: Sequence[int]

    def of(self, side: int) -> list[Effect]:
        """One half; all where it is empty."""
        part = [
            effect for effect, half in zip(self.effects, self.half, strict=True) if half == side
        ]
        return part or list(self.effects)

    def change(self, side: int) -> np.ndarray | None:
        """`[output]` mean over one half; None where there is nothing."""
        part = self.of(side)
        return np.mean([effect.change for effect in part], axis=0) if part else None

    @property
    def size(self) -> float:
        """Mean size on the scoring half."""
        part = self.of(1)
        return float(np.mean([effect.size for effect in part])) if part else 0.0


class _Reading:
    """A change of the output as the change of the unit's own words."""

    def __init__(self, inputs: NeutralInputs, names: Sequence[str], words: np.ndarray) -> None:
        self.inputs, self.names, self.words = inputs, names, words

    def of(self, change: np.ndarray | None) -> float | None:
        """Mean over the words."""
        return None if change is None else float(self.inputs.read(change)[self.words].mean())

    def interval(self, found: Halves) -> list[float] | None:
        """95%, bootstrapped over the inputs of the scoring half."""
        each = [self.of(e.change) for e, h in zip(found.effects, found.half, strict=True) if h == 1]
        known = mean_interval(np.array(each, float), resamples=_DRAWS)
        return None if known is None else list(known)


@tool(needs=("text", "words"))
def unit_effect(
    lab: Lab, unit: str | None = None, *, projection: Annotated[int, UpTo(25, 0)] = 0
) -> Result:
    """Measures what the unit does to the output, with a verdict beside matched units: the words it
    promotes and suppresses, its direct effect, redundant units.

    Necessity: resampled where it is active. Sufficiency: held at its own 50th, 99th and 99.9th
    percentile where it is not active. Both ranked among 39 matched units, which gives the verdict.
    The words are found on half of the texts and scored on the other half; a redundant unit does
    the same.

    Args:
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        projection: Also list so many tokens that its weights write toward and away from.
    """
    chosen = lab.chosen(unit)
    if lab.target.kind == "module":
        raise UsageError(
            f"{lab.target.name} is neither a language model nor an encoder, so its output has no "
            "words to promote; use ablate"
        )
    inputs = NeutralPrompts(lab)
    if not inputs.held(chosen):
        raise UsageError(f"{chosen} is active at every place of the neutral prompts; use ablate")
    spots = peaks(lab, (chosen,), TOPS)
    half = inputs.halves_of([row for row, _ in spots])
    curve = _curve(inputs, chosen)
    top = curve[-1]
    removed = Halves(measure(lab, lab.explore, inputs.resampled(chosen, TOPS)), half)
    data, words = _measured(inputs, chosen, inputs.words.names, curve, removed)
    held = inputs.held(chosen)
    scoring = [row for (row, _), side in zip(spots, half, strict=True) if side == 1]
    data["prompts"] |= {
        "scoring": top.half.count(1) + len(scoring),
        "disjoint": inputs.disjoint,
        "windows": {
            name: sorted(
                {inputs.rows[case.row] for case in held if inputs.half(case) == side}
                | {row for row in scoring if side == 1}
            )
            for side, name in enumerate(("writing", "scoring"))
        },
    }
    data["direct"] = direct = _direct(inputs, chosen, held, words)
    raised = data["raised"]
    data["direct_share"] = None if direct is None or abs(raised) < 1e-9 else direct / raised
    data["redundant"] = [
        pair.as_dict() for pair in redundant_pairs(inputs, chosen, spots, words.words)
    ]
    lines = [effect_text(data)]
    change = top.change(1)
    if projection and lab.target.kind == "causal" and change is not None:
        data["projection"] = _projection(lab, chosen, change, projection)
        lines += projection_lines(data["projection"])
    return Result("\n".join(lines), data)


@tool(name="unit_effect", needs=("image",))
def unit_effect_pictures(
    lab: Lab, unit: str | None = None, *, projection: Annotated[int, UpTo(25, 0)] = 0
) -> Result:
    """Measures what the unit does to the model's classes, with a verdict beside matched units.

    Necessity: resampled where it is active. Sufficiency: its own activation maps put into pictures
    where it is not active, at its 50th, 90th and 99th percentile. Both ranked among 39 matched
    units, which gives the verdict. The classes that it promotes and suppresses are found on half
    of the pictures and scored on the other half.

    Args:
        unit: The unit, such as conv.3/7; left out: the unit under study.
        projection: For language models only.
    """
    chosen = lab.chosen(unit)
    if not has_classes(lab.target):
        raise UsageError(
            f"{lab.target.name} gives no classes, so there is nothing to promote; use "
            "ablate_pictures, which measures how far its output turns"
        )
    inputs = NeutralPictures(lab)
    tops = strongest(lab, chosen, _PICTURES)
    if not tops:
        raise UsageError(f"{chosen} is above 0 on no picture of explore, so it has no effect there")
    if len(inputs.rows(chosen)) < 2:
        raise UsageError("explore has too few pictures to measure an effect on; use more")
    cases = inputs.resampled(chosen, _PICTURES)
    removed = Halves(measure(lab, inputs.explore, cases), [inputs.half(case) for case in cases])
    names = [class_name(lab.target, i) for i in range(inputs.width)]
    data, _ = _measured(inputs, chosen, names, _curve(inputs, chosen), removed)
    data |= {"direct": None, "direct_share": None, "redundant": []}
    return Result(effect_text(data), data)


@tool(needs=("text",), retired=True)
def output_effect(
    lab: Lab, unit: str | None = None, *, many: Annotated[int, UpTo(25)] = 8
) -> Result:
    """Measures the tokens that the unit promotes directly, and what holding it at high activations
    at every place of neutral prompts does. Recorded investigations have it; `unit_effect` gives
    the same verdict and, with `projection`, the same tokens.

    Args:
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        many: How many tokens or words to list on each side.
    """
    return _held(lab, lab.chosen(unit), many)


def _curve(inputs: NeutralInputs, unit: Unit) -> list[Halves]:
    """The unit held at each level: all inputs at the highest, which names words, and those that
    score them at the others."""
    out = []
    for level in range(len(inputs.levels)):
        cases = inputs.held(unit, level)
        if level + 1 < len(inputs.levels):
            cases = [case for case in cases if inputs.half(case) == 1] or cases
        effects = measure(inputs.lab, inputs.neutral, cases)
        out.append(Halves(effects, [inputs.half(case) for case in cases]))
    return out


def _measured(
    inputs: NeutralInputs,
    unit: Unit,
    names: Sequence[str],
    curve: Sequence[Halves],
    removed: Halves,
) -> tuple[dict[str, Any], _Reading]:
    """What the payloads of text and pictures share, and the words that were named."""
    top, tested = curve[-1], causal_test(inputs, unit)
    causal, own, others = tested
    nothing = np.zeros(inputs.width)
    rise = [nothing if (change := top.change(side)) is None else change for side in (0, 1)]
    up, down = inputs.top(rise[0]), inputs.top(-rise[0])
    read = _Reading(inputs, names, up)
    raised = read.of(rise[1])
    data = {
        "unit": str(unit),
        "measure": measure_name(inputs.lab),
        **_verdict(causal),
        "prompts": {"writing": top.half.count(0), "scoring": top.half.count(1)},
        "sufficiency": [
            {
                "percentile": 100 * level,
                "value": value,
                "size": result.size,
                "raised": read.of(result.change(1)) or 0.0,
                "interval": read.interval(result),
            }
            for level, value, result in zip(
                inputs.levels, inputs.values_held(unit), curve, strict=True
            )
        ],
        "necessity": {
            "windows": removed.half.count(1),
            "peaks": min(PEAKS, len(removed.effects)),
            "size": own.needed,
            "controls": [one.needed for one in others],
            "change": read.of(removed.change(1)),
            "interval": read.interval(removed),
            "p": causal.necessity.p,
            "percentile": percentile(own.needed, [one.needed for one in others]),
        },
        **_held_beside(causal, own, others),
        "raised": raised,
        "held_out": own.score,
        "held_out_p": p_of(own.score, [one.score for one in others]),
        "held_out_median": float(np.median([one.score for one in others])) if others else None,
    }
    first, second = (inputs.read(change) for change in rise)
    for name, words in (("promoted", up), ("suppressed", down)):
        data[name] = [
            {"token": names[i], "value": float(second[i]), "writing": float(first[i])}
            for i in words.tolist()
        ]
    return data, read


def _verdict(causal: Causal) -> dict[str, Any]:
    return {"verdict": causal.verdict, "test": causal.as_dict()}


def _held_beside(causal: Causal, own: Strength, others: Sequence[Strength]) -> dict[str, Any]:
    """The size of holding the unit high beside the same of matched units."""
    sizes = [one.held for one in others]
    return {
        "controls": sizes,
        "p": causal.sufficiency.p,
        "percentile": percentile(own.held, sizes),
    }


def _direct(
    inputs: NeutralPrompts, unit: Unit, held: Sequence[ChangedRow], words: _Reading
) -> float | None:
    """The rise of the words along the direct path, on the scoring half."""
    freeze = later_sublayers(inputs.lab.target, unit.site)
    scoring = [case for case in held if inputs.half(case) == 1]
    if freeze is None or not scoring:
        return None
    effects = measure(inputs.lab, inputs.neutral, scoring, freeze=freeze)
    return words.of(np.mean([effect.change for effect in effects], axis=0))


def _held(lab: Lab, unit: Unit, n: int) -> Result:
    """The unit held at its percentiles at every place of neutral prompts, with the verdict."""
    levels = profile(lab, unit.site, unit.sign).levels[:, unit.index]
    prompts = openings(lab)
    curve = [held_throughout(lab, unit, float(level), prompts) for level in levels]
    causal, own, others = causal_test(neutral_inputs(lab), unit)
    data: dict[str, Any] = {
        "unit": str(unit),
        "measure": measure_name(lab),
        **_verdict(causal),
        "levels": [
            {
                "quantile": level,
                "value": float(value),
                "size": float(np.mean([effect.size for effect in effects])),
            }
            for level, value, effects in zip(LEVELS, levels, curve, strict=True)
        ],
        **_held_beside(causal, own, others),
        "promoted": [],
        "suppressed": [],
    }
    change = np.mean([effect.change for effect in curve[-1]], axis=0)
    if lab.target.kind == "causal":
        data["direct"] = _projection(lab, unit, change, n)
        data["promoted"], data["suppressed"] = _ends(lab, over_mean(change), n)
    elif lab.target.kind == "encoder":
        result = neighbours(lab, change, n)
        data["promoted"] = [near._asdict() for near in result.toward]
        data["suppressed"] = [near._asdict() for near in result.away]
    return Result(held_text(data, len(prompts.places)), data)


def _projection(lab: Lab, unit: Unit, change: np.ndarray, n: int) -> dict[str, Any] | None:
    """The tokens at both ends of the vocabulary projection, and how it goes with a measured change;
    None where what the unit writes cannot be read off its site."""
    direct = unit_logits(lab.target, unit, unit.sign * mean_direction(lab, unit))
    if direct is None:
        return None
    up, down = _ends(lab, direct, n)
    moves = min(float(direct.std()), float(change.std())) > 0
    agreement = float(np.corrcoef(direct, change)[0, 1]) if moves else 0.0
    return {"promoted": up, "suppressed": down, "agreement": agreement}


def _ends(lab: Lab, values: np.ndarray, n: int) -> tuple[list[dict], list[dict]]:
    """The tokens with the highest and with the lowest values."""
    high, low = (
        [{"token": token, "value": value} for token, value in side]
        for side in token_ends(lab.target, values, n)
    )
    return high, low
