"""A unit in tokens, as plain data: its vocabulary projection beside its TokenChange."""

from typing import Any

from ..models import Target, Unit
from .projection import vocabulary_projection
from .token_change import Moved, TokenChange, token_change


def unit_tokens(target: Target, unit: Unit, many: int, seed: int) -> dict[str, Any]:
    """Both, `many` tokens at each end; of a negative unit the ends change places.

    Raises:
        UsageError: if the unit writes no one vector or the target predicts no token.
    """
    projected = vocabulary_projection(target, unit.site, units=[unit.index], many=many)
    top, bottom = projected.tokens(0), projected.tokens(0, bottom=True)
    if unit.sign < 0:
        top, bottom = [(t, -v) for t, v in bottom], [(t, -v) for t, v in top]
    changes = token_change(target, unit, many=many, seed=seed)
    return {
        "unit": str(unit),
        "top": [{"token": token, "value": value} for token, value in top],
        "bottom": [{"token": token, "value": value} for token, value in bottom],
        "changes": [_change(change) for change in changes],
    }


def _change(found: TokenChange) -> dict[str, Any]:
    return {
        "level": found.level,
        "prompts": found.prompts,
        "promoted": [_moved(item) for item in found.promoted],
        "suppressed": [_moved(item) for item in found.suppressed],
        "largest": found.largest,
        "controls": found.controls,
        "p": found.p,
        "seen": found.seen,
    }


def _moved(item: Moved) -> dict[str, Any]:
    return {"token": item.text, "value": item.change, "interval": item.interval}
