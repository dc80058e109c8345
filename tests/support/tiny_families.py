"""Tiny random models of each way to add up, with norms that are not the identity."""

from dataclasses import dataclass
from typing import Any

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
ENCODERS = ("bert", "roberta", "distilbert", "electra", "albert")


@dataclass(frozen=True)
class Rows:
    ids: np.ndarray
    attended: np.ndarray


def config(family: str, **changes: Any) -> Any:
    """The configuration of a tiny model of a family."""
    import transformers as hf

    inner = {"intermediate_size": 48}
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24}
    sliding = ["sliding_attention", "full_attention", "sliding_attention"]
    known: dict[str, tuple[Any, dict[str, Any]]] = {
        "gpt2": (hf.GPT2Config, {}),
        "llama": (hf.LlamaConfig, GROUPED),
        "qwen2": (hf.Qwen2Config, GROUPED),
        "qwen3": (hf.Qwen3Config, GROUPED),
        "gemma": (hf.GemmaConfig, GROUPED),
        "gemma2": (hf.Gemma2Config, {**GROUPED, **BANDED}),
        "gemma3": (hf.Gemma3TextConfig, {**GROUPED, **BANDED, "layer_types": sliding}),
        "gpt_neox": (hf.GPTNeoXConfig, inner),
        "gpt_neox_serial": (hf.GPTNeoXConfig, {**inner, "use_parallel_residual": False}),
        "gptj": (hf.GPTJConfig, {"rotary_dim": 4}),
        "phi": (hf.PhiConfig, inner),
        "phi3": (hf.Phi3Config, {**inner, "num_key_value_heads": 2}),
        "opt": (hf.OPTConfig, {"ffn_dim": 48, "word_embed_proj_dim": 32}),
        "granite": (
            hf.GraniteConfig,
            {**inner, "num_key_value_heads": 2, "residual_multiplier": 0.5},
        ),
        "bert": (hf.BertConfig, inner),
        "roberta": (hf.RobertaConfig, inner),
        "electra": (hf.ElectraConfig, {**inner, "embedding_size": 16}),
        "albert": (hf.AlbertConfig, {**inner, "embedding_size": 16}),
        "mixtral": (hf.MixtralConfig, {**GROUPED, "num_local_experts": 4}),
        "qwen2_moe": (
            hf.Qwen2MoeConfig,
            {**inner, **experts, "num_key_value_heads": 2, "shared_expert_intermediate_size": 40},
        ),
        "qwen3_moe": (hf.Qwen3MoeConfig, {**GROUPED, **experts}),
        "qwen3_next": (
            hf.Qwen3NextConfig,
            {
                **GROUPED,
                **experts,
                "num_hidden_layers": 4,
                "shared_expert_intermediate_size": 24,
                "linear_num_key_heads": 2,
                "linear_num_value_heads": 2,
                "linear_key_head_dim": 8,
                "linear_value_head_dim": 8,
            },
        ),
        "gemma3n": (
            hf.Gemma3nTextConfig,
            {
                **GROUPED,
                "intermediate_size": [48] * 3,
                "vocab_size_per_layer_input": 64,
                "hidden_size_per_layer_input": 8,
                "num_kv_shared_layers": 0,
                "laurel_rank": 4,
                "layer_types": sliding,
                "activation_sparsity_pattern": [0.0] * 3,
            },
        ),
    }
    if family == "mamba":
        return hf.MambaConfig(vocab_size=64, hidden_size=32, num_hidden_layers=3)
    if family == "distilbert":
        sizes = {"dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 48}
        return hf.DistilBertConfig(vocab_size=64, **sizes, max_position_embeddings=64)
    kind, own = known[family]
    return kind(**{**SMALL, **own, **changes})


@pytest.fixture(scope="session")
def tiny():
    """Builds a family once; with a dtype, a copy of its own."""
    from neuroscribe.tools.models.huggingface import wrap
    from transformers import AutoModel, AutoModelForCausalLM

    done: dict[tuple[str, torch.dtype], Target] = {}

    def build(family: str, dtype: torch.dtype = torch.float32) -> Target:
        if (family, dtype) not in done:
            torch.manual_seed(1)
            encoder = family in ENCODERS
            network = (AutoModel if encoder else AutoModelForCausalLM).from_config(config(family))
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

    def make(many: int = 1, places: int = 9, *, padded: bool = False, seed: int = 0) -> Rows:
        ids = np.random.default_rng(seed).integers(4, 60, (many, places)).astype(np.int32)
        attended = np.ones((many, places), bool)
        if padded:
            attended[1:, places - 3 :] = False
        return Rows(ids, attended)

    return make
