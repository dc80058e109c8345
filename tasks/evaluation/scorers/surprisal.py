"""Surprisal score (delphi): does the description make the unit's texts less surprising?

1. A causal language model reads each text behind the description, and behind a line that says
   nothing; the difference of the mean losses is what the description tells it of the text.
2. The value is the chance that an active text gains more than one that is not (AUC).

It needs a language model that can read descriptions; a tiny one learns nothing from them.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ....tools.errors import UsageError
from ....tools.metrics.rows import Padded
from ....tools.models import Target
from .contract import Case, Panel, Score
from .sampling import auc_score, sample
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
    return auc_score("surprisal", case, result, gain, rng)


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
    batch = Padded.of(rows)
    output = target.trace(batch).output
    assert output is not None
    logits = output[:, :-1].float().cpu()  # [text, place, vocabulary]
    following = torch.from_numpy(batch.ids[:, 1:].astype(np.int64))
    each = torch.nn.functional.cross_entropy(
        logits.transpose(1, 2), following, reduction="none"
    )  # [text, place]
    behind_prefix = np.arange(1, batch.ids.shape[1]) >= len(before)
    of_text = torch.from_numpy(batch.attended[:, 1:] & behind_prefix)
    return ((each * of_text).sum(1) / of_text.sum(1).clamp_min(1)).cpu().double().numpy()


SCORER = Scorer(
    "surprisal",
    needs=("loss",),
    source="delphi (Paulo et al. 2024)",
    value="AUC of the fall of a language model's loss on the text",
    chance=0.5,
    run=run,
    samples=True,
)
