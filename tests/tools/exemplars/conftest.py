"""Tiny random models and random windows with padding, special tokens and repeated texts."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from neuroscribe.tools.data.windows import TokenWindows
from neuroscribe.tools.models import Target

SMALL = {
    "vocab_size": 64,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 32,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}


def network(family: str) -> Any:
    """A network with few weights. Transformers is imported here: not every test needs it."""
    import transformers as hf

    if family == "gpt2":
        return hf.GPT2LMHeadModel(hf.GPT2Config(**SMALL))
    if family == "llama":
        config = hf.LlamaConfig(**SMALL, num_key_value_heads=2, intermediate_size=40)
        return hf.LlamaForCausalLM(config)
    if family == "opt":
        relu = {"ffn_dim": 40, "word_embed_proj_dim": 16, "activation_function": "relu"}
        return hf.OPTForCausalLM(hf.OPTConfig(**SMALL, **relu))
    return hf.BertModel(hf.BertConfig(**SMALL, intermediate_size=40))


@pytest.fixture(scope="session")
def tiny() -> Callable[[str], Target]:
    """A random model of a family, the same each time."""
    made: dict[str, Target] = {}

    def make(family: str) -> Target:
        if family not in made:
            from neuroscribe.tools.models.huggingface import wrap

            torch.manual_seed(0)
            random = network(family)
            for weight in random.parameters():  # large enough that neurons differ
                weight.data.normal_(0, 0.3)
            made[family] = wrap(random, None, name=family)
        return made[family]

    return make


def random_windows(many: int, width: int = 20, *, seed: int = 0) -> TokenWindows:
    """Windows of random ids: ragged, each with an uncounted first place and some inside."""
    draw = np.random.default_rng(seed)
    ids = draw.integers(3, 64, (many, width)).astype(np.int32)
    sizes = draw.integers(3, width + 1, many)
    attended = np.arange(width) < sizes[:, None]
    ids[~attended] = 0
    counted = attended & (draw.random((many, width)) < 0.95)
    counted[:, 0] = False
    nothing = np.full((many, width), -1, np.int32)
    places = np.broadcast_to(np.arange(width, dtype=np.int32), (many, width)).copy()
    return TokenWindows(
        ids=ids,
        attended=attended,
        counted=counted,
        word=nothing,
        ordinal=nothing,
        start=places,
        end=places + 1,
        document=(np.arange(many) // 3).astype(np.int32),
        words=(),
        vocabulary=tuple(f"t{i}" for i in range(64)),
        texts=tuple(f"document {i} " * width for i in range(many // 3 + 1)),
    )
