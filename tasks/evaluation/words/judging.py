"""Asks a judge about places under a label, and scores what it answers.

1. One request holds the label and half of the places, pictures on contact sheets; the judge gives
   each place a degree 0 to 10. A reply in which a degree is missing is asked for once more.
2. **Pairs right**: the share of same-token pairs in which the active place has the higher degree;
   ties count one half. Chance is .5, and so is a label that only names the token.
3. **AUROC** of active against silent places, all kinds together; **rank**: Spearman correlation of
   degree and activation over all places, the middle ones too.
4. A place without a degree counts against the label: its pair is wrong, and in the AUROC it has the
   worst degree.

Intervals are bootstraps over documents; a pair counts in a resample as often as both of its
documents do together (the product of their weights).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ....tools.evidence import plain
from ....tools.statistics.bootstrap import Interval, Resampler, correlations, interval
from ....tools.statistics.within import aurocs
from ..scorers.judges import Answer, Judge, Question, ask
from ..scorers.replies import degrees
from .places import REQUESTS, Places
from .views import Seen

JOB, JOB_PICTURES = "words", "words_pictures"


@dataclass
class Asked:
    """What was asked of a judge, and what it took."""

    requests: int = 0
    places: int = 0
    unread: int = 0
    """Places, or choices, that had no readable answer in the end."""
    again: int = 0
    """Requests that were made once more, because something was missing in the reply."""
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def tokens(self) -> int:
        """In and out."""
        return self.tokens_in + self.tokens_out

    def take(self, answers: Sequence[Answer]) -> None:
        """Counts requests that were answered, and their tokens."""
        self.requests += len(answers)
        for usage in (answer.usage for answer in answers if answer.usage is not None):
            self.tokens_in += usage.tokens_in
            self.tokens_out += usage.tokens_out

    def add(self, counts: Mapping[str, int]) -> None:
        """Adds what `as_dict` gave."""
        for name, value in counts.items():
            setattr(self, name, getattr(self, name) + value)

    def as_dict(self) -> dict[str, int]:
        """For records."""
        return dict(vars(self))


class Sheet(NamedTuple):
    """One request about places."""

    label: str
    shown: Mapping[str, Seen]
    """By number."""

    @property
    def question(self) -> Question:
        """As a judge is asked."""
        texts = {key: one for key, one in self.shown.items() if isinstance(one, str)}
        if len(texts) == len(self.shown):
            return Question(JOB, {"description": self.label, "places": texts})
        pictures = {key: one for key, one in self.shown.items() if not isinstance(one, str)}
        data = {"description": self.label, "places": list(pictures)}
        return Question(JOB_PICTURES, data, pictures=pictures)


def degrees_of(judge: Judge, sheets: Sequence[Sheet], asked: Asked) -> list[dict[str, int]]:
    """The degrees of each sheet's places, by number; those that could not be read are absent."""
    answers = ask(judge, [sheet.question for sheet in sheets])
    asked.take(answers)
    read = [degrees(answer, [*sheet.shown]) for answer, sheet in zip(answers, sheets, strict=True)]
    torn = [i for i, sheet in enumerate(sheets) if len(read[i]) < len(sheet.shown)]
    if torn:
        answers = ask(judge, [sheets[i].question for i in torn])
        asked.take(answers)
        asked.again += len(torn)
        for i, answer in zip(torn, answers, strict=True):
            read[i] = {**degrees(answer, [*sheets[i].shown]), **read[i]}
    asked.places += sum(len(sheet.shown) for sheet in sheets)
    asked.unread += sum(
        len(sheet.shown) - len(one) for sheet, one in zip(sheets, read, strict=True)
    )
    return read


def sheets_of(places: Places, label: str, *, pairs_only: bool = False) -> list[Sheet]:
    """The requests about places under a label."""
    numbered = [places.numbered(i, pairs_only=pairs_only) for i in range(REQUESTS)]
    return [
        Sheet(label, {key: places.shown[i] for key, i in one.items()}) for one in numbered if one
    ]


def judged(
    judge: Judge, places: Places, label: str, asked: Asked, *, pairs_only: bool = False
) -> np.ndarray:
    """The degree of each place, `[place]`; NaN where none was asked or read."""
    result = np.full(len(places), np.nan)
    sheets = sheets_of(places, label, pairs_only=pairs_only)
    numbered = [places.numbered(i, pairs_only=pairs_only) for i in range(REQUESTS)]
    for one, read in zip(filter(None, numbered), degrees_of(judge, sheets, asked), strict=True):
        for key, degree in read.items():
            result[one[key]] = degree
    return result


def scores(
    places: Places, given: np.ndarray, *, seed: int, pairs_only: bool = False
) -> dict[str, Any]:
    """The scores of degrees `[place]`, for records.

    Args:
        places: What was asked.
        given: NaN for a place that has no degree.
        seed: Of the resamples.
        pairs_only: Nothing but pairs was asked about.
    """
    result: dict[str, Any] = {"pairs": _pairs(places, given, seed)}
    if pairs_only:
        return result
    two = places.active | places.silent
    n = {"active": int(places.active.sum()), "silent": int(places.silent.sum())}
    area = auroc(given[two], places.active[two], places.document[two], seed=seed)
    result["auroc"] = area.as_dict(**n)
    known = ~np.isnan(given)
    result["rank"] = _spearman(places, given, known, seed) if known.any() else None
    kinds = {
        "active": places.active,
        "silent": places.silent,
        "middle": ~(places.active | places.silent),
        "random": places.kind == "random",
    }
    result["degrees"] = {
        name: float(given[mask & known].mean())
        for name, mask in kinds.items()
        if (mask & known).any()
    }
    return plain(result)


def auroc(given: np.ndarray, high: np.ndarray, document: np.ndarray, *, seed: int) -> Interval:
    """Of degrees `[place]`; a place without one has the worst."""
    worst = np.where(np.isnan(given), np.where(high, -1.0, 11.0), given)
    one = np.zeros(len(worst), np.int64)  # a single group
    return interval(aurocs(one, worst, high, np.ones(1, bool), Resampler(document, seed=seed)))


def _pairs(places: Places, given: np.ndarray, seed: int) -> dict[str, Any]:
    """Pairs right with an interval, or only how many there are."""
    pairs = places.partners
    if not places.paired:
        return {"value": None, "low": None, "high": None, "n": len(pairs), "tokens": 0}
    on, off = given[pairs].T  # each [pair]
    right = np.where(np.isnan(on) | np.isnan(off), 0.0, (on > off) + 0.5 * (on == off))
    resampler = Resampler(places.document[pairs].ravel(), seed=seed)
    first, second = resampler.where.reshape(-1, 2).T
    weights = resampler.weights
    both = np.where(first == second, weights[:, first], weights[:, first] * weights[:, second])
    total = both.sum(1)  # [1 + resample]
    share = np.divide(both @ right, total, out=np.full(len(total), np.nan), where=total > 0)
    ties = int((on == off).sum())
    return plain({**interval(share).as_dict(), "n": len(pairs), "ties": ties})


def _spearman(places: Places, given: np.ndarray, known: np.ndarray, seed: int) -> dict[str, float]:
    """Correlation of ranks; resamples keep the ranks among all places."""
    from scipy.stats import rankdata

    degree, activation = rankdata(given[known]), rankdata(places.activation[known])
    resampler = Resampler(places.document[known], seed=seed)
    return interval(correlations(resampler, degree, activation)).as_dict()


def all_the_same(given: np.ndarray) -> bool:
    """Whether every place that has a degree has the same one."""
    known = given[~np.isnan(given)]
    return bool(known.size and (known == known[0]).all())
