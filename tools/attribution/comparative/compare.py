"""Comparative Neuron Analysis: which units make two runs differ (Yu & Ananiadou 2024b).

1. Heads: each head's slice of W_O is zeroed, at all places; heads are ranked by the fall of
   p(target).
2. Deep neurons: CNA(n) = Imp_base(n) - Imp_other(n), for the same target. The other run is the base
   with an edit (the best head zeroed, say), another prompt, or the prompt on another checkpoint.
   Under an edit both sides use the base's final-norm scale, as in the paper; other prompts and
   checkpoints are runs of their own and keep their own scale.
3. Shallow neurons: for the best deep neurons, what each earlier neuron adds to their key through
   the head (`shallow.py`). Head, deep and shallow neurons make the chain.
4. Control: zeroing the best deep neurons in the base, beside random sets of the same sites.

Imp is exact for the candidates: the best of either run and of the difference by first-order terms;
`exact` makes all of them exact. `keep` counts a run's Imps outside its top as 0 (language
confusion: 300). Several pairs (prompts) are averaged, with an interval over them.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...errors import UsageError
from ...statistics.bootstrap import mean_interval
from ..attribute import decoded, half_precision, no_neurons
from ..increase import highest_first
from ..patterns import attention_patterns
from ..sources import Spot
from .heads import compared_heads, control
from .results import ComparedUnit, Comparison, Settings
from .runs import Run, Valued, valued
from .shallow import Path, path

_WORDS = 5


def compare(
    pairs: Sequence[tuple[Run, Run]], settings: Settings | None = None, *, head: Spot | None = None
) -> Comparison:
    """Compares base and other, pair by pair.

    Args:
        pairs: Runs of one base model and one other.
        settings: How.
        head: The head of the chain; None: the first by the fall of p(target).

    Raises:
        UsageError: if there is nothing to compare, or the two models are not built alike.
    """
    how = settings or Settings()
    if not pairs:
        raise UsageError("there is nothing to compare: give two prompts, an edit or a checkpoint")
    for base, other in pairs:
        if len(base.predictions) != len(other.predictions):
            raise UsageError("the target is not as many tokens in both runs; use --several first")
    both = [_sides(base, other, how) for base, other in pairs]
    first = both[0]
    layout = first[0].imps.layout
    for base, other in both:
        one, two = base.imps.layout.shapes, other.imps.layout.shapes
        if one != two:
            raise UsageError(
                f"{base.trace.target.name} and {other.trace.target.name} are not built alike "
                f"({len(one)} and {len(two)} blocks of {one[0][0]} and {two[0][0]} neurons); "
                "compare two checkpoints of one model"
            )
    _exact(both, how)
    each = torch.stack([_kept(base, how) - _kept(other, how) for base, other in both])
    exact = torch.stack([base.imps.exact & other.imps.exact for base, other in both]).all(0)
    values = each.mean(0)
    heads = compared_heads(pairs, how)
    chosen = head or heads[0].spot
    order = highest_first(values.cpu(), exact.cpu())
    lowest = highest_first(-values.cpu(), exact.cpu())[: how.top]
    neurons = _changes(both, order[: how.top], values, exact, each, how)
    gained = _changes(both, lowest[values[lowest] < 0], values, exact, each, how)
    behind = [c.spot for c in neurons if c.value > 0 and _reads(first[0], chosen, c.spot)]
    notes = [note for base, other in pairs for run in (base, other) for note in run.question.notes]
    notes += half_precision(first[0].trace)
    paths: tuple[Path, ...] = ()
    if not layout.size:
        notes.append(f"{no_neurons(first[0].trace.target)}: heads alone are compared")
    elif behind[: how.deep] and chosen.block > 0:
        try:
            trace = first[0].trace
            patterns = attention_patterns(trace)
            place = first[0].place
            paths = tuple(path(trace, patterns, chosen, s, place) for s in behind[: how.deep])
        except UsageError as error:
            notes.append(f"no shallow neurons: {error}")
    elif chosen.block == 0:
        notes.append(f"no shallow neurons: {chosen} is in the first block")
    else:
        notes.append(f"no deep neuron that adds to the target stands behind {chosen}")
    if len(first[0].imps.predictions) > 1 and paths:
        notes.append("activations and the chain are those of the target's first token")
    best = [c.spot for c in neurons if c.value > 0][: how.zeroed]
    return Comparison(
        tuple((base.probability, other.probability) for base, other in both),
        tuple((base.rank, other.rank) for base, other in both),
        heads,
        neurons,
        gained,
        values,
        exact,
        layout,
        chosen,
        paths,
        control([base for base, _ in pairs], layout, best, how),
        tuple(dict.fromkeys(notes)),
    )


def _sides(base: Run, other: Run, how: Settings) -> tuple[Valued, Valued]:
    one = valued(base, "mlp")
    scale = how.scale or ("base" if other.changes else "own")
    return one, valued(other, "mlp", scales=one.scales if scale == "base" else None)


def _exact(both: Sequence[tuple[Valued, Valued]], how: Settings) -> None:
    """Makes the candidates exact in every run."""
    size = len(both[0][0].imps.values)
    if how.exact or size <= how.shortlist:
        picked = torch.arange(size)
    else:
        result = []
        for base, other in both:
            one, two = base.imps.values, other.imps.values
            for values in (one, two, (one - two).abs()):
                result.append(
                    values.topk(min(size, max(how.shortlist, how.keep or 0))).indices.cpu()
                )
        picked = torch.cat(result).unique()
    for pair in both:
        for side in pair:
            side.imps.make_exact(picked.to(side.imps.values.device))


def _kept(side: Valued, how: Settings) -> Tensor:
    """The values, on the CPU; those outside the run's top as 0 if so asked."""
    values = side.imps.values.float().cpu()
    if how.keep is None or how.keep >= len(values):
        return values
    best = torch.where(side.imps.exact.cpu(), values, -torch.inf).topk(how.keep).indices
    out = torch.zeros_like(values)
    out[best] = values[best]
    return out


def _changes(
    both: Sequence[tuple[Valued, Valued]],
    order: Tensor,
    values: Tensor,
    exact: Tensor,
    each: Tensor,
    how: Settings,
) -> tuple[ComparedUnit, ...]:
    """Listed neurons with what they write."""
    base, other = both[0]
    if not len(order):
        return ()
    trace = base.trace
    rows = torch.empty(len(order), trace.final.shape[-1], device=trace.ids.device)
    for block, where, within in base.imps.layout.parts(order.to(trace.ids.device)):
        rows[where] = base.imps.sources[0].rows("mlp", block, within)
    words = decoded(trace.target, base.imps.readout, rows, _WORDS)
    means = [
        torch.stack([_kept(pair[side], how) for pair in both]).mean(0) for side in (0, 1)
    ]  # [unit] of base and other
    out = []
    for i, number in enumerate(order.tolist()):
        spot = base.imps.layout.spot(number)
        active = tuple(
            float(s.trace.neurons[spot.block][0, s.place, spot.index]) for s in (base, other)
        )
        out.append(
            ComparedUnit(
                spot,
                float(values[number]),
                float(means[0][number]),
                float(means[1][number]),
                bool(exact[number]),
                mean_interval(each[:, number].numpy(), seed=how.seed),
                *words[i],
                activation=(active[0], active[1]),
            )
        )
    return tuple(out)


def _reads(side: Valued, head: Spot, deep: Spot) -> bool:
    """Whether a neuron reads what a head writes."""
    parallel = side.trace.architecture.blocks[deep.block].parallel
    return head.block < deep.block or (head.block == deep.block and not parallel)
