"""Which units are responsible for a prediction: every unit of the model, ranked in one call.

    question = target_prompt(target, "She loved to play outside in", " the")
    found = attribute(target, question)            # Imp, shortlisted and made exact
    found.units["mlp"][0]                          # mlp.4/102, its value, the tokens it favours

Methods: `imp` (log-probability increase: Yu & Ananiadou 2024), `direct` (direct logit), `taylor`,
`integrated` (gradients), `magnitude` (|m| |v|). The values of `imp` are those of the first-order
term, which bounds them from above, except for the units at both ends, which are exact (`exact`
says which); `exact=True` makes all of them exact, in bounded memory.

For a target of several tokens that are summed, so are the units' values: each token is predicted at
its own place, by the units at that place.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from ..data.tokens import surfaces
from ..errors import UsageError
from ..metrics.readings import rival, saturation
from ..metrics.target_tokens import TargetPrompt
from ..models import Target
from ..residual.exact import ExactTrace, exact_trace
from ..residual.readout import Readout, check_vocabulary, readout_of
from .gradients import integrated, taylor
from .increase import Imps, direct, highest_first, imps
from .patterns import attention_patterns
from .sources import KINDS, Kind, Layout, Sources, Spot

Method = Literal["imp", "direct", "taylor", "integrated", "magnitude"]
METHODS: tuple[Method, ...] = get_args(Method)
SHORTLIST = 200
"""Units of a kind that are made exact, largest first-order terms first."""
STEPS = 20
"""Of integrated gradients."""


@dataclass(frozen=True)
class Share:
    """One unit and its share in a number."""

    spot: Spot
    value: float

    @property
    def unit(self) -> str:
        """`mlp.3/1207`, `head.5/7`, `attention.5/7/12@9`."""
        return str(self.spot)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"unit": self.unit, **{k: v for k, v in vars(self).items() if k != "spot"}}


@dataclass(frozen=True)
class UnitValue(Share):
    """One unit and its share in the prediction."""

    exact: bool
    """Whether the value is exact, and not a first-order term."""
    activation: float
    """Its coefficient at the place of the (first) prediction; a head: the length of its output."""
    promotes: tuple[str, ...]
    """Tokens that its row v favours most, through the final norm and the vocabulary head."""
    suppresses: tuple[str, ...]
    """Tokens that v favours least; promoted where the activation is negative."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """What `attribute` found."""

    question: TargetPrompt
    method: Method
    probabilities: tuple[float, ...]
    """Of the target's tokens, one a prediction."""
    ranks: tuple[int, ...]
    """Of the target's tokens among all: 1 is the model's own choice."""
    values: dict[Kind, Tensor]
    """Every unit of a kind, in the order of its layout, `[unit]` float32."""
    exact: dict[Kind, Tensor]
    """Which of them are exact, `[unit]` bool."""
    layouts: dict[Kind, Layout]
    units: dict[Kind, tuple[UnitValue, ...]]
    """The units with the highest values."""
    opposing: dict[Kind, tuple[UnitValue, ...]]
    """The units with the lowest values, lowest first, where the method has a sign."""
    proven: dict[Kind, int | None]
    """How many units from the top are proven to be the top of all; None: nothing can be said."""
    trace: ExactTrace
    sources: tuple[Sources, ...]
    readout: Readout
    paper: bool = False
    notes: tuple[str, ...] = ()

    def ranked(self, kind: Kind, n: int) -> list[Spot]:
        """The units with the highest values, those that are exact first."""
        order = highest_first(self.values[kind], self.exact[kind])
        return [self.layouts[kind].spot(int(i)) for i in order[:n]]


@dataclass(frozen=True)
class Settings:
    """How to attribute."""

    method: Method = "imp"
    kinds: tuple[Kind, ...] = ("mlp", "head")
    top: int = 20
    """Units of a kind to list at each end."""
    shortlist: int = SHORTLIST
    exact: bool = False
    """Make every unit exact."""
    paper: bool = False
    """Drop the final norm's bias, as the paper's notebooks do."""
    everywhere: bool = False
    """Taylor: sum over all places, not the place of the prediction alone."""
    steps: int = STEPS
    words: int = 6
    """Decoded tokens at each end; 0: none."""

    def check(self) -> None:
        """Raises `UsageError` for settings that do not go together."""
        if self.method not in METHODS:
            raise UsageError(f"there is no method '{self.method}'; use {', '.join(METHODS)}")
        wrong = [kind for kind in self.kinds if kind not in KINDS]
        if wrong or not self.kinds:
            raise UsageError(f"there is no kind '{wrong[0] if wrong else ''}'; use {_LIST}")
        if self.top < 1 or self.shortlist < 1 or self.steps < 1:
            raise UsageError("top, shortlist and steps must be at least 1")
        if self.everywhere and (self.method != "taylor" or "attention" in self.kinds):
            raise UsageError(
                "everywhere is for taylor on neurons and heads; other values belong to the place "
                "of the prediction"
            )


_LIST = ", ".join(KINDS)


def attribute(
    target: Target, question: TargetPrompt, settings: Settings | None = None
) -> Attribution:
    """Values of all units of the kinds, highest first.

    Args:
        target: A causal language model.
        question: From `target_prompt`.
        settings: How; by default `imp` on neurons and heads.

    Raises:
        UsageError: if the model or the run cannot be split into units, or settings are unusable.
    """
    chosen = settings or Settings()
    chosen.check()
    kinds = tuple(dict.fromkeys(chosen.kinds))
    with torch.no_grad():
        trace = exact_trace(target, question)
        readout = readout_of(trace, paper=chosen.paper)
        places = list(dict.fromkeys(p.place for p in question.predictions))
        patterns = attention_patterns(trace, places=places) if "attention" in kinds else ()
        sources = [
            Sources(trace, p.place, patterns, places.index(p.place)) for p in question.predictions
        ]
        for prediction in question.predictions:
            check_vocabulary(target, prediction, readout)
        probabilities, ranks = predicted(trace, question)
        layouts: dict[Kind, Layout] = {kind: sources[0].layout(kind) for kind in kinds}
        notes = _without_units(target, layouts)
        kinds = tuple(layouts)
    values, exact, proven = _valued(sources, readout, question, chosen, kinds)
    with torch.no_grad():
        units: dict[Kind, tuple[UnitValue, ...]] = {}
        opposing: dict[Kind, tuple[UnitValue, ...]] = {}
        signed = chosen.method not in ("taylor", "magnitude")
        for kind in kinds:
            order = highest_first(values[kind], exact[kind])[: chosen.top]
            lowest = highest_first(-values[kind], exact[kind])[: chosen.top if signed else 0]
            lowest = lowest[values[kind][lowest] < 0]
            both = _shown(
                target,
                sources[0],
                readout,
                layouts[kind],
                torch.cat([order, lowest]),
                values[kind],
                exact[kind],
                chosen.words,
            )
            units[kind], opposing[kind] = both[: len(order)], both[len(order) :]
    return Attribution(
        question,
        chosen.method,
        probabilities,
        ranks,
        values,
        exact,
        layouts,
        units,
        opposing,
        proven,
        trace,
        tuple(sources),
        readout,
        chosen.paper,
        (*question.notes, *notes, *_sure(trace, question, probabilities), *_notes(trace, chosen)),
    )


def _without_units(target: Target, layouts: dict[Kind, Layout]) -> list[str]:
    """Leaves out kinds that the network has no unit of, and says so.

    Raises:
        UsageError: if none is left.
    """
    empty: list[Kind] = [kind for kind, layout in layouts.items() if not layout.size]
    for kind in empty:
        del layouts[kind]
    if not empty:
        return []
    if not layouts:
        raise UsageError(f"{no_neurons(target)}; ask for the kind head")
    return [no_neurons(target)]


def no_neurons(target: Target) -> str:
    """Said of a network of attention alone."""
    return f"the MLPs of {target.name} write nothing (all weights are 0), so it has no neurons"


def _valued(
    sources: Sequence[Sources],
    readout: Readout,
    question: TargetPrompt,
    chosen: Settings,
    kinds: tuple[Kind, ...],
) -> tuple[dict[Kind, Tensor], dict[Kind, Tensor], dict[Kind, int | None]]:
    """By kind: one number for every unit, which are exact, and how many from the top are proven."""
    values: dict[Kind, Tensor] = {}
    exact: dict[Kind, Tensor] = {}
    proven: dict[Kind, int | None] = {}
    if chosen.method == "imp":
        with torch.no_grad():
            for kind in kinds:
                result = imps(sources, readout, question.predictions, kind)
                proven[kind] = _made_exact(result, chosen)
                values[kind], exact[kind] = result.values, result.exact
        return values, exact, proven
    if chosen.method == "taylor":
        values = taylor(sources, question.predictions, kinds, everywhere=chosen.everywhere)
    elif chosen.method == "integrated":
        values = integrated(sources, question.predictions, kinds, steps=chosen.steps)
    else:
        with torch.no_grad():
            if chosen.method == "magnitude":
                each = [{kind: source.magnitudes(kind) for kind in kinds} for source in sources]
            else:
                pairs = zip(sources, question.predictions, strict=True)
                each = [direct(source, readout, prediction, kinds) for source, prediction in pairs]
            values = {kind: torch.stack([one[kind] for one in each]).sum(0) for kind in kinds}
    for kind, one in values.items():
        exact[kind], proven[kind] = torch.ones_like(one, dtype=torch.bool), len(one)
    return values, exact, proven


def _made_exact(found: Imps, chosen: Settings) -> int | None:
    """Makes both ends exact (or all); how many from the top are then proven."""
    values = found.values
    if bool(found.exact.all()):
        return len(values)
    if chosen.exact or len(values) <= chosen.shortlist + chosen.top:
        picked = torch.arange(len(values), device=values.device)
    else:
        high = values.topk(chosen.shortlist).indices
        low = (-values).topk(chosen.top).indices
        picked = torch.cat([high, low]).unique()
    found.make_exact(picked)
    if len(picked) == len(values):
        return len(values)
    if found.readout.cap is not None:
        return None
    return int((values[picked] >= values[~found.exact].max()).sum())


def predicted(
    trace: ExactTrace, question: TargetPrompt
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Probability and rank of each token, from the full run."""
    out, ranks = [], []
    for prediction in question.predictions:
        logits = _logits(trace, prediction.place)
        out.append(float(logits.softmax(0)[prediction.token]))
        ranks.append(1 + int((logits > logits[prediction.token]).sum()))
    return tuple(out), tuple(ranks)


def _logits(trace: ExactTrace, place: int) -> Tensor:
    """Of the token behind a place, `[vocabulary]`."""
    if trace.logits is not None and place == int(trace.last[0]):
        return trace.logits[0].float()
    readout = readout_of(trace)
    return readout.logits(trace.final[0, place][None], trace.final_scale[0, place])[0]


def _sure(trace: ExactTrace, question: TargetPrompt, probabilities: Sequence[float]) -> list[str]:
    """What is said of a target that the model is nearly sure of."""
    if question.predictions[0].other is not None:
        return []
    other = likeliest_other(trace, question)
    text = saturation(math.prod(probabilities), question.measured or question.target, other)
    return [] if text is None else [text]


def likeliest_other(trace: ExactTrace, question: TargetPrompt) -> str | None:
    """The likeliest token beside the target's one; None where it has several."""
    one, *more = question.predictions
    if more or trace.target.tokenizer is None:
        return None
    return rival(_logits(trace, one.place), one.token, surfaces(trace.target))


def _shown(
    target: Target,
    sources: Sources,
    readout: Readout,
    layout: Layout,
    order: Tensor,
    values: Tensor,
    exact: Tensor,
    words: int,
) -> tuple[UnitValue, ...]:
    """Units with the tokens that their rows favour."""
    if not len(order):
        return ()
    rows = torch.empty(len(order), sources.trace.final.shape[-1], device=values.device)
    taken = torch.empty(len(order), device=values.device)
    for block, where, within in layout.parts(order):
        rows[where] = sources.rows(layout.kind, block, within)
        taken[where] = sources.taken(layout.kind, block, within)
    tokens = decoded(target, readout, rows, words) if words else [((), ())] * len(order)
    return tuple(
        UnitValue(
            layout.spot(int(i)), float(values[i]), bool(exact[i]), float(taken[n]), *tokens[n]
        )
        for n, i in enumerate(order.tolist())
    )


def decoded(
    target: Target, readout: Readout, rows: Tensor, many: int
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The top and the bottom tokens of each row `[n, d]` through final norm and vocabulary head."""
    one = torch.ones(1, device=rows.device)
    rows = rows if readout.norm is None else readout.norm.frozen(rows, one)
    logits = readout.uncapped(rows)
    if readout.bias is not None:
        logits = logits - readout.bias.float()
    names = surfaces(target) if target.tokenizer is not None else ()
    logits = logits[:, : len(names)] if names else logits
    many = min(many, logits.shape[1])

    def named(tokens: Tensor) -> list[tuple[str, ...]]:
        return [tuple(names[t] if names else f"#{t}" for t in row) for row in tokens.tolist()]

    top, bottom = logits.topk(many, 1).indices, logits.topk(many, 1, largest=False).indices
    return list(zip(named(top), named(bottom), strict=True))


def half_precision(trace: ExactTrace) -> list[str]:
    """What is said of a model in half precision."""
    kind = trace.final.dtype
    if torch.finfo(kind).eps <= 1e-6:
        return []
    name = str(kind).removeprefix("torch.")
    return [
        f"the model runs in {name}: its residual stream adds up within {trace.error():.1e} "
        f"(limit {trace.limit:.0e} instead of 1e-04), and small values are rounding"
    ]


def _notes(trace: ExactTrace, chosen: Settings) -> list[str]:
    out = half_precision(trace)
    if trace.architecture.final is not None and chosen.paper:
        out.append("paper mode: the final norm's bias is left out")
    return out
