"""Whether a judge can use the words of each component of a description.

1. The component's predictor is evaluated on the test split. A place is **high** where it is above
   half of the largest value there, **low** where it is at most a tenth of it.
2. `EACH` high places and as many low ones are drawn, low ones with the same tokens as high ones
   where there are such, without regard to the unit's activation: what is asked is whether the words
   say what the predictor says, and not whether both are right.
3. One request holds the words and the places, mixed. The AUROC of the judge's degrees is the score;
   a place without a degree has the worst one. Below `NAMED` the component is `unnamed`.

A judge that guesses leaves nine in ten components unnamed: with eight places on either side the
AUROC of noise has a standard deviation of .15. Our formulation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ....agent.description import Component
from ....tools.data.windows import TokenWindows
from ....tools.errors import UsageError
from ....tools.evidence import plain
from ....tools.predicates import parse
from ....tools.render.marked import marked
from ....tools.statistics.within import partners
from ...labelling import words
from ...labelling.results import UnitLabel, description_of
from ..scorers.contract import Control
from ..scorers.judges import Judge, Question
from .judging import Asked, Sheet, auroc, degrees_of
from .plan import Line, Plan, Work, open_work, warnings
from .views import visible

NAMED = 0.7
"""AUROC from which the words count as a name."""
EACH = 8
LEAST = 4
"""High places, or low ones, under which nothing is asked."""
BEFORE, AFTER = 100, 40
"""Characters shown on each side of a mark: 16 places take some 600 tokens."""


@dataclass(frozen=True)
class Drawn:
    """The places at which the words of one component are judged; every array is `[place]`."""

    high: np.ndarray
    """bool."""
    document: np.ndarray
    texts: tuple[str, ...]
    pairs: int
    """Low places that hold the token of a high one."""

    def sheet(self, label: str) -> Sheet:
        """The request about them."""
        return Sheet(label, {str(number): text for number, text in enumerate(self.texts, 1)})


@dataclass(frozen=True)
class Task:
    """The components of one unit, ready to be judged."""

    unit: UnitLabel
    components: tuple[Component, ...]
    drawn: tuple[Drawn | str, ...]
    """Of each component; a sentence where nothing can be asked."""
    seed: int

    def sheets(self) -> list[Sheet]:
        """A request for each component that can be judged."""
        pairs = zip(self.components, self.drawn, strict=True)
        return [drawn.sheet(one.words) for one, drawn in pairs if isinstance(drawn, Drawn)]

    def questions(self) -> Iterator[Question]:
        """Every request that will be made about it."""
        yield from (sheet.question for sheet in self.sheets())

    def judged(self, judge: Judge, work: Work, how: Control | None) -> Line:
        """The line of the unit."""
        asked = Asked()
        read = iter(degrees_of(judge, self.sheets(), asked))
        found = [
            {**said, **_scored(drawn, next(read), self.seed)}
            if isinstance(drawn, Drawn)
            else {**said, "unnamed": None, "reason": drawn}
            for one, drawn in zip(self.components, self.drawn, strict=True)
            for said in [{"words": one.words, "predictor": dict(one.predictor)}]
        ]
        return {
            "unit": self.unit.unit,
            "label": self.unit.label,
            "judge": work.plan.judge,
            "seed": work.plan.seed,
            "components": found,
            "asked": asked.as_dict(),
            "control": None if how is None else how._asdict(),
            "warnings": warnings(np.zeros(0), asked, how),
        }


def open_components(folder: Path, plan: Plan, **given: Any) -> Work:
    """Gets the components of a run ready to be judged; asks nothing.

    Args:
        folder: The run folder.
        plan: How they are judged.
        given: `units`, `target`, `data`, `trust_remote_code`, as for `open_run`.

    Raises:
        UsageError: as `open_run`; if no unit has a component.
    """
    opened = open_work(folder, plan, file=words.COMPONENTS, **given)
    if opened.data.target.image is not None:
        raise UsageError(
            f"--components draws places of texts, and {opened.data.target.name} looks at pictures; "
            "score its labels without it"
        )
    able = [unit for unit in opened.able if unit.record.get("components")]
    if not able:
        raise UsageError(f"no description of {folder} has a component that could be judged")
    known = {unit.unit: unit.record for unit in able if unit.unit in opened.chosen}
    done = {
        line["unit"]
        for line in opened.lines
        if words.same_components(line, known.get(line["unit"], {}))
    }
    todo = [unit for unit in able if unit.unit in known.keys() - done]
    windows = opened.data.windows["test"]
    causal = opened.data.target.kind == "causal"
    return opened.work(
        [_task(unit, windows, plan.seed, causal=causal) for unit in todo],
        done=len(done),
        left_out=len(opened.chosen) - len(done) - len(todo),
    )


def _task(unit: UnitLabel, windows: TokenWindows, seed: int, *, causal: bool) -> Task:
    components = description_of(unit.record).components
    drawn = []
    for i, one in enumerate(components):
        rng = np.random.default_rng([seed, i, *unit.unit.encode()])
        drawn.append(draw(one.predictor, windows, rng, causal=causal))
    return Task(unit, components, tuple(drawn), seed)


def draw(
    predictor: Mapping[str, Any], windows: TokenWindows, rng: np.random.Generator, *, causal: bool
) -> Drawn | str:
    """Draws the places of a component; a sentence where nothing can be asked.

    Args:
        predictor: As JSON.
        windows: Of the test split.
        rng: Draws places, partners and order.
        causal: Nothing behind a place is shown.
    """
    try:
        predicate = parse(predictor)
        if predicate.sampled:
            return "its predictor is a judge itself"
        degrees = np.asarray(predicate.evaluate(windows))  # [window, place]
    except UsageError as error:
        return f"its predictor cannot be evaluated: {error}"
    seen = windows.counted & visible(windows)
    row, at = np.nonzero(seen)
    values, token = degrees[seen], windows.ids[seen]
    top = float(values.max(initial=0.0))
    high, low = (values > top / 2) & (top > 0), values <= top / 10
    for side, what in ((high, "holds"), (low, "does not hold")):
        if side.sum() < LEAST:
            return f"its predictor {what} at {int(side.sum())} places of the test split"
    pairs = rng.permutation(partners(token, high, low, rng))[:EACH]  # [pair, 2]
    chosen = np.concatenate([_filled(pairs[:, i], side, rng) for i, side in enumerate((high, low))])
    chosen = rng.permutation(chosen)
    after = 0 if causal else AFTER
    texts = (
        " ".join(marked(windows, int(row[i]), [int(at[i])], before=BEFORE, after=after).split())
        for i in chosen
    )
    return Drawn(high[chosen], windows.document[row[chosen]], tuple(texts), len(pairs))


def _filled(first: np.ndarray, side: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Places of one side: those of pairs, then others up to `EACH`."""
    free = side.copy()
    free[first] = False
    others = rng.permutation(np.flatnonzero(free))[: EACH - len(first)]
    return np.concatenate([first, others])


def _scored(drawn: Drawn, read: Mapping[str, int], seed: int) -> dict[str, Any]:
    """The AUROC of a judge's degrees with an interval, and whether the words are a name."""
    given = np.array([read.get(str(n), np.nan) for n in range(1, len(drawn.texts) + 1)], float)
    area = auroc(given, drawn.high, drawn.document, seed=seed)
    counts = {"n": len(drawn.texts), "pairs": drawn.pairs}
    return plain({"auroc": area.as_dict(**counts), "unnamed": area.value < NAMED})
