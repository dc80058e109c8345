"""Do two tasks use the same parts? Layers, patching and units, each beside its control.

Everything is measured on the margin logit(target) - logit(the likeliest other token): p is useless
where a model is sure, since it stays at 1 until the margin is gone. Drops are shares of the mean
margin of the task, so that two tasks can be compared.

1. `layers`: the attention and the MLP of each layer are zeroed, beside random directions that are
   as long at every place, in the place of what the layer writes.
2. `patched`: the residual stream of a prompt with another answer is put in, layer by place; the
   control puts in a random change that is as long.
3. `unit_drops`: what zeroing every neuron and head by itself does, exactly where there are few, by
   the first-order term -gradient * value where there are many.
4. `cross`: units of each task, zeroed on both.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ...tools.errors import UsageError
from ...tools.interventions import Metric, Runner, sweep
from ...tools.interventions.change import Part
from ...tools.interventions.controls import random_directions
from ...tools.interventions.gradients import gradients
from ...tools.interventions.patching import Pair, grid, sites_of
from ...tools.models import Target, Unit, add
from ...tools.models import zero as zeroing
from ...tools.statistics.bootstrap import mean_interval
from ...tools.statistics.intervals import mean
from .cases import TokenizedCase
from .zeroing import DRAWS, LEAST_DROP, Zeroed, zero, zeroed

FEW = 5000
"""Units that are zeroed one by one; more are ranked by their first-order terms."""
PAIRS = 24


def layers(target: Target, runners: Sequence[Runner], *, seed: int) -> list[Zeroed]:
    """Every sub-layer zeroed by itself, by its site; drops are shares of the mean margin."""
    before = float(np.mean([runner.before for runner in runners]))
    out = []
    for site in [*sites_of(target, "attn_out"), *sites_of(target, "mlp_out")]:
        rows = []
        for i, runner in enumerate(runners):
            edit = zeroing(site, None).at(places=range(runner.prompt.places))
            lines = random_directions(runner.change(edit), DRAWS, seed=seed + i)
            changed = [[edit], *([add(site, None, line[None])] for line in lines)]
            rows.append(runner.before - runner.measure(changed).numpy())
        drops = np.array(rows).T / before  # [set, prompt]
        out.append(zeroed(site, (), before, drops, seed=seed, others="random directions"))
    return out


class Patched(NamedTuple):
    """Shares of the difference between two prompts, layer by place."""

    places: tuple[str, ...]
    """From the end; by token where all prompts have the same."""
    share: np.ndarray
    """`[pair, layer, place]`."""
    random: np.ndarray
    """The same with a random change as long."""

    def at_last(self, seed: int) -> list[dict[str, Any]]:
        """The last place by layer, with intervals over pairs."""
        return [mean(self.share[:, layer, -1], seed=seed) for layer in range(self.share.shape[1])]

    def carried(self, seed: int) -> int | None:
        """The first layer behind which the last place carries half of the difference, and more
        than a random change."""
        for layer, value in enumerate(self.at_last(seed)):
            apart = mean_interval(self.share[:, layer, -1] - self.random[:, layer, -1], seed=seed)
            if value["value"] >= 0.5 and apart is not None and apart[0] > 0:
                return layer
        return None


def patched(target: Target, some: Sequence[TokenizedCase], *, seed: int) -> Patched | None:
    """Patches prompts of one task into each other; None where fewer than two pairs can be made."""
    shares, randoms, rows = [], [], []
    sites = sites_of(target, "resid")
    for i, (one, other) in enumerate(_pairs(some)):
        if len(shares) >= PAIRS:
            break
        metric = Metric("logit_difference", one.answer, other.answer)
        try:
            pair = Pair(target, one.row, other.row, metric)
        except UsageError:
            continue
        shares.append(grid(pair, "resid").share.numpy())
        edits: list[Any] = []
        pair.source.read(sites)
        for number, site in enumerate(sites):
            for place in range(one.row.places):
                edit = pair.edit(Part(site, None, (place,)))
                assert edit is not None
                change = pair.base.change(edit)
                line = random_directions(change, 1, seed=seed + 1000 * i + number)
                edits.append([add(site, None, line).at(places=[place])])
        after = pair.share(pair.base.measure(edits)).numpy()
        randoms.append(after.reshape(len(sites), -1))
        rows.append(one.row.tokens)
    if len(shares) < 2:
        return None
    width = min(share.shape[1] for share in shares)
    names = []
    for place in range(-width, 0):
        tokens = {row[place] for row in rows}
        name = tokens.pop().strip() if len(tokens) == 1 else "…"
        names.append(f"{name}\n{place}")
    aligned = (np.stack([share[:, -width:] for share in some]) for some in (shares, randoms))
    return Patched(tuple(names), *aligned)


def _pairs(some: Sequence[TokenizedCase]) -> list[tuple[TokenizedCase, TokenizedCase]]:
    """Each prompt with the one of its length and another answer that shares most tokens."""
    pairs = []
    for one in some:
        fit = [o for o in some if o.row.places == one.row.places and o.answer != one.answer]
        if fit:
            apart = [int((one.row.ids != other.row.ids).sum()) for other in fit]
            pairs.append((one, fit[int(np.argmin(apart))]))
    return pairs


class UnitDrops(NamedTuple):
    """What zeroing each unit by itself does to the margin."""

    units: tuple[Unit, ...]
    drops: np.ndarray
    """`[unit]`: mean share of the margin, over prompts."""
    exact: bool


def unit_drops(target: Target, runners: Sequence[Runner], kind: str) -> UnitDrops:
    """Every unit of the kind `mlp` or `head`."""
    sites = sites_of(target, kind)
    units = tuple(Unit(s, i) for s in sites for i in range(target.site(s).units))
    exact = len(units) <= FEW
    rows = []
    for runner in runners:
        if exact:
            each = [-sweep(runner, s).effect for s in sites]
        else:
            slope = gradients(target, runner.prompt, runner.metric, sites)
            runner.read(sites)
            each = [_first_order(slope[s], runner.values(s)) for s in sites]
        rows.append(torch.cat([part.cpu().double() for part in each]).numpy())
    before = float(np.mean([runner.before for runner in runners]))
    return UnitDrops(units, np.mean(rows, 0) / before, exact)


def _first_order(slope: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """`[unit]` of two `[place, unit]` or `[place, unit, channel]`."""
    term = slope.cpu().double() * value.cpu().double()
    return term.sum(0) if term.ndim == 2 else term.sum((0, 2))


class Cross(NamedTuple):
    """Units of one task, zeroed on both."""

    task: str
    """Whose units they are."""
    kind: str
    """neurons, heads."""
    rule: str
    """needed, own."""
    on: dict[str, Zeroed]
    """By task, their own first."""
    apart: dict[str, Any]
    """Drop beyond the controls on its own task, less that on the other: `value, low, high`."""

    @property
    def name(self) -> str:
        """A few words."""
        return f"{self.task}: {self.rule}"

    @property
    def specific(self) -> bool:
        """Whether they matter to their own task, and more than to the other."""
        own = next(iter(self.on.values()))
        return own.found and self.apart["low"] > 0 and self.apart["value"] >= LEAST_DROP


def cross(
    task: str,
    kind: str,
    rule: str,
    runners: Mapping[str, Sequence[Runner]],
    units: Sequence[Unit],
    *,
    seed: int,
) -> Cross:
    """Zeroes units on the prompts of both tasks; the units' own is named first."""
    names = [task, *(other for other in runners if other != task)]
    tested = {
        name: zero(f"{task} {kind}", runners[name], units, seed=seed, shares=True) for name in names
    }
    one, two = (tested[name].difference for name in names)
    # two independent samples: the half-widths of their intervals add up as squares
    value = one["value"] - two["value"]
    low = value - np.hypot(one["value"] - one["low"], two["high"] - two["value"])
    high = value + np.hypot(one["high"] - one["value"], two["value"] - two["low"])
    apart = {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4)}
    return Cross(task, kind, rule, tested, apart)


def overlap(one: Sequence[Unit], two: Sequence[Unit], of: int) -> dict[str, Any]:
    """Units in both lists, how many chance would share, and the p of as many or more."""
    from scipy.stats import hypergeom

    shared = len(set(one) & set(two))
    p = float(hypergeom.sf(shared - 1, of, len(one), len(two)))
    return {"shared": shared, "expected": len(one) * len(two) / of, "p": p, "of": len(one)}
