"""Tiny random models of each family, saved to a folder in Hugging Face form."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

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
KEYS = {"num_key_value_heads": 2, "intermediate_size": 48, "head_dim": 8}
WINDOW = {"sliding_window": 4}
MOE = {"num_experts_per_tok": 2, "moe_intermediate_size": 24}


@dataclass(frozen=True)
class Rows:
    ids: np.ndarray
    attended: np.ndarray


def _config(family: str):
    import transformers as hf

    made = {
        "gpt2": lambda: hf.GPT2Config(**SMALL),
        "llama": lambda: hf.LlamaConfig(**SMALL, **KEYS),
        "qwen2": lambda: hf.Qwen2Config(**SMALL, **KEYS, use_sliding_window=True, **WINDOW),
        "qwen3": lambda: hf.Qwen3Config(**SMALL, **KEYS),
        "gemma": lambda: hf.GemmaConfig(**SMALL, **KEYS),
        "gemma2": lambda: hf.Gemma2Config(**SMALL, **KEYS, **WINDOW),
        "gemma3": lambda: hf.Gemma3TextConfig(
            **SMALL,
            **KEYS,
            **WINDOW,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        ),
        "gpt_neox": lambda: hf.GPTNeoXConfig(**SMALL, intermediate_size=48),
        "gpt_neox_serial": lambda: hf.GPTNeoXConfig(
            **SMALL, intermediate_size=48, use_parallel_residual=False
        ),
        "gptj": lambda: hf.GPTJConfig(**SMALL, rotary_dim=4),
        "opt": lambda: hf.OPTConfig(**SMALL, ffn_dim=48, word_embed_proj_dim=32),
        "phi": lambda: hf.PhiConfig(**SMALL, intermediate_size=48),
        "phi3": lambda: hf.Phi3Config(**SMALL, intermediate_size=48, num_key_value_heads=2),
        "mixtral": lambda: hf.MixtralConfig(**SMALL, **KEYS, num_local_experts=4),
        "qwen2_moe": lambda: hf.Qwen2MoeConfig(
            **SMALL,
            intermediate_size=48,
            num_key_value_heads=2,
            num_experts=4,
            shared_expert_intermediate_size=40,
            **MOE,
        ),
        "qwen3_moe": lambda: hf.Qwen3MoeConfig(**SMALL, **KEYS, num_experts=4, **MOE),
        "bert": lambda: hf.BertConfig(**SMALL, intermediate_size=48),
        "roberta": lambda: hf.RobertaConfig(**SMALL, intermediate_size=48),
        "distilbert": lambda: hf.DistilBertConfig(
            vocab_size=64, dim=32, n_layers=3, n_heads=4, hidden_dim=48, max_position_embeddings=64
        ),
        "electra": lambda: hf.ElectraConfig(**SMALL, intermediate_size=48, embedding_size=16),
        "albert": lambda: hf.AlbertConfig(**SMALL, intermediate_size=48, embedding_size=16),
        "gemma3n": lambda: hf.Gemma3nTextConfig(
            **SMALL,
            **{**KEYS, "intermediate_size": [48] * 3},
            vocab_size_per_layer_input=64,
            hidden_size_per_layer_input=8,
            num_kv_shared_layers=0,
            laurel_rank=4,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
            activation_sparsity_pattern=[0.0] * 3,
        ),
        "qwen3_next": lambda: hf.Qwen3NextConfig(
            **{**SMALL, "num_hidden_layers": 4},
            **KEYS,
            **MOE,
            num_experts=4,
            shared_expert_intermediate_size=24,
            linear_num_key_heads=2,
            linear_num_value_heads=2,
            linear_key_head_dim=8,
            linear_value_head_dim=8,
        ),
        "mamba": lambda: hf.MambaConfig(vocab_size=64, hidden_size=32, num_hidden_layers=3),
    }
    return made[family]()


def _tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<s>", "</s>", "<unk>", *(f"w{i}" for i in range(60))]
    inner = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>")
    )
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="<unk>", pad_token="<pad>")


ENCODERS = ("bert", "roberta", "distilbert", "electra", "albert")


@pytest.fixture(scope="session")
def save(tmp_path_factory):
    """Builds and saves a family once; gives its folder."""
    done: dict[str, Path] = {}

    def build(family: str) -> Path:
        if family not in done:
            from transformers import AutoModel, AutoModelForCausalLM

            torch.manual_seed(1)
            kind = AutoModel if family in ENCODERS else AutoModelForCausalLM
            network = kind.from_config(_config(family))
            for weight in network.parameters():  # larger than at birth, so that writes matter
                if weight.ndim > 1:
                    torch.nn.init.normal_(weight, std=0.15)
            folder = tmp_path_factory.mktemp(family)
            network.save_pretrained(folder)
            _tokenizer().save_pretrained(folder)
            done[family] = folder
        return done[family]

    return build


@pytest.fixture(scope="session")
def load(save):
    """Loads a family once."""
    from neuroscribe.tools.models import Target

    done: dict[str, Target] = {}

    def one(family: str) -> Target:
        if family not in done:
            done[family] = Target.load(str(save(family)))
        return done[family]

    return one


@pytest.fixture(scope="session")
def rows():
    """Random token rows, some of them padded."""

    def make(many: int = 3, places: int = 9, *, padded: bool = False, seed: int = 0) -> Rows:
        draw = np.random.default_rng(seed)
        ids = draw.integers(4, 60, (many, places)).astype(np.int32)
        attended = np.ones((many, places), bool)
        if padded:
            attended[1:, places - 3 :] = False
            ids[~attended] = 0
        return Rows(ids, attended)

    return make
