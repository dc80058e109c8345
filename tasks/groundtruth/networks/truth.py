"""Which units of a network have a known function: found by a program from the data, before any
unit is described.

1. All units of the hidden sites are measured on strings that nothing else sees. A unit is **known**
   where it, or whether it is on (above 0: they are ReLUs), correlates with a named variable
   (`variables.py`) by `KNOWN` or more on one draw, and again on a second draw. Of several
   variables the one that takes least to say is its name; all that reach `KNOWN` count as true.
2. Each known unit is put at its mean at every place (mean ablation), on the second draw: the rise
   of the network's loss, with an interval over strings. `needed` where that is above 0.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from ....tools.data.windows import TokenWindows, cut
from ....tools.lab import measure
from ....tools.models import Target
from ....tools.models.intervention import Intervention, clamp
from ....tools.models.unit import Unit
from ....tools.statistics.intervals import mean
from .strings import answers, rows
from .variables import Variable, variables

KNOWN = 0.95
"""Correlation from which a unit computes a variable."""
NONE = 0.8
"""Below this correlation with every variable a unit computes none of them."""
ON = 1e-3
STRINGS = 400
FIRST, SECOND = 2_000_003, 3_000_017
"""Seeds of the two draws; training has seeds under 100, descriptions others again."""
SITES = {
    "brackets": ("hidden",),
    "sorter": ("mlp.0", "mlp.1", "hidden"),
    "counter": ("rnn",),
}
"""Hidden sites of the networks; of an organism they are its `mlp.N`."""


class Known(NamedTuple):
    """A unit whose function is known."""

    unit: str
    """With a trailing `-` where it falls as the variable rises."""
    variables: tuple[str, ...]
    """What it computes, in every way that holds; the first takes least to say."""
    kind: str
    """token, position or algorithm, of the first."""
    correlation: float
    """With the first, on the second draw."""
    rise: dict[str, Any]
    """Of the network's loss where the unit stands at its mean: value, low, high, n; of heads
    nothing: they stand in for each other."""

    @property
    def needed(self) -> bool:
        """Whether the network computes worse without it."""
        return self.rise.get("low", 0.0) > 0


class Truth(NamedTuple):
    """What is known of one network."""

    network: str
    known: tuple[Known, ...]
    none: tuple[str, ...]
    """Units that vary and go with no variable."""
    units: int
    """All that vary, of the hidden sites."""


class Draw(NamedTuple):
    """Strings with the variables and the units on them."""

    texts: list[str]
    windows: TokenWindows
    variables: list[Variable]
    units: np.ndarray
    """float32 `[unit, place]`, strings one after the other."""


def draw(
    target: Target, network: str, units: Sequence[Unit], seed: int, *, held_out: bool = False
) -> Draw:
    """Fresh strings of a network, what may be computed there and what units do."""
    texts = rows(network, STRINGS, seed, held_out=held_out)
    windows = cut(target, texts, length=target.context_length, document_per_row=True)
    values = measure(target, windows, units)[:, windows.counted]
    return Draw(texts, windows, variables(network, texts), values)


def truth_of(target: Target, network: str) -> Truth:
    """The known units of a network.

    Args:
        target: The network, trained or not.
        network: `brackets`, `sorter`, `counter`, or an organism.
    """
    sites = SITES.get(network) or [name for name in target.sites if name.startswith("mlp.")]
    every = [Unit(site, i) for site in sites for i in range(target.site(site).units)]
    first = draw(target, network, every, FIRST)
    second = draw(target, network, every, SECOND, held_out=True)
    names = [one.name for one in second.variables]
    shared = [one for one in first.variables if one.name in set(names)]
    again = [second.variables[names.index(one.name)] for one in shared]
    one, two = (
        _agreement(draw.units, np.stack([each.values for each in those]))
        for draw, those in ((first, shared), (second, again))
    )  # [unit, variable]
    both = np.where(np.sign(one) == np.sign(two), np.minimum(abs(one), abs(two)), 0)
    varying = second.units.std(1) > 1e-6
    known, none = [], []
    for i in np.flatnonzero(varying):
        holds = np.flatnonzero(both[i] >= KNOWN)
        if not len(holds):
            if max(abs(one[i]).max(), abs(two[i]).max()) < NONE:
                none.append(str(every[i]))
            continue
        # one sign for all of them: that of the best
        sign = int(np.sign(two[i, holds[both[i, holds].argmax()]]))
        holds = [j for j in holds if np.sign(two[i, j]) == sign]
        holds.sort(key=lambda j: (shared[j].steps, -both[i, j]))
        unit = Unit(every[i].site, every[i].index, sign)
        known.append((unit, [shared[j] for j in holds], float(abs(two[i, holds[0]]))))
    rises = _rises(target, network, second.texts, [unit for unit, *_ in known])
    return Truth(
        network,
        tuple(
            Known(str(unit), tuple(one.name for one in found), found[0].kind, round(r, 4), rise)
            for (unit, found, r), rise in zip(known, rises, strict=True)
        ),
        tuple(none),
        int(varying.sum()),
    )


def _agreement(units: np.ndarray, variables: np.ndarray) -> np.ndarray:
    """The correlation of each unit with each variable, or of whether it is on, where that is more:
    `[unit, variable]`."""
    plain, on = (correlations(each, variables) for each in (units, units > ON))
    return np.where(abs(on) > abs(plain), on, plain)


def correlations(units: np.ndarray, variables: np.ndarray) -> np.ndarray:
    """`[unit, variable]` from values `[unit, place]` and `[variable, place]`; 0 for constants."""

    def standard(x: np.ndarray) -> np.ndarray:
        x = x - x.mean(1, keepdims=True, dtype=np.float64)
        return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)

    return standard(units) @ standard(variables).T


def _rises(
    target: Target, network: str, texts: Sequence[str], units: Sequence[Unit]
) -> list[dict[str, Any]]:
    """How much the loss of a string rises where a unit stands at its mean, by unit."""
    if not units:
        return []
    windows = cut(target, texts, length=target.context_length, document_per_row=True)
    values = measure(target, windows, units)  # [unit, window, place]
    before = _losses(target, network, texts, windows, ())
    found = []
    for unit, own in zip(units, values, strict=True):
        level = unit.sign * float(np.nanmean(own))
        edit = clamp(unit.site, [unit.index], level)
        rise = _losses(target, network, texts, windows, (edit,)) - before  # [string]
        found.append(mean(rise))
    return found


def _losses(
    target: Target,
    network: str,
    texts: Sequence[str],
    windows: TokenWindows,
    edits: Sequence[Intervention],
) -> np.ndarray:
    """Cross-entropy of each string, where something is asked: float64 `[string]`."""
    logits = target.trace(windows, interventions=edits).output
    assert logits is not None
    losses = []
    for row, truth in zip(logits, answers(network, texts), strict=True):
        given = row[None] if row.ndim == 1 else row[: len(truth)]  # [answer, class]
        asked = torch.from_numpy(truth).long()
        losses.append(functional.cross_entropy(given.cpu(), asked, ignore_index=-1).item())
    return np.array(losses)
