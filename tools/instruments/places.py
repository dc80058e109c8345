"""Places of explore where a predictor holds, for programs that compare contexts themselves."""

from typing import Annotated, Any, Literal

import numpy as np

from ..activations.agreement import HOLDS
from ..evidence import Result
from ..hypotheses.resolve import resolve
from ..lab import Lab
from ..registry import UpTo, tool
from ..render.text import number

_MOST = 4000
_BEFORE, _AFTER = 80, 40  # characters around a place
_SHOWN = 6


@tool(needs=("text",), rare=True)
def places(
    lab: Lab,
    of: str | dict[str, Any],
    unit: str | None = None,
    *,
    many: Annotated[int, UpTo(_MOST)] = 500,
    pick: Literal["strongest", "random"] = "strongest",
) -> Result:
    """Places of explore where a predictor holds.

    Args:
        of: An id (H1) or a predictor.
        unit: The unit, such as mlp.3/7; left out: the unit under study.
        many: At most 4,000 places.
        pick: The strongest activations first, or a sample that is drawn by lot.

    Returns:
        holds: of all; places [{window, place, before, token, after, activation}]
    """
    chosen = lab.chosen(unit)
    (asked,) = resolve(lab, [of])
    windows = lab.explore
    held = (np.asarray(asked.evaluate(windows)) >= HOLDS) & windows.counted  # [window, place]
    rows, columns = np.nonzero(held)
    values = lab.column(chosen)[rows, columns]
    order = np.argsort(-values, kind="stable") if pick == "strongest" else _by_lot(len(rows))
    order = order[:many]
    found = [
        {**_around(windows, int(rows[i]), int(columns[i])), "activation": float(values[i])}
        for i in order
    ]
    which = "strongest first" if pick == "strongest" else "drawn by lot"
    some = f", {len(order)} of them given" if len(order) < len(rows) else ""
    lines = [f"{asked.brief} holds at {len(rows)} places of explore{some}; {which}:"]
    lines += [
        f"{number(one['activation'])} {one['before'][-30:]}«{one['token']}»{one['after'][:15]}"
        for one in found[:_SHOWN]
    ]
    return Result("\n".join(lines), {"unit": str(chosen), "holds": len(rows), "places": found})


def _by_lot(n: int) -> np.ndarray:
    """The same order at every call, so that replays agree."""
    return np.random.default_rng(0).permutation(n)


def _around(windows: Any, row: int, place: int) -> dict[str, Any]:
    """A place with the text around it, within its window."""
    text = windows.texts[int(windows.document[row])]
    first, last = windows.span(row)
    start, end = int(windows.start[row, place]), int(windows.end[row, place])
    return {
        "window": row,
        "place": place,
        "before": text[max(first, start - _BEFORE) : start],
        "token": text[start:end],
        "after": text[end : min(last, end + _AFTER)],
    }
