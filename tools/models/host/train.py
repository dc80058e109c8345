"""Trains the host of the `planted` target: a two-layer Llama on generated stories.

    python -m neuroscribe.tools.models.host.train --out FOLDER [--steps 1800] [--seed 0]

1. Generate stories; build the tokenizer from their words and the planted units' words.
2. Train on the next token, AdamW with a cosine schedule, one thread, one seed.
3. Save the weights as float16 safetensors with the tokenizer and the configuration.
"""

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast

from .tokenizer import build
from .units import words

SIZE = 2900
LENGTH = 256


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Train the host of the planted target.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--stories", type=int, default=6000)
    parser.add_argument("--steps", type=int, default=1800)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    from ...data.stories import stories

    train(
        list(stories(arguments.stories, seed=arguments.seed + 1)),
        arguments.out,
        arguments.steps,
        arguments.seed,
    )


def train(
    texts: list[str],
    out: Path,
    steps: int,
    seed: int,
    *,
    size: int = SIZE,
    always: Sequence[str] | None = None,
    width: int = 64,
    inner: int = 172,
    threads: int = 1,
) -> PreTrainedTokenizerFast:
    """Trains on texts and writes the host's files into the folder `out`.

    Args:
        texts: What it reads, in this order.
        out: The folder, made if need be.
        steps: Of eight rows of 128 tokens each.
        seed: Of the weights and of the rows.
        size: Tokens of the vocabulary.
        always: Words that are tokens if they occur; by default those of the planted units.
        width: Of the residual stream.
        inner: Neurons of a layer.
        threads: Of torch; another number may give slightly other weights.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    tokenizer = build(texts, size=size, always=words() if always is None else always, length=LENGTH)
    coded = tokenizer(texts, verbose=False)["input_ids"]
    stream = torch.tensor([token for ids in coded for token in ids])  # [token]
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=LENGTH,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        tie_word_embeddings=True,
        initializer_range=0.05,
    )
    network = LlamaForCausalLM(config)
    rate, batch, row = 5e-3, 8, 128
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=rate, weight_decay=0.05, betas=(0.9, 0.98)
    )
    started, mean = time.monotonic(), None
    for step in range(steps):
        for group in optimizer.param_groups:
            warm = min(1.0, (step + 1) / 100)
            group["lr"] = rate * warm * (0.05 + 0.95 * (1 + math.cos(math.pi * step / steps)) / 2)
        at = torch.randint(len(stream) - row, (batch,))
        ids = torch.stack([stream[i : i + row] for i in at.tolist()])  # [row, place]
        loss = network(input_ids=ids, labels=ids, use_cache=False).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        now = loss.item()
        mean = now if mean is None else 0.98 * mean + 0.02 * now
        if step % 200 == 0 or step == steps - 1:
            print(f"step {step}  loss {mean:.3f}  {time.monotonic() - started:.0f} s", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    network.half().save_pretrained(out)
    tokenizer.save_pretrained(out)
    return tokenizer


if __name__ == "__main__":
    main()
