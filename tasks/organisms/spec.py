"""What an organism is: a network trained here on a task whose mechanism is known.

An `Organism` says all that its weights follow from: the vocabulary, the architecture, how prompts
and targets are made and held out, how it is trained, and the seed. Held-out prompts are chosen by a
hash of what they are about, so that a split is the same in every process and cannot leak.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...tools.errors import UsageError, nearest
from ...tools.models import Target

SPLITS = ("train", "test")
BOS, UNKNOWN, END = "<s>", "<unk>", "</s>"


class Prompt(NamedTuple):
    """A prompt, the one token that follows it, and what is known of the two."""

    prompt: str
    target: str
    """As text behind the prompt: ` France` or `62`."""
    meta: Mapping[str, Any]


class Rows(NamedTuple):
    """A batch to train on."""

    ids: Tensor
    """`[row, place]`, right-padded."""
    labels: Tensor
    """`[row, place]`: the token that follows; -100 where nothing is learnt."""


Batches = Callable[[float], Rows]
"""The share of the training that is done to the next batch: a curriculum can depend on it."""


@dataclass(frozen=True)
class Recipe:
    """How the weights are made: AdamW, a linear warm-up, a cosine to a twentieth."""

    steps: int
    rate: float
    decay: float
    """Weight decay, on matrices."""
    batch: int
    betas: tuple[float, float] = (0.9, 0.98)
    warm: int = 100
    """Steps of the warm-up."""


@dataclass(frozen=True)
class Organism:
    """One organism."""

    name: str
    mechanism: str
    """What it computes and how it is known to, in a sentence."""
    words: tuple[str, ...]
    """The vocabulary beside the special tokens, as text: `7`, `(`, ` Anna`."""
    architecture: Mapping[str, Any]
    """`model_type` and settings of a Hugging Face configuration."""
    batches: Callable[["Organism", np.random.Generator], Batches]
    """Training batches, endless; they never hold a test prompt."""
    recipe: Recipe
    figures: Callable[[Target], dict[str, Any]]
    """What is measured of the mechanism once it is trained, with controls."""
    pool: Callable[[str, str | None], list[Prompt]] | None = None
    """All prompts of a split and kind, where they are few; else None."""
    make: Callable[[str, str | None, np.random.Generator], Prompt | None] | None = None
    """A random prompt of a split and kind; None for one that belongs elsewhere."""
    kinds: tuple[str, ...] = ()
    """Kinds of prompts that `prompts(kind=...)` can choose; accuracy is reported for each."""
    tested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kinds in each split, where not all kinds are in both."""
    headline: tuple[str, ...] = ()
    """Kinds whose held-out accuracy is the organism's; empty: all."""
    seed: int = 0
    silent_mlps: bool = False
    """MLPs stay zero: the network is attention alone."""

    @property
    def ids(self) -> dict[str, int]:
        """Token ids by text."""
        return {word: i for i, word in enumerate((UNKNOWN, BOS, END, *self.words))}

    def kinds_of(self, split: str) -> tuple[str | None, ...]:
        """The kinds that a split has; one None where there are no kinds."""
        return self.tested.get(split, self.kinds) or (None,)

    def checked(self, split: str, kind: str | None) -> None:
        """Raises UsageError for a split or kind that is not there."""
        if split not in SPLITS:
            raise UsageError(f"organism {self.name} has the splits train and test, not '{split}'")
        if kind is None:
            return
        if kind not in self.kinds:
            known = f"nearest: {nearest(kind, self.kinds)}" if self.kinds else "it has no kinds"
            raise UsageError(f"organism {self.name} has no prompts of kind '{kind}'; {known}")
        if kind not in self.kinds_of(split):
            has = ", ".join(str(item) for item in self.kinds_of(split))
            raise UsageError(f"the {split} split of {self.name} has no '{kind}'; it has: {has}")


def gpt2(*, layers: int, width: int, **more: Any) -> dict[str, Any]:
    """The architecture of a small GPT-2 for short prompts, with four heads and 256 neurons."""
    sizes = {"n_layer": layers, "n_embd": width, "n_head": 4, "n_inner": 256, "n_positions": 16}
    return {"model_type": "gpt2", **sizes, **more}


def llama(*, layers: int, width: int, inner: int, places: int) -> dict[str, Any]:
    """The architecture of a small Llama with four heads."""
    return {
        "model_type": "llama",
        "num_hidden_layers": layers,
        "hidden_size": width,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "intermediate_size": inner,
        "max_position_embeddings": places,
    }


def held_out(*about: object, one_in: int) -> bool:
    """Whether what a prompt is about belongs to the test split, by its hash."""
    text = "\x1f".join(str(item) for item in about)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % one_in == 0


def draw(
    organism: Organism, split: str, kind: str | None, n: int, rng: np.random.Generator
) -> list[Prompt]:
    """`n` different prompts of a split and kind.

    Raises:
        UsageError: if there are fewer, or no such split or kind.
    """
    organism.checked(split, kind)
    result: dict[str, Prompt] = {}
    if organism.pool is not None:
        pool = organism.pool(split, kind)
        result = {pool[i].prompt: pool[i] for i in rng.permutation(len(pool))[:n]}
    for _ in range(100 * n + 1000 if organism.make is not None else 0):
        if len(result) >= n:
            break
        made = organism.make(split, kind, rng)  # type: ignore[misc]
        if made is not None:
            result.setdefault(made.prompt, made)
    if len(result) < n:
        raise UsageError(
            f"the {split} split of {organism.name} has {len(result)} different prompts"
            f"{f' of kind {kind}' if kind else ''}, not {n}; ask for fewer"
        )
    return list(result.values())


def answers(organism: Organism, rows: Iterable[tuple[Sequence[str], str]]) -> Rows:
    """Rows of words with one answer each, learnt at the last word alone."""
    ids, coded = organism.ids, []
    for words, answer in rows:
        coded.append(([ids[BOS], *(ids[word] for word in words)], ids[answer]))
    width = max(len(row) for row, _ in coded)
    tokens = torch.full((len(coded), width), ids[END])  # [row, place]
    labels = torch.full((len(coded), width), -100)
    for i, (row, answer) in enumerate(coded):
        tokens[i, : len(row)] = torch.tensor(row)
        labels[i, len(row) - 1] = answer
    return Rows(tokens, labels)


def picks(rows: Rows, batch: int, rng: np.random.Generator) -> Batches:
    """Batches of rows drawn with replacement; all rows each time where `batch` is 0."""

    def next_batch(done: float) -> Rows:
        if not batch:
            return rows
        at = torch.from_numpy(rng.integers(len(rows.ids), size=batch))
        return Rows(rows.ids[at], rows.labels[at])

    return next_batch
