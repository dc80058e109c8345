"""TokenChange: tokens whose logits move when a unit is held at a value (Gur-Arieh et al. 2025).

1. The unit is clamped to +10, and to -10, at every place of 32 neutral prompts.
2. Logits of the next token behind each prompt, less those of the unchanged run and less their own
   mean over the vocabulary (which changes no probability); averaged over prompts.
3. The ten tokens at each end, with an interval over prompts (bootstrap).
4. Control: other units of the same site, held at the same values: the largest mean change of a
   token's logit beside theirs.

10 may lie far outside what a unit ever does: the largest activation on these prompts stands beside
it. `unit_effect` measures at a unit's own levels.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.tokens import surfaces
from ..data.windows import TokenWindows, cut
from ..errors import UsageError
from ..metrics.rows import Rows
from ..models import Target, Unit, clamp
from ..statistics.permutation import p_value
from .projection import vocabulary_projection

LEVEL = 10.0
NEUTRAL: tuple[str, ...] = tuple(
    json.loads(Path(__file__).with_name("openings.json").read_text(encoding="utf-8"))
)
"""32 openings that say little."""
_DRAWS = 500  # of the bootstrap
_ROOM = 1 << 24  # logits in memory at a time
_MOST = 256  # rows of one forward


class Moved(NamedTuple):
    """One token."""

    token: int
    text: str
    change: float
    """Mean change of its logit."""
    interval: tuple[float, float]
    """95%, over prompts."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"token": self.text, "value": self.change, "interval": self.interval}


@dataclass(frozen=True)
class TokenChange:
    """What holding a unit at one value does to the next token."""

    unit: Unit
    level: float
    prompts: int
    promoted: tuple[Moved, ...]
    suppressed: tuple[Moved, ...]
    largest: float
    """The largest mean change of one token's logit, up or down."""
    controls: tuple[float, ...]
    """The same of other units of the site at this level."""
    seen: float
    """The unit's largest absolute activation on the prompts."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "level": self.level,
            "prompts": self.prompts,
            "promoted": [moved.as_dict() for moved in self.promoted],
            "suppressed": [moved.as_dict() for moved in self.suppressed],
            "largest": self.largest,
            "controls": self.controls,
            "p": self.p,
            "seen": self.seen,
        }

    @property
    def p(self) -> float:
        """(1 + controls that move a token as far) / (1 + controls)."""
        return p_value(self.largest, self.controls)


def token_change(
    target: Target,
    unit: Unit,
    *,
    prompts: Sequence[str] | TokenWindows = NEUTRAL,
    level: float = LEVEL,
    limit: int = 10,
    controls: int = 20,
    seed: int = 0,
) -> tuple[TokenChange, TokenChange]:
    """A unit held at +level and at -level.

    Args:
        target: A language model.
        unit: One number a place: a neuron or a coordinate.
        prompts: Texts, or rows of tokens.
        level: The value; the unit's sign turns it.
        limit: Tokens at each end.
        controls: Other units of the site, drawn at random.
        seed: Of the draw and the bootstrap.

    Raises:
        UsageError: if the unit is a vector, the target predicts no token, or an output is not
            finite.
    """
    site = target.site(unit.site)
    if site.channels > 1:
        raise UsageError(f"{unit} is a vector; TokenChange holds one number: name a neuron")
    if target.kind != "causal" or "logit" not in target.sites:
        raise UsageError(f"{target.name} has no vocabulary head: no token's logit can change")
    if not level > 0 or not np.isfinite(level):
        raise UsageError(f"the level is {level}; give a number above 0")
    rows = _rows(target, prompts)
    rng = np.random.default_rng(seed)
    others = np.setdiff1d(np.arange(site.units), [unit.index])
    others = rng.choice(others, min(controls, len(others)), replace=False).tolist()
    held = [(index, sign * level) for index in (unit.index, *others) for sign in (1, -1)]
    own: list[Tensor] = []
    total: Tensor | None = None
    seen = 0.0
    for row in rows:
        values = target.trace(row, [unit.site], output=False).values[unit.site]
        seen = max(seen, float(values[0, :, unit.index].abs().max()))
        changes = torch.cat(list(_changes(target, row, unit.site, held)))  # [held, vocabulary]
        own.append(changes[:2])
        total = changes if total is None else total + changes
    assert total is not None
    each = torch.stack(own).cpu()  # [prompt, 2, vocabulary]
    largest = (total / len(rows)).abs().amax(1).tolist()  # [held]
    names: tuple[str, ...] = surfaces(target) if target.tokenizer is not None else ()
    draws = rng.integers(len(rows), size=(_DRAWS, len(rows)))
    result = []
    for side, sign in enumerate((1, -1)):
        i = side if unit.sign > 0 else 1 - side
        change = each[:, i]
        change = change[:, : len(names)] if names else change
        mean = change.mean(0)
        order = mean.argsort(descending=True, stable=True)
        moved = [
            tuple(_moved(change, mean, int(t), names, draws) for t in some)
            for some in (order[:limit], order.flip(0)[:limit])
        ]
        result.append(
            TokenChange(
                unit,
                sign * level,
                len(rows),
                tuple(m for m in moved[0] if m.change > 0),
                tuple(m for m in moved[1] if m.change < 0),
                largest[i],
                tuple(largest[2 + i :: 2]),
                seen,
            )
        )
    return result[0], result[1]


def _rows(target: Target, prompts: Sequence[str] | TokenWindows) -> list[Rows]:
    """Each prompt as one row without padding."""
    if not isinstance(prompts, TokenWindows):
        texts = [text for text in prompts if text.strip()]
        if not texts:
            raise UsageError("TokenChange needs at least one prompt")
        prompts = cut(target, texts, length=target.context_length, document_per_row=True)
    out = []
    for ids, attended in zip(prompts.ids, prompts.attended, strict=True):
        if attended.any():
            out.append(Rows(ids[attended][None].astype(np.int32)))
    if not out:
        raise UsageError("TokenChange needs at least one prompt")
    return out


def _changes(
    target: Target, row: Rows, site: str, held: Sequence[tuple[int, float]]
) -> Iterator[Tensor]:
    """Change of the centred logits behind one prompt, `[n, vocabulary]` in the order of `held`."""
    cached = None
    if target.restarts is not False:
        try:
            cached = target.cache(row)
        except UsageError:
            if target.restarts is not False:
                raise
    before = target.trace(row, output="last").output
    assert before is not None
    base = _centred(target, before)
    step = max(1, min(_MOST, _ROOM // base.shape[1]))
    for start in range(0, len(held), step):
        some = held[start : start + step]
        edits = [clamp(site, [i], value).at(rows=[n]) for n, (i, value) in enumerate(some)]
        if cached is not None:
            after = target.restart(cached, edits, rows=len(some), logits_at="last").output
        else:
            batch = Rows(row.ids.repeat(len(some), 0))
            after = target.trace(batch, interventions=edits, output="last").output
        assert after is not None
        yield _centred(target, after[:, -1] if after.ndim == 3 else after) - base


def _centred(target: Target, logits: Tensor) -> Tensor:
    if not bool(logits.isfinite().all()):
        raise UsageError(
            f"the output of {target.name} is not finite with the unit held there; use a smaller "
            "level, or float32"
        )
    logits = logits.float()
    return logits - logits.mean(1, keepdim=True)


def _moved(
    change: Tensor, mean: Tensor, token: int, names: tuple[str, ...], draws: np.ndarray
) -> Moved:
    low, high = np.quantile(change[:, token].numpy()[draws].mean(1), [0.025, 0.975])
    text = names[token] if names else f"#{token}"
    return Moved(token, text, float(mean[token]), (float(low), float(high)))


def unit_tokens(target: Target, unit: Unit, n: int, seed: int) -> dict[str, Any]:
    """Both, `n` tokens at each end; of a negative unit the ends change places.

    Raises:
        UsageError: if the unit writes no one vector or the target predicts no token.
    """
    projected = vocabulary_projection(target, unit.site, units=[unit.index], limit=n)
    top, bottom = projected.tokens(0), projected.tokens(0, bottom=True)
    if unit.sign < 0:
        top, bottom = [(t, -v) for t, v in bottom], [(t, -v) for t, v in top]
    changes = token_change(target, unit, limit=n, seed=seed)
    return {
        "unit": str(unit),
        "top": [{"token": token, "value": value} for token, value in top],
        "bottom": [{"token": token, "value": value} for token, value in bottom],
        "changes": [change.as_dict() for change in changes],
    }
