"""What every step of an investigation of pictures needs, and what it concludes."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .....tools.activations.records import activity
from .....tools.data.image_rows import ImageRows, image_rows
from .....tools.data.scene_pictures import picture_of, side_for
from .....tools.evidence import Evidence
from .....tools.lab import Lab
from .....tools.models import Unit
from .....tools.predicates import parse
from .....tools.scenes.scene import Scene
from ....description import MOST_WORDS
from ..confidence import from_check, logistic
from ..course import Course
from ..findings import Findings, Hypothesis
from ..turns import Calls
from .naming import PlaceName
from .rules import CaseList, case_label
from .search import Composition, correlations

SCENES = 60
"""Scenes of one call."""
_SHOWN = 4  # of each call, so that a person can see what was drawn
_CLUSTER = 0.02  # share of pictures of a cluster
_APART = 3.0  # distance of two clusters, in standard deviations within them
_REPLICATES = 0.34
"""Share of active pictures that are active again when drawn again, under which a unit does not
respond to what the pictures show."""
_LEAST = 0.3
"""Correlation on the pictures that did not choose, under which a search found nothing."""
Drawn = Generator[Calls, list[Evidence], np.ndarray]


@dataclass
class PictureFindings(Findings):
    """Everything that a conclusion about a unit of pictures is drawn from."""

    rivals: list[Composition] = field(default_factory=list)
    """Compositions of the search, best first."""
    replicated: list[float] = field(default_factory=list)
    """By active picture, the share of its drawings that were active again."""
    drawn_words: list[str] = field(default_factory=list)
    """Plain drawings that switch a unit on that was studied on photographs."""
    parts: list[Hypothesis] = field(default_factory=list)
    """Of photographs that a network reads: components that add up."""
    names: list[PlaceName] = field(default_factory=list)
    """What its strongest places have in common, the best first."""
    named: bool = True
    """Whether `part_label` names anything."""
    part_label: str = ""
    whole: float = 0.0
    """Cross-validated correlation of these components together."""
    chance: float = 0.0
    """What `whole` reaches by chance in one unit of twenty."""


class PictureCourse(Course[PictureFindings]):
    """One unit over pictures, with what was drawn and found."""

    things = "pictures"
    seen = "in {} pictures"
    nothing = 0.95

    def __init__(self, lab: Lab, unit: Unit, seed: int, *args: Any, **options: Any) -> None:
        super().__init__(lab, unit, seed, *args, **options)
        self.findings = PictureFindings()
        if not self.has("draw"):
            self.experiments = "none"
        self.known: dict[str, float] = {}
        """Activation by scene, as JSON."""
        self.made: list[Evidence] = []
        """Evidence of what was drawn."""
        self.values = np.zeros(0)
        """`[image]` over `rows`."""
        self.bar = 0.0
        """Activation above which the unit is on."""
        self.low = 0.0
        """Activation that is surely off: the middle of what explore shows."""
        self.spread = 0.0
        """Standard deviation of what is off."""
        self.full = 1.0
        """Mean of the strongest of explore."""
        self.rule = CaseList()

    @property
    def searched(self) -> bool:
        return bool(len(self.values))

    @property
    def noise(self) -> bool:
        findings = self.findings
        if findings.parts:
            return not findings.names and findings.whole < findings.chance
        best = max((rival.checked for rival in findings.rivals), default=0.0)
        if self.rule.cases:
            holds = self.rule.holds(self.inputs) > 0
            known = np.isfinite(self.values)
            now = float(correlations(holds[None, known], self.values[known])[0])
            return now < _LEAST / 2 and best < _LEAST
        replicates = not findings.replicated or np.mean(findings.replicated) >= _REPLICATES
        return not replicates or best < _LEAST

    @property
    def named(self) -> bool:
        return self.findings.named

    def noise_reason(self) -> str:
        if self.findings.parts:
            return (
                "Classes, looks and similarity, learnt on a part of explore, predict the rest with "
                f"correlation {self.findings.whole:.2f}: no better than chance."
            )
        return "Active pictures, drawn again, do not switch it on, and no composition explains it."

    def components(self) -> list[Hypothesis]:
        if self.findings.parts:
            return self.findings.parts
        if self.rule.cases:
            return [Hypothesis(case.words(), case.predicate()) for case in self.rule.cases]
        best = self.findings.rivals[0].predicate
        words = parse(best).english()
        if self.findings.drawn_words:
            words += f"; drawn, it is switched on by {', '.join(self.findings.drawn_words)}"
        return [Hypothesis(words, best)]

    def label(self) -> str:
        if self.findings.parts:
            return self.findings.part_label
        if self.rule.cases:
            text = case_label(self.rule.cases, self.inputs)
        else:
            best = self.findings.rivals[0].predicate
            text = self._photo_label(best) or parse(best).english()
        return " ".join(text.split()[:MOST_WORDS])

    def _photo_label(self, predicate: Mapping[str, Any]) -> str:
        """A label that begins with what drawings told, where the predictor is mere similarity."""
        if predicate["kind"] != "like":
            return ""
        examples = sorted(predicate["examples"], key=lambda example: -example["strength"])
        similar = f"alike: {', '.join(str(example['name']) for example in examples[:2])}"
        return f"{' or '.join(self.findings.drawn_words) or 'no word found'}; {similar}"

    def results(self) -> list[Evidence]:
        return [*self.findings.tests, *self.made]

    def check_sentence(self, right: int, n: int) -> str:
        return f"Of {n} fresh scenes, {right} are as it says."

    def confidence(self) -> float:
        findings = self.findings
        if findings.check is not None:
            return from_check(findings.check.worst)
        best = findings.rivals[0].checked if findings.rivals else 0.0
        if findings.held_out is not None:
            best = float(np.sqrt(max(findings.held_out.explained, 0.0)))
        return logistic(-4 + 4 * best)

    def rejected(self, leading: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        scores = self.findings.scores()
        lead = [self.rule.predicate()] if leading and self.rule.cases else leading
        out = []
        for key, rival in self.findings.recorded.items():
            if rival.predicate not in lead:
                score, test = scores.get(key, (0.0, ""))
                out.append(
                    {
                        "words": f"{key}: {parse(rival.predicate).english()}"[:300],
                        "reason": f"correlation {score:.2f} on explore",
                        "evidence": [test] if test else [],
                    }
                )
        return out

    def scale(self) -> None:
        """Learns from explore what on and off are.

        Where activations fall into two clusters, off is the middle of the lower one; else it is
        the median. On begins above six times the spread of off, between a quarter and a half of
        the way to the strongest pictures.
        """
        finite = self.values[np.isfinite(self.values)]
        self.full = 2 * activity(self.values)
        cut = _valley(finite)
        lower = finite[finite <= (np.median(finite) if cut is None else cut)]
        self.low = float(np.median(finite if cut is None else lower))
        self.spread = 1.5 * float(np.median(np.abs(lower - np.median(lower))))
        self._bar()

    def stronger(self, values: np.ndarray) -> None:
        """Learns from drawings that are on how strong full strength is, where explore is weaker."""
        self.full = max(self.full, float(np.nanmedian(values)))
        self._bar()

    def _bar(self) -> None:
        reach = self.full - self.low
        self.bar = self.low + float(np.clip(6 * self.spread, 0.25 * reach, 0.5 * reach))

    def weak(self, draws: int) -> float:
        """The mean of so many drawings above which a unit is weakly on."""
        reach = self.full - self.low
        least = max(0.18 * reach, 3.5 * self.spread / np.sqrt(draws))
        return self.low + min(least, 0.5 * reach)

    def on(self, values: Any) -> np.ndarray:
        """Whether the unit is on."""
        return np.asarray(values) > self.bar

    def look(self, scenes: Sequence[Scene]) -> ImageRows:
        """Scenes as rows, which predicates can be evaluated on without drawing them."""
        side = side_for(self.lab.target)
        pictures = [picture_of(scene, side=side) for scene in scenes]
        return image_rows(self.lab.target, pictures, reader=self.inputs.reader)

    def draw(self, why: str, scenes: Sequence[Scene]) -> Drawn:
        """Measures scenes; those that were measured before are not drawn again.

        Returns:
            `[scene]` activations, NaN where one could not be drawn.
        """
        keys = [scene.model_dump_json() for scene in scenes]
        fresh = {
            key: scene for key, scene in zip(keys, scenes, strict=True) if key not in self.known
        }
        chosen = list(fresh.items())
        if chosen:
            calls = tuple(
                (
                    "draw",
                    {
                        "unit": str(self.unit),
                        "scenes": [
                            scene.model_dump(mode="json") for _, scene in chosen[at : at + SCENES]
                        ],
                        "shown": _SHOWN,
                    },
                )
                for at in range(0, len(chosen), SCENES)
            )
            made = yield Calls(why, calls)
            for number, evidence in enumerate(made):
                part = chosen[number * SCENES : (number + 1) * SCENES]
                if evidence.error is not None:
                    continue
                self.made.append(evidence)
                for (key, _), item in zip(part, evidence.data["measured"], strict=False):
                    value = item["activations"][0]
                    self.known[key] = np.nan if value is None else float(value)
        return np.array([self.known.get(key, np.nan) for key in keys])


def _valley(values: np.ndarray) -> float | None:
    """The cut between two clusters that are far apart, or None (Otsu's threshold)."""
    x = np.sort(values)
    n = np.arange(1, len(x))
    total = np.cumsum(x)
    left = total[:-1] / n
    right = (total[-1] - total[:-1]) / (len(x) - n)
    between = n * (len(x) - n) * (right - left) ** 2
    at = int(np.argmax(between)) if len(between) else 0
    lower, upper = x[: at + 1], x[at + 1 :]
    if min(len(lower), len(upper)) < _CLUSTER * len(x):
        return None
    within = np.sqrt((lower.var() * len(lower) + upper.var() * len(upper)) / len(x))
    apart = upper.mean() - lower.mean() > _APART * max(within, 1e-12)
    return float((x[at] + x[at + 1]) / 2) if apart else None
