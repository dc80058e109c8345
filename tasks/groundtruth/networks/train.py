"""Trains the three networks: same seed, same weights on the same platform.

    python -m neuroscribe.tasks.groundtruth.networks.train [NAME ...] [--seeds 0,1,2,3,4]

AdamW, a rate that falls to zero, one thread. A small price on the mean activation of hidden units
(L1, the price of sparse coding: Olshausen and Field 1996) silences many and leaves others one thing
each.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ...organisms.train import one_thread
from .models import NETWORKS, TOKENS, WEIGHTS
from .strings import answers, lessons, rows

SEEDS = (0, 1, 2, 3, 4)
POOL = 20_000
"""Strings to train on; those of a report have another seed and are none of them."""


class Recipe(NamedTuple):
    """How a network is trained."""

    steps: int
    hidden: tuple[str, ...]
    """Ends of the paths of modules whose outputs are hidden units."""
    price: float
    """Of their mean absolute activation."""
    rate: float = 3e-3
    decay: float = 0.01
    batch: int = 128


RECIPES = {
    "brackets": Recipe(4000, ("hidden",), 0.003),
    "sorter": Recipe(3000, ("mlp.1", "hidden"), 0.1),
    "counter": Recipe(3000, ("rnn",), 0.01),
}


def train(name: str, seed: int, *, steps: int | None = None) -> tuple[nn.Module, dict[str, Any]]:
    """A trained network, and what it reached.

    Args:
        name: `brackets`, `sorter` or `counter`.
        seed: Of the weights, the strings and their order.
        steps: Other than its recipe says, for a trial.
    """
    recipe = RECIPES[name]
    steps = steps or recipe.steps
    began = time.monotonic()
    with one_thread(), torch.enable_grad():
        torch.manual_seed(seed)
        network = NETWORKS[name]().train()
        batches = _batches(name, rows(name, POOL, seed=seed), recipe.batch, seed)
        optimiser = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.decay)
        fall = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
        with _activations(network, recipe.hidden) as hidden:
            for _ in range(steps):
                ids, truth = next(batches)
                hidden.clear()
                logits = network(ids).flatten(0, -2)  # [answer, class]
                loss = nn.functional.cross_entropy(logits, truth.flatten(), ignore_index=-1)
                price = torch.stack([each.relu().mean() for each in hidden]).mean()
                optimiser.zero_grad()
                (loss + recipe.price * price).backward()
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimiser.step()
                fall.step()
    network.eval()
    reached = {"seed": seed, "steps": steps, "accuracy": accuracy(name, network)}
    return network, {**reached, "seconds": round(time.monotonic() - began, 1)}


def accuracy(name: str, network: nn.Module, n: int = 1000, seed: int = 1_000_003) -> float:
    """The share of fresh strings of which everything is right."""
    right = []
    with torch.no_grad():
        for ids, truth in _batches(name, rows(name, n, seed), 0, seed):
            given = network(ids).argmax(-1).view(len(ids), -1)
            right += ((given == truth) | (truth == -1)).all(1).tolist()
    return float(np.mean(right))


def _batches(
    name: str, texts: Sequence[str], size: int, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Token ids `[row, place]` of one length with what is right: without end in random order, or
    each length once where `size` is 0."""
    code = {token: i for i, token in enumerate(TOKENS[name])}
    by_length: dict[int, list[int]] = {}
    for i, text in enumerate(texts):
        by_length.setdefault(len(text), []).append(i)
    true = (lessons if size else answers)(name, texts)
    groups = [
        (
            torch.tensor([[code[token] for token in texts[i]] for i in chosen]),
            torch.tensor(np.stack([true[i] for i in chosen])),
        )
        for chosen in by_length.values()
    ]
    if not size:
        yield from groups
        return
    rng = np.random.default_rng(seed)
    odds = np.array([len(ids) for ids, _ in groups]) / len(texts)
    while True:
        ids, truth = groups[int(rng.choice(len(groups), p=odds))]
        some = torch.from_numpy(rng.integers(len(ids), size=size))
        yield ids[some], truth[some]


@contextmanager
def _activations(network: nn.Module, ends: Sequence[str]) -> Iterator[list[Tensor]]:
    """What the modules whose paths end so give, while it is open."""
    seen: list[Tensor] = []

    def keep(_: nn.Module, __: Any, gave: Any) -> None:
        seen.append(gave[0] if isinstance(gave, tuple) else gave)

    with ExitStack() as hooks:
        for path, module in network.named_modules():
            if path.endswith(tuple(ends)):
                hooks.enter_context(module.register_forward_hook(keep))
        yield seen


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Train the three networks.")
    parser.add_argument("names", nargs="*", default=list(NETWORKS))
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)))
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--steps", type=int)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for name in given.names:
        for seed in map(int, given.seeds.split(",")):
            network, reached = train(name, seed, steps=given.steps)
            state = {key: value.contiguous() for key, value in network.state_dict().items()}
            save_file(state, given.out / f"{name}-{seed}.safetensors")
            (given.out / f"{name}-{seed}.json").write_text(json.dumps(reached) + "\n")
            print(name, reached, flush=True)


if __name__ == "__main__":
    main()
