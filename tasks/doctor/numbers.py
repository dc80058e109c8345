"""The key frequencies of a network whose tokens are numbers, such as one that adds modulo p."""

from typing import Any

import numpy as np

from ...tools.activations.frequencies import (
    KeyFrequencies,
    frequencies_of_sites,
    key_frequencies,
    numbers_in,
)
from ...tools.activations.number_tables import TableFrequencies, embedding_frequencies
from ...tools.errors import UsageError
from ...tools.lab import Lab
from ...tools.models import Target
from ..asking.data import explore

_TOKENS = 60_000
_LENGTH = 64


def frequencies_in(target: Target, data: str | None) -> dict[str, Any]:
    """Of the embedding, from its weights alone; over data of neurons, by site.

    Args:
        target: A reader of text.
        data: A corpus; None: none.

    Raises:
        UsageError: if there is no such corpus, or it is not about numbers.
    """
    found: dict[str, Any] = {}
    table = embedding_frequencies(target, np.random.default_rng(0))
    if table is not None:
        found["embedding"] = table._asdict()
    if data is None:
        return found
    sites = [site for site in target.sites if site.startswith("mlp.")]
    if not sites:
        raise UsageError(f"{target.name} has no neurons (mlp.N) whose frequencies could be read")
    windows = explore(target, data, tokens=_TOKENS, length=_LENGTH, seed=0)
    lab = Lab(target, windows, open=True)
    numbers = numbers_in(windows)
    for site, one in frequencies_of_sites(lab, numbers, sites, lab.rng("frequencies")).items():
        found[site] = key_frequencies(one)._asdict()
    return found


def said_of(found: dict[str, Any]) -> dict[str, str]:
    """The findings in words."""
    out = {}
    for name, one in found.items():
        if name == "embedding":
            out["key frequencies"] = TableFrequencies(**one).words()
        else:
            out[f"over data, {name}"] = KeyFrequencies(**one).words()
    if list(out) == ["key frequencies"]:
        out["key frequencies"] += "; of neurons: --data FILE.txt, with lines such as 12+40="
    return out
