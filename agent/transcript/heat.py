"""Token heat maps: a text with each token shaded by the unit's activation there, as HTML.

Shades are twelve steps of the activation over one scale, orange above zero and blue below; the
number itself is the tooltip. Places that were not counted are grey.
"""

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup, escape

STEPS = 12
_VISIBLE = {"\n": "↵\n", "\t": "⇥\t", "\r": "␍"}


class Row(NamedTuple):
    """One measured input, drawn."""

    source: str
    """Where the input came from: `top`, `quantile`, `edit`."""
    where: str
    """`window 17`, or empty for a written text."""
    peak: float | None
    tokens: Markup


def scale_of(items: Iterable[Mapping[str, Any]]) -> float:
    """The largest absolute activation among measured inputs; 1 where there is none."""
    values = (abs(v) for item in items for v in item.get("activations") or () if _number(v))
    return max(values, default=0.0) or 1.0


def row(item: Mapping[str, Any], *, scale: float, around: int | None = None) -> Row:
    """Draws one entry of `measured`.

    Args:
        item: The entry, with `tokens` and `activations`.
        scale: The activation of the deepest shade.
        around: Show only so many tokens on each side of the peak.
    """
    tokens = [str(token) for token in item.get("tokens") or ()]
    values = list(item.get("activations") or ())[: len(tokens)]
    values += [None] * (len(tokens) - len(values))
    known = [(value, i) for i, value in enumerate(values) if _number(value)]
    peak, place = max(known, default=(None, 0))
    spaced = any(" " in token for token in tokens)
    glued = set(item.get("glued") or ())
    cut = slice(0, len(tokens))
    if around is not None and len(tokens) > 2 * around + 1:
        start = min(max(0, place - around), len(tokens) - 2 * around - 1)
        cut = slice(start, start + 2 * around + 1)
    apart = not spaced and len(tokens) > 1
    gaps = {i - cut.start for i in range(len(tokens)) if apart and i not in glued}
    inner = heat(tokens[cut], values[cut], scale=scale, gaps=gaps)
    before, after = "… " if cut.start else "", " …" if cut.stop < len(tokens) else ""
    drawn = Markup('<span class="heat">{}{}{}</span>').format(before, inner, after)
    where = f"window {item['window']}" if "window" in item else ""
    return Row(str(item.get("source") or ""), where, peak, drawn)


def heat(
    tokens: Sequence[str], values: Sequence[Any], *, scale: float, gaps: Container[int] = ()
) -> Markup:
    """Tokens as shaded spans, a space before those in `gaps`; everything in them is escaped."""
    parts: list[str] = []
    for i, (token, value) in enumerate(zip(tokens, values, strict=True)):
        if i and i in gaps:
            parts.append(" ")
        text = escape("".join(_VISIBLE.get(letter, letter) for letter in token))
        if not _number(value):
            parts.append(f"<i class=x>{text}</i>")
            continue
        step = min(STEPS, int(abs(value) / scale * STEPS)) if scale else 0
        kind = f" class={'p' if value > 0 else 'n'}{step}" if step > 0 else ""
        parts.append(f'<i{kind} title="{value:.4g}">{text}</i>')
    return Markup("".join(parts))


def rules() -> Markup:
    """The shades, as CSS."""
    found = [
        f".{name}{step}{{background:rgba({colour},{0.08 + 0.84 * step / STEPS:.2f})}}"
        for name, colour in (("p", "240,101,20"), ("n", "34,116,207"))
        for step in range(1, STEPS + 1)
    ]
    return Markup("".join(found))


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
