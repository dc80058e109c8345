"""What a unit does to the output when it is strong.

1. Its vocabulary projection (language models): the tokens its write vector favours directly.
2. Measured: on neutral prompts, drawn from explore without looking at the unit, the unit is held
   at its own median, 99th and 99.9th percentile at every place, and the output is compared with
   the unchanged one (TokenChange of Gur-Arieh et al. 2025, but at the unit's own levels).
3. Whether that is more than matched units do is told by the test of `causal_rule` alone, which
   `unit_effect` shares.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import torch

from ..activations.unit_stats import LEVELS, mean_direction, profile
from ..data.windows import TokenWindows, surfaces
from ..evidence import Result
from ..interventions.matched_control import measure_name
from ..interventions.neutral_prompts import causal_test
from ..interventions.output_change import Case, Effects, measure_effects, narrow
from ..lab import Lab
from ..lens.lexicon_words import neighbours
from ..lens.write_vector import projection, write_vector
from ..models import Unit, clamp
from ..registry import UpTo, tool
from ..render.effect import verdict_line
from ..render.text import number, quoted
from ..statistics.association import pearson
from ..statistics.causal_rule import percentile

_PROMPTS = 8
_WIDTH = 24
"""Tokens of a neutral prompt: the start of a window."""


@tool(needs=("text",))
def output_effect(
    lab: Lab, unit: str | None = None, *, many: Annotated[int, UpTo(25)] = 8
) -> Result:
    """Measures the tokens that the unit promotes and suppresses directly (encoders: the words its
    output moves toward), and what holding it at high activations does; with that verdict.

    It is held at its own high activations on neutral prompts, and the verdict of unit_effect says
    whether that is more than matched units do.

    Args:
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        many: How many tokens or words to list on each side.
    """
    chosen = lab.chosen(unit)
    known = profile(lab, chosen.site, chosen.sign)
    levels = known.levels[:, chosen.index]
    windows, rows = _neutral(lab)
    direction = mean_direction(lab, chosen)
    by_level = [_held(lab, chosen, float(level), windows, rows) for level in levels]
    strongest = by_level[-1]
    tested, own, others = causal_test(lab, chosen)
    data: dict[str, Any] = {
        "unit": str(chosen),
        "measure": measure_name(lab),
        "verdict": tested.verdict,
        "test": tested.as_dict(),
        "levels": [
            {"quantile": at, "value": float(level), "size": _mean(found)}
            for at, level, found in zip(LEVELS, levels, by_level, strict=True)
        ],
        "controls": [other.held for other in others],
        "percentile": percentile(own.held, [other.held for other in others]),
        "p": tested.sufficiency.p,
    }
    lines = [
        f"{chosen} held at its own levels at every place of {len(rows)} neutral prompts; "
        f"{measure_name(lab)}: "
        + ", ".join(
            f"held at about {number(float(level))} (its percentile {100 * at:g}): "
            f"{number(_mean(found))}"
            for at, level, found in zip(LEVELS, levels, by_level, strict=True)
        ),
        verdict_line(data),
    ]
    if lab.target.kind == "causal":
        lines += _tokens(lab, chosen, direction, strongest, many, data)
    elif lab.target.kind == "encoder":
        found = neighbours(lab, strongest.shift, many)
        data["promoted"] = [near._asdict() for near in found.toward]
        data["suppressed"] = [near._asdict() for near in found.away]
        lines.append("moves the embedding toward (cosine): " + _near(found.toward))
        lines.append("and away from: " + _near(found.away))
    else:
        data |= {"promoted": [], "suppressed": []}
    return Result("\n".join(lines), data)


def _tokens(
    lab: Lab, unit: Unit, direction: np.ndarray, found: Effects, many: int, data: dict[str, Any]
) -> list[str]:
    """Directly and as measured: the tokens at both ends."""
    lines = []
    site = lab.target.site(unit.site)
    assert found.logits is not None
    vector = write_vector(lab.target, site, unit.index, unit.sign * direction)
    direct = None if vector is None else projection(lab.target, vector)
    if direct is None:
        data["direct"] = None
        lines.append("no vocabulary projection: what the unit writes cannot be read off its site")
    else:
        up, down = _ends(lab, direct, many)
        agree = pearson(direct, found.logits)
        data["direct"] = {"promoted": up, "suppressed": down, "agreement": agree}
        lines.append("vocabulary projection promotes: " + _list(up))
        lines.append("and suppresses: " + _list(down))
    up, down = _ends(lab, found.logits, many)
    data |= {"promoted": up, "suppressed": down}
    lines.append("measured at 99.9%, mean change of logit: " + _list(up))
    lines.append("and: " + _list(down))
    if direct is not None:
        agreement = number(data["direct"]["agreement"])
        lines.append(f"projection and measured change correlate {agreement} over the vocabulary")
    return lines


def _ends(lab: Lab, values: np.ndarray, many: int) -> tuple[list[dict], list[dict]]:
    names = surfaces(lab.target)
    order = np.argsort(-values[: len(names)], kind="stable")
    both = []
    for side in (order[:many], order[::-1][:many]):
        both.append([{"token": names[at], "value": float(values[at])} for at in side])
    return both[0], both[1]


def _list(tokens: list[dict]) -> str:
    return ", ".join(f"{quoted(entry['token'])} {entry['value']:+.2g}" for entry in tokens)


def _near(words: Sequence[Any]) -> str:
    return ", ".join(f"{near.word} {number(near.cosine)}" for near in words)


def _mean(found: Effects) -> float:
    return float(np.mean([effect.size for effect in found.each]))


def _neutral(lab: Lab) -> tuple[TokenWindows, list[tuple[int, int]]]:
    """The start of windows of explore with the first counted place; the same for all units."""
    rng = np.random.default_rng([lab.seed, 13])
    full = np.flatnonzero(lab.explore.counted.sum(1) >= min(8, lab.explore.counted.sum(1).max()))
    chosen = np.sort(rng.permutation(full)[:_PROMPTS])
    windows = narrow(lab.explore.rows(chosen), _WIDTH)
    return windows, [(at, int(windows.counted[at].argmax())) for at in range(len(windows))]


def _held(
    lab: Lab, unit: Unit, level: float, windows: TokenWindows, rows: Sequence[tuple[int, int]]
) -> Effects:
    """The effect of holding a unit at a level at every place."""
    held: float | torch.Tensor = unit.sign * level
    if lab.target.site(unit.site).channels > 1:
        value = level * mean_direction(lab, unit)  # [channel]
        held = torch.as_tensor(value, dtype=torch.float32)[None, None, None]  # [1, 1, 1, channel]
    change = clamp(unit.site, [unit.index], held)
    cases = []
    for row, place in rows:
        length = int(windows.attended[row].sum())
        cases.append(Case(row, place, (change.at(places=range(length)),)))
    return measure_effects(lab, windows, cases)
