"""The course of a built-in investigation: what those of text and of pictures have in common.

A course yields the calls of each turn and receives their evidence. What it concludes from its
findings is the same for both: dead, nothing found, or components that cite what tested them.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from ....tools.activations.reach import reaching
from ....tools.evidence import Evidence
from ....tools.lab import Lab
from ....tools.models import Unit
from ....tools.render.effect import effect_sentence
from ...citations import Citations
from ...description import short_label
from ...review import silent
from .confidence import confidence_sentence
from .findings import Findings, Hypothesis, Rules
from .held_out import HeldOut, measure_held_out, split_explore, too_few
from .turns import Calls, Experiments, Turns

_UNFINISHED = 0.05
"""Confidence of a conclusion that was asked for before anything was looked for."""


F = TypeVar("F", bound=Findings)


class Course(ABC, Generic[F]):
    """One unit in one lab, with what was found."""

    things: ClassVar[str]
    """What explore consists of: documents, pictures."""
    seen: ClassVar[str]
    """Where a dead unit never fires, with the number to come."""
    nothing: ClassVar[float]
    """Confidence that there is nothing to be described."""
    findings: F

    def __init__(
        self,
        lab: Lab,
        unit: Unit,
        seed: int,
        experiments: Experiments = "designed",
        *,
        without: str | None = None,
        effects: bool = True,
    ) -> None:
        self.lab, self.unit = lab, unit
        self.experiments: Experiments = experiments
        self.without, self.effects = without, effects
        self.rng = np.random.default_rng([seed, lab.seed, unit.index])

    def has(self, tool: str) -> bool:
        """Whether a tool may be called: some investigations do without (`tool_groups`)."""
        return tool not in self.lab.left_out

    @property
    def aside(self) -> np.ndarray:
        """bool `[input]` over explore: what decides nothing."""
        return split_explore(self.lab)[0]

    @property
    def inputs(self) -> Any:
        """Explore without what was kept aside: all that the search sees."""
        return split_explore(self.lab)[1]

    @property
    def column(self) -> np.ndarray:
        """The unit over explore, `[input, place]`: NaN where it is not counted or cannot reach the
        output."""
        values = self.lab.column(self.unit)
        kept = reaching(self.lab.target, self.lab.explore, self.unit.site)
        return values if kept is None else np.where(kept, values, np.nan)

    @property
    def follows(self) -> str:
        """A pattern or a frequency that an instrument found beyond its controls, in a few words."""
        return ""

    @property
    def attends(self) -> list[dict[str, Any]]:
        """The component that says what a head attends to, where that is known."""
        return []

    @abstractmethod
    def turns(self) -> Turns:
        """The turns; each receives the evidence of its calls."""

    def survey(self) -> Generator[Calls, list[Evidence], bool]:
        """Surveys the unit; whether it ever fires."""
        yield Calls("How often is the unit active?", (("survey", {"unit": str(self.unit)}),))
        if silent(self.column):
            self.findings.dead = int(np.isfinite(self.column).sum())
            return False
        return True

    def fitted(self) -> Rules:
        """What a fit to explore says, without a call; no rule where it does not hold elsewhere."""
        if silent(self.column):
            return Rules([], None)
        self.fit()
        rules = [] if self.noise else self.components()
        return Rules(rules, self._held_out([one.predicate for one in rules]))

    def _held_out(self, predicates: Sequence[Mapping[str, Any]]) -> HeldOut | None:
        return measure_held_out(predicates, self.lab.explore, self.column, self.aside)

    def record(self, hypotheses: Sequence[Hypothesis], **options: Any) -> Turns:
        """Records hypotheses and tests them on explore."""
        if not hypotheses:
            return
        calls = [
            ("hypothesise", {"statement": one.words, "predictor": one.predicate})
            for one in hypotheses
        ]
        made = yield Calls("What could explain it.", tuple(calls))
        pairs = zip(hypotheses, made, strict=False)
        new = {str(item.data["id"]): one for one, item in pairs if item.error is None}
        self.findings.recorded |= new
        if new and self.has("test_hypotheses"):
            arguments = {"unit": str(self.unit), "hypotheses": list(new), **options}
            made = yield Calls(
                "How do they do on all of explore?", (("test_hypotheses", arguments),)
            )
            self.findings.tests += succeeded(made)

    def measure_effect(self) -> Turns:
        """Measures what the unit does to the output, where that was asked for."""
        if self.effects and self.has("unit_effect"):
            arguments = {"unit": str(self.unit)}
            made = yield Calls("What does it do to the output?", (("unit_effect", arguments),))
            self.findings.effect = next(iter(succeeded(made)), None)

    def conclusion(self) -> Calls:
        """What is known now, as the call that ends the investigation."""
        findings = self.findings
        if findings.dead is not None:
            label = f"dead: never active {self.seen.format(findings.dead)}"
            return self._conclude("It never fires.", label, "dead", 0.99)
        if not self.searched:
            label = "not found out before the budget ended"
            why = "The budget ended before the search."
            return self._conclude(why, label, "uninterpretable", _UNFINISHED)
        if self.noise:
            label = f"no pattern found that holds on new {self.things}"
            sure = self.nothing
            if self.follows:  # where a head looks; what it writes there is not explained by it
                label, sure = short_label(f"{self.follows}; nothing else found"), 1 - self.nothing
            return self._conclude(
                self.noise_reason(),
                label,
                "described" if self.attends else "uninterpretable",
                sure,
                components=self.attends,
                rejected=self.rejected([]),
                effect=findings.effect,
            )
        leading = self.components()
        predicates = [one.predicate for one in leading]
        findings.held_out = self._held_out(predicates)
        citations, results = Citations(self.lab, self.unit), self.results()
        components = self.attends + [
            {
                "words": one.words,
                "predictor": one.predicate,
                "evidence": citations.testing(results, one.predicate),
            }
            for one in leading
        ]
        sure = self.confidence()
        return self._conclude(
            " ".join(filter(None, (*self._reasons(), confidence_sentence(sure)))),
            short_label(f"{self.follows}; {self.label()}") if self.follows else self.label(),
            "described",
            sure,
            components=components,
            rejected=self.rejected(predicates),
            effect=findings.effect,
            named=self.named,
        )

    def _reasons(self) -> tuple[str, str]:
        findings = self.findings
        fresh = "" if self.aside.any() else too_few(self.lab.explore, self.things)
        if findings.held_out is not None:
            fresh = findings.held_out.words(self.things)
        check = findings.check
        return fresh, "" if check is None else self.check_sentence(check.right, check.n)

    def _conclude(
        self,
        why: str,
        label: str,
        status: str,
        confidence: float,
        *,
        components: Sequence[Mapping[str, Any]] = (),
        rejected: Sequence[Mapping[str, Any]] = (),
        effect: Evidence | None = None,
        named: bool = True,
    ) -> Calls:
        arguments: dict[str, Any] = {
            "label": label,
            "components": list(components),
            "rejected": list(rejected),
            "confidence": confidence,
            "status": status,
        }
        if not named:
            arguments["named"] = False
        if effect is not None:
            arguments["effect"] = {"words": effect_sentence(effect.data), "evidence": [effect.id]}
        return Calls(why, (("conclude", arguments),))

    @abstractmethod
    def fit(self) -> None:
        """Fills the findings from explore alone."""

    @property
    @abstractmethod
    def searched(self) -> bool:
        """Whether there was time for a search."""

    @property
    @abstractmethod
    def noise(self) -> bool:
        """Whether nothing was found that holds on new inputs."""

    @property
    def named(self) -> bool:
        """Whether the label says what its words have in common."""
        return True

    @abstractmethod
    def noise_reason(self) -> str:
        """Why nothing is described, in a sentence."""

    @abstractmethod
    def components(self) -> list[Hypothesis]:
        """The leading components."""

    @abstractmethod
    def label(self) -> str:
        """At most twelve words."""

    @abstractmethod
    def confidence(self) -> float:
        """The probability that the description is right."""

    @abstractmethod
    def results(self) -> list[Evidence]:
        """Results that may have tested a component."""

    @abstractmethod
    def rejected(self, leading: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The recorded rivals that do not lead, each with what told against it."""

    @abstractmethod
    def check_sentence(self, right: int, n: int) -> str:
        """How the conclusion did on fresh inputs."""


def succeeded(made: Sequence[Evidence]) -> list[Evidence]:
    """The results without the calls that failed."""
    return [evidence for evidence in made if evidence.error is None]
