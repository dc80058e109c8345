"""Tests hypotheses: their predictors against the unit's activation on every picture of explore.

The numbers are those of `test_hypotheses` on text, with a picture in the place of a token. Where
scenes are not known, atoms are read from pixels, and who reads them is said.
"""

from typing import Annotated, Any

import numpy as np

from ..activations.picture_records import item
from ..activations.records import activity, flat
from ..data.image_rows import ImageRows
from ..evidence import Result
from ..hypotheses.resolve import resolve
from ..images.recipes import pictures_of
from ..lab import Lab
from ..predicates.view_images import reader_of
from ..registry import UpTo, tool
from ..render.picture_words import caption
from ..render.text import number
from .test_hypotheses import HEADLINE, HOLDS, Tail, stream, tested, told


@tool(name="test_hypotheses", needs=("image",))
def compare(
    lab: Lab,
    hypotheses: list[str | dict[str, Any]] | None = None,
    unit: str | None = None,
    *,
    examples: Annotated[int, UpTo(8, 0)] = 3,
) -> Result:
    """Tests hypotheses on every picture of explore; shows their largest false alarms and misses.

    Args:
        hypotheses: Ids (H1) or predictors; left out: all recorded.
        unit: The unit, such as conv.3/7; left out: the unit under study.
        examples: How many of each to show; at most 2 from four hypotheses on.
    """
    chosen = lab.chosen(unit)
    explore, data = pictures_of(lab), flat(lab, chosen)
    given = resolve(lab, hypotheses)
    examples, bar = examples if len(given) <= 3 else min(examples, 2), activity(data.values)
    errors: dict[tuple[str, int], list[str]] = {}
    tests: list[dict[str, Any]] = []
    rows: list[str] = []
    measured: list[dict[str, Any]] = []
    for hypothesis in given:
        degrees = hypothesis.evaluate(explore)[data.window, 0]
        found = tested(data, degrees, explore.document, stream(lab))
        headline: Tail = found["tails"][HEADLINE]
        said, off = degrees >= HOLDS, data.values <= bar
        tests.append(
            {
                "id": hypothesis.id,
                "english": hypothesis.english,
                "predictor": hypothesis.predicate.model_dump(),
                **{key: value for key, value in found.items() if key != "tails"},
                **{key: value for key, value in headline._asdict().items() if key != "threshold"},
                "tails": {key: tail._asdict() for key, tail in found["tails"].items()},
            }
        )
        rows += told(hypothesis, found, data.values, degrees, things="pictures", by="draw")
        wrong = {
            "false alarm": _worst(np.where(said & off, -data.values, -np.inf), examples),
            "miss": _worst(np.where(~said & ~off, data.values, -np.inf), examples),
        }
        none = [f"no {name}es" if name == "miss" else f"no {name}s" for name in wrong
                if not wrong[name]]  # fmt: skip
        rows += [f"  {' and '.join(none)}"] if none and found["holds"] and examples else []
        for name, places in wrong.items():
            for at in places:
                errors.setdefault((name, at), []).append(hypothesis.id)
                window, source = int(data.window[at]), f"{name} of {hypothesis.id}"
                measured.append(
                    item(chosen, explore, window, data.values[at], source=source, window=window)
                )
    for (name, at), who in errors.items():
        window = int(data.window[at])
        rows.append(
            f"{name} of {', '.join(who)}: {number(float(data.values[at]))} (window {window}): "
            f"{caption(explore, window)}"
        )
    order = sorted(tests, key=lambda t: 2 if t["correlation"] is None else -t["correlation"])
    head = (
        f"{chosen} over explore: {data.values.size} pictures; active = above half of the mean of "
        f"its strongest five, {number(bar)}. "
        f"Best: {order[0]['id']} (correlation {number(order[0]['correlation'])})."
    )
    return Result(
        "\n".join([head, *rows, *_read_by(explore)]),
        {"unit": str(chosen), "tests": tests, "measured": measured},
    )


def _worst(key: np.ndarray, many: int) -> list[int]:
    """Places by falling key, those at minus infinity left out."""
    order = np.argsort(-key, kind="stable")[:many]
    return [int(at) for at in order if np.isfinite(key[at])]


def _read_by(rows: ImageRows) -> list[str]:
    """Who reads the atoms, where scenes are not known."""
    blind = sum(picture.scene is None or rows.by_pixels for picture in rows.pictures)
    if not blind:
        return []
    return [f"({blind} pictures without a known scene were read by {reader_of(rows).name})"]
