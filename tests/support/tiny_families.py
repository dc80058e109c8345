"""Tiny random models of each way to add up, with norms that are not the identity."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from neuroscribe.tools.metrics.prompt import Prompt
from neuroscribe.tools.models import Target

SMALL = {
    "vocab_size": 64,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
BANDED = {"sliding_window": 4}
ENCODERS = ("bert", "roberta", "distilbert", "electra", "albert")


@dataclass(frozen=True)
class Rows:
    ids: np.ndarray
    attended: np.ndarray


def config(family: str, **changes: Any) -> Any:
    """The configuration of a tiny model of a family."""
    import transformers as hf

    if family == "mamba":
        return hf.MambaConfig(vocab_size=64, hidden_size=32, num_hidden_layers=3)
    if family == "distilbert":
        sizes = {"dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 48}
        return hf.DistilBertConfig(vocab_size=64, **sizes, max_position_embeddings=64)
    kind, own = json.loads(Path(__file__).with_suffix(".json").read_text())[family]
    return getattr(hf, kind)(**{**SMALL, **own, **changes})


def network(family: str, **changes: Any) -> Any:
    """A random model of a family, whose writes matter."""
    from transformers import AutoModel, AutoModelForCausalLM

    torch.manual_seed(1)
    kind = AutoModel if family in ENCODERS else AutoModelForCausalLM
    made = kind.from_config(config(family, **changes))
    with torch.no_grad():
        for weight in made.parameters():
            if weight.ndim > 1:
                weight.normal_(std=0.15)
            else:  # norms and biases: away from one and zero
                weight.add_(0.3 * torch.randn_like(weight))
    return made


def fresh(family: str, dtype: torch.dtype = torch.float32) -> Target:
    """A target of its own, to be spoilt."""
    from neuroscribe.tools.models.huggingface import wrap

    return wrap(network(family).to(dtype), None, name=family)


@pytest.fixture(scope="session")
def tiny() -> Callable[..., Target]:
    """Builds a family once for each dtype."""
    return cache(fresh)


@pytest.fixture(scope="session")
def rows():
    """Random token rows, some of them padded."""

    def make(many: int = 3, places: int = 9, *, padded: bool = False, seed: int = 0) -> Rows:
        ids = np.random.default_rng(seed).integers(4, 60, (many, places)).astype(np.int32)
        attended = np.ones((many, places), bool)
        if padded:
            attended[1:, places - 3 :] = False
            ids[~attended] = 0
        return Rows(ids, attended)

    return make


@pytest.fixture(scope="session")
def prompt() -> Callable[..., Prompt]:
    """A prompt of random tokens."""

    def make(places: int = 9, seed: int = 0) -> Prompt:
        ids = np.random.default_rng(seed).integers(3, 40, (1, places)).astype(np.int32)
        return Prompt(ids)

    return make
