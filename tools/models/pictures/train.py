"""Trains the network of the target `pictures`.

    python -m neuroscribe.tools.models.pictures.train [--scenes 7000] [--epochs 3] [--seed 0]

1. Draw scenes of the grammar in which the largest thing is of one of the classes, and the others
   are anything else.
2. Cross-entropy on the class; AdamW, one thread, one seed.
3. Save the weights as float16, with the accuracy on fresh scenes printed.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ...scenes import drawing, grammar
from ...scenes.things import NAMES
from . import WEIGHTS, picture_input
from .network import CLASSES, SIDE, SmallCNN

_BATCH = 64


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Train the network of the target 'pictures'.")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--scenes", type=int, default=7000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    from safetensors.torch import save_file

    torch.set_num_threads(1)
    pixels, classes = scenes(arguments.scenes, seed=arguments.seed)
    network = train(pixels, classes, epochs=arguments.epochs, seed=arguments.seed)
    held, wanted = scenes(600, seed=arguments.seed + 1)
    print(f"accuracy on {len(held)} fresh scenes: {accuracy(network, held, wanted):.3f}")
    state = network.state_dict()
    save_file(
        {k: v.half() if v.is_floating_point() else v for k, v in state.items()}, arguments.out
    )


def scenes(number: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, uint8 `[image, 96, 96, 3]`, and the class of each, `[image]`."""
    rng = np.random.default_rng([seed, 96])
    others = [name for name in NAMES if name not in CLASSES]
    pixels, classes = [], []
    for _ in range(number):
        wanted = int(rng.integers(len(CLASSES)))
        size = round(float(rng.uniform(0.34, 0.55)), 3)
        scene = grammar.sample(
            rng,
            names=others,
            number=(1, 4),
            size=(0.14, 0.3),
            overlap=0.0,
            including=[{"name": CLASSES[wanted], "size": size}],
        )
        pixels.append(drawing.render(scene, SIDE))
        classes.append(wanted)
    return np.stack(pixels), np.array(classes, np.int64)


def train(pixels: np.ndarray, classes: np.ndarray, *, epochs: int, seed: int) -> SmallCNN:
    """Trains on pictures, shifted by up to four pixels at random."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = SmallCNN().train()
    normalise = picture_input().normalise

    def loss(rows: np.ndarray) -> Tensor:
        down, right = (int(by) for by in rng.integers(-4, 5, 2))
        batch = np.roll(pixels[rows], (down, right), (1, 2))
        result = network(normalise(torch.from_numpy(batch)))
        return cross_entropy(result, torch.from_numpy(classes[rows]))

    fit(network, loss, len(pixels), rng, batch=_BATCH, epochs=epochs, peak=6e-3, decay=1e-2)
    return network.eval()


def fit(
    network: nn.Module,
    loss: Callable[[np.ndarray], Tensor],
    size: int,
    rng: np.random.Generator,
    *,
    batch: int,
    epochs: int,
    peak: float,
    decay: float,
    shown: bool = True,
) -> None:
    """AdamW with one cycle of the learning rate, over rows in shuffled rounds.

    Args:
        network: Trained in place.
        loss: Of the rows with these numbers.
        size: How many rows there are.
        rng: Shuffles them.
        batch: Rows of a step.
        epochs: Rounds.
        peak: The highest learning rate.
        decay: Of the weights.
        shown: Print the loss now and then.
    """
    steps = epochs * (size // batch)
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, total_steps=steps)
    started, mean, order = time.monotonic(), None, np.empty(0, np.int64)
    for step in range(steps):
        if len(order) < batch:
            order = rng.permutation(size)
        rows, order = order[:batch], order[batch:]
        now = loss(rows)
        optimizer.zero_grad()
        now.backward()
        optimizer.step()
        schedule.step()
        mean = now.item() if mean is None else 0.98 * mean + 0.02 * now.item()
        if shown and (step % 100 == 0 or step == steps - 1):
            print(f"step {step}/{steps}  loss {mean:.3f}  {time.monotonic() - started:.0f} s")


def accuracy(network: SmallCNN, pixels: np.ndarray, classes: np.ndarray) -> float:
    """Share of pictures whose class is said rightly."""
    normalise = picture_input().normalise
    with torch.no_grad():
        parts = [
            network(normalise(torch.from_numpy(pixels[start : start + 100]))).argmax(1)
            for start in range(0, len(pixels), 100)
        ]
    return float((torch.cat(parts).numpy() == classes).mean())


if __name__ == "__main__":
    main()
