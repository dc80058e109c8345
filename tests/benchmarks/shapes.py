"""A model of GPT-2-small's shape with random weights, and windows of random tokens."""

import numpy as np
import torch
from neuroscribe.tools.data.windows import TokenWindows
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.huggingface import wrap


def gpt2_small() -> Target:
    """12 blocks, d=768, 3,072 neurons a block."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    return wrap(GPT2LMHeadModel(GPT2Config()), None, name="gpt2-small-shape")


def random_windows(tokens: int, *, width: int = 64) -> TokenWindows:
    """Full rows; the first place of each does not count."""
    many = tokens // width
    ids = np.random.default_rng(0).integers(0, 50_000, (many, width)).astype(np.int32)
    attended = np.ones((many, width), bool)
    counted = attended.copy()
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
        document=np.arange(many, dtype=np.int32),
        words=(),
        vocabulary=(),
        texts=tuple(f"document {number}" for number in range(many)),
    )
