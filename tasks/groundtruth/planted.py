"""Planted units of text and of pictures: functions, truth tables, and how they are planted.

1. Functions are drawn kind by kind; some units are twins, with one function for two.
2. Each unit takes the scale of a unit of the host and another one as background. It writes toward
   its own concept, toward another one, or nothing; twins write half each.
3. Beside them stand units that no input explains (null), and units that never fire (dead).

Nothing here knows how descriptions are written or searched for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from torch import Tensor, nn

from ...tools.models.interleave import Interleaved, interleave
from ...tools.models.target import Target

Tier = Literal["A", "B", "C", "M"]
INEXPRESSIBLE = "beyond"
"""Kind of the units of tier C, as records and `--kinds` name it."""
NO_FUNCTION = ("null", "dead")
ENOUGH = 60
"""Fresh inputs a cell."""
LEAST = 50
"""Fewest fresh inputs on which a cell is judged."""
Rule = Callable[[Mapping[str, np.ndarray]], np.ndarray]


class Cell(NamedTuple):
    """One line of a truth table."""

    name: str
    pattern: Mapping[str, bool]
    """What the atoms have to be."""
    active: bool


ON_OFF = (Cell("active", {"s": True}, True), Cell("inactive", {"s": False}, False))
"""The truth table of a function that no predicate can say."""


@dataclass(frozen=True, eq=False)
class PlantedFunction:
    """A function of the input whose truth is known: its atoms, its rule, its truth table.

    Atoms are conditions on the input. The rule gives a level from them: 0 where inactive. The cells
    are assignments of the atoms that have to be judged one by one: every disjunct, exception,
    suppressor and near-miss.
    """

    kind: str
    text: str
    """The true description, in words."""
    atoms: Mapping[str, Any]
    level: Rule
    """Atoms, bool, to the level, 0..1."""
    cells: tuple[Cell, ...]
    variant: str = field(default="", kw_only=True)
    concept: tuple[str, ...] = field(default=(), kw_only=True)
    """Words or names of things that the function is about."""
    facts: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    def evaluate(self, inputs: Any, *more: Any) -> dict[str, np.ndarray]:
        """The atoms, bool each."""
        return {
            name: np.asarray(atom(inputs, *more), dtype=bool) for name, atom in self.atoms.items()
        }

    def values(self, inputs: Any, *more: Any) -> np.ndarray:
        """The noiseless function, in 0..1."""
        return np.asarray(self.level(self.evaluate(inputs, *more)), dtype=np.float64)


def misses(none: Mapping[str, bool], **rest: bool) -> tuple[Cell, Cell]:
    """The cells of a near-miss and of anything else, where no atom of the function holds."""
    return (
        Cell("near-miss", {**none, "near": True, **rest}, False),
        Cell("other", {**none, "near": False, **rest}, False),
    )


def holds(name: str) -> Rule:
    """Active where an atom holds."""
    return lambda atoms: atoms[name] * 1.0


def strongest(levels: Mapping[str, float]) -> Rule:
    """The largest level of the atoms that hold."""
    return lambda atoms: np.max([atoms[name] * level for name, level in levels.items()], axis=0)


def two_atoms(rule: Callable[[Any, Any], Any]) -> tuple[Rule, tuple[Cell, ...]]:
    """A rule over the atoms `s` and `t`, and all four cells of its truth table."""
    cells = []
    for s in (True, False):
        for t in (True, False):
            name = f"{'s' if s else 'no s'}, {'t' if t else 'no t'}"
            active = bool(rule(np.array(s), np.array(t)))
            cells.append(Cell(name, {"s": s, "t": t}, active))
    return lambda atoms: rule(atoms["s"], atoms["t"]) * 1.0, tuple(cells)


class Probes(NamedTuple):
    """Fresh inputs for the cells of one function, which nobody has seen."""

    windows: Any
    """Token windows or image rows."""
    cells: dict[str, np.ndarray]
    """`[place, 2]` by cell: window and place."""
    level: np.ndarray
    """`[window, place]`: the noiseless function."""

    @property
    def short(self) -> list[str]:
        """Cells with too few inputs."""
        return [name for name, places in self.cells.items() if len(places) < LEAST]


@dataclass(frozen=True)
class PlantedUnit:
    """A planted unit and its truth."""

    unit: str
    """Its name at the target, one among the host's own."""
    tier: Tier
    kind: str
    variant: str
    text: str
    """The true description."""
    function: Any
    """A `PlantedFunction`, or a probe of a host of pictures; None for units without a function."""
    relation: str
    """What it writes: toward its `own` concept, toward `other` words or classes, `nothing`, or half
    of what a `twin` writes too."""
    promotes: tuple[str, ...] = ()
    """Words or classes that its output vector points to."""


Drawn = tuple[str, Any]
"""A kind, and the function of a unit; None without one."""


def draw_functions(
    kinds: Sequence[str], each: int, draw: Callable[[str, int], Any], *, twins: str
) -> list[Drawn]:
    """So many units of each kind.

    Args:
        kinds: In the order in which they are drawn.
        each: Units of a kind.
        draw: A kind and a turn to a function.
        twins: The kind whose second unit has the function of the first.
    """
    drawn: list[Drawn] = []
    for kind in kinds:
        for turn in range(each):
            if kind in NO_FUNCTION:
                drawn.append((kind, None))
            elif kind == twins and turn == 1:
                drawn.append(drawn[-1])
            else:
                drawn.append((kind, draw(kind, turn)))
    return drawn


class HostUnit(NamedTuple):
    """What is known of a unit of the host that a planted one resembles."""

    number: int
    """Its index at the site."""
    values: np.ndarray
    """What it does over a sample."""
    scale: float
    """How large it is where it is active."""
    spread: float
    """The magnitude that one value in a thousand passes."""


class Written(NamedTuple):
    """What a planted unit writes."""

    vector: Tensor
    relation: str
    promotes: tuple[str, ...]


class Host(Protocol):
    """A network to plant in."""

    candidates: np.ndarray
    """Units of the site that planted ones can resemble."""

    def unit(self, number: int) -> HostUnit:
        """What is known of one of them."""
        ...

    def output(
        self, function: Any, relation: str, scale: float, rng: np.random.Generator
    ) -> Written:
        """The output vector of a unit of that scale."""
        ...


class Planted(NamedTuple):
    """A network with planted units, and their truth."""

    target: Target
    units: tuple[PlantedUnit, ...]


def plant(
    network: Target,
    site: str,
    drawn: Sequence[Drawn],
    known: Callable[[Sequence[Drawn]], Host],
    signals: ModuleType,
    rng: np.random.Generator,
    *,
    tier: Tier,
    seed: int,
    reading: nn.Module | None = None,
) -> Planted:
    """Plants units among those of a site, in an order drawn at random.

    Args:
        network: The host.
        site: Where.
        drawn: The functions.
        known: What is known of the host, given the functions in their order.
        signals: How values are made, on the scale of a unit of the host: functions `active`,
            `permuted`, `hashed`, `noise` and `dead`.
        rng: Of everything that is drawn.
        tier: Of the units, but those that no predicate says.
        seed: Of their places among the host's own units.
        reading: What the functions read; see `interleave`.
    """
    drawn = [drawn[int(i)] for i in rng.permutation(len(drawn))]
    host = known(drawn)
    planted, outputs = [], []
    for number, (kind, function) in enumerate(drawn):
        like, behind = (host.unit(int(i)) for i in rng.choice(host.candidates, 2, replace=False))
        twin = function is not None and sum(f is function for _, f in drawn) > 1
        relation = "twin" if twin else ("own", "other", "own", "nothing")[number % 4]
        output = host.output(function, relation, like.scale, rng)
        own_seed = int(rng.integers(1 << 30))
        if kind == "dead":
            values = signals.dead(like, own_seed, number)
        elif function is None:
            values = (signals.permuted, signals.hashed, signals.noise)[number % 3](like, own_seed)
        else:
            values = signals.active(function, like, own_seed)
        limit = 0.2 * like.scale
        quiet = kind == "dead" or (kind == "null" and number % 3 != 1)
        planted.append(
            Interleaved(
                values,
                output.vector,
                None if quiet else behind.number,
                limit / max(behind.spread, 1e-9),
                limit,
            )
        )
        outputs.append(output)
    target, names = interleave(network, planted, site=site, seed=seed, reading=reading)
    units = [
        PlantedUnit(
            name,
            "C" if kind == INEXPRESSIBLE or (f and f.facts.get("inexpressible")) else tier,
            kind,
            f.variant if f else "",
            f.text if f else kind,
            f,
            output.relation,
            output.promotes,
        )
        for (kind, f), name, output in zip(drawn, names, outputs, strict=True)
    ]
    return Planted(target, tuple(units))
