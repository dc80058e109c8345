"""Which pattern a head's attention follows, with its score beside shuffled places.

Patterns: the token **before**, the token **itself**, other **copies** of it, the token behind an
earlier copy (**induction**; Olsson et al. 2022), the **first** token, **delimiters**, all alike
(**uniform**), and for networks that see both sides the token **behind**.

1. A score is the mean share of a head's attention that falls on a pattern's places, over places
   (from the third on) that see such a place; 95% by bootstrap over documents. Copies and induction
   are scored on rows of random tokens that come twice, where each place has one of these (in text
   most repeats are chance), where the vocabulary and the context have room for them.
2. Control: the places that are seen are permuted within each row, and the pattern is read again,
   `SHUFFLES` times. `uniform` is how far the weights overlap with even ones; a permutation would
   leave it as it is, so that it has a bar alone.
3. A head is named by the pattern with the largest share beyond the mean shuffle, if the lower end
   of its interval is above all shuffles and that share is at least `LEAST`. The bar is ours: more
   of the attention than on everything else.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.windows import TokenWindows, specials
from ..lab import Lab
from ..models.attention import PATTERNS, attention_weights, by_length, delimiters_of, pattern_mask
from ..statistics.bootstrap import Interval, Resampler, interval

SHUFFLES = 19
LEAST = 0.5
EVEN = 0.9
"""Overlap with even attention from which a head is called uniform."""
_ON_REPEATS = ("copies", "induction")
_ROWS = 4
_REPEATED = 24  # rows of random tokens that come twice
_HALF = 16  # tokens of a half
_LEAST_TOKENS = 4  # different ones, for such rows
_MOST_DELIMITERS = 0.5  # share of delimiters from which the vocabulary has no others


class Score(NamedTuple):
    """How much of a head's attention falls on a pattern."""

    interval: Interval
    shuffled: np.ndarray
    """`[shuffle]`; empty for `uniform`."""

    @property
    def beyond(self) -> float:
        """Share of what the mean shuffle leaves; of `uniform` the overlap itself."""
        if not len(self.shuffled):
            return self.interval.value
        mean = float(self.shuffled.mean())
        return (self.interval.value - mean) / max(1 - mean, 1e-9)

    @property
    def holds(self) -> bool:
        """Whether the pattern names the head."""
        if not len(self.shuffled):
            return self.interval.low >= EVEN
        return self.interval.low > self.shuffled.max() and self.beyond >= LEAST


class Pattern(NamedTuple):
    """A head with the scores of all patterns."""

    scores: dict[str, Score]

    @property
    def name(self) -> str | None:
        """The pattern that names it; None: none does."""
        held = [kind for kind, score in self.scores.items() if score.holds]
        held = [kind for kind in held if kind != "uniform"] or held
        return max(held, key=lambda kind: self.scores[kind].beyond, default=None)

    def as_dict(self) -> dict[str, Any]:
        """For payloads: the name, and of each pattern score, interval and the largest shuffle."""
        return {
            "name": self.name,
            **{
                kind: {
                    key: round(value, 4)
                    for key, value in score.interval.as_dict(
                        **({"shuffled": float(score.shuffled.max())} if len(score.shuffled) else {})
                    ).items()
                }
                for kind, score in self.scores.items()
            },
        }

    def words(self) -> str:
        """`attends to the token before: .93 [.91, .95], shuffled at most .12`."""
        if self.name is None:
            most = max(self.scores, key=lambda kind: self.scores[kind].beyond)
            value = self.scores[most].interval.value
            return f"no pattern takes most of its attention ({PATTERNS[most]}: {value:.2f})"
        score = self.scores[self.name]
        value, low, high = score.interval
        most = f", shuffled at most {score.shuffled.max():.2f}" if len(score.shuffled) else ""
        return f"attends to {PATTERNS[self.name]}: {value:.2f} [{low:.2f}, {high:.2f}]{most}"


def head_patterns(lab: Lab, windows: TokenWindows, sites: Sequence[str]) -> dict[str, Pattern]:
    """The patterns of every head of some sites, by name of the head: `head.2/5`.

    Raises:
        UsageError: if the attention of a site cannot be seen.
    """
    rng = lab.rng("patterns")
    causal = lab.target.kind == "causal"
    kinds = [kind for kind in PATTERNS if kind not in ("uniform", *_ON_REPEATS)]
    kinds = [kind for kind in kinds if kind != "next" or not causal]
    delimiters = _delimiters(windows)
    if delimiters is None:
        kinds.remove("delimiter")
    found = _scored(lab, windows, windows.document, sites, kinds, delimiters, rng, even=True)
    twice = _repeated(lab, rng) or windows
    rows, second = np.arange(len(twice.ids)), getattr(twice, "second", 2)
    more = _scored(lab, twice, rows, sites, _ON_REPEATS, None, rng, from_=second)
    found = {head: found[head] | more[head] for head in found}
    return {head: Pattern(scores) for head, scores in found.items()}


def _scored(
    lab: Lab,
    windows: Any,
    document: np.ndarray,
    sites: Sequence[str],
    kinds: Sequence[str],
    delimiters: np.ndarray | None,
    rng: np.random.Generator,
    *,
    from_: int = 2,
    even: bool = False,
) -> dict[str, dict[str, Score]]:
    """Scores of some patterns, by head; queries are the places `from_` on."""
    target = lab.target
    causal = target.kind == "causal"
    masses: dict[str, list[np.ndarray]] = {}  # each [row, head, (1 + shuffle) * kind (+ 1)]
    counts: list[np.ndarray] = []  # each [row, (1 + shuffle) * kind (+ 1)]
    for rows in by_length(target, windows):
        part = SimpleNamespace(ids=windows.ids[rows], attended=windows.attended[rows])
        width = int(part.attended.sum(1).max(initial=1))
        ids = torch.as_tensor(np.asarray(part.ids[:, :width]), dtype=torch.long)
        there = torch.as_tensor(np.asarray(part.attended[:, :width])).bool()
        sees = there[:, None, :] & there[:, :, None]  # [row, place, seen place]
        sees = sees.tril() if causal else sees
        asked = there & (torch.arange(width) >= from_)
        short: Any = SimpleNamespace(ids=ids.numpy(), attended=there.numpy(), counted=there.numpy())
        masks = _masks(ids, there, sees, asked, kinds, delimiters, rng)  # [row, mask, q, k]
        lab.meter.forward_tokens += int(there.sum())
        seen = attention_weights(lab.target, short, sites)
        n = masks.any(-1).sum(-1)  # [row, mask]: places that see one
        counts.append(torch.cat([n, asked.sum(1, keepdim=True)], 1).numpy())
        flat = masks.flatten(2).float()
        alike = sees.float() / sees.sum(-1, keepdim=True).clamp(min=1)
        for site, weights in seen.items():
            weights = weights.cpu()
            mass = torch.einsum("nhx,nmx->nhm", weights.flatten(2), flat)
            overlap = torch.minimum(weights, alike[:, None]).sum(-1)  # [row, head, place]
            overlap = (overlap * asked[:, None]).sum(-1, keepdim=True)
            masses.setdefault(site, []).append(torch.cat([mass, overlap], 2).numpy())
    order = np.concatenate(by_length(target, windows))
    resampler = Resampler(document[order], seed=rng)
    n = np.concatenate(counts).astype(np.float64)
    out: dict[str, dict[str, Score]] = {}
    for site, parts in masses.items():
        mass = np.concatenate(parts).astype(np.float64)
        for head in range(mass.shape[1]):
            scores = _scores(mass[:, head], n, kinds, resampler)
            if not even:
                scores.pop("uniform")
            out[f"{site}/{head}"] = scores
    return out


def _scores(
    mass: np.ndarray, n: np.ndarray, kinds: Sequence[str], resampler: Resampler
) -> dict[str, Score]:
    """Scores of one head from its sums, `[row, mask]`: the kinds, their shuffles, the overlap."""
    many = len(kinds)
    means = mass[:, :-1].sum(0) / np.maximum(n[:, :-1].sum(0), 1)
    shuffled = means[many:].reshape(SHUFFLES, many)
    out: dict[str, Score] = {}
    for at, kind in [*enumerate(kinds), (-1, "uniform")]:
        sums = resampler.sums(mass[:, at], n[:, at]).T
        each = interval(sums[0] / np.maximum(sums[1], 1e-9))
        out[kind] = Score(each, shuffled[:, at] if at >= 0 else np.zeros(0))
    return out


def _masks(
    ids: Tensor,
    there: Tensor,
    sees: Tensor,
    asked: Tensor,
    kinds: Sequence[str],
    delimiters: np.ndarray | None,
    rng: np.random.Generator,
) -> Tensor:
    """bool `[row, (1 + shuffle) * kind, place, seen place]`: the patterns, then shuffled ones."""
    plain = torch.stack([pattern_mask(kind, ids, there, delimiters) for kind in kinds], 1)
    made = [plain & sees[:, None]]
    size = there.sum(1).tolist()
    for _ in range(SHUFFLES):
        turned = torch.zeros_like(plain)
        for row, length in enumerate(size):
            order = torch.as_tensor(rng.permutation(length))
            turned[row, :, :length, :length] = plain[row, :, :length][:, :, order]
        made.append(turned & sees[:, None])
    return torch.cat(made, 1) & asked[:, None, :, None]


def _delimiters(windows: TokenWindows) -> np.ndarray | None:
    """bool `[vocabulary]`: tokens without a letter or digit; None where few tokens are others."""
    chosen = delimiters_of(windows.vocabulary)
    share = float(chosen[windows.ids[windows.counted]].mean()) if windows.counted.any() else 0.0
    return chosen if 0 < share <= _MOST_DELIMITERS else None


def _repeated(lab: Lab, rng: np.random.Generator) -> Any:
    """Rows of random tokens of explore that come twice; None where there is no room for them."""
    explore = lab.explore
    known = np.unique(explore.ids[explore.counted])
    before, after = specials(lab.target.tokenizer)
    room = (min(lab.target.context_length, 128) - len(before) - len(after)) // 2
    half = min(_HALF, room, len(known))
    if half < _LEAST_TOKENS:
        return None
    ids = []
    for _ in range(_REPEATED):
        drawn = rng.permutation(known)[:half]
        ids.append([*before, *drawn, *drawn, *after])
    made = np.array(ids, np.int32)
    return SimpleNamespace(ids=made, attended=np.ones(made.shape, bool), second=len(before) + half)
