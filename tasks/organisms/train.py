"""Trains an organism: same seed, same weights on the same platform.

    python -m neuroscribe.tasks.organisms.train NAME [--out FOLDER] [--seed N] [--steps N]
    python -m neuroscribe.tasks.organisms.train NAME --measure      figures again, no training

1. Build tokenizer and network from the spec; draw the weights from the seed.
2. AdamW on the answers alone, weight decay on matrices, a warm-up and a cosine, one thread.
3. Save float32 safetensors, configuration and tokenizer.
4. Load them as anyone would, measure held-out accuracy and the figures of the mechanism, and write
   them to `organism.json` with the command, the seconds and the versions.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...tools.models import Target
from ...tools.models.organisms import CARD, folder
from . import organism
from .measure import accuracy
from .spec import BOS, END, Organism
from .tokenizer import build


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Train an organism.")
    parser.add_argument("name")
    parser.add_argument("--out", type=Path, help="by default where the shipped weights are")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--measure", action="store_true", help="only the figures, of what is there")
    given = parser.parse_args()
    out = given.out or folder(given.name)
    if given.measure:
        card = measure(given.name, out)
    else:
        card = train(given.name, given.seed, out, steps=given.steps, progress=True)
    print(json.dumps(card, indent=1))


def train(
    name: str,
    seed: int | None,
    out: Path,
    *,
    steps: int | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Trains an organism into a folder and gives its card, the content of `organism.json`.

    Args:
        name: Of the organism.
        seed: Of weights and batches; None: the organism's own.
        out: The folder, made if need be.
        steps: Fewer or more than its recipe says, for a trial.
        progress: Print the loss now and then.
    """
    spec = organism(name)
    used = spec.seed if seed is None else seed
    recipe = spec.recipe if steps is None else replace(spec.recipe, steps=steps)
    started = time.monotonic()
    with one_thread():
        torch.manual_seed(used)
        network = _network(spec)
        loss = _fit(network, replace(spec, recipe=recipe), used, progress)
    seconds = time.monotonic() - started
    out.mkdir(parents=True, exist_ok=True)
    network.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)
    (out / "generation_config.json").unlink(missing_ok=True)
    length = int(network.config.max_position_embeddings)
    build(spec.words, length=length).save_pretrained(out)
    card = {
        "name": name,
        "mechanism": spec.mechanism,
        "seed": used,
        "command": _command(name, seed, steps),
        "seconds": round(seconds, 1),
        "recipe": asdict(recipe),
        "loss": round(loss, 6),
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "bytes": (out / "model.safetensors").stat().st_size,
        "torch": torch.__version__,
    }
    _write(card, out)
    return measure(name, out)


def measure(name: str, out: Path) -> dict[str, Any]:
    """Writes held-out accuracy and figures of the weights in a folder into its card."""
    spec = organism(name)
    card = json.loads((out / CARD).read_text(encoding="utf-8"))
    target = Target.load(str(out))
    card["mechanism"] = spec.mechanism
    card["held_out"] = accuracy(target, spec, "test")
    card["figures"] = spec.figures(target)
    _write(card, out)
    return card


def _write(card: dict[str, Any], out: Path) -> None:
    (out / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread of torch, so that sums are always in the same order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _network(spec: Organism) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM

    settings = dict(spec.architecture)
    config = AutoConfig.for_model(
        settings.pop("model_type"),
        vocab_size=len(spec.ids),
        bos_token_id=spec.ids[BOS],
        eos_token_id=spec.ids[END],
        pad_token_id=spec.ids[END],
        tie_word_embeddings=False,
        **{key: 0.0 for key in ("resid_pdrop", "embd_pdrop", "attn_pdrop")
           if spec.architecture["model_type"] == "gpt2"},
        **settings,
    )  # fmt: skip
    network: Any = AutoModelForCausalLM.from_config(config)
    if spec.silent_mlps:
        for name, weight in network.named_parameters():
            if ".mlp." in name:
                torch.nn.init.zeros_(weight)
                weight.requires_grad_(False)
    return network.train()


def _fit(network: Any, spec: Organism, seed: int, progress: bool) -> float:
    """Trains in place; the mean loss of late steps."""
    recipe = spec.recipe
    batches = spec.batches(spec, np.random.default_rng(seed))
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": [w for w in weights if w.ndim > 1], "weight_decay": recipe.decay},
            {"params": [w for w in weights if w.ndim < 2], "weight_decay": 0.0},
        ],
        lr=recipe.rate,
        betas=recipe.betas,
    )
    mean, started = None, time.monotonic()
    for step in range(recipe.steps):
        done = step / recipe.steps
        warm = min(1.0, (step + 1) / recipe.warm)
        rate = recipe.rate * warm * (0.05 + 0.95 * (1 + math.cos(math.pi * done)) / 2)
        for group in optimizer.param_groups:
            group["lr"] = rate
        ids, labels = batches(done)
        hidden = network.base_model(input_ids=ids, use_cache=False)[0]  # [row, place, d]
        asked = labels != -100
        logits = network.get_output_embeddings()(hidden[asked])  # [answer, token]
        loss = torch.nn.functional.cross_entropy(logits, labels[asked])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        now = loss.item()
        mean = now if mean is None else 0.98 * mean + 0.02 * now
        if progress and (step % 250 == 0 or step == recipe.steps - 1):
            print(f"step {step}  loss {mean:.4f}  {time.monotonic() - started:.0f} s", flush=True)
    network.eval()
    return float(mean or 0.0)


def _command(name: str, seed: int | None, steps: int | None) -> str:
    more = "" if seed is None else f" --seed {seed}"
    more += "" if steps is None else f" --steps {steps}"
    return f"python -m neuroscribe.tasks.organisms.train {name}{more}"


if __name__ == "__main__":
    main()
