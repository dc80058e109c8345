"""Induction: a run of random words begins again, and the next word is the one that followed before.

The setting of Olsson et al. (2022) on attention alone: two layers whose MLPs stay zero. The known
mechanism is a pair of heads: one in the first layer that looks at the previous place, and one in
the second, the induction head, that looks at the place behind the earlier occurrence of the
present word. Runs begin at random places and have random lengths, so that no fixed distance solves
it. Ordered pairs of words are held out: in a test prompt the word to predict never followed the
present word in training.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch

from ...tools.models import Target, zero
from .measure import hits
from .spec import BOS, END, Batches, Organism, Prompt, Recipe, Rows, draw, held_out, llama

_SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
WORDS = tuple(f" {syllable}" for syllable in _SYLLABLES[:64])
SHORTEST, LONGEST = 4, 20
"""Words of a run."""
BEFORE = 8
"""Most words before the first run."""
ONE_IN = 5
_LAYERS, _HEADS = 2, 4


@cache
def _trained() -> np.ndarray:
    """`[word, next word]` bool: pairs that may stand in training rows."""
    size = len(WORDS)
    allowed = np.array(
        [[not held_out("induction", a, b, one_in=ONE_IN) for b in WORDS] for a in WORDS]
    )
    allowed[np.arange(size), np.arange(size)] = False
    return allowed


def _runs(rows: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """Random runs `[row, place]` of different words, every neighbouring pair one of training's."""
    size = len(WORDS)
    runs = np.empty((rows, length), np.int64)
    free = np.ones((rows, size), bool)
    runs[:, 0] = rng.integers(size, size=rows)
    for at in range(length):
        if at:
            fits = free & _trained()[runs[:, at - 1]]
            runs[:, at] = np.where(fits, rng.random((rows, size)), -1).argmax(1)
        free[np.arange(rows), runs[:, at]] = False
    return runs


def _make(split: str, kind: str | None, rng: np.random.Generator) -> Prompt | None:
    length = int(rng.integers(SHORTEST, LONGEST + 1))
    before = int(rng.integers(BEFORE + 1))
    whole = _runs(1, before + length, rng)[0]
    run = whole[before:]
    at = int(rng.integers(length - 1))
    if split == "test":
        unseen = ~_trained()[run[at]] & ~np.isin(np.arange(len(WORDS)), whole)
        unseen[run[at]] = False
        if not unseen.any():
            return None
        run[at + 1] = rng.choice(np.flatnonzero(unseen))  # `run` is a view of `whole`
    again = [*whole, *run[: at + 1]]
    text = "".join(WORDS[word] for word in again).strip()
    meta = {
        "run": length,
        "before": before,
        "at": at,
        "place": before + at + 2,
        "distance": length - 1,
    }
    return Prompt(text, WORDS[run[at + 1]], meta)


def _batches(organism: Organism, rng: np.random.Generator) -> Batches:
    ids = organism.ids
    words = np.array([ids[word] for word in WORDS])
    rows, width = organism.recipe.batch, 1 + BEFORE + 2 * LONGEST

    def next_batch(done: float) -> Rows:
        whole = _runs(rows, BEFORE + LONGEST, rng)
        tokens = np.full((rows, width), ids[END])
        labels = np.full((rows, width), -100)
        lengths = rng.integers(SHORTEST, LONGEST + 1, size=rows)
        befores = rng.integers(BEFORE + 1, size=rows)
        for row, (length, before) in enumerate(zip(lengths, befores, strict=True)):
            run = whole[row, before : before + length]
            text = words[np.concatenate([whole[row, :before], run, run])]
            tokens[row, 0] = ids[BOS]
            tokens[row, 1 : 1 + len(text)] = text
            first = 1 + before + length  # the place where the run begins again
            labels[row, first : len(text)] = text[first:]
        return Rows(torch.from_numpy(tokens), torch.from_numpy(labels))

    return next_batch


def _figures(target: Target) -> dict[str, Any]:
    some = draw(INDUCTION, "test", None, 400, np.random.default_rng(2))
    patterns = attention(target, [one.prompt for one in some])
    heads = [(layer, head) for layer in range(_LAYERS) for head in range(_HEADS)]
    behind = {
        at: np.mean([p[*at, -1, q.meta["place"]] for p, q in zip(patterns, some, strict=True)])
        for at in heads
    }
    previous = {at: np.mean([p[*at, -1, -2] for p in patterns]) for at in heads}
    groups = {
        "induction heads": [at for at in heads if behind[at] > 0.5],
        "previous-place heads": [at for at in heads if previous[at] > 0.5],
    }
    used = [at for group in groups.values() for at in group]
    groups["the other heads"] = [at for at in heads if at not in used]
    zeroed = [*groups.items(), *((_head(at), [at]) for at in heads)]
    return {
        "attention_behind_the_earlier_occurrence": {_head(k): _r(v) for k, v in behind.items()},
        "attention_to_the_previous_place": {_head(k): _r(v) for k, v in previous.items()},
        "groups": {name: [_head(at) for at in group] for name, group in groups.items()},
        "accuracy_with_heads_zeroed": {
            name: _r(np.mean(hits(target, some, [zero(f"head.{i}", [j]) for i, j in group])))
            for name, group in zeroed
        },
    }


def _head(at: tuple[int, int]) -> str:
    return f"head.{at[0]}/{at[1]}"


def _r(value: Any) -> float:
    return round(float(value), 4)


def attention(target: Target, texts: Sequence[str]) -> list[np.ndarray]:
    """Attention patterns of each text, `[layer, head, to, from]`."""
    network: Any = target.network
    before = network.config._attn_implementation
    network.set_attn_implementation("eager")
    try:
        result = []
        for text in texts:
            ids = torch.tensor([target.tokenizer(text)["input_ids"]])
            with torch.no_grad():
                out = network(input_ids=ids, output_attentions=True, use_cache=False)
            result.append(torch.cat(out.attentions).numpy())
        return result
    finally:
        network.set_attn_implementation(before)


INDUCTION = Organism(
    name="induction",
    mechanism=(
        "copies what followed the present word before: a previous-place head feeds an induction "
        "head; attention only"
    ),
    words=WORDS,
    architecture=llama(layers=_LAYERS, width=64, inner=8, places=64),
    make=_make,
    batches=_batches,
    recipe=Recipe(steps=2000, rate=3e-3, decay=0.01, batch=64),
    figures=_figures,
    silent_mlps=True,
)
