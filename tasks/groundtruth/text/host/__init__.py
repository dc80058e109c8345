"""The host of the ground-truth suite: a small two-layer Llama, trained on its two kinds of prose.

Every word of the suite's word sets is one token, with its leading space, lower-case or
capitalised; so is every numeral below 100.
"""

from pathlib import Path

import torch

from .....tools.models.huggingface import from_hugging_face
from .....tools.models.target import Target


def suite_host() -> Target:
    """A fresh copy of the host, named `suite`."""
    return from_hugging_face(
        str(Path(__file__).parent), name="suite", dtype=torch.float32, device=torch.device("cpu")
    )
