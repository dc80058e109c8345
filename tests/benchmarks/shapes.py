"""A model of GPT-2-small's shape with random weights, and windows of random tokens."""

import numpy as np
import torch
from neuroscribe.tools.data.windows import TokenWindows
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.huggingface import wrap

from tests.support.token_rows import windows_of


def gpt2_small() -> Target:
    """12 blocks, d=768, 3,072 neurons a block."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    return wrap(GPT2LMHeadModel(GPT2Config()), None, name="gpt2-small-shape")


def random_windows(tokens: int, *, width: int = 64) -> TokenWindows:
    """Full rows; the first place of each does not count."""
    ids = np.random.default_rng(0).integers(0, 50_000, (tokens // width, width))
    counted = np.ones(ids.shape, bool)
    counted[:, 0] = False
    return windows_of(ids, counted=counted)
