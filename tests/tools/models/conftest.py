"""Tiny random models of each family, saved to a folder in Hugging Face form."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from neuroscribe.tools.models import Target
from tiny_families import BANDED, network
from word_model import word_tokenizer


@pytest.fixture(scope="session")
def save(tmp_path_factory) -> Callable[[str], Path]:
    """Builds and saves a family once; gives its folder."""
    names = ["<pad>", "<s>", "</s>", "<unk>", *(f"w{i}" for i in range(60))]

    @cache
    def build(family: str) -> Path:
        banded = {"use_sliding_window": True, **BANDED} if family == "qwen2" else {}
        folder = tmp_path_factory.mktemp(family)
        network(family, **banded).save_pretrained(folder)
        word_tokenizer(names, pad_token="<pad>").save_pretrained(folder)
        return folder

    return build


@pytest.fixture(scope="session")
def load(save) -> Callable[[str], Target]:
    """Loads a family once."""
    return cache(lambda family: Target.load(str(save(family))))
