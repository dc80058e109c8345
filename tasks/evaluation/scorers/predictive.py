"""Predictive score (MAIA; Shaham et al. 2024): new inputs, written from the description alone.

1. The judge, which sees the description and nothing else, writes texts that should activate the
   unit, near-misses (as like them as can be, but the description does not hold), and unrelated
   ones; for units that look at pictures, prompts that are drawn. Without a judge, `writing.py` or
   `picture_writing.py` makes the three kinds from the predictor.
2. The unit is measured on all of them. The value is the chance that a fitting text has a higher
   peak than one that should not activate it (AUC), near-misses and unrelated texts counting alike.
3. A reply that cannot be read makes all the texts that it owed count as wrong; so does a prompt
   that cannot be drawn.

The original has unrelated negatives only, so that a label which is too broad passes; `unrelated`
is that number, `near_miss` the one that such labels fail.
"""

from typing import NamedTuple

import numpy as np

from ....tools.data.image_rows import ImageRows
from ....tools.data.windows import cut
from ....tools.lab import measure
from ....tools.statistics.association import auroc
from ....tools.statistics.bootstrap import Interval, clustered
from . import picture_writing, writing
from .contract import Case, Panel, Score
from .judges import Question, ask
from .replies import texts as read_texts
from .scorer import Scorer

KINDS = ("fit", "near_miss", "unrelated")
ROUNDS = 4
A_ROUND = 5


class Written(NamedTuple):
    """Texts by kind, and the rounds that were owed and not delivered."""

    texts: dict[str, list[str]]
    failed: int


def run(case: Case, panel: Panel, rng: np.random.Generator) -> Score:
    """Has texts written, and measures the unit on them."""
    if panel.judge is not None:
        written, rounds, author = _asked(case, panel), ROUNDS, "judge"
    elif case.predictors:
        write = picture_writing.write if _looks(case) else writing.write
        made = write(case, rng, ROUNDS * A_ROUND)
        if made is None:
            return Score(
                "predictive", None, reason="no texts can be written: the predictor holds nowhere"
            )
        written, rounds, author = Written(made, 0), 1, "predictor"
    else:
        return Score("predictive", None, reason="needs an LLM or a predictor that writes texts")
    share = 1 - written.failed / rounds
    owed = len(KINDS) * ROUNDS * A_ROUND
    if share == 0:
        return Score("predictive", 0.0, 0.0, 0.0, n=owed, failed=owed)
    read = picture_writing.peaks if _looks(case) else _peaks
    peaks = {kind: read(case, written.texts[kind]) for kind in KINDS}
    refused = sum(int(np.isnan(result).sum()) for result in peaks.values())
    kind = np.repeat(KINDS, [len(peaks[name]) for name in KINDS])
    peak = np.concatenate([peaks[name] for name in KINDS])
    peak = np.where(np.isnan(peak), np.where(kind == "fit", -np.inf, np.inf), peak)  # wrong
    drawn = {name: result[~np.isnan(result)] for name, result in peaks.items()}

    def against(*names: str) -> Interval:
        chosen = np.isin(kind, ["fit", *names])
        result = clustered(
            auroc, np.flatnonzero(chosen), kind[chosen] == "fit", peak[chosen], rng=rng
        )
        return Interval(*(share * edge for edge in result))

    return Score.of(
        "predictive",
        against("near_miss", "unrelated"),
        len(peak) if author == "predictor" else owed,
        len(KINDS) * A_ROUND * written.failed + refused,
        near_miss=against("near_miss").as_dict(),
        unrelated=against("unrelated").as_dict(),
        mean={name: _share(drawn[name], case.peak) for name in KINDS},
        active={name: _share(drawn[name] > case.threshold, 1.0) for name in KINDS},
        author=author,
        texts={name: written.texts[name][:3] for name in KINDS},
    )


def _asked(case: Case, panel: Panel) -> Written:
    assert panel.judge is not None
    data = {"description": case.description, "many": A_ROUND}
    job = "predictive"
    if _looks(case):
        job, data = "predictive_pictures", {**data, "vocabulary": picture_writing.vocabulary()}
    questions = [Question(job, {**data, "round": number}) for number in range(ROUNDS)]
    replies = [read_texts(answer, KINDS, A_ROUND) for answer in ask(panel.judge, questions)]
    read = [reply for reply in replies if reply is not None]
    together = {kind: [text for reply in read for text in reply[kind]] for kind in KINDS}
    return Written(together, len(replies) - len(read))


def _looks(case: Case) -> bool:
    """Whether the unit looks at pictures."""
    return isinstance(case.splits.test.windows, ImageRows)


def _share(values: np.ndarray, of: float) -> float:
    """The mean as a share; 0 of nothing."""
    return float(values.mean() / max(of, 1e-12)) if len(values) else 0.0


def _peaks(case: Case, texts: list[str]) -> np.ndarray:
    """`[text]` the unit's largest activation; its smallest known one where no token counts."""
    assert case.target is not None
    assert case.unit is not None
    length = case.splits.test.windows.ids.shape[1]
    windows = cut(case.target, texts, length=max(length, 64), document_per_row=True)
    values = measure(case.target, windows, [case.unit])[0]  # [text, place]
    lowest = float(case.splits.explore.flat.min())
    return np.where(np.isfinite(values), values, lowest).max(1).astype(np.float64)


SCORER = Scorer(
    "predictive",
    needs=("target",),
    source="MAIA (Shaham et al. 2024), with near-misses",
    value="AUC of the peaks of fitting texts over near-misses and unrelated ones",
    chance=0.5,
    run=run,
    pictures=True,
)
