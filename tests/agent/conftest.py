"""A toy target with planted units whose functions are known, and a bench over it."""

from collections.abc import Callable

import numpy as np
import pytest
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target

WORDS = [
    *("the", "a", "no", "my", "cat", "dog", "bird", "house", "tree", "red"),
    *("green", "sat", "ran", "on", "under", "and", "then", "saw", "it", "we"),
]

MakeLab = Callable[..., Lab]


def _pets(ids: np.ndarray, vocabulary) -> np.ndarray:
    """1 on cat and dog, except behind `no`."""
    pet, no = vocabulary.among(["cat", "dog"])[ids], vocabulary.among(["no"])[ids]
    behind = np.zeros_like(no)
    behind[:, 1:] = no[:, :-1]
    return (pet & ~behind).astype(np.float32)


def _never(ids: np.ndarray, vocabulary) -> np.ndarray:
    return np.zeros(ids.shape, np.float32)


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Target:
    """A random small model: `planted/0` is active on pets except behind `no`, `planted/1` never."""
    import torch
    import transformers as hf
    from neuroscribe.tools.models.planted import Spec, plant
    from tokenizers import Tokenizer, models, pre_tokenizers

    names = ["<pad>", "<s>", "</s>", "<unk>", *WORDS, ".", ","]
    inner = Tokenizer(models.WordLevel({n: i for i, n in enumerate(names)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = hf.PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="<unk>", pad_token="<pad>", bos_token="<s>"
    )
    torch.manual_seed(0)
    config = hf.GPT2Config(
        vocab_size=len(names), n_embd=16, n_layer=2, n_head=2, n_positions=64, bos_token_id=1
    )
    folder = tmp_path_factory.mktemp("toy")
    hf.GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return plant(Target.load(str(folder)), [Spec(_pets), Spec(_never)], block=0)


@pytest.fixture(scope="session")
def explore(toy: Target) -> TokenWindows:
    """Sixty short documents."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, 24)) + " ." for _ in range(60)]
    return cut(toy, texts, length=32)


@pytest.fixture
def make_lab(toy: Target, explore: TokenWindows) -> MakeLab:
    """Makes fresh benches."""
    return lambda **more: Lab(toy, explore, **more)


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """A fresh bench."""
    return make_lab()
