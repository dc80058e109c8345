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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...agent.budget import Budget
from ...agent.state import PlannerFactory
from ...tools.memo import Memo
from .options import Spurious
from .result import Log
from .spurious_choice import Read, chosen, read, reading_scenes
from .spurious_fit import fit, l1_units
from .spurious_world import GROUNDS, World, world

TESTS = ("shifted", "reversed", "biased")
OWN = {"shifted": 1 / len(GROUNDS), "reversed": 0.0}
DRAWS = 50
"""Random sets of units."""


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


def measure(options: Spurious, log: Log = lambda line: None) -> list[OneSeed]:
    """All seeds, several at a time."""
    options.check()
    workers = min(options.processes, len(options.seeds))
    if workers <= 1 or options.planner == "human":
        return [one_seed(options, seed, log) for seed in options.seeds]
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context) as pool:
        waiting = [pool.submit(_in_process, options, seed) for seed in options.seeds]
        results = []
        for one in waiting:
            results.append(one.result())
            log(_line(results[-1]))
    return results


def _in_process(options: Spurious, seed: int) -> OneSeed:
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


def one_seed(options: Spurious, seed: int, log: Log = lambda line: None) -> OneSeed:
    """One network, its units described, chosen and compared."""
    from ...agent.planners.builtin.planner import BuiltinFactory
    from . import spurious_network as net

    seconds: dict[str, float] = {}
    with _timed(seconds, "network"):
        training = world(options.scenes, own=options.own, seed=seed)
        pixels = net.looked(training.pictures())
        network = net.train(pixels, training.classes, epochs=options.epochs, seed=seed)
        fresh = partial(world, options.tested)
        shares = {**OWN, "biased": options.own}
        tests = {name: fresh(own=own, seed=10_000 + seed) for name, own in shares.items()}
        balanced = fresh(own=OWN["shifted"], seed=20_000 + seed)
        known = _Features(net.features(network, pixels), training.classes)
        fair = _features(network, balanced)
        there = {name: _features(network, one) for name, one in tests.items()}
        whole = {
            name: float((net.answers(network, there[name].units) == there[name].classes).mean())
            for name in TESTS
        }
    log(
        f"seed {seed}: trained a network; accuracy {whole['biased']:.2f} on scenes as in training, "
        f"{whole['shifted']:.2f} shifted"
    )
    target = net.wrapped(network)
    with _timed(seconds, "descriptions"):
        factory = options.factory(seed)
        described, failed = _descriptions(target, training, factory, options, seed, log)
    with _timed(seconds, "without experiments"):
        idle = BuiltinFactory(seed, effects=False, experiments="none")
        plain, _ = _descriptions(target, training, idle, options, seed, lambda line: None)
    with _timed(seconds, "comparison"):
        units, accuracy, best = _compared(
            known, fair, there, chosen(described), chosen(plain), seed
        )
    done = OneSeed(
        seed, whole, tuple(described), tuple(plain), units, accuracy, best, failed, seconds
    )
    log(_line(done))
    return done


class _Features(NamedTuple):
    """Units on pictures."""

    units: np.ndarray
    """float32 `[image, unit]`."""
    classes: np.ndarray
    """int64 `[image]`."""


def _features(network: Any, some: World) -> _Features:
    from . import spurious_network as net

    return _Features(net.features(network, net.looked(some.pictures())), some.classes)


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[name] = time.monotonic() - started


def _descriptions(
    target: Any,
    training: World,
    factory: PlannerFactory,
    options: Spurious,
    seed: int,
    log: Log,
) -> tuple[list[Read], int]:
    """Every unit of the last layer, described and read; and how many investigations failed."""
    from ...agent.investigate import investigate
    from ...tools.data.image_rows import image_rows
    from ...tools.lab import Lab

    rows: Any = image_rows(target, training.pictures()[: options.explore])
    scenes, pictures = reading_scenes(target, seed=seed)
    memo = Memo()
    described, failed = [], 0
    units = [target.unit(f"last/{i}") for i in range(target.sites["last"].units)]
    first = Lab(target, rows, seed=seed)
    first.prefetch(units)
    llm, columns = getattr(factory, "llm", None), first.columns
    for i, unit in enumerate(units):
        lab = Lab(target, rows, seed=seed, llm=llm, columns={unit: columns[unit]}, memo=memo)
        done = investigate(lab, unit, factory, budget=Budget(steps=options.steps))
        failed += done.status == "failed"
        described.append(read(i, done.description, scenes, pictures))
        if (i + 1) % 8 == 0:
            log(f"seed {seed}: described {i + 1} of {len(units)} units")
    return described, failed


def _compared(
    known: _Features,
    fair: _Features,
    there: Mapping[str, _Features],
    by_description: list[int],
    without: list[int],
    seed: int,
) -> tuple[dict[str, tuple[int, ...]], dict[str, dict[str, float]], float]:
    """Units and accuracies by way of choosing, and the best random draw on the shifted test.

    Args:
        known: The biased training pictures.
        fair: Balanced ones.
        there: Those of the tests.
        by_description: Units chosen by description.
        without: Units chosen by descriptions without experiments.
        seed: Of the random draws.
    """
    every, n = known.units.shape[1], max(1, len(by_description))

    def scores(units: Sequence[int], on: _Features) -> dict[str, float]:
        if not len(units):  # nothing to go by: always the first class
            return {name: float((there[name].classes == 0).mean()) for name in TESTS}
        chosen = list(units)
        made = fit(on.units, on.classes, chosen)
        return {
            name: float(made.score(there[name].units[:, chosen], there[name].classes))
            for name in TESTS
        }

    units = {
        "chosen": tuple(by_description),
        "no experiments": tuple(without),
        "all": tuple(range(every)),
        "l1": tuple(l1_units(*known, n).tolist()),
        "l1 balanced": tuple(l1_units(*fair, n).tolist()),
    }
    accuracy = {
        name: scores(some, fair if name == "l1 balanced" else known) for name, some in units.items()
    }
    rng = np.random.default_rng([seed, 7])
    draws = [scores(rng.permutation(every)[:n].tolist(), known) for _ in range(DRAWS)]
    accuracy["random"] = {name: float(np.mean([draw[name] for draw in draws])) for name in TESTS}
    return units, accuracy, max(draw["shifted"] for draw in draws)
