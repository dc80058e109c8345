"""Trains the network that reads what a text says, and measures it.

    python -m neuroscribe.tasks.groundtruth.text.meaning.train [--pairs 200] [--epochs 12]

1. Texts are passages of the split `train`, of all kinds, half of them beside another one or a
   sentence of everyday text. The encoder's states of each are read once.
2. An output has a label in passages of its own kind: 1 inside items of its side, else 0. Judged
   words weigh ten times as much as the others. In passages of other kinds it has none.
3. The network is measured on passages of the split `held`, whose templates and words are others:
   balanced accuracy at judged words, by reading.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from .....tools.data.windows import TokenWindows, batches
from .....tools.models.target import Target
from ..words import categories
from ..writing import documents
from .passages import KINDS, Passage, Span, passages, templates
from .placed import Placed, placed
from .reading import BLOCK, ENCODER, Reading, ReadingNetwork, intended, judged, readings

_BATCH = 64
_HARDER = {"actor": 4, "name": 4, "supposed": 3, "praised": 3, "allowed": 2}
"""Times as many pairs of kinds that are learnt more slowly."""
_OTHER_WEIGHT = 0.1
"""Of a token of a passage that is no judged word."""
_RATE, _DECAY, _DROPOUT = 2e-3, 0.05, 0.15


def labels(data: Placed, outputs: Sequence[Reading]) -> tuple[Tensor, Tensor]:
    """What outputs should be, and what that weighs: `[window, place, output]` each."""
    shape = (*data.windows.ids.shape, len(outputs))
    wanted, weight = torch.zeros(shape, dtype=torch.bool), torch.zeros(shape, dtype=torch.float16)
    halves = {kind: set(sorted(templates(kind, "train"))[::2]) for kind in KINDS}
    for window, found in enumerate(data.passages):
        for start, passage in found:
            own = data.tokens(window, start, [Span(0, len(passage.text), "")])
            words = data.tokens(window, start, passage.marks)
            for j, reading in enumerate(outputs):
                half = reading.variant == "again"
                known = halves[reading.kind].issuperset(passage.templates)
                if reading.kind != passage.kind or (half and not known):
                    continue
                wanted[window, data.tokens(window, start, intended(reading, passage)), j] = True
                weight[window, own, j] = _OTHER_WEIGHT
                weight[window, words, j] = 1.0
    return wanted, weight


def states(encoder: Target, windows: TokenWindows) -> Tensor:
    """float16 `[window, place, d]`: what the encoder's block gives."""
    site = f"resid.{BLOCK}"
    result = torch.zeros(*windows.ids.shape, encoder.site(site).units, dtype=torch.float16)
    for start, rows in batches(windows, _BATCH):
        values = encoder.trace(rows.trimmed(), [site], output=False).values[site]
        result[start : start + len(rows), : values.shape[1]] = values.half()
    return result


def mixed(pairs: int, seed: int) -> Iterator[list[Passage | str]]:
    """Texts to train on: passages of all kinds, half of them with another one or a sentence."""
    rng = random.Random(seed)
    every = [
        passage
        for kind in KINDS
        for passage in passages(kind, "train", pairs=_HARDER.get(kind, 1) * pairs, seed=seed)
    ]
    rng.shuffle(every)
    sentences = [s for text in documents(categories(), n=400, seed=seed) for s in text.split(". ")]
    while every:
        parts: list[Passage | str] = [every.pop()]
        draw = rng.random()
        if draw < 0.1 and every:
            parts.append(every.pop())
        elif draw < 0.5:
            parts.insert(rng.randint(0, 1), f"{rng.choice(sentences).rstrip('.')}.")
        yield parts


def train(encoder: Target, *, pairs: int, epochs: int, seed: int) -> ReadingNetwork:
    """A network trained on passages of the split `train`."""
    torch.manual_seed(seed)
    data = placed(encoder, list(mixed(pairs, seed)))
    wanted, weight = labels(data, readings())
    x, attended = states(encoder, data.windows), torch.from_numpy(data.windows.attended)
    network = ReadingNetwork(dropout=_DROPOUT).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    per_epoch = len(x) // _BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=epochs * per_epoch)
    for epoch in range(epochs):
        total = 0.0
        for rows in _batches(attended.sum(1)):
            width = int(attended[rows].sum(1).max())
            logits = network(x[rows, :width].float(), attended[rows, :width])
            loss = (
                torch.nn.functional.binary_cross_entropy_with_logits(
                    logits,
                    wanted[rows, :width].float(),
                    weight[rows, :width].float(),
                    reduction="sum",
                )
                / weight[rows].float().sum()
            )
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1} of {epochs}: loss {total / per_epoch:.4f}", flush=True)
    return network.eval().requires_grad_(False)


def _batches(lengths: Tensor) -> Iterator[Tensor]:
    """Texts in a random order, so many at a time, those of a like length together."""
    order = torch.randperm(len(lengths))[: len(lengths) // _BATCH * _BATCH]
    for some in order.split(16 * _BATCH):
        batches = some[lengths[some].argsort()].split(_BATCH)
        yield from (batches[int(i)] for i in torch.randperm(len(batches)))


def accuracy(
    network: ReadingNetwork, encoder: Target, kind: str, split: str, *, pairs: int, seed: int
) -> dict[str, float]:
    """Balanced accuracy at judged words, by variant of a kind's readings."""
    data = placed(encoder, [[p] for p in passages(kind, split, pairs=pairs, seed=seed)])
    with torch.no_grad():
        attended = torch.from_numpy(data.windows.attended)
        logits = network(states(encoder, data.windows).float(), attended).numpy()
    result = {}
    for j, reading in enumerate(readings()):
        if reading.kind == kind:
            here = data.where(partial(judged, reading))
            truth = data.where(partial(intended, reading))[here]
            said = logits[..., j][here] > 0
            result[reading.variant] = float(
                np.mean([(said[truth == s] == s).mean() for s in (0, 1)])
            )
    return result


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Train the readings of tier M.")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("reading.safetensors"))
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    encoder = Target.load(ENCODER)
    network = train(encoder, pairs=given.pairs, epochs=given.epochs, seed=given.seed)
    weights = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    save_file(weights, given.out)
    for kind in KINDS:
        found = accuracy(network, encoder, kind, "held", pairs=150, seed=given.seed)
        print(kind, *(f"{name} {value:.3f}" for name, value in found.items()), sep="  ", flush=True)


if __name__ == "__main__":
    main()
