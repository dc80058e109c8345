"""Tiny random models of each way to add up, with norms that are not the identity."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
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
GROUPED = {"num_key_value_heads": 2, "intermediate_size": 48, "head_dim": 8}
BANDED = {"sliding_window": 4}


@dataclass(frozen=True)
class Rows:
    ids: np.ndarray
    attended: np.ndarray


def _config(family: str):
    import transformers as hf

    made = {
        "gpt2": lambda: hf.GPT2Config(**SMALL),
        "llama": lambda: hf.LlamaConfig(**SMALL, **GROUPED),
        "qwen2": lambda: hf.Qwen2Config(**SMALL, **GROUPED),
        "qwen3": lambda: hf.Qwen3Config(**SMALL, **GROUPED),
        "gemma": lambda: hf.GemmaConfig(**SMALL, **GROUPED),
        "gemma2": lambda: hf.Gemma2Config(**SMALL, **GROUPED, **BANDED),
        "gemma3": lambda: hf.Gemma3TextConfig(
            **SMALL,
            **GROUPED,
            **BANDED,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        ),
        "gpt_neox": lambda: hf.GPTNeoXConfig(**SMALL, intermediate_size=48),
        "gpt_neox_serial": lambda: hf.GPTNeoXConfig(
            **SMALL, intermediate_size=48, use_parallel_residual=False
        ),
        "phi3": lambda: hf.Phi3Config(**SMALL, intermediate_size=48, num_key_value_heads=2),
        "opt": lambda: hf.OPTConfig(**SMALL, ffn_dim=48, word_embed_proj_dim=32),
        "bert": lambda: hf.BertConfig(**SMALL, intermediate_size=48),
        "distilbert": lambda: hf.DistilBertConfig(
            vocab_size=64, dim=32, n_layers=3, n_heads=4, hidden_dim=48, max_position_embeddings=64
        ),
        "albert": lambda: hf.AlbertConfig(**SMALL, intermediate_size=48, embedding_size=16),
        "granite": lambda: hf.GraniteConfig(
            **SMALL, intermediate_size=48, num_key_value_heads=2, residual_multiplier=0.5
        ),
        "gemma3n": lambda: hf.Gemma3nTextConfig(
            **SMALL,
            **{**GROUPED, "intermediate_size": [48] * 3},
            vocab_size_per_layer_input=64,
            hidden_size_per_layer_input=8,
            num_kv_shared_layers=0,
            laurel_rank=4,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
            activation_sparsity_pattern=[0.0] * 3,
        ),
    }
    return made[family]()


@pytest.fixture(scope="session")
def tiny():
    """Builds a family once; with a dtype, a copy of its own."""
    from neuroscribe.tools.models.huggingface import wrap
    from transformers import AutoModel, AutoModelForCausalLM

    done: dict[tuple[str, torch.dtype], Target] = {}

    def build(family: str, dtype: torch.dtype = torch.float32) -> Target:
        if (family, dtype) not in done:
            torch.manual_seed(1)
            encoder = family in ("bert", "distilbert", "albert")
            network = (AutoModel if encoder else AutoModelForCausalLM).from_config(_config(family))
            for weight in network.parameters():
                with torch.no_grad():
                    if weight.ndim > 1:
                        torch.nn.init.normal_(weight, std=0.15)
                    else:  # norms and biases: away from one and zero
                        weight.add_(0.3 * torch.randn_like(weight))
            done[family, dtype] = wrap(network.to(dtype), None, name=family)
        return done[family, dtype]

    return build


@pytest.fixture(scope="session")
def rows():
    """Random token rows, some of them padded."""

    def make(many: int = 1, places: int = 9, *, padded: bool = False) -> Rows:
        ids = np.random.default_rng(0).integers(4, 60, (many, places)).astype(np.int32)
        attended = np.ones((many, places), bool)
        if padded:
            attended[1:, places - 3 :] = False
        return Rows(ids, attended)

    return make
