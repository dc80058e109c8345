"""Phrases beside a unit, by a model of pictures and phrases (CLIP; Radford et al. 2021).

1. Every phrase is compared with every picture of explore: the cosine of their embeddings.
2. Phrases differ in how well they fit any picture, and pictures in how well any phrase fits them,
   so that each picture's mean over neutral phrases is taken away.
3. Told is how that goes with the unit: its correlation with the activation, and the chance that a
   picture on which the unit is active fits the phrase better than another one (AUC).

It needs no words that scenes know, so that it reaches photos; it says what goes together, not what
drives the unit.
"""

from typing import Any

import numpy as np

from ..activations.records import activity
from ..errors import UsageError
from ..evidence import Result
from ..images.recipes import pictures_of
from ..lab import Lab
from ..models.clip import Clip
from ..predicates.clip_reader import NEUTRAL
from ..registry import tool
from ..statistics.association import auroc, pearson

_MOST = 40


@tool(needs=("image", "clip"))
def fitting_phrases(lab: Lab, phrases: list[str], unit: str | None = None) -> Result:
    """Compares phrases in free English with the pictures of explore, by the CLIP that is loaded:
    which fit those where the unit is active better than the others. A correlation over explore and
    no experiment: use it to find words, then test them.

    Args:
        phrases: Such as "a photo of a dog's face" or "something round and shiny", at most 40.
        unit: The unit, such as conv.3/7; left out: the unit under study.
    """
    chosen = lab.chosen(unit)
    wanted = list(dict.fromkeys(" ".join(one.split()) for one in phrases if one.strip()))[:_MOST]
    if not wanted:
        raise UsageError('give phrases, such as "a photo of a dog"')
    clip = lab.clip
    assert clip is not None, "the tool is offered where there is one"
    column = lab.column(chosen)[:, 0]  # [image]
    good = np.isfinite(column)
    directions = clip.phrases(wanted) - clip.phrases(NEUTRAL).mean(0)  # [phrase, d]
    fits = (_pictures(lab, clip) @ directions.T)[good]  # [image, phrase]
    values = column[good]
    active = values > activity(values)
    rows = [
        {
            "phrase": phrase,
            "correlation": pearson(fits[:, at], values) or 0.0,
            "auc": auroc(active, fits[:, at]),
        }
        for at, phrase in enumerate(wanted)
    ]
    rows.sort(key=lambda one: -one["correlation"])
    chance = float(np.sqrt(2 * np.log(max(2, len(rows))) / max(2, len(values))))
    head = (
        f"{chosen} beside {len(rows)} phrases on {len(values)} pictures, active on "
        f"{int(active.sum())} (r; chance that an active picture fits better than another; chance "
        f"alone reaches r about {chance:.2f}):"
    )
    lines = [
        f"  {one['phrase']} ({one['correlation']:.2f}; "
        + ("–)" if np.isnan(one["auc"]) else f"{one['auc']:.2f})")
        for one in rows
    ]
    data: dict[str, Any] = {"unit": str(chosen), "phrases": rows, "chance": chance}
    return Result("\n".join([head, *lines]), data)


def _pictures(lab: Lab, clip: Clip) -> np.ndarray:
    """Embeddings of explore, `[image, d]`; computed once."""
    key = ("clip pictures", id(clip))
    return lab.memo.once(key, lambda: clip.pictures(pictures_of(lab)))
