"""Surprisal score (delphi): does the description make the unit's texts less surprising?

1. A causal language model reads each text behind the description, and behind a line that says
   nothing; the difference of the mean losses is what the description tells it of the text.
2. The value is the chance that an active text gains more than one that is not (AUC).

It needs a language model that can read descriptions; a tiny one learns nothing from them.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ....tools.errors import UsageError
from ....tools.models import Target
from ....tools.statistics.association import auroc
from ....tools.statistics.bootstrap import clustered
from .contract import Case, Panel, Score
from .sampling import sample
from .scorer import Scorer

TOLD = "The following text is about, or contains, this: {description}\n\n"
NOT_TOLD = "The following is a text.\n\n"
_ROWS = 16


def run(case: Case, panel: Panel, rng: np.random.Generator) -> Score:
    """Reads every text twice."""
    assert panel.loss is not None
    result = sample(case, rng)
    windows = case.splits.test.windows
    texts = [windows.text(int(row)) for row in result.rows]
    told = panel.loss(TOLD.format(description=case.description), texts)
    gain = panel.loss(NOT_TOLD, texts) - told  # [text] nats a token
    return Score.of(
        "surprisal",
        clustered(auroc, windows.document[result.rows], result.truth, gain, rng=rng),
        len(gain),
        active=float(gain[result.truth].mean()),
        inactive=float(gain[~result.truth].mean()),
    )


def reader(target: Target) -> Callable[[str, Sequence[str]], np.ndarray]:
    """A causal target as the `loss` of a panel.

    Raises:
        UsageError: if the target is no causal language model.
    """
    if target.kind != "causal" or target.tokenizer is None:
        raise UsageError(f"{target.name} is no causal language model: it gives texts no loss")

    def loss(prefix: str, texts: Sequence[str]) -> np.ndarray:
        starts = range(0, len(texts), _ROWS)
        return np.concatenate([_losses(target, prefix, texts[at : at + _ROWS]) for at in starts])

    return loss


def _losses(target: Target, prefix: str, texts: Sequence[str]) -> np.ndarray:
    """Mean loss of each text's tokens behind the prefix, `[text]`."""
    import torch

    before = target.tokenizer(prefix)["input_ids"]
    behind = [target.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    rows = [(before + ids)[: target.context_length] for ids in behind]
    width = max(map(len, rows))
    ids = np.zeros((len(rows), width), np.int64)
    attended = np.zeros(ids.shape, bool)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        attended[number, : len(row)] = True
    output = target.trace(_Rows(ids, attended)).output
    assert output is not None
    logits = output[:, :-1].float().cpu()  # [text, place, vocabulary]
    following = torch.from_numpy(ids[:, 1:])
    each = torch.nn.functional.cross_entropy(
        logits.transpose(1, 2), following, reduction="none"
    )  # [text, place]
    of_text = torch.from_numpy(attended[:, 1:] & (np.arange(1, width) >= len(before)))
    return ((each * of_text).sum(1) / of_text.sum(1).clamp_min(1)).cpu().double().numpy()


class _Rows(NamedTuple):
    ids: np.ndarray
    attended: np.ndarray


SCORER = Scorer(
    "surprisal",
    needs=("loss",),
    source="delphi (Paulo et al. 2024)",
    value="AUC of the fall of a language model's loss on the text",
    chance=0.5,
    run=run,
    samples=True,
)
