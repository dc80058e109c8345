"""The lab: what every tool is handed: the target, the data a planner may see, the record."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .data.image_rows import ImageRows
from .data.windows import TokenWindows, batches, cut
from .errors import UsageError
from .evidence import EvidenceStore
from .llm.usage import Meter
from .memo import Memo
from .models import Target, Trace, Unit
from .predicates.algorithms import speaks_in_numbers, speaks_in_symbols
from .predicates.parsing import ALGORITHM_KINDS
from .tool_groups import tools_of

if TYPE_CHECKING:
    from .exemplars import ExemplarIndex
    from .llm.client import LLM
    from .models.clip import Clip
    from .predicates.judging import Judge

_ROWS = 64  # rows of one forward pass
_PICTURES = 32


class Backend(Protocol):
    """An image model: see `images/backends`."""

    @property
    def name(self) -> str:
        """As the user names it."""
        ...

    @property
    def price(self) -> float:
        """Money for one picture."""
        ...

    def generate(self, prompt: str, *, seed: int, seconds: float | None = None) -> Image.Image:
        """A picture of these words; a network is waited for that many seconds at most.

        Raises:
            UsageError: if the model refuses or cannot be reached, in one line.
        """
        ...

    def edit(
        self, picture: Image.Image, instruction: str, *, seed: int, seconds: float | None = None
    ) -> Image.Image:
        """The picture, changed as told.

        Raises:
            UsageError: if the model refuses, cannot be reached or cannot edit, in one line.
        """
        ...


@dataclass
class Lab:
    """What the tools of one investigation work with; no data of the held-out splits is in it."""

    target: Target
    explore: TokenWindows
    """Token windows of the explore split; image rows where the target takes pictures."""
    index: "ExemplarIndex | None" = None
    """The exemplar index over `explore`; None: tools measure the windows themselves."""
    evidence: EvidenceStore = field(default_factory=EvidenceStore)
    meter: Meter = field(default_factory=Meter)
    llm: "LLM | None" = None
    """For tools that ask a language model; None: they are not offered."""
    seed: int = 0
    hypotheses: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Predictors (JSON) that the planner recorded, by id: `H1`."""
    inline: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Predictors (JSON) that were given in calls and not recorded, by name: `P1`."""
    columns: dict[Unit, np.ndarray] = field(default_factory=dict)
    """Measured activations over `explore`, float32 `[window, place]`, by unit with sign."""
    unit: Unit | None = None
    """The unit under study: what tools mean where their `unit` is left out."""
    memo: Memo = field(default_factory=Memo)
    """What tools computed from target, explore and seed alone; investigations may share it."""
    backends: Mapping[str, Backend] = field(default_factory=dict)
    """Image models by name, beside the project's own drawings: see `images/backends`."""
    open: bool = False
    """No single unit is under study: instruments that look over many units are offered too."""
    programs: bool = True
    """Whether planners may compose tools in programs."""
    judge: "Judge | None" = None
    """A language model that reads places or sees pictures; None: predictors cannot say `judged`."""
    left_out: frozenset[str] = frozenset()
    """Tools that are not offered; see `tool_groups`."""
    reader: "Target | None" = None
    """A second network that reads texts; None: predictors cannot say `like`."""
    run: Any = None
    """A finished run of labels (`tasks/search`'s `RunSearch`); None: its tools are not offered."""

    fields: bool = False
    """Whether predictors of an investigation may read fields of the data; a person always may."""

    @property
    def clip(self) -> "Clip | None":
        """A model of pictures and phrases: behind the target, or the one that reads explore."""
        reader = getattr(self.explore, "reader", None)
        return self.target.clip or getattr(reader, "clip", None)

    @property
    def reads_text(self) -> bool:
        """Whether the target reads tokens."""
        return self.target.tokenizer is not None and self.target.image is None

    @property
    def meanings(self) -> tuple[str, ...]:
        """Kinds of predictors beyond those that all texts have: of meaning, where another network
        is there to read it, and of algorithms, where texts are of symbols."""
        there = {"like": self.reader, "judged": self.judge}
        if self.target.image is not None:
            del there["like"]  # of pictures it is always there
        kinds = tuple(kind for kind, who in there.items() if who is not None)
        if self.explore.fields and (self.fields or self.open):
            kinds = (*kinds, "field")
        heads = any(name.startswith("head.") for name in self.target.sites)
        if heads and self.reads_text and (self.symbolic or self.of_heads):
            kinds = ("attends", *kinds)
        return (*(ALGORITHM_KINDS if self.symbolic else ()), *kinds)

    @property
    def of_heads(self) -> bool:
        """Whether heads may be studied: one is under study, or no single unit is."""
        return self.open or (self.unit is not None and self.unit.site.startswith("head."))

    @cached_property
    def symbolic(self) -> bool:
        """Whether explore's texts are of symbols rather than words."""
        words = isinstance(self.explore, TokenWindows) and self.explore.numbers is None
        return words and speaks_in_symbols(self.explore)

    @cached_property
    def numeric(self) -> bool:
        """Whether explore's texts are about numbers: a fifth of their tokens read as one."""
        return isinstance(self.explore, TokenWindows) and speaks_in_numbers(self.explore)

    @property
    def units_hidden(self) -> bool:
        """Whether no tool shows what units do: a black box of inputs and outputs."""
        return tools_of("units") <= self.left_out

    def chosen(self, unit: str | None) -> Unit:
        """The unit that a tool was asked for, or the one under study where none was named.

        Raises:
            UsageError: if it is no unit of the target, or none is named and none is under study.
        """
        if unit is not None and unit.strip():
            return self.target.unit(unit)
        if self.unit is None:
            raise UsageError("no unit was named: pass unit, such as mlp.3/7")
        return self.unit

    def rng(self, use: str = "") -> np.random.Generator:
        """Randomness of the coming tool call: depends on seed, evidence id and use alone.

        Args:
            use: What it is for, such as `shuffles`. A call that draws for several purposes names
                each, so that none of them depends on how much another draws.
        """
        key = [self.seed, len(self.evidence) + 1]
        return np.random.default_rng([*key, zlib.crc32(use.encode())] if use else key)

    def tokenize(self, texts: Sequence[str]) -> TokenWindows:
        """One row a text, at most the target's context length."""
        return cut(self.target, texts, length=self.target.context_length, document_per_row=True)

    def activations(self, windows: TokenWindows | ImageRows, units: Sequence[Unit]) -> np.ndarray:
        """Measures units on windows: float32 `[unit, window, place]`, NaN on places not counted."""
        return measure(self.target, windows, units, self.meter)

    def trace(
        self, rows: TokenWindows | ImageRows, sites: Sequence[str] = (), **options: Any
    ) -> Trace:
        """One forward pass of the target, metered; the options are those of `Target.trace`."""
        result = self.target.trace(rows, sites, **options)
        self.meter.forward_tokens += int(rows.attended.sum())
        return result

    def column(self, unit: Unit) -> np.ndarray:
        """The unit's activations over all of explore, `[window, place]`; measured once."""
        if unit not in self.columns:
            self.prefetch([unit])
        return self.columns[unit]

    def prefetch(self, units: Iterable[Unit]) -> None:
        """Measures many units over explore in one pass."""
        missing = [unit for unit in units if unit not in self.columns]
        if missing:
            values = measure(self.target, self.explore, missing, self.meter)
            self.columns.update(zip(missing, values, strict=True))


def measure(
    target: Target,
    windows: "TokenWindows | ImageRows",
    units: Sequence[Unit],
    meter: Meter | None = None,
) -> np.ndarray:
    """Activations of units on windows: float32 `[unit, window, place]`, NaN where not counted."""
    if isinstance(windows, ImageRows):
        return measure_pictures(target, windows, units, meter)
    out = np.full((len(units), *windows.ids.shape), np.nan, np.float32)
    for start in range(0, len(windows), _ROWS):
        rows = windows.rows(slice(start, start + _ROWS)).trimmed()
        values = target.activations(rows, units).float().cpu().numpy()
        out[:, start : start + _ROWS, : rows.ids.shape[1]] = np.where(rows.counted, values, np.nan)
        if meter is not None:
            meter.forward_tokens += int(rows.attended.sum())
    return out


def measure_pictures(
    target: Target, pictures: ImageRows, units: Sequence[Unit], meter: Meter | None = None
) -> np.ndarray:
    """Activations of units on pictures: their maximum over space, float32 `[unit, image, 1]`.

    Units with another number of places (other layers of a network) are measured in one pass too.
    """
    out = np.zeros((len(units), len(pictures), 1), np.float32)
    names = list(dict.fromkeys(unit.site for unit in units))
    for at, rows in batches(pictures, _PICTURES):

        def take(name: str, values: Tensor, at: int = at) -> None:
            of = [i for i, unit in enumerate(units) if unit.site == name]
            chosen = torch.tensor([units[i].index for i in of], device=values.device)
            scalars = target.sites[name].over_space(values[:, :, chosen])  # [image, place, unit]
            sign = torch.tensor([units[i].sign for i in of], device=values.device)
            peaks = (scalars * sign).amax(1).float().cpu().numpy()  # [image, unit]
            out[of, at : at + len(peaks), 0] = peaks.T

        target.trace(rows, names, output=False, take=take)
        if meter is not None:
            meter.forward_tokens += len(rows)
    return out


def at_places(
    target: Target, rows: TokenWindows | ImageRows, site: str, values: Tensor
) -> np.ndarray:
    """All units of a site at the counted places of rows: float32 `[place, unit]`.

    On pictures a place is a picture, where a unit has its maximum over space.

    Args:
        target: The target.
        rows: What was run.
        site: The site's name.
        values: Its values, as `Target.trace` hands them to `take`.
    """
    there = target.sites[site]
    if isinstance(rows, ImageRows):
        scalar = there.over_space(values).amax(1, keepdim=True)  # [image, 1, unit]
    else:
        scalar = there.scalar(values)  # [window, place, unit]
    return scalar.float().cpu().numpy()[rows.counted[:, : scalar.shape[1]]]
