"""Where the heads of a model look: the weights of its attention.

1. Over windows of explore, or over texts of the planner, every head's mean weight on the token
   before, on the token itself, on the first token, on earlier copies of the token, and behind these
   (induction, Olsson et al. 2022).
2. Control: what a head that looks at all it may see alike would put there.
3. On texts: the tokens that each head looks at from the last place of the first of them.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .attribution import attention_patterns, exact_trace
from .data.windows import TokenWindows
from .errors import UsageError
from .evidence import Result
from .lab import Lab
from .registry import tool
from .render_text import quoted
from .unit_search import sites_of

WINDOWS = 32
MOST = 32
_ROWS = 4
_TOKENS = 5  # of a text, that a head looks at


class Looks(NamedTuple):
    """Mean weights of a head."""

    previous: float
    itself: float
    first: float
    copies: float
    """On earlier places with the same token."""
    induction: float
    """On places right behind earlier ones with the same token."""


@tool(needs=("text", "open"))
def attention(
    lab: Lab, texts: list[str] | None = None, *, heads: list[str] | None = None, many: int = 16
) -> Result:
    """Shows where heads look: the mean attention weight on the previous token, the token itself,
    the first token, earlier copies of the token and the tokens behind these (induction), beside
    what a head that looks everywhere alike would give; of your first text, the tokens seen from
    its last place.

    Args:
        texts: Texts to measure on; left out: windows of the exploration corpus.
        heads: Such as head.2/5, or head.2 for a layer; left out: all heads.
        many: How many heads to list, the sharpest first; at most 32.
    """
    wanted = _heads(lab, heads)
    if lab.target.kind != "causal":
        raise UsageError(f"{lab.target.name} is no causal model; its attention is not read")
    given = [text for text in texts or [] if text.strip()]
    shown = (lab.tokenize(given) if given else lab.explore).rows(slice(0, WINDOWS))
    found, alike, places = _over(lab, shown)
    ranked = sorted(wanted, key=lambda head: -max(_above(found[head], alike)))
    ranked = ranked[: max(1, min(many, MOST))]
    lines = [
        f"mean attention weight over {len(shown)} {'texts' if given else 'windows of explore'}, "
        f"{places:,} places (from the third on; the kinds overlap); a head that looks everywhere "
        f"alike: {_said(alike)}",
        *(f"{name}: {_said(found[name])}" for name in ranked),
    ]
    data: dict[str, Any] = {
        "heads": [{"unit": name, **found[name]._asdict()} for name in ranked],
        "everywhere_alike": alike._asdict(),
    }
    if given:
        seen = _on(lab, given[0], ranked)
        lines.append(f"from the last place of {quoted(given[0])}:")
        lines += [
            f"{name}: " + ", ".join(f"{quoted(token)}@{at} {w:.2f}" for token, at, w in row)
            for name, row in seen.items()
        ]
        data |= {"texts": given, "last_place": seen}
    return Result("\n".join(lines), data)


def _heads(lab: Lab, given: list[str] | None) -> list[str]:
    """Names of heads, `head.2/5`."""
    out: dict[str, None] = {}
    for name in given or ["head"]:
        if "/" in name:
            out[str(lab.target.unit(name))] = None
            continue
        for site in sites_of(lab.target, [name]):
            units = range(lab.target.sites[site].units)
            out |= dict.fromkeys(f"{site}/{unit}" for unit in units)
    wrong = [name for name in out if not name.startswith("head.")]
    if wrong:
        raise UsageError(f"{wrong[0]} is no head; heads are written head.LAYER/HEAD")
    return list(out)


def _over(lab: Lab, windows: TokenWindows) -> tuple[dict[str, Looks], Looks, int]:
    """Every head's mean weights over windows, those of a head that looks everywhere alike, and over
    how many places.
    """
    sums: dict[str, np.ndarray] = {}
    even = np.zeros(5)
    places = 0
    for at in range(0, len(windows), _ROWS):
        rows = windows.rows(slice(at, at + _ROWS))
        width = int(rows.attended.sum(1).max())
        masks, asked = _masks(rows.ids[:, :width], rows.attended[:, :width])
        lab.meter.forward_tokens += 2 * int(rows.attended.sum())
        trace = exact_trace(lab.target, rows)
        for block, pattern in enumerate(attention_patterns(trace)):
            weights = pattern.weights[:, :, :width, :width].double()
            each = torch.einsum("nhqk,nqk,mnqk->mh", weights, asked[..., None] * 1.0, masks)
            for head in range(weights.shape[1]):
                name = f"head.{block}/{head}"
                sums[name] = sums.get(name, np.zeros(5)) + each[:, head].numpy()
        sight = torch.ones(width, width).tril().double()
        sight = sight / sight.sum(1, keepdim=True)
        even += torch.einsum("qk,nqk,mnqk->m", sight, asked[..., None] * 1.0, masks).numpy()
        places += int(asked.sum())
    if not places:
        raise UsageError("there is no text of three tokens or more")
    found = {name: Looks(*(total / places)) for name, total in sums.items()}
    return found, Looks(*(even / places)), places


def _masks(ids: np.ndarray, attended: np.ndarray) -> tuple[Tensor, Tensor]:
    """float64 `[kind, row, place, seen place]` in the order of `Looks`, and bool `[row, place]`."""
    tokens = torch.as_tensor(ids)
    many, width = tokens.shape
    at = torch.arange(width)
    there = torch.as_tensor(attended).bool()
    earlier = (at[:, None] > at[None, :]) & there[:, None, :]
    copies = (tokens[:, :, None] == tokens[:, None, :]) & earlier
    behind = torch.zeros_like(copies)
    behind[:, :, 1:] = copies[:, :, :-1]
    behind &= earlier
    kinds = [
        (at[:, None] - 1 == at[None, :]).expand(many, width, width),
        (at[:, None] == at[None, :]).expand(many, width, width),
        (at[None, :] == 0).expand(width, width).expand(many, width, width),
        copies,
        behind,
    ]
    return torch.stack(kinds).double(), there & (at >= 2)


def _on(lab: Lab, text: str, heads: list[str]) -> dict[str, list[tuple[str, int, float]]]:
    """What heads look at from a text's last place, the most first: token, place, weight."""
    rows = lab.tokenize([text])
    lab.meter.forward_tokens += 2 * int(rows.attended.sum())
    last = int(rows.attended[0].sum()) - 1
    patterns = attention_patterns(exact_trace(lab.target, rows), places=[last])
    tokens = [rows.vocabulary[int(one)] for one in rows.ids[0, : last + 1]]
    out = {}
    for name in heads:
        site, _, head = name.partition("/")
        weights = patterns[int(site.removeprefix("head."))].weights[0, int(head), 0]
        best = weights[: last + 1].argsort(descending=True)[:_TOKENS].tolist()
        out[name] = [(tokens[one], one, round(float(weights[one]), 4)) for one in best]
    return out


def _above(looks: Looks, alike: Looks) -> list[float]:
    return [one - even for one, even in zip(looks, alike, strict=True)]


def _said(looks: Looks) -> str:
    return (
        f"previous {looks.previous:.2f}, itself {looks.itself:.2f}, first {looks.first:.2f}, "
        f"copies {looks.copies:.2f}, behind copies {looks.induction:.2f}"
    )
