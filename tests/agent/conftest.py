"""A toy target with planted units whose functions are known, and a bench over it."""

from collections.abc import Callable

import numpy as np
import pytest
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from word_model import WORDS, word_model

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
    from neuroscribe.tools.models.planted import Spec, plant

    target = word_model(tmp_path_factory.mktemp("toy"))
    return plant(target, [Spec(_pets), Spec(_never)], block=0)


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


@pytest.fixture(scope="session")
def stories(planted: Target) -> TokenWindows:
    """The built-in stories as the planted target reads them."""
    return cut(planted, load_corpus("builtin:stories"), length=64)
