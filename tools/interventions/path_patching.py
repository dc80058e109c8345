"""Path patching: the effect of a sender on the prediction through chosen receivers alone.

After Wang et al. 2023 and Goldowsky-Dill et al. 2023, with everything else frozen:

1. In the base run the sender is given the source's values, while every other attention and MLP
   output is held at what it is in the base run: what reaches a receiver is what the sender writes
   into the residual stream itself. The receivers are read there, in one pass.
2. The base run again, unchanged but for the receivers, which get those values. The change of the
   metric is the effect along sender -> receiver -> anything.

The receiver `logit` is the direct effect: the metric in step 1. With `through_mlps` the MLPs are
not frozen, as in Wang et al.: the path may pass through them.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import UsageError
from ..models import Intervention, clamp
from .change import Part
from .patching import Pair
from .sweep import places_of


class Path(NamedTuple):
    """From the sender to one receiver."""

    change: float
    """Of the metric."""
    share: float
    """Of the difference between the two prompts."""
    moved: float
    """Length of the receiver's change, over the length of what it was."""


DIRECT = "logit"


def path_patch(
    pair: Pair,
    sender: Part,
    receivers: Sequence[Part],
    *,
    through_mlps: bool = False,
) -> list[Path]:
    """The effect of a sender through each receiver.

    Args:
        pair: The prompts; the sender gets the source's values.
        sender: Units and places.
        receivers: Units and places; the site `logit` for the direct path.
        through_mlps: Leave the MLPs free, so that a path may pass through them.

    Raises:
        UsageError: for what the target lacks, or a receiver that does not come after the sender.
    """
    target, base = pair.target, pair.base
    edit = pair.edit(sender)
    if edit is None:
        raise UsageError("none of the sender's places has a counterpart in the other prompt")
    begin = target.site(sender.site).block
    if begin is None:
        raise UsageError(f"the sender {sender.site} lies in no block; take a site of a layer")
    inner = [part for part in receivers if part.site != DIRECT]
    direct = len(inner) < len(receivers)
    for part in inner:
        block = target.site(part.site).block
        if block is None or block < begin or part.site == sender.site:
            raise UsageError(
                f"the receiver {part.site} does not come after the sender {sender.site}; a path "
                "goes to the same block or a later one"
            )
    frozen = _frozen(pair, sender.site, begin, through_mlps)
    sites = list(dict.fromkeys(part.site for part in inner))
    base.read(sites)
    values: dict[str, Tensor] = {}
    held = {change.site for change in frozen}
    for together in ([s for s in sites if s not in held], *([s] for s in sites if s in held)):
        if together:  # a receiver that is itself frozen is set free in a pass of its own
            free = [change for change in frozen if change.site not in together]
            values |= target.trace(
                base.prompt, together, interventions=[*free, edit], output=False
            ).values
    rows: list[list[Intervention]] = []
    moved = []
    for part in inner:
        places = list(places_of(part.where, base.prompt.places, base.prompt.predicts))
        new, old = values[part.site][0][places], base.values(part.site)[places]
        rows.append([part.held(new).at(places=places)])
        moved.append(float(part.of(new - old).norm() / part.of(old).norm().clamp_min(1e-12)))
    after = base.measure([*rows, *([[*frozen, edit]] if direct else [])])
    results = zip(after.tolist(), moved, strict=False)
    out = []
    for part in receivers:
        metric, far = (float(after[-1]), math.nan) if part.site == DIRECT else next(results)
        share = pair.share(torch.as_tensor(metric))
        out.append(Path(metric - base.before, float(share), far))
    return out


def _frozen(pair: Pair, sender: str, begin: int, through_mlps: bool) -> list[Intervention]:
    """Attention and MLP outputs from the sender's block on, held at the base run's values."""
    target, base = pair.target, pair.base
    kinds = ["attn_out"] if through_mlps else ["attn_out", "mlp_out"]
    kind, _, layer = sender.rpartition(".")
    own = {"head": "attn_out", "attn_out": "attn_out", "mlp": "mlp_out", "mlp_out": "mlp_out"}
    names = []
    for name in target.sites:
        stem, _, number = name.rpartition(".")
        if stem not in kinds or not number.isdigit() or int(number) < begin:
            continue
        if number == layer and (own.get(kind) == stem or kind == "resid"):
            continue  # what the sender itself writes, or what lies before it
        if number == layer and kind in ("mlp", "mlp_out") and stem == "attn_out":
            continue  # attention comes before the MLP, or beside it
        names.append(name)
    missing = [kind for kind in kinds if not any(n.startswith(kind) for n in target.sites)]
    if missing:
        raise UsageError(
            f"{target.name} has no sites {' and '.join(missing)}, which a path needs frozen"
        )
    base.read(names)
    return [clamp(name, None, base.values(name)[None]) for name in names]
