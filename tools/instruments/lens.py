"""Where in the model a prediction arises: the residual stream read as a prediction, layer by layer.

The logit lens of `lens/logit_lens.py` on a prompt, as text: one line a sub-layer, the step of the
unit under study marked.
"""

from typing import Any, Literal

from ..attribution import target_prompt
from ..evidence import Result
from ..lab import Lab
from ..lens.logit_lens import Lens, logit_lens, plain
from ..registry import tool
from ..render.text import number, quoted

_TOKENS = 4  # of a line


@tool(needs=("text", "vocabulary", "open"))
def lens(
    lab: Lab,
    prompt: str,
    target: str | None = None,
    *,
    several: Literal["first"] | None = None,
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
    """
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


def _own(lab: Lab, found: Lens) -> str | None:
    """The point at which the unit under study has written."""
    if lab.unit is None:
        return None
    kind, _, block = lab.unit.site.partition(".")
    point = {"mlp": "mlp_out", "mlp_out": "mlp_out", "head": "attn_out", "attn_out": "attn_out"}
    name = f"{point.get(kind, '')}.{block}"
    return name if name in found.points else None
