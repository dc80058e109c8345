"""Targets whose units are known pairwise."""

import numpy as np
import pytest
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.planted import Spec, plant


def _word(name: str):
    def values(ids: np.ndarray, vocabulary) -> np.ndarray:
        return vocabulary.among([name])[ids].astype(np.float32)

    return values


@pytest.fixture(scope="module")
def twins(word_model: Target) -> Target:
    """`planted/0` and `planted/1` are active at the same word and write the same; `planted/2` is
    active at another."""
    row = word_model.network.get_output_embeddings().weight[5]
    specs = [Spec(_word(name), output=row) for name in ("cat", "cat")]
    return plant(word_model, [*specs, Spec(_word("dog"), output=-row)], block=1)


@pytest.fixture
def bench(twins: Target, texts: list[str]) -> Lab:
    return Lab(twins, cut(twins, texts, length=32), open=True)
