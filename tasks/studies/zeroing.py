"""Zeroes chosen units on prompts that did not choose them, beside units that nobody chose.

1. The units are set to 0 at all places, and the drop of what is measured (p of the target, or the
   share of its margin over the runner-up) is taken, prompt by prompt.
2. The same for 20 sets of matched units (same site, firing rate, |a| |w_out|: see
   `tools/interventions/controls.py`) that hold none of the chosen; where a site has too few units
   to match, for random sets of what it has left.
3. Intervals are 95% bootstraps over prompts: of the drop, of the controls' mean, of the difference
   of the two, paired by prompt. p = (1 + sets with at least this mean drop) / (1 + sets).
4. Something is found where the interval of the difference lies above 0, no more than one set in
   twenty drops as far, and the difference is at least .01 (of 1, the scale of both measures).
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...tools.interventions import Runner
from ...tools.interventions.change import change_sets, parts_of
from ...tools.interventions.controls import matched_sets
from ...tools.models import Target, Unit
from ...tools.statistics.intervals import mean
from ...tools.statistics.permutation import p_value

DRAWS = 20
LEAST_DROP = 0.01
"""What is smaller is called nothing."""
LEVEL = 0.05
_NEAREST = 8  # matches that a control is drawn from


@dataclass(frozen=True)
class Zeroed:
    """The drop by chosen units, beside their controls."""

    name: str
    units: tuple[str, ...]
    prompts: int
    before: float
    """Mean of p(target), or of the margin in nats, in the whole model."""
    drop: dict[str, Any]
    """`value, low, high, n`."""
    control: dict[str, Any]
    """Of the mean over the control sets."""
    difference: dict[str, Any]
    draws: tuple[float, ...]
    """Each control set's mean drop."""
    p: float
    others: str = "matched units"
    """What the controls are, in words."""

    @property
    def most(self) -> float:
        """The drop by the control set that drops furthest."""
        return max(self.draws, default=float("nan"))

    @property
    def found(self) -> bool:
        """Whether the units do more than their controls."""
        value, low = self.difference["value"], self.difference["low"]
        return bool(value is not None and low > 0 and value >= LEAST_DROP and self.p <= LEVEL)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "found": self.found}


def zero(
    name: str,
    runners: Sequence[Runner],
    units: Sequence[Unit],
    *,
    seed: int = 0,
    shares: bool = False,
) -> Zeroed:
    """The same units on all prompts; with `shares` drops are divided by the mean before them."""
    controls, others = control_sets(runners, units, draws=DRAWS, seed=seed)
    results = change_sets(runners, [parts_of(one) for one in (units, *controls)])
    drops = np.array([np.subtract(one.before, one.after) for one in results])  # [set, prompt]
    before = float(np.mean(results[0].before))
    drops = drops / before if shares else drops
    return zeroed(name, units, before, drops, seed=seed, others=others)


def zero_own(
    name: str, runners: Sequence[Runner], choose: Callable[[int], Sequence[Unit]], *, seed: int = 0
) -> Zeroed:
    """Other units on each prompt; `choose` is given the number of the prompt.

    Control set k of the study is set k of every prompt.
    """
    columns = []
    for i, runner in enumerate(runners):
        units = choose(i)
        controls, _ = control_sets([runner], units, draws=DRAWS, seed=seed + i)
        results = change_sets([runner], [parts_of(one) for one in (units, *controls)])
        columns.append([-one.mean for one in results])
    sets = min(len(column) for column in columns)
    drops = np.array([column[:sets] for column in columns]).T  # [set, prompt]
    before = float(np.mean([runner.before for runner in runners]))
    return zeroed(name, (), before, drops, seed=seed)


def zeroed(
    name: str,
    units: Sequence[Unit],
    before: float,
    drops: np.ndarray,
    *,
    seed: int,
    others: str = "matched units",
) -> Zeroed:
    """The numbers from drops `[set, prompt]`, the chosen set first."""
    own, rest = drops[0], drops[1:]
    control = rest.mean(0) if len(rest) else np.full_like(own, np.nan)
    draws = tuple(float(one) for one in rest.mean(1))
    return Zeroed(
        name,
        tuple(str(unit) for unit in units),
        len(own),
        before,
        mean(own, seed=seed),
        mean(control, seed=seed),
        mean(own - control, seed=seed),
        draws,
        p_value(own.mean(), draws),
        others,
    )


def control_sets(
    runners: Sequence[Runner], units: Sequence[Unit], *, draws: int, seed: int
) -> tuple[list[tuple[Unit, ...]], str]:
    """Sets of matched units, random ones where too few match; and what they are, in words."""
    places = [range(runner.prompt.places) for runner in runners]
    matched = matched_sets(runners, units, places, limit=draws, seed=seed)
    if len(matched) < draws:
        matched = _one_by_one(runners, units, places, draws=draws, seed=seed)
    if len(matched) >= draws:
        return matched, "matched units"
    kinds = {_kind(unit.site) for unit in units}
    names = {"head": "other heads", "mlp": "other neurons"}
    others = names.get(next(iter(kinds)), "others") if len(kinds) == 1 else "other units"
    return random_sets(runners[0].target, units, draws=draws, seed=seed), others


def _distinct(
    draw: Callable[[], tuple[Unit, ...]], *, size: int, draws: int, tries: int
) -> list[tuple[Unit, ...]]:
    """Up to `draws` different sets of `size` units; sets that came out smaller do not count."""
    sets: dict[frozenset[Unit], tuple[Unit, ...]] = {}
    for _ in range(tries):
        drawn = draw()
        if len(drawn) == size:
            sets.setdefault(frozenset(drawn), drawn)
        if len(sets) >= draws:
            break
    return list(sets.values())


def _one_by_one(
    runners: Sequence[Runner],
    units: Sequence[Unit],
    places: Sequence[range],
    *,
    draws: int,
    seed: int,
) -> list[tuple[Unit, ...]]:
    """Sets for many units, too many for one list of nearest units: in a random order each takes one
    of the nearest that no other has; fewer sets where some find none."""
    rng = np.random.default_rng(seed)
    chosen = set(units)
    near = []
    for unit in units:
        own = sum(other.site == unit.site for other in units)
        one = matched_sets(runners, [unit], places, limit=3 * own + draws, seed=seed)
        near.append([match for (match,) in one if match not in chosen])

    def draw() -> tuple[Unit, ...]:
        used: set[Unit] = set()
        for i in rng.permutation(len(units)).tolist():
            free = [match for match in near[i] if match not in used][:_NEAREST]
            if free:
                used.add(free[int(rng.integers(len(free)))])
        return tuple(used)

    return _distinct(draw, size=len(units), draws=draws, tries=2 * draws)


def random_sets(
    target: Target, units: Sequence[Unit], *, draws: int, seed: int
) -> list[tuple[Unit, ...]]:
    """Different sets of as many units of each kind (neurons, heads) of any layer, none of them
    chosen; as many sets as there are, at most `draws`."""
    rng = np.random.default_rng(seed)
    kinds = [_kind(unit.site) for unit in units]
    pools = {
        kind: [
            Unit(name, i)
            for name, site in target.sites.items()
            if _kind(name) == kind and name != kind
            for i in range(site.units)
            if Unit(name, i) not in units
        ]
        for kind in dict.fromkeys(kinds)
    }

    def draw() -> tuple[Unit, ...]:
        return tuple(
            pool[i]
            for kind, pool in pools.items()
            for i in rng.permutation(len(pool))[: kinds.count(kind)]
        )

    return _distinct(draw, size=len(units), draws=draws, tries=20 * draws)


def _kind(site: str) -> str:
    """`mlp` of `mlp.3`."""
    kind, _, layer = site.rpartition(".")
    return kind if layer.isdigit() else site
