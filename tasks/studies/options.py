"""The settings of studies; the docstring of a field is the help of its option."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...tools.errors import UsageError

if TYPE_CHECKING:
    from ...agent.state import PlannerFactory

SETTINGS = 4  # of the biased classifier's world
LEAST_SCENES = 40
LEAST_PAIRS = 12


@dataclass(frozen=True)
class Arithmetic:
    """The study `arithmetic`."""

    target: str = "organism:adder"
    """A causal model: organism:NAME, ..."""
    prompts: Path | None = None
    """Your own: JSONL with prompt and target in each line."""
    many: int = 160
    """Prompts, at most."""
    seed: int = 0
    """Seed of every random choice."""
    keep_wrong: bool = False
    """Keep prompts that the model gets wrong."""
    several: Literal["first"] | None = None
    """first: ask for the first token of a target of several."""


@dataclass(frozen=True)
class Recall:
    """The study `recall-vs-reasoning`."""

    target: str = "organism:facts"
    """A causal model: organism:NAME, ..."""
    recall: Path | None = None
    """Your own prompts, JSONL."""
    reasoning: Path | None = None
    """Your own prompts, JSONL."""
    many: int = 80
    """Prompts of each task, at most."""
    seed: int = 0
    """Seed of every random choice."""
    keep_wrong: bool = False
    """Keep prompts that the model gets wrong."""
    several: Literal["first"] | None = None
    """first: ask for the first token of a target of several."""

    @property
    def prompts(self) -> Path | None:
        """A file of one's own."""
        return self.recall or self.reasoning


@dataclass(frozen=True)
class Brackets:
    """The study `code-brackets`."""

    target: str = "organism:brackets"
    """A causal model: organism:NAME, ..."""
    prompts: Path | None = None
    """Your own: JSONL with prompt and target in each line."""
    many: int = 100
    """Prompts of each subtask, at most."""
    seed: int = 0
    """Seed of every random choice."""
    several: Literal["first"] | None = None
    """first: ask for the first token of a target of several."""


@dataclass(frozen=True)
class Spurious:
    """The study `spurious`."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Networks, such as 0-4 or 1,2,7."""
    own: float = 0.95
    """Share of training scenes in the setting of their class."""
    scenes: int = 2400
    """Training scenes."""
    epochs: int = 8
    """Of the training."""
    tested: int = 800
    """Scenes of each test, and of the balanced reference."""
    explore: int = 300
    """Training pictures that the planner sees."""
    planner: str = "builtin"
    """Who describes the units: builtin or openai:MODEL."""
    base_url: str | None = None
    """An OpenAI-compatible endpoint."""
    steps: int = 24
    """Turns of the planner a unit."""
    processes: int = 1
    """Seeds at a time; 0: one a core."""

    def check(self) -> None:
        """Raises `UsageError` for what cannot be done."""
        if not 1 / SETTINGS <= self.own <= 1:
            raise UsageError(
                f"--own {self.own:g} is not between {1 / SETTINGS:g} (settings say nothing) and 1 "
                "(they say all)"
            )
        if not self.seeds:
            raise UsageError("give at least one seed, such as --seeds 0-4")
        self.factory(0)

    def factory(self, seed: int) -> "PlannerFactory":
        """Makes the planner; raises `UsageError` where there is none."""
        from ...agent.planners import planner_factory
        from ...agent.planners.builtin.planner import BuiltinFactory

        if self.planner == "builtin":
            return BuiltinFactory(seed, effects=False)
        return planner_factory(self.planner, seed=seed, base_url=self.base_url)


@dataclass(frozen=True)
class Failures:
    """The study `failures`."""

    target: str = "biased"
    """biased, biased:SEED (trained now), pictures, or a classifier."""
    classes: tuple[str, ...] = ()
    """With commas; default: all that can be drawn."""
    seed: int = 0
    """Seed of every random choice."""
    explore: int = 400
    """Scenes to explore, a class."""
    tried: int = 40
    """Pairs of an experiment."""
    tested: int = 150
    """Pairs of the check, a class."""

    def check(self) -> None:
        """Raises `UsageError` for what cannot be done."""
        if min(self.explore, self.tested) < LEAST_SCENES or self.tried < LEAST_PAIRS:
            raise UsageError(
                f"give {LEAST_SCENES} or more scenes to explore and test, {LEAST_PAIRS} to try"
            )
