"""Checks a unit, and what is said of it, on other pictures beside explore.

Which pictures may be seen is the rule of `Corpus.unseen`, as for texts.
"""

from typing import Any

import numpy as np

from ..activations.picture_records import item
from ..activations.records import activity, flat
from ..data.image_rows import image_rows
from ..data.pictures import ImageCorpus
from ..data.sources import load_corpus
from ..errors import UsageError
from ..evidence import Result
from ..images.recipes import pictures_of
from ..lab import Lab
from ..registry import tool
from ..render.picture_words import caption
from ..render.text import number
from .check_on import Flat, again, allowed, compared_text, held, held_text, hypothesis_of, numbers

PICTURES = 500
"""Pictures of the other corpus that are looked at, taken evenly."""


@tool(needs=("image", "open"))
def check_on(
    lab: Lab,
    unit: str | None = None,
    data: str | None = None,
    *,
    texts: list[str] | None = None,
    hypothesis: str | dict[str, Any] | None = None,
    many: int = 5,
) -> Result:
    """Measures a unit on other pictures: how often it is active there, its strongest pictures,
    and how well a hypothesis holds there, beside the exploration corpus.

    Args:
        unit: The unit, such as conv.3/7; left out: the unit under study.
        data: A folder of pictures, or builtin:scenes:300.
        texts: Not for pictures; draw makes pictures from texts.
        hypothesis: A predictor as JSON, the id of a hypothesis (H1), or of a result that found one
            (E4, of investigate_unit or find_units); left out: the unit alone.
        many: How many strongest pictures to show.
    """
    chosen = lab.chosen(unit)
    if texts or not data:
        raise UsageError(
            "pass data, a folder of pictures or builtin:scenes:300; texts are for draw"
        )
    predicate = None if hypothesis is None else hypothesis_of(lab, hypothesis)
    whole = load_corpus(allowed(data), target=lab.target, seed=lab.seed + 1)  # other scenes
    corpus = whole.unseen(pictures_of(lab).texts)
    assert isinstance(corpus, ImageCorpus)
    rows = image_rows(lab.target, corpus, reader=pictures_of(lab).reader)
    if len(rows) > PICTURES:
        rows = rows.rows(np.unique(np.linspace(0, len(rows) - 1, PICTURES).astype(int)))
    values = lab.activations(rows, [chosen])[0, :, 0]  # [picture]
    good = np.flatnonzero(np.isfinite(values))
    if not good.size:
        raise UsageError(f"{data} has no picture with a finite activation of {chosen}")
    there = Flat(values[good], good, np.zeros_like(good), int(values.size - good.size))
    here = flat(lab, chosen)
    bar = activity(here.values)
    payload: dict[str, Any] = {
        "unit": str(chosen),
        "data": data.strip(),
        "explore": numbers(here, bar),
        "there": numbers(there, bar),
    }
    lines = compared_text(chosen, data.strip(), payload, bar, "pictures")
    if predicate is not None:
        both = [
            held(of, np.asarray(predicate.evaluate(pictures), np.float32), pictures.document, lab)
            for of, pictures in ((here, pictures_of(lab)), (there, rows))
        ]
        payload["hypothesis"] = {
            "english": predicate.english(),
            "predictor": predicate.model_dump(),
            "explore": both[0]._asdict(),
            "there": both[1]._asdict(),
            "token_identity": None,
            "again": again(*both),
        }
        lines += held_text(payload["hypothesis"], data.strip())
    order = good[np.argsort(-values[good], kind="stable")][: max(0, min(many, 12))].tolist()
    lines += [f"{number(float(values[at]))}: {caption(rows, at)}" for at in order]
    payload["measured"] = [
        item(chosen, rows, at, float(values[at]), source="another corpus", recipe=recipe)
        for at in order
        if (recipe := rows.pictures[at].recipe) is not None
    ]
    return Result("\n".join(lines), payload)
