"""Activation patching between a clean and a corrupt prompt.

1. Denoising runs the corrupt prompt and puts in values of the clean one: what is enough to restore
   the prediction. Noising runs the clean prompt and puts in corrupt values: what is needed for it.
2. The share is (patched - corrupt) / (clean - corrupt) when denoising, (clean - patched) /
   (clean - corrupt) when noising: 0 nothing, 1 all of the difference.
3. A grid patches a whole site at one place (layer by place), one of its units at all places (layer
   by head), or one unit at one place. Every cell is one row of a batch that restarts at its block
   and place.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from ..errors import UsageError, nearest
from ..metrics.metric import Metric
from ..metrics.prompt import Prompt
from ..models import Intervention, Target
from .change import Part
from .runner import FLOATS, Runner
from .sweep import places_of

_CLOSE = 0.1
"""A difference between the prompts below this is said to be little."""

By = Literal["place", "unit", "both"]


class Pair:
    """A clean and a corrupt prompt, run once each, ready to be patched into each other."""

    def __init__(
        self,
        target: Target,
        clean: Prompt,
        corrupt: Prompt,
        metric: Metric,
        *,
        denoise: bool = True,
        floats: int = FLOATS,
    ) -> None:
        self.target, self.denoise = target, denoise
        both = align(clean, corrupt)
        first = Runner(target, clean, metric, floats=floats)
        second = Runner(target, corrupt, first.metric, floats=floats)
        self.clean, self.corrupt = first.before, second.before
        if abs(self.clean - self.corrupt) < 1e-6:
            raise UsageError(
                f"the metric is {self.clean:.6g} on both prompts: there is no difference to "
                "restore; choose a target that the two prompts disagree on"
            )
        self.base, self.source = (second, first) if denoise else (first, second)
        self.alignment = Alignment(both.second, both.first, both.note) if denoise else both
        """Places of the base run and of the source."""

    def share(self, metric: Tensor) -> Tensor:
        """The share of the difference that patching makes up for, or undoes."""
        start = self.corrupt if self.denoise else self.clean
        return (metric - start) / ((self.clean - self.corrupt) * (1 if self.denoise else -1))

    def edit(self, part: Part) -> Intervention | None:
        """The source's values at a part; None where none of its places has a counterpart."""
        known = dict(zip(self.alignment.first, self.alignment.second, strict=True))
        row = self.base.prompt
        if row.tokenless:
            value = self._finite(self.source.values(part.site), part.site)
            return part.held(value)
        places = [p for p in places_of(part.where, row.places, row.predicts) if p in known]
        if not places:
            return None
        value = self.source.values(part.site)[[known[p] for p in places]]  # [place, unit]
        value = self._finite(value, part.site)
        return part.held(value).at(places=places)

    @staticmethod
    def _finite(value: Tensor, site: str) -> Tensor:
        if not bool(value.isfinite().all()):
            raise UsageError(f"site {site} holds NaN or infinity on the prompt patched from")
        return value

    @property
    def notes(self) -> tuple[str, ...]:
        """What a report has to say of the numbers."""
        notes = list(dict.fromkeys([*self.base.notes, *self.source.notes]))
        if self.alignment.note:
            notes.append(self.alignment.note)
        apart = abs(self.clean - self.corrupt)
        if apart < _CLOSE:
            notes.append(
                f"the two prompts are only {apart:.2g} apart on this metric: shares are of little, "
                "and large ones mean little"
            )
        return tuple(notes)


class Patched(NamedTuple):
    """Cells that were patched, each by itself."""

    clean: float
    corrupt: float
    metric: Tensor
    """float64 `[cell]`: the metric after patching; NaN where there was nothing to patch."""
    share: Tensor
    """float64 `[cell]`: of the difference between the two prompts."""
    notes: tuple[str, ...]


def patch(pair: Pair, cells: Sequence[Sequence[Part]]) -> Patched:
    """Patches each cell, all of its parts together.

    Raises:
        UsageError: for a site, unit or place that is not there, or values that are not finite.
    """
    pair.source.read([part.site for cell in cells for part in cell])
    rows: list[list[Intervention]] = []
    for cell in cells:
        pair.target.check([], [Intervention(part.site, part.units) for part in cell], 1, None)
        edits = [pair.edit(part) for part in cell]
        rows.append([edit for edit in edits if edit is not None])
    metric = pair.base.measure(rows)
    metric[[i for i, row in enumerate(rows) if not row]] = torch.nan
    return Patched(pair.clean, pair.corrupt, metric, pair.share(metric), pair.notes)


class Grid(NamedTuple):
    """A sweep of one kind of site over the layers."""

    kind: str
    by: By
    sites: tuple[str, ...]
    """`[layer]`."""
    places: tuple[int, ...]
    """Of the base run; those of all cells together where `by` is unit."""
    clean: float
    corrupt: float
    denoise: bool
    share: Tensor
    """float64 `[layer, place]`, `[layer, unit]` or `[layer, unit, place]`; NaN where a place has no
    counterpart."""
    metric: Tensor
    """The metric itself, as `share`."""
    notes: tuple[str, ...]


def grid(
    pair: Pair, kind: str | None = "resid", *, by: By = "place", layers: Sequence[int] | None = None
) -> Grid:
    """Patches every cell of a kind of site.

    Args:
        pair: The prompts.
        kind: resid, attn_out, mlp_out, mlp, head: the part of a site's name before its layer; or
            names of sites, with commas; None: resid, where there is none every site but heads.
        by: What a cell is: a whole site at one place, one unit at all places, or both.
        layers: Which layers; None: all that the target has.

    Raises:
        UsageError: if the target has no such sites.
    """
    kind, sites = _chosen(pair.target, kind, layers)
    tokenless = pair.base.prompt.tokenless  # a cell is then all places of a site
    places = (0,) if tokenless else tuple(range(pair.base.prompt.places))
    widths = {pair.target.site(site).units for site in sites}
    if by != "place" and len(widths) > 1:
        raise UsageError(f"the layers' {kind} sites have different numbers of units: {widths}")
    width = max(widths)
    cells: list[list[Part]] = []
    for site in sites:
        if by == "place":
            cells += [[Part(site, None, "all" if tokenless else (p,))] for p in places]
        elif by == "unit":
            cells += [[Part(site, (unit,))] for unit in range(width)]
        else:
            cells += [[Part(site, (unit,), (p,))] for unit in range(width) for p in places]
    result = patch(pair, cells)
    shape = {
        "place": (len(sites), len(places)),
        "unit": (len(sites), width),
        "both": (len(sites), width, len(places)),
    }[by]
    return Grid(
        kind,
        by,
        tuple(sites),
        places,
        pair.clean,
        pair.corrupt,
        pair.denoise,
        result.share.reshape(shape),
        result.metric.reshape(shape),
        result.notes,
    )


def _chosen(
    target: Target, kind: str | None, layers: Sequence[int] | None
) -> tuple[str, list[str]]:
    """The kind that heads a grid, and its sites."""
    if kind is None and not any(_split(name)[0] == "resid" for name in target.sites):
        return "site", [name for name in target.sites if target.site(name).channels == 1]
    if kind is not None and ("," in kind or kind in target.sites or _split(kind)[1] >= 0):
        return "site", [target.site(name.strip()).name for name in kind.split(",")]
    return kind or "resid", sites_of(target, kind or "resid", layers)


def sites_of(target: Target, kind: str, layers: Sequence[int] | None = None) -> list[str]:
    """The sites of one kind, by layer.

    Raises:
        UsageError: if there is none, or a layer has none.
    """
    if layers is not None:
        return [target.site(f"{kind}.{layer}").name for layer in layers]
    result = [name for name in target.sites if _split(name)[0] == kind and _split(name)[1] >= 0]
    if not result:
        kinds = dict.fromkeys(_split(name)[0] for name in target.sites if _split(name)[1] >= 0)
        refused: Any = [name for name in target.refused if _split(name)[0] == kind]
        why = f": {target.refused[refused[0]]}" if refused else f"; it has {nearest(kind, kinds)}"
        raise UsageError(f"{target.name} has no sites '{kind}.N'{why}")
    return sorted(result, key=lambda name: _split(name)[1])


def _split(name: str) -> tuple[str, int]:
    kind, _, layer = name.rpartition(".")
    return (kind, int(layer)) if layer.isdigit() and "." not in kind else (name, -1)


class Alignment(NamedTuple):
    """Pairs of places that stand for each other."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    note: str = ""
    """What a report has to say of it."""


def align(one: Prompt, other: Prompt) -> Alignment:
    """Aligns two prompts by token.

    Raises:
        UsageError: if there is more than one way, or they do not end alike.
    """
    a, b = one.ids[0].tolist(), other.ids[0].tolist()
    if len(a) == len(b):
        places = tuple(range(len(a)))
        return Alignment(places, places)
    shorter = min(len(a), len(b))
    head = next((i for i in range(shorter) if a[i] != b[i]), shorter)
    tail = next((i for i in range(shorter) if a[-1 - i] != b[-1 - i]), shorter)
    sizes = f"the prompts have {len(a)} and {len(b)} tokens"
    if not tail:
        raise UsageError(
            f"{sizes} and do not end with the same token, so their last places do not stand for "
            "each other; make them equally long or end them alike"
        )
    if head + tail > shorter:
        raise UsageError(
            f"{sizes}, and the part that one has more could lie in more than one place; make them "
            "equally long"
        )
    middle = set(a[head : len(a) - tail]) & set(b[head : len(b) - tail])
    if middle:
        raise UsageError(
            f"{sizes}, and where they differ (from token {head} on) they share tokens, so that "
            "they can be aligned in more than one way; make them equally long"
        )
    first = (*range(head), *range(len(a) - tail, len(a)))
    second = (*range(head), *range(len(b) - tail, len(b)))
    left = len(a) - head - tail, len(b) - head - tail
    return Alignment(
        first,
        second,
        f"{sizes}: aligned by token; {left[0]} and {left[1]} tokens from token {head} on have no "
        "counterpart and are left as they are",
    )
