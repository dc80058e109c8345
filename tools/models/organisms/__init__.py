"""The targets `organism:NAME`: small networks trained on known mechanisms, one folder each.

They are Hugging Face models with their tokenizers, and load like any folder. What they were
trained on, and the program that trained them, are in `tasks/organisms`; here is what loading needs,
so that tools find them without the packages above. `organism.json` says what was measured.
"""

import json
from pathlib import Path
from typing import Any

import torch

from ...errors import UsageError, nearest
from ..huggingface import from_hugging_face
from ..target import Target

PREFIX = "organism:"
CARD = "organism.json"
_HERE = Path(__file__).parent


def names() -> list[str]:
    """The organisms whose weights are here."""
    return sorted(path.parent.name for path in _HERE.glob(f"*/{CARD}"))


def folder(name: str) -> Path:
    """Where the weights of an organism lie, or will."""
    return _HERE / name.removeprefix(PREFIX)


def card(name: str) -> dict[str, Any]:
    """What was measured when it was trained.

    Raises:
        UsageError: if there is no such organism.
    """
    return json.loads((folder(_known(name)) / CARD).read_text(encoding="utf-8"))


def load_organism(name: str, *, dtype: torch.dtype | str, device: torch.device) -> Target:
    """The organism of that name, with or without `organism:` before it.

    Raises:
        UsageError: if there is none.
    """
    short = _known(name)
    return from_hugging_face(str(folder(short)), name=PREFIX + short, dtype=dtype, device=device)


def _known(name: str) -> str:
    short = name.removeprefix(PREFIX)
    if short not in names():
        raise UsageError(
            f"there is no organism '{short}'; nearest: {nearest(short, names())} "
            "(`neuroscribe organisms` lists all)"
        )
    return short
