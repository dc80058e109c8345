"""Trains the host of the ground-truth suite.

    python -m neuroscribe.tasks.groundtruth.text.host.train [--out FOLDER] [--steps 1500] [--seed 0]

1. Write tier A prose in which pool words stand in pairs; read all of tier B's prose.
2. Build the tokenizer: words of the word sets and numerals for sure, then the most frequent words.
3. Train as the host of the target `planted` is trained; report the loss on documents held out,
   beside that of the best guess from token frequencies.
"""

import argparse
import math
import random
from collections import Counter
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from .....tools.models.host.train import train
from ..prose import prose_documents
from ..sets import frequent
from ..words import Pairing, categories, pools
from ..writing import documents

_SIZE, _WIDTH, _INNER = 7000, 72, 320
_HELD_OUT = 200  # documents


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Train the host of the ground-truth suite.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    texts = reading(given.seed)
    always = [*every_word(), *frequent(prose_documents(max_tokens=10**9, seed=given.seed))]
    forms = " ".join(always)  # so that each is counted
    tokenizer = train(
        [*texts[_HELD_OUT:], forms],
        given.out,
        given.steps,
        given.seed,
        size=_SIZE,
        always=always,
        width=_WIDTH,
        inner=_INNER,
        threads=given.threads,
    )
    report(given.out, tokenizer, texts)


def reading(seed: int) -> list[str]:
    """About as many tokens of either kind of prose, shuffled."""
    pairing = Pairing(pools()["adjectives"], pools()["nouns"], 0.3)
    written = documents(categories(), n=5000, seed=seed + 1000, pairings=[pairing] * 5)
    texts = [*written, *prose_documents(max_tokens=10**9, seed=seed)]
    random.Random(seed).shuffle(texts)
    return texts


def every_word() -> list[str]:
    """Tier A: words of categories and pools, lower-case and capitalised, and numerals below 100."""
    words = {word for category in categories().values() for word in category.words}
    words |= {word for pool in pools().values() for word in pool}
    forms = {form for word in words for form in (word, word.capitalize())}
    return sorted({*forms, *map(str, range(100))})


def report(folder: Path, tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> None:
    """Prints the loss on the documents held out, in nats a token."""
    coded = tokenizer(texts, add_special_tokens=True, verbose=False)["input_ids"]
    counts = Counter(token for ids in coded[_HELD_OUT:] for token in ids)
    total = sum(counts.values()) + len(tokenizer)
    network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    loss = guess = n = 0.0
    with torch.no_grad():
        for ids in coded[:_HELD_OUT]:
            row = torch.tensor([ids[:256]])
            scores = network(input_ids=row).logits[0, :-1].log_softmax(-1)  # [place, id]
            loss -= scores.gather(1, row[0, 1:, None]).sum().item()
            guess -= sum(math.log((counts[i] + 1) / total) for i in row[0, 1:].tolist())
            n += row.shape[1] - 1
    print(f"held out: loss {loss / n:.3f}, from frequencies alone {guess / n:.3f}")


if __name__ == "__main__":
    main()
