"""Small models of each family with large random weights, and prompts of random tokens."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from neuroscribe.tools.interventions import Prompt
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.huggingface import wrap

SMALL = {
    "vocab_size": 40,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
}
KEYS = {"num_key_value_heads": 2, "intermediate_size": 48, "head_dim": 8}


def _network(family: str):
    import transformers as hf

    made = {
        "gpt2": lambda: hf.GPT2LMHeadModel(hf.GPT2Config(**SMALL)),
        "llama": lambda: hf.LlamaForCausalLM(hf.LlamaConfig(**SMALL, **KEYS)),
        "gemma2": lambda: hf.Gemma2ForCausalLM(hf.Gemma2Config(**SMALL, **KEYS)),
        "gpt_neox": lambda: hf.GPTNeoXForCausalLM(hf.GPTNeoXConfig(**SMALL, intermediate_size=48)),
        "mamba": lambda: hf.MambaForCausalLM(
            hf.MambaConfig(vocab_size=40, hidden_size=32, num_hidden_layers=3)
        ),
        "bert": lambda: hf.BertModel(hf.BertConfig(**SMALL, intermediate_size=48)),
    }
    return made[family]()


@pytest.fixture(scope="session")
def model() -> Callable[[str], Target]:
    """A family's small model, made once."""
    done: dict[str, Target] = {}

    def make(family: str) -> Target:
        if family not in done:
            torch.manual_seed(1)
            network = _network(family)
            for weight in network.parameters():  # larger than at birth, so that writes matter
                if weight.ndim > 1:
                    torch.nn.init.normal_(weight, std=0.15)
            done[family] = wrap(network, None, name=family)
        return done[family]

    return make


@pytest.fixture(scope="session")
def prompt() -> Callable[..., Prompt]:
    """Random tokens."""

    def make(places: int = 9, seed: int = 0) -> Prompt:
        ids = np.random.default_rng(seed).integers(3, 40, (1, places)).astype(np.int32)
        return Prompt(ids)

    return make
