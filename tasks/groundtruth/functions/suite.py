"""Runs an investigator over black boxes and sums up: exact match, NMSE, recovery, baselines.

For each seed and kind, functions are made; the investigator calls each under the budget and
answers in words and in code; the code runs in the sandbox on hidden inputs. Two baselines answer
from the same calls. Every function counts: no answer, or code that does not run, is a miss with its
reason. Intervals are over functions, which are what is drawn.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, NamedTuple

from ....tools.statistics import intervals
from ....tools.statistics.bootstrap import median
from ....tools.statistics.intervals import share
from .blackbox import Answer, BlackBox, Calls, Investigate, answered
from .numbers import number_boxes
from .reader import Reader
from .scores import Score, by_rule, judged
from .strings import string_boxes

Suite = Literal["numbers", "strings"]
SUITES: dict[str, tuple[Callable[..., list[BlackBox]], int]] = {
    "numbers": (number_boxes, 120),
    "strings": (string_boxes, 150),
}
"""What makes the functions of a suite, and how many calls each may take."""


class Record(NamedTuple):
    """One function, investigated."""

    seed: int
    box: BlackBox
    answer: Answer
    score: Score
    baselines: dict[str, Score]
    """`constant` and `nearest`, from the same calls."""
    calls: int
    seconds: float
    read: dict[str, Score]
    """`words` of the answer and of the `truth`, as a reader understands them; empty without one."""

    def as_dict(self) -> dict[str, Any]:
        """For records: truth and answer side by side."""
        return {
            "seed": self.seed,
            "name": self.box.name,
            "kind": self.box.kind,
            "template": self.box.template,
            "truth": {"words": self.box.words, "code": self.box.code},
            "answer": {"words": self.answer.words, "code": self.answer.code},
            "score": self.score._asdict(),
            "baselines": {name: score._asdict() for name, score in self.baselines.items()},
            "read": {name: score._asdict() for name, score in self.read.items()},
            "calls": self.calls,
            "spent": dict(self.answer.spent),
            "seconds": round(self.seconds, 3),
        }


def run_suite(
    suite: str,
    investigate: Investigate,
    *,
    seeds: Sequence[int],
    many: int = 4,
    budget: int | None = None,
    reader: Reader | None = None,
    at_once: int = 1,
    keep: Callable[[Record], None] = lambda record: None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Record]:
    """Investigates every function of the suite.

    Args:
        suite: `numbers` or `strings`.
        investigate: The investigator.
        seeds: Each makes its own functions.
        many: Functions of each kind and seed.
        budget: Calls a function; None: the suite's own.
        reader: Judges the words; None: words are kept and not judged.
        at_once: Functions at a time; more than one is for language models, which are waited for.
        keep: Called with each record, in order.
        progress: Called with how many are done, and of how many.
    """
    maker, calls = SUITES[suite]
    boxes = [(seed, box) for seed in seeds for box in maker(seed, many=many)]
    records: list[Record] = []
    with ThreadPoolExecutor(at_once) as pool:
        made = pool.map(
            lambda one: investigated(one[0], one[1], investigate, budget or calls, reader), boxes
        )
        for record in made:
            records.append(record)
            keep(record)
            if progress is not None:
                progress(len(records), len(boxes))
    return records


def investigated(
    seed: int, box: BlackBox, investigate: Investigate, budget: int, reader: Reader | None = None
) -> Record:
    """One function: calls, answer, scores."""
    started = time.monotonic()
    calls = Calls(box, budget, seed=seed)
    answer = answered(investigate, calls)
    read = {}
    if reader is not None:
        said = (("words", answer.words), ("truth", box.words))
        read = {name: reader(box, words, calls.log) for name, words in said}
    return Record(
        seed=seed,
        box=box,
        answer=answer,
        score=judged(box, answer, calls.log),
        baselines={
            "constant": by_rule(box, calls.log, nearest=False),
            "nearest": by_rule(box, calls.log, nearest=True),
        },
        calls=len(calls.log),
        seconds=time.monotonic() - started,
        read=read,
    )


def summed(suite: str, records: Sequence[Record]) -> dict[str, Any]:
    """What the records say together.

    Args:
        suite: Its name.
        records: All functions.
    """
    kinds = {}
    for kind in dict.fromkeys(record.box.kind for record in records):
        of = [record for record in records if record.box.kind == kind]
        kinds[kind] = {**_summary([record.score for record in of]), "baselines": _baselines(of)}
    reasons = Counter(record.score.failed for record in records if record.score.failed)
    found: dict[str, Any] = {
        "suite": suite,
        "n": len(records),
        **_figures([record.score for record in records]),
        "kinds": kinds,
        "baselines": _baselines(records),
        "failed": sum(record.score.failed is not None for record in records),
        "reasons": dict(reasons.most_common()),
        "calls": mean([record.calls for record in records]),
        "seconds": round(sum(record.seconds for record in records), 2),
    }
    spent: Counter[str] = Counter()
    for record in records:
        spent.update({name: int(value) for name, value in record.answer.spent.items()})
    if spent:
        found["spent"] = dict(spent)
    if records and records[0].read:
        found["read"] = {
            name: _summary([record.read[name] for record in records]) for name in records[0].read
        }
    return found


def mean(values: Sequence[float]) -> dict[str, Any]:
    """The mean with its interval; none for fewer than three: resampling two says nothing."""
    found = intervals.mean(values)
    return found if len(values) > 2 else {**found, "low": None, "high": None}


def _summary(scores: Sequence[Score]) -> dict[str, Any]:
    failed = sum(score.failed is not None for score in scores)
    return {"n": len(scores), **_figures(scores), "failed": failed}


def _figures(scores: Sequence[Score]) -> dict[str, Any]:
    """Exact match, recovery and, of functions of numbers, NMSE."""
    domains = dict.fromkeys(domain for score in scores for domain in score.nmse)
    found: dict[str, Any] = {
        "exact": mean([score.exact for score in scores]),
        "recovered": share([score.recovered for score in scores]),
    }
    if domains:
        found["nmse"] = {
            domain: median([score.nmse[domain] for score in scores])._asdict() for domain in domains
        }
    return found


def _baselines(records: Sequence[Record]) -> dict[str, Any]:
    names = records[0].baselines if records else {}
    return {name: _figures([record.baselines[name] for record in records]) for name in names}
