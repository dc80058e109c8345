"""Tiny random models of each family, saved to a folder in Hugging Face form."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_families import BANDED, ENCODERS, Rows, config


def _tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<s>", "</s>", "<unk>", *(f"w{i}" for i in range(60))]
    inner = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>")
    )
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="<unk>", pad_token="<pad>")


@pytest.fixture(scope="session")
def save(tmp_path_factory):
    """Builds and saves a family once; gives its folder."""
    done: dict[str, Path] = {}

    def build(family: str) -> Path:
        if family not in done:
            from transformers import AutoModel, AutoModelForCausalLM

            torch.manual_seed(1)
            kind = AutoModel if family in ENCODERS else AutoModelForCausalLM
            banded = {"use_sliding_window": True, **BANDED} if family == "qwen2" else {}
            network = kind.from_config(config(family, **banded))
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
