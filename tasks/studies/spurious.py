"""Can an agent choose, by description, the units of a biased classifier that follow the object?

The study of MAIA (Shaham et al. 2024) on Spawrious, on drawn scenes.

1. A small network is trained on animals of which the setting tells (`spurious_world.py`).
2. The planner investigates every unit of its last layer, on training pictures without their
   classes, with whatever experiments it likes.
3. Units are chosen from the descriptions (`spurious_choice.py`).
4. Logistic regression on the chosen units, fitted on the biased training features, is tested
   where settings say nothing (shifted) and where they mislead (reversed), beside: all units;
   as many units by an l1 penalty on the same features; as many at random, many times; as many
   by an l1 penalty on balanced features, fitted there, which nobody has; and as many as the rule
   takes from descriptions that the built-in planner wrote without experiments.

Each seed draws everything anew: scenes, network, planner. Intervals are over seeds (t).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ...agent.budget import Budget
from ...agent.state import PlannerFactory
from ...tools.errors import UsageError
from ...tools.memo import Memo
from .result import Study
from .spurious_choice import Read, chosen, read, reading_scenes
from .spurious_fit import fit, l1_units
from .spurious_world import CLASSES, GROUNDS, World, world

TESTS = ("shifted", "reversed", "biased")
OWN = {"shifted": 1 / len(GROUNDS), "reversed": 0.0}
DRAWS = 50
"""Random sets of units."""
Log = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What the study is told."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    own: float = 0.95
    """Share of training scenes in which the setting tells the class."""
    scenes: int = 2400
    """Training scenes."""
    epochs: int = 8
    tested: int = 800
    """Scenes of each test, and of the balanced reference."""
    explore: int = 300
    """Training pictures that the planner sees."""
    planner: str = "builtin"
    base_url: str | None = None
    steps: int = 24
    """Turns of the planner a unit."""
    processes: int = 1
    """Seeds at a time."""

    def check(self) -> None:
        """Raises `UsageError` for what cannot be done."""
        if not 1 / len(GROUNDS) <= self.own <= 1:
            raise UsageError(
                f"--own {self.own:g} is not between {1 / len(GROUNDS):g} (settings say nothing) "
                "and 1 (they say all)"
            )
        if not self.seeds:
            raise UsageError("give at least one seed, such as --seeds 0-4")
        self.factory(0)

    def factory(self, seed: int) -> PlannerFactory:
        """Makes the planner; raises `UsageError` where there is none."""
        from ...agent.planners import planner_factory
        from ...agent.planners.builtin.planner import BuiltinFactory

        if self.planner == "builtin":
            return BuiltinFactory(seed, effects=False)
        return planner_factory(self.planner, seed=seed, base_url=self.base_url)


class OneSeed(NamedTuple):
    """One network."""

    seed: int
    network: dict[str, float]
    """Accuracy of the network's own head, by test."""
    read: tuple[Read, ...]
    """Every unit's description, read."""
    plain: tuple[Read, ...]
    """Descriptions without experiments."""
    units: dict[str, tuple[int, ...]]
    """By way of choosing."""
    accuracy: dict[str, dict[str, float]]
    """By way of choosing and test; `random` is the mean over draws."""
    best_random: float
    """The best of the random draws on the shifted test."""
    failed: int
    """Investigations that failed."""
    seconds: dict[str, float]


def study(options: Options, log: Log = lambda line: None) -> Study:
    """Runs all seeds."""
    from .spurious_shown import shown

    options.check()
    return shown(options, measure(options, log))


def measure(options: Options, log: Log) -> list[OneSeed]:
    """All seeds, several at a time."""
    if min(options.processes, len(options.seeds)) <= 1 or options.planner == "human":
        return [one_seed(options, seed, log) for seed in options.seeds]
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    many = min(options.processes, len(options.seeds))
    with ProcessPoolExecutor(many, context) as pool:
        waiting = [pool.submit(_in_process, options, seed) for seed in options.seeds]
        found = []
        for one in waiting:
            found.append(one.result())
            log(_line(found[-1]))
    return found


def _in_process(options: Options, seed: int) -> OneSeed:
    import torch

    torch.set_num_threads(1)
    return one_seed(options, seed)


def _line(one: OneSeed) -> str:
    shifted = {name: scores["shifted"] for name, scores in one.accuracy.items()}
    return (
        f"seed {one.seed}: {len(one.units['chosen'])} of {len(one.read)} units chosen; shifted "
        f"{shifted['chosen']:.2f}, l1 {shifted['l1']:.2f}, all {shifted['all']:.2f} "
        f"({sum(one.seconds.values()):.0f} s)"
    )


def one_seed(options: Options, seed: int, log: Log = lambda line: None) -> OneSeed:
    """One network, its units described, chosen and compared."""
    from . import spurious_network as net

    started = time.monotonic()
    training = world(options.scenes, own=options.own, seed=seed)
    pixels = net.looked(training.pictures())
    network = net.train(pixels, training.classes, epochs=options.epochs, seed=seed)
    known = net.features(network, pixels)
    tests = {name: world(options.tested, own=own, seed=10_000 + seed) for name, own in OWN.items()}
    tests["biased"] = world(options.tested, own=options.own, seed=10_000 + seed)
    balanced = world(options.tested, own=OWN["shifted"], seed=20_000 + seed)
    seen = {name: net.looked(one.pictures()) for name, one in tests.items()}
    there = {name: net.features(network, one) for name, one in seen.items()}
    fair = net.features(network, net.looked(balanced.pictures()))
    whole = {n: float((net.said(network, seen[n]) == tests[n].classes).mean()) for n in TESTS}
    seconds = {"network": time.monotonic() - started}
    log(
        f"seed {seed}: trained a network; accuracy {whole['biased']:.2f} on scenes as in training, "
        f"{whole['shifted']:.2f} shifted"
    )
    from ...agent.planners.builtin.planner import BuiltinFactory

    target = net.wrapped(network)
    started = time.monotonic()
    found, failed = _descriptions(target, training, options.factory(seed), options, seed, log)
    seconds["descriptions"] = time.monotonic() - started
    started = time.monotonic()
    idle = BuiltinFactory(seed, effects=False, experiments="none")
    plain, _ = _descriptions(target, training, idle, options, seed, lambda line: None)
    seconds["without experiments"] = time.monotonic() - started
    started = time.monotonic()
    units, accuracy, best = _compared(
        known, training, there, tests, fair, balanced, chosen(found), chosen(plain), seed
    )
    seconds["comparison"] = time.monotonic() - started
    done = OneSeed(seed, whole, tuple(found), tuple(plain), units, accuracy, best, failed, seconds)
    log(_line(done))
    return done


def _descriptions(
    target: Any,
    training: World,
    factory: PlannerFactory,
    options: Options,
    seed: int,
    log: Log,
) -> tuple[list[Read], int]:
    """Every unit of the last layer, described and read; and how many investigations failed."""
    from ...agent.investigate import investigate
    from ...tools.data.image_rows import image_rows
    from ...tools.lab import Lab

    rows: Any = image_rows(target, training.pictures()[: options.explore])
    scenes, asked = reading_scenes(target, seed=seed)
    columns: dict[Any, np.ndarray] = {}
    memo = Memo()
    found, failed = [], 0
    units = [target.unit(f"last/{at}") for at in range(target.sites["last"].units)]
    first = Lab(target, rows, seed=seed)
    first.prefetch(units)
    columns.update(first.columns)
    for at, unit in enumerate(units):
        lab = Lab(
            target,
            rows,
            seed=seed,
            llm=getattr(factory, "llm", None),
            columns={unit: columns[unit]},
            memo=memo,
        )
        done = investigate(lab, unit, factory, budget=Budget(steps=options.steps))
        failed += done.status == "failed"
        found.append(read(at, done.description, scenes, asked))
        if (at + 1) % 8 == 0:
            log(f"seed {seed}: described {at + 1} of {len(units)} units")
    return found, failed


def _compared(
    known: np.ndarray,
    training: World,
    there: Mapping[str, np.ndarray],
    tests: Mapping[str, World],
    fair: np.ndarray,
    balanced: World,
    by_description: list[int],
    without: list[int],
    seed: int,
) -> tuple[dict[str, tuple[int, ...]], dict[str, dict[str, float]], float]:
    """Units and accuracies by way of choosing, and the best random draw on the shifted test."""
    many = len(CLASSES)
    every, number = known.shape[1], max(1, len(by_description))

    def scores(units: Any, on: np.ndarray, classes: np.ndarray) -> dict[str, float]:
        if not len(units):  # nothing to go by: always the first class
            return {name: float((tests[name].classes == 0).mean()) for name in TESTS}
        made = fit(on, classes, units, many=many)
        return {n: float(made.right(there[n], tests[n].classes).mean()) for n in TESTS}

    units = {
        "chosen": tuple(by_description),
        "no experiments": tuple(without),
        "all": tuple(range(every)),
        "l1": tuple(l1_units(known, training.classes, number, many=many).tolist()),
        "l1 balanced": tuple(l1_units(fair, balanced.classes, number, many=many).tolist()),
    }
    accuracy = {
        name: scores(some, *((fair, balanced.classes) if "bal" in name else (known, training[1])))
        for name, some in units.items()
    }
    rng = np.random.default_rng([seed, 7])
    draws = [scores(rng.permutation(every)[:number], known, training.classes) for _ in range(DRAWS)]
    accuracy["random"] = {n: float(np.mean([draw[n] for draw in draws])) for n in TESTS}
    return units, accuracy, max(draw["shifted"] for draw in draws)
