"""Where in the model a prediction arises: the residual stream read as a prediction, layer by layer.

The logit lens of `lens/logit_lens.py` on a prompt, as text: one line a sub-layer, the step of the
unit under study marked.
"""

from dataclasses import asdict
from typing import Any, Literal

from ..attribution import target_prompt
from ..evidence import Result
from ..lab import Lab
from ..lens.logit_lens import Lens, logit_lens, plain
from ..lens.metric_lens import metric_lens
from ..metrics.asked import asked
from ..metrics.prompt import TargetPrompts
from ..registry import tool
from ..render.text import number, quoted

_TOKENS = 4  # of a line


@tool(needs=("text", "open"))
def lens(
    lab: Lab,
    prompt: str,
    target: str | None = None,
    *,
    several: Literal["first"] | None = None,
    metric: str | None = None,
) -> Result:
    """Reads the model's state behind a prompt, layer by layer, as if it were the output: at which
    layer does a next token become likely, and what stood there before? One line a sub-layer
    (attn_out.N: with the attention of block N; mlp_out.N: with its MLP): probability and rank of
    the target, and the likeliest tokens. It says where, not which unit: see attribute.

    Args:
        prompt: What the model reads.
        target: The text that may follow; without a leading space the more probable of both
            readings is taken. Left out: the model's own choice.
        several: first takes the first token of a target of several tokens.
        metric: In the place of a target, what is measured: arithmetic over outputs and units, such
            as class(1) - class(0), logit(" a")@3 or mlp.1/17@-1 (@: the place, @mean over all).
    """
    if metric is not None:
        read = asked(lab.target, [prompt], target, metric=metric, several=several)
        return _of_metric(lab, read)
    if target is None:
        question = plain(lab.target, prompt)
    else:
        question = target_prompt(lab.target, prompt, target, several=several)
    result = logit_lens(lab.target, question, top=_TOKENS)
    lab.meter.forward_tokens += question.ids.shape[1]
    (one, *_) = result.trajectories
    own = _own(lab, result)
    rows = [f"{quoted(one.text)} behind {quoted(prompt)}: probability, rank, likeliest tokens"]
    for i, point in enumerate(result.points):
        likeliest = " ".join(quoted(result.name(t)) for t in result.top[i, one.place].tolist())
        mark = f"  <- {lab.unit} writes here" if point == own else ""
        rows.append(f"{point}: {number(one.probability[i])}, {one.rank[i]}, {likeliest}{mark}")
    settled = one.settled()
    if settled is None:
        rows.append(f"{quoted(one.text)} is not the likeliest at the end")
    else:
        rows.append(f"the likeliest from {result.points[settled]} to the end")
    data: dict[str, Any] = {
        "prompt": prompt,
        "token": one.text,
        "points": result.points,
        "probability": one.probability,
        "rank": one.rank,
        "kl": result.kl[:, one.place].tolist(),
        "top": [[result.name(t) for t in row] for row in result.top[:, one.place].tolist()],
        "settled": settled,
        "unit_at": own,
        "notes": result.notes,
    }
    return Result("\n".join([*rows, *result.notes]), data)


def _of_metric(lab: Lab, read: TargetPrompts) -> Result:
    """Any metric at every point that the end of the network can decode."""
    row = read.prompts[0]
    found = metric_lens(lab.target, row, read.metrics[0], top=_TOKENS, seed=lab.seed)
    lab.meter.forward_tokens += row.places * (2 + 21 * len(found.points))
    rows = [
        f"{found.metric} behind {quoted(row.text)}, each point decoded by all behind "
        f"{found.decoder}: value; what 20 random orders of the same values give; highest outputs"
    ]
    for point in found.points:
        likeliest = " ".join(map(quoted, point.top))
        inside = "" if point.beyond else ", no more than a random order gives"
        rows.append(
            f"{point.name}: {number(point.value)} ({number(point.low)} to {number(point.high)}"
            f"{inside}) {likeliest}".rstrip()
        )
    data = {
        "prompt": row.text,
        "metric": found.metric,
        "decoder": found.decoder,
        "points": [{**asdict(point), "beyond": point.beyond} for point in found.points],
    }
    return Result("\n".join(rows), data)


def _own(lab: Lab, found: Lens) -> str | None:
    """The point at which the unit under study has written."""
    if lab.unit is None:
        return None
    kind, _, block = lab.unit.site.partition(".")
    point = {"mlp": "mlp_out", "mlp_out": "mlp_out", "head": "attn_out", "attn_out": "attn_out"}
    name = f"{point.get(kind, '')}.{block}"
    return name if name in found.points else None
