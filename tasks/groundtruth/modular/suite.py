"""Neurons of the modular-addition transformer as functions with a known truth.

1. Truth: each neuron's frequency, from all pairs (`truth.py`). The investigator sees none of it.
2. The built-in labeller measures a sample of pairs, all neurons at once (`search.py`); a language
   model is given one neuron at a time as a function of a and b, which it may call.
3. Scores: the frequency is exact or not ("none" where no frequency holds enough); the code runs in
   the sandbox on pairs that were not sampled, and misses so much of the variance (NMSE).
4. Controls: the same on an untrained copy; labels dealt out to other neurons; the best fit at a
   frequency drawn by chance. Baselines: the mean, and the nearest sampled pair.

With several seeds a neuron's results are first averaged; intervals are over neurons.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ....tools.errors import UsageError
from ....tools.models import Target
from ....tools.models.untrained import untrained
from ..functions.blackbox import Answer, Calls, Investigate, answered
from ..functions.scores import judged
from .load import ModularAddition, load_modular
from .neurons import named, neuron_box
from .results import Row, nmse_of, record_of, summed
from .search import Found, label
from .truth import Truth, all_pairs, measured, truth_of

PAIRS = 1000
"""Pairs that the built-in labeller measures."""
CALLS = 200
"""Pairs that a language model may call, a neuron."""
HIDDEN = 400
"""Pairs on which code is judged."""
_WORKERS = 2


class Sample(NamedTuple):
    """Pairs that are measured and pairs that are hidden."""

    seen: np.ndarray
    hidden: np.ndarray

    @staticmethod
    def draw(modulus: int, count: int, seed: int) -> "Sample":
        """So many pairs to see; `HIDDEN` others, or what is left of them.

        Raises:
            UsageError: if too few or too many are asked for.
        """
        pairs = all_pairs(modulus)
        if not 60 <= count <= len(pairs) - 100:
            raise UsageError(f"--budget is {count}; give 60 to {len(pairs) - 100} pairs")
        order = np.random.default_rng(seed).permutation(len(pairs))
        return Sample(pairs[order[:count]], pairs[order[count : count + HIDDEN]])


def run_modular(
    investigate: Investigate | None,
    *,
    model: Path | None,
    seeds: Sequence[int],
    budget: int | None,
    units: int,
    workers: int,
    keep: Callable[[dict[str, Any]], None],
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Runs the suite.

    Args:
        investigate: A language model's investigator; None: the built-in labeller.
        model: The folder of the model.
        seeds: Of samples and controls.
        budget: Pairs, in all or a neuron; None: `PAIRS` or `CALLS`.
        units: How many neurons; 0: all.
        workers: Conversations at a time.
        keep: Called with each record.
        progress: Called with how many are done, and of how many.

    Raises:
        UsageError: without a model, or where all neurons would go to a language model.
    """
    if model is None:
        raise UsageError("the modular suite needs --model FOLDER, with model.safetensors in it")
    if investigate is not None and not units:
        raise UsageError("give --units N: each neuron is a conversation with the language model")
    target = load_modular(model)
    network = target.network
    assert isinstance(network, ModularAddition)
    truth = truth_of(target, network.modulus)
    count = truth.table.shape[2]
    rows: list[Row] = []
    chance: list[dict[str, Any]] = []
    total = len(seeds) * min(units or count, count)
    for seed in seeds:
        rng = np.random.default_rng([seed, 7])
        neurons = np.sort(rng.permutation(count)[: units or count])
        if investigate is None:
            sample = Sample.draw(network.modulus, budget or PAIRS, seed)
            made: Iterable[Row] = _built_in(target, truth, sample, neurons, seed)
        else:
            made = _asked(truth, investigate, neurons, seed, budget or CALLS, workers)
        for row in made:
            rows.append(row)
            keep(record_of(row))
            if progress is not None:
                progress(len(rows), total)
        if investigate is None:
            chance.append(_on_untrained(target, network.modulus, budget or PAIRS, seed))
    return summed(rows, chance)


def _built_in(
    target: Target, truth: Truth, sample: Sample, neurons: np.ndarray, seed: int
) -> Sequence[Row]:
    """The built-in labeller's rows, with controls."""
    modulus = len(truth.table)
    started = time.monotonic()
    values = measured(target, sample.seen)[:, neurons]
    result = label(sample.seen, values, modulus)
    seconds = (time.monotonic() - started) / len(neurons)
    rng = np.random.default_rng([seed, 8])
    drawn = rng.integers(1, (modulus - 1) // 2 + 1, len(neurons))
    by_chance = label(sample.seen, values, modulus, frequencies=drawn)
    dealt = rng.permutation(len(neurons))
    hidden = truth.table[sample.hidden[:, 0], sample.hidden[:, 1]][:, neurons]  # [pair, neuron]
    nearest = values[_nearest(sample, modulus)]
    called = [(int(a), int(b)) for a, b in sample.seen]
    cases = [(int(a), int(b)) for a, b in sample.hidden]

    def judge(at: int) -> Row:
        neuron, other = int(neurons[at]), result[dealt[at]]
        box = neuron_box(truth, neuron, cases)
        answer = Answer(result[at].words, result[at].code)
        score = judged(box, answer, [(pair, None) for pair in called])
        true = hidden[:, at]
        return Row(
            seed=seed,
            neuron=neuron,
            truth=int(truth.frequency[neuron]),
            share=float(truth.share[neuron]),
            said=result[at].frequency,
            answer=answer,
            score=score,
            nmse={
                "answer": score.nmse["unseen"],
                "constant": nmse_of(true, np.full(len(true), values[:, at].mean())),
                "nearest": nmse_of(true, nearest[:, at]),
                "random frequency": nmse_of(true, by_chance[at](sample.hidden)),
                "random frequency right": float(drawn[at] == truth.frequency[neuron]),
                "shuffled": nmse_of(true, other(sample.hidden)),
                "shuffled right": float(other.frequency == truth.frequency[neuron]),
            },
            seconds=seconds,
        )

    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(judge, range(len(neurons))))


def _asked(
    truth: Truth,
    investigate: Investigate,
    neurons: np.ndarray,
    seed: int,
    budget: int,
    workers: int,
) -> Iterator[Row]:
    """A language model's rows, one conversation a neuron."""
    modulus = len(truth.table)
    sample = Sample.draw(modulus, max(60, budget), seed)
    cases = [(int(a), int(b)) for a, b in sample.hidden]

    def ask(neuron: int) -> Row:
        started = time.monotonic()
        box = neuron_box(truth, neuron, cases)
        calls = Calls(box, budget, seed=seed)
        answer = answered(investigate, calls)
        score = judged(box, answer, calls.log)
        true = np.array(box.answers, float)
        seen = np.array([value for _, value in calls.log] or [0.0], float)
        return Row(
            seed=seed,
            neuron=neuron,
            truth=int(truth.frequency[neuron]),
            share=float(truth.share[neuron]),
            said=named(answer.words, modulus),
            answer=answer,
            score=score,
            nmse={
                "answer": score.nmse["unseen"],
                "constant": nmse_of(true, np.full(len(true), seen.mean())),
            },
            seconds=time.monotonic() - started,
        )

    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(ask, map(int, neurons))


def _nearest(sample: Sample, modulus: int) -> np.ndarray:
    """For each hidden pair the sampled pair nearest on the torus."""
    gap = np.abs(sample.hidden[:, None] - sample.seen[None])  # [hidden, seen, 2]
    gap = np.minimum(gap, modulus - gap)
    return np.square(gap).sum(2).argmin(1)


def _on_untrained(target: Target, modulus: int, count: int, seed: int) -> dict[str, Any]:
    """The same labeller on an untrained copy."""
    copy = untrained(target, seed=seed)
    truth = truth_of(copy, modulus)
    sample = Sample.draw(modulus, count, seed)
    result: list[Found] = label(sample.seen, measured(copy, sample.seen), modulus)
    hidden = truth.table[sample.hidden[:, 0], sample.hidden[:, 1]]
    return {
        "with_frequency": float(np.mean(truth.frequency > 0)),
        "said_frequency": float(np.mean([one.frequency > 0 for one in result])),
        "share": float(np.median(truth.share)),
        "nmse": float(
            np.median([nmse_of(hidden[:, at], one(sample.hidden)) for at, one in enumerate(result)])
        ),
    }
