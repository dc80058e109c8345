"""Targets whose units are known, and benches over them."""

import numpy as np
import pytest
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.english import lexicon
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.planted import Spec, plant

PETS = {"kind": "words", "words": ["cat", "dog"]}
BEHIND_NO = {"kind": "previous", "of": {"kind": "words", "words": ["no"]}}
TRUE = {"kind": "except", "of": PETS, "but": BEHIND_NO}
"""What `planted/0` is active at, but for strength."""
TREES = {"kind": "words", "words": ["tree", "house"]}


@pytest.fixture
def rivals(lab: Lab) -> Lab:
    """A bench with three hypotheses, the second of which is true."""
    lab.hypotheses.update({"H1": PETS, "H2": TRUE, "H3": TREES})
    return lab


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


@pytest.fixture(scope="session")
def host_windows() -> TokenWindows:
    """Stories, under the target `planted`."""
    target = Target.load("planted")
    corpus = load_corpus("builtin:stories", target=target, most_tokens=24_000)
    return cut(target, corpus.splits().explore)


@pytest.fixture
def host_lab(host_windows: TokenWindows) -> Lab:
    """A fresh bench over the target `planted`, without a unit under study."""
    return Lab(Target.load("planted"), host_windows, open=True)


@pytest.fixture
def few_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lexicon of every twelfth word, so that embedding it is quick."""
    part = {name: words[::12] for name, words in lexicon.lexicon().items()}
    monkeypatch.setattr(lexicon, "lexicon", lambda: part)
