"""Where the heads of a model look: the weights of its attention.

0. Over windows of explore, the pattern that each head follows: `activations/attention_patterns.py`.
1. Over windows of explore, or over texts of the planner, every head's mean weight on the token
   before, on the token itself, on the first token, on earlier copies of the token, and behind these
   (induction, Olsson et al. 2022).
   Intervals are bootstraps over documents.
2. Control: what a head that looks at all it may see alike would put there.
3. Of a few named heads, the tokens that get more of the weight than even attention would give them:
   chosen on half of the windows, measured on the other half.
4. On texts: the tokens that each head looks at from the last place of the first of them.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..activations.attention_patterns import Pattern, head_patterns
from ..activations.selectivity import sites_of
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..evidence import Result
from ..lab import Lab
from ..models.attention import attention_weights, by_length
from ..registry import UpTo, tool
from ..render.text import quoted

WINDOWS = 32
MOST = 32
_TOKENS = 5  # of a text, that a head looks at
_FEW = 4  # heads, of which tokens are told
_OFTEN = 20  # times that a token must stand in each half
_DRAWS = 1000


class Looks(NamedTuple):
    """Mean weights of a head."""

    previous: float
    itself: float
    first: float
    copies: float
    """On earlier places with the same token."""
    induction: float
    """On places right behind earlier ones with the same token."""

    def words(self) -> str:
        """For a planner."""
        return (
            f"previous {self.previous:.2f}, itself {self.itself:.2f}, first {self.first:.2f}, "
            f"copies {self.copies:.2f}, behind copies {self.induction:.2f}"
        )


@tool(needs=("text", "heads"))
def attention(
    lab: Lab,
    texts: list[str] | None = None,
    *,
    heads: list[str] | None = None,
    many: Annotated[int, UpTo(MOST)] = 16,
) -> Result:
    """Shows where heads look: the pattern that each follows (the token before, copies, induction,
    delimiters and others, beside shuffled places); the mean weight on the previous token, itself,
    the first token, earlier copies and the tokens behind these (induction), beside a head that
    looks everywhere alike; of your first text, the tokens seen from its last place.

    Args:
        texts: Texts to measure on; left out: windows of the exploration corpus.
        heads: Such as head.2/5, or head.2 for a layer; left out: the head under study, else all.
        many: How many heads to list, the sharpest first; at most 32.
    """
    wanted = _heads(lab, heads)
    sites = list(dict.fromkeys(head.partition("/")[0] for head in wanted))
    own = [text for text in texts or [] if text.strip()]
    windows = (lab.tokenize(own) if own else lab.explore).rows(slice(0, WINDOWS))
    sums = _over(lab, windows, sites, wanted if len(wanted) <= _FEW else [])
    places = int(sums.places.sum())
    even = Looks(*(sums.even.sum(0) / places))
    looks = {head: Looks(*(sums.heads[head].sum(0) / places)) for head in wanted}
    intervals = _intervals(sums, wanted, lab.rng())
    ranked = sorted(wanted, key=lambda head: -max(np.subtract(looks[head], even)))[:many]
    patterns = head_patterns(lab, windows, sites) if not own else {}
    tokens = {head: _preferred(sums, head, windows.vocabulary) for head in sums.tokens}
    lines = [
        f"mean attention weight over {len(windows)} {'texts' if own else 'windows of explore'}, "
        f"{places:,} places (from the third on; the kinds overlap); a head that looks everywhere "
        f"alike: {even.words()}",
        *(
            f"{name}: {_pattern(patterns.get(name))}{looks[name].words()}"
            f"{_by_token(tokens.get(name))}"
            for name in ranked
        ),
    ]
    data: dict[str, Any] = {
        "heads": [
            {
                "unit": name,
                **looks[name]._asdict(),
                "interval": intervals.get(name),
                **({"pattern": patterns[name].as_dict()} if name in patterns else {}),
            }
            for name in ranked
        ],
        "everywhere_alike": even._asdict(),
        "places": places,
        "windows": len(windows),
        "tokens": tokens,
    }
    if own:
        seen = _from_last_place(lab, own[0], ranked)
        lines.append(f"from the last place of {quoted(own[0])}:")
        lines += [
            f"{name}: " + ", ".join(f"{quoted(token)}@{place} {w:.2f}" for token, place, w in row)
            for name, row in seen.items()
        ]
        data |= {"texts": own, "last_place": seen}
    return Result("\n".join(lines), data)


def _pattern(pattern: Pattern | None) -> str:
    return "" if pattern is None else f"{pattern.words()}; mean weights: "


def _heads(lab: Lab, names: list[str] | None) -> list[str]:
    """Names of heads, `head.2/5`."""
    out: dict[str, None] = {}
    own = None if lab.open or lab.unit is None else f"{lab.unit.site}/{lab.unit.index}"
    for name in names or [own or "head"]:
        if "/" in name:
            unit = lab.target.unit(name)
            out[f"{unit.site}/{unit.index}"] = None
            continue
        for site in sites_of(lab.target, [name]):
            units = range(lab.target.sites[site].units)
            out |= dict.fromkeys(f"{site}/{unit}" for unit in units)
    wrong = [name for name in out if not name.startswith("head.")]
    if wrong:
        raise UsageError(f"{wrong[0]} is no head; heads are written head.LAYER/HEAD")
    return list(out)


class _Sums(NamedTuple):
    """Weights summed over the places of each window, in the order of `Looks`."""

    heads: dict[str, np.ndarray]
    """`[window, kind]` by head."""
    even: np.ndarray
    """The same of a head that looks everywhere alike."""
    places: np.ndarray
    """`[window]`."""
    tokens: dict[str, np.ndarray]
    """`[half, token]` by head: the weight on each token of the vocabulary."""
    even_tokens: np.ndarray
    counts: np.ndarray
    """`[half, token]`: how often each token stands there."""
    document: np.ndarray
    """`[window]`, in the order of the sums."""


def _over(lab: Lab, windows: TokenWindows, sites: list[str], of_tokens: list[str]) -> _Sums:
    """Every head's weights over windows, and by token those of the heads `of_tokens`."""
    heads: dict[str, list[np.ndarray]] = {}
    even: list[np.ndarray] = []
    counted: list[np.ndarray] = []
    size = len(windows.vocabulary)
    tokens = {name: np.zeros((2, size)) for name in of_tokens}
    even_tokens, counts = np.zeros((2, size)), np.zeros((2, size), int)
    order = by_length(lab.target, windows)
    for rows in order:
        part = windows.rows(rows).trimmed()
        ids, width = part.ids, part.ids.shape[1]
        masks, asked = _masks(ids, part.attended)
        lab.meter.forward_tokens += int(part.attended.sum())
        sight = torch.as_tensor(part.attended)[:, None, :].expand(-1, width, -1).cpu().double()
        sight = sight.tril() if lab.target.kind == "causal" else sight
        sight = sight / sight.sum(-1, keepdim=True).clamp(min=1)  # [row, place, seen place]
        from_ = asked[..., None].to(torch.float64)  # [row, place, 1]
        for site, pattern in attention_weights(lab.target, part, sites).items():
            weights = pattern.cpu().double()
            each = torch.einsum("nhqk,nqk,mnqk->nmh", weights, from_.expand(-1, -1, width), masks)
            for head in range(weights.shape[1]):
                name = f"{site}/{head}"
                heads.setdefault(name, []).append(each[..., head].numpy())
                if name in tokens:
                    seen = (weights[:, head] * from_).sum(1).numpy()  # [row, seen place]
                    _add(tokens[name], rows, ids, seen)
        even.append(torch.einsum("nqk,mnqk->nm", sight * from_, masks).numpy())
        counted.append(asked.sum(1).numpy())
        _add(even_tokens, rows, ids, (sight * from_).sum(1).numpy())
        _add(counts, rows, ids, part.attended.astype(int))
    if not sum(int(part.sum()) for part in counted):
        raise UsageError("there is no text of three tokens or more")
    return _Sums(
        {name: np.concatenate(parts) for name, parts in heads.items()},
        np.concatenate(even),
        np.concatenate(counted),
        tokens,
        even_tokens,
        counts,
        windows.document[np.concatenate(order)],
    )


def _add(total: np.ndarray, rows: np.ndarray, ids: np.ndarray, values: np.ndarray) -> None:
    """Adds `[row, place]` to the tokens there, every other window to the other half."""
    for row, tokens, value in zip(rows, ids, values, strict=True):
        np.add.at(total[row % 2], tokens, value)


def _intervals(
    sums: _Sums, heads: list[str], rng: np.random.Generator
) -> dict[str, dict[str, list[float]]]:
    """95% of each weight of each head, bootstrapped over documents; empty for one document."""
    kinds, part = np.unique(sums.document, return_inverse=True)
    n = len(kinds)
    if n < 2:
        return {}
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=_DRAWS)  # [draw, document]
    below = np.maximum(drawn @ np.bincount(part, sums.places, n), 1)
    out = {}
    for head in heads:
        above = np.stack([np.bincount(part, column, n) for column in sums.heads[head].T], 1)
        edges = np.quantile(drawn @ above / below[:, None], [0.025, 0.975], axis=0)  # [2, kind]
        out[head] = dict(zip(Looks._fields, edges.T.tolist(), strict=True))
    return out


def _preferred(sums: _Sums, head: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The tokens that a head looks at more than even attention would, by their share of it."""
    both = [total / max(1e-12, total.sum()) for total in sums.tokens[head]]
    even = [total / max(1e-12, total.sum()) for total in sums.even_tokens]
    often = (sums.counts >= _OFTEN).all(0)
    more = np.where(often, both[0] - even[0], -np.inf)
    best = [int(i) for i in np.argsort(-more, kind="stable")[:_TOKENS] if more[i] > 0]
    return [
        {"token": names[i], "weight": float(both[1][i]), "even": float(even[1][i])}
        for i in best
        if both[1][i] > even[1][i]
    ]


def _masks(ids: np.ndarray, attended: np.ndarray) -> tuple[Tensor, Tensor]:
    """float64 `[kind, row, place, seen place]` in the order of `Looks`, and bool `[row, place]`."""
    tokens = torch.as_tensor(ids)
    many, width = tokens.shape
    i = torch.arange(width)
    there = torch.as_tensor(attended).bool()
    earlier = (i[:, None] > i[None, :]) & there[:, None, :]
    copies = (tokens[:, :, None] == tokens[:, None, :]) & earlier
    behind = torch.zeros_like(copies)
    behind[:, :, 1:] = copies[:, :, :-1]
    behind &= earlier
    kinds = [
        (i[:, None] - 1 == i[None, :]).expand(many, width, width),
        (i[:, None] == i[None, :]).expand(many, width, width),
        (i[None, :] == 0).expand(width, width).expand(many, width, width),
        copies,
        behind,
    ]
    return torch.stack(kinds).to(torch.float64), there & (i >= 2)


def _from_last_place(
    lab: Lab, text: str, heads: list[str]
) -> dict[str, list[tuple[str, int, float]]]:
    """What heads look at from a text's last place, the most first: token, place, weight."""
    rows = lab.tokenize([text])
    lab.meter.forward_tokens += int(rows.attended.sum())
    last = int(rows.attended[0].sum()) - 1
    sites = list(dict.fromkeys(name.partition("/")[0] for name in heads))
    patterns = attention_weights(lab.target, rows.trimmed(), sites)
    tokens = [rows.vocabulary[int(one)] for one in rows.ids[0, : last + 1]]
    out = {}
    for name in heads:
        site, _, head = name.partition("/")
        weights = patterns[site][0, int(head), last]
        best = weights[: last + 1].argsort(descending=True)[:_TOKENS].tolist()
        out[name] = [(tokens[one], one, round(float(weights[one]), 4)) for one in best]
    return out


def _by_token(preferred: list[dict[str, Any]] | None) -> str:
    """`; most on " ." 0.31 (even 0.08)`."""
    if not preferred:
        return ""
    each = (f"{quoted(o['token'])} {o['weight']:.2f} (even {o['even']:.2f})" for o in preferred)
    return f"; by token more than even: {', '.join(each)}"
