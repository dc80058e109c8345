"""Likeness as a hypothesis: what photographs are like, where no words say what they show.

A planner names pictures of explore on which the unit is strong, `{"kind": "like", "windows": [3]}`;
the predicate is filled with their features in a second network, and with those of weaker pictures
to tell them from, as many again and eight at least, drawn evenly over the unit's range.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import UsageError
from ..images.recipes import pictures_of
from ..lab import Lab
from ..predicates.features import features
from ..predicates.network_reader import reader_network

NETWORK = "pictures"
_MOST = 32


def filled(lab: Lab, given: Mapping[str, Any]) -> dict[str, Any]:
    """The predictor JSON of a `like` that names windows.

    Raises:
        UsageError: if a window is not there, or the unit is constant.
    """
    rows = pictures_of(lab)
    try:
        named = list(dict.fromkeys(int(at) for at in given["windows"]))[:_MOST]
    except (TypeError, ValueError):
        raise UsageError("like needs windows: a list of numbers of explore") from None
    wrong = next((at for at in named if not 0 <= at < len(rows)), None)
    if wrong is not None or not named:
        raise UsageError(f"like needs windows of explore, 0 to {len(rows) - 1}, not {wrong}")
    values = np.nan_to_num(lab.column(lab.chosen(None))[:, 0], nan=0.0)
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9:
        raise UsageError("the unit is the same on all pictures: there is nothing to be like")
    order = [int(at) for at in np.argsort(-values) if int(at) not in named]
    many = min(len(order), max(8, len(named)), 64 - len(named))
    spread = np.linspace(0, len(order) - 1, many).round().astype(int) if order else []
    chosen = [*named, *(order[int(at)] for at in spread)]
    reader = rows.reader.name if reader_network(rows) is not None and rows.reader else NETWORK
    network = str(given.get("network") or reader)
    x = features(rows.rows(chosen), network)  # [example, feature]
    return {
        "kind": "like",
        "network": network,
        "sharpness": given.get("sharpness", 12.0),
        "examples": [
            {
                "name": f"window {at}",
                "strength": round((float(values[at]) - low) / (high - low), 3),
                "features": [round(float(value), 3) for value in x[k]],
            }
            for k, at in enumerate(chosen)
        ],
    }
