"""A unit in tokens, as plain data: its vocabulary projection beside its TokenChange."""

from typing import Any

from ..models import Target, Unit
from .projection import vocabulary_projection
from .token_change import token_change


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
