"""Output score (Gur-Arieh et al. 2025): does the description tell what the unit does to the output?

1. On the starts of windows of explore the unit is held at the level at which the mean KL divergence
   of the next-token distribution from the unchanged one is .25, and .5; so are units of the same
   site that fire about as often and are about as large.
2. What each does is shown as the ten tokens whose logits rise and fall most; the judge is given
   three such shifts in random order and picks the one that is described.
3. The value is the share of right picks over all pairs of other units and both levels.

The paper shows generated text; the shift of the logits is the same evidence without sampling.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ....tools.activations.unit_stats import matched
from ....tools.data.windows import surfaces
from ....tools.interventions.neutral_prompts import Openings, held_throughout, openings
from ....tools.interventions.output_change import Effect
from ....tools.lab import Lab
from ....tools.models import Unit
from ....tools.statistics.bootstrap import clustered
from ....tools.statistics.intervals import share_of
from .contract import Case, Panel, Score
from .judges import Question, ask
from .replies import one_of
from .scorer import Scorer

KLS = (0.25, 0.5)
"""Nats."""
OTHERS = 6
TOKENS = 10
LETTERS = "ABC"
_DOUBLINGS, _HALVINGS = 12, 10
_NEAR = 0.1
"""How near the divergence must come, as a share of it."""


def run(case: Case, panel: Panel, rng: np.random.Generator) -> Score:
    """Holds the unit and `OTHERS` like it, and asks about every pair of the others."""
    assert panel.judge is not None
    assert case.target is not None
    assert case.unit is not None
    target, unit = case.target, case.unit
    if target.kind != "causal" or target.site(unit.site).channels > 1:
        reason = "the output score needs a unit with one value in a causal language model"
        return Score("output", None, reason=reason)
    lab = Lab(target, case.splits.explore.windows, unit=unit, memo=case.memo)
    prompts = openings(lab)
    questions, letters, group = [], [], []
    described = case.effect or case.description
    levels: dict[str, float] = {}
    for kl in KLS:
        own = matched_shift(lab, unit, kl, prompts)
        if own is None:
            return Score("output", None, reason=f"no level of {unit} moves the output by {kl} nats")
        levels[str(kl)] = own.level
        result = [matched_shift(lab, other, kl, prompts) for other in matched(lab, unit, OTHERS)]
        others = [shift for shift in result if shift is not None]
        for pair in combinations(others, 2):
            order = rng.permutation(3)
            shifts = [own.tokens, *(other.tokens for other in pair)]
            options = {letter: shifts[at] for letter, at in zip(LETTERS, order, strict=True)}
            questions.append(Question("output", {"description": described, "shifts": options}))
            letters.append(LETTERS[int(np.flatnonzero(order == 0)[0])])
            group.append(len(group))
    if not questions:
        return Score("output", None, reason="fewer than two other units move the output as much")
    answers = [one_of(answer, LETTERS) for answer in ask(panel.judge, questions)]
    right = np.array([given == letter for given, letter in zip(answers, letters, strict=True)])
    return Score.of(
        "output",
        clustered(share_of, np.array(group), right, rng=rng),
        len(questions),
        answers.count(None),
        levels=levels,
    )


class Shift(NamedTuple):
    """What holding a unit does."""

    level: float
    kl: float
    tokens: dict[str, list[str]]
    """Tokens that are `promoted` and `suppressed` most."""


def matched_shift(lab: Lab, unit: Unit, kl: float, prompts: Openings) -> Shift | None:
    """The unit held where the mean KL is `kl`; None if no level reaches it. Measured once."""
    key = ("matched shift", unit, kl)
    if key not in lab.memo:
        lab.memo[key] = _matched_shift(lab, unit, kl, prompts)
    return lab.memo[key]


def _matched_shift(lab: Lab, unit: Unit, kl: float, prompts: Openings) -> Shift | None:
    """Doubles the level until the divergence is large enough, then bisects."""
    low, level = 0.0, max(float(np.nanmax(lab.column(unit))), 1e-3)
    result = held_throughout(lab, unit, level, prompts)
    for _ in range(_DOUBLINGS):
        if _size(result) >= kl:
            break
        low, level = level, 2 * level
        result = held_throughout(lab, unit, level, prompts)
    high = level
    for _ in range(_HALVINGS):
        if abs(_size(result) - kl) < _NEAR * kl / 2:
            break
        low, high = (low, level) if _size(result) >= kl else (level, high)
        level = (low + high) / 2
        result = held_throughout(lab, unit, level, prompts)
    if abs(_size(result) - kl) > _NEAR * kl:
        return None
    names = surfaces(lab.target)
    change = np.mean([effect.change for effect in result], 0)[: len(names)]  # of log-probabilities
    order = np.argsort(-change, kind="stable")
    tokens = {
        "promoted": [names[at] for at in order[:TOKENS]],
        "suppressed": [names[at] for at in order[::-1][:TOKENS]],
    }
    return Shift(level, _size(result), tokens)


def _size(result: Sequence[Effect]) -> float:
    return float(np.mean([effect.size for effect in result]))


SCORER = Scorer(
    "output",
    needs=("judge", "target"),
    source="output score (Gur-Arieh et al. 2025)",
    value="share of right picks among three shifts of the output",
    chance=1 / 3,
    run=run,
)
