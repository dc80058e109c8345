"""Photographs, whose scenes are not known: what pixels say, and what a second network finds alike.

1. Compositions of colour areas are searched over explore.
2. Likeness: examples from strong to weak, drawn from one half of explore, foretell the other half
   (`like`); the sharpness that foretells best is kept.
3. Scenes are drawn all the same: each thing, colour and texture alone on a plain ground. What
   switches the unit on there is evidence beside the photographs, and goes into the words.
4. The better of 1 and 2 on pictures that did not choose it is the conclusion, which says what its
   predictor rests on.

Our formulation.
"""

from collections.abc import Generator, Iterable
from typing import Any

import numpy as np

from .....tools.data.image_rows import ImageRows
from .....tools.evidence import Evidence
from .....tools.predicates import parse
from .....tools.predicates.features import features
from .....tools.scenes.scene import Scene, Thing
from ..turns import Calls
from .course import PictureCourse
from .feature_table import areas
from .search import Composition, search
from .vocabulary import COLOURS, NAMES, TEXTURES

NETWORK = "pictures"
"""The network whose features say what is alike."""
_EXAMPLES = 24
SHARPNESS = (4.0, 8.0, 16.0, 32.0)
_NAMED = 3
_STRONG = 0.5  # of the strongest photographs, from which a drawing is worth naming


def photos(course: PictureCourse) -> Generator[Calls, list[Evidence], None]:
    """Fills the findings of an investigation on photographs."""
    results = course.findings
    rivals = search(areas(course.inputs), course.values, most=2, depth=2)
    alike = likeness(course.inputs, course.values)
    rivals += [alike] if alike is not None else []
    results.rivals = sorted(rivals, key=lambda rival: -rival.checked)
    if course.has("draw"):
        results.drawn_words = yield from _drawn(course)


def likeness(rows: ImageRows, values: np.ndarray) -> Composition | None:
    """The `like` predicate of a unit; None where there are too few pictures.

    `checked` is measured on the half of explore that gave no examples to the predicate tested; the
    predicate that is given takes its examples from all of explore.
    """
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 2 * _EXAMPLES:
        return None
    x = features(rows, NETWORK)
    halves = known[::2], known[1::2]
    best: tuple[float, float] | None = None
    for sharpness in SHARPNESS:
        scores = []
        for fit, check in (halves, halves[::-1]):
            predicate = _predicate(rows, values, x, fit, sharpness)
            predicted = parse(predicate).evaluate(rows.rows(check))[:, 0]
            if predicted.std() > 1e-9 and values[check].std() > 1e-9:
                scores.append(float(np.corrcoef(predicted, values[check])[0, 1]))
        score = float(np.mean(scores)) if scores else 0.0
        if best is None or score > best[0]:
            best = (score, sharpness)
    assert best is not None
    whole = _predicate(rows, values, x, known, best[1])
    holds = parse(whole).evaluate(rows)[:, 0] >= 0.5
    return Composition(whole, holds, best[0], best[0])


def like(
    network: str, sharpness: float, examples: Iterable[tuple[str, Any, np.ndarray]]
) -> dict[str, Any]:
    """The `like` predicate of examples: the name, strength and features of each."""
    return {
        "kind": "like",
        "network": network,
        "sharpness": sharpness,
        "examples": [
            {
                "name": name,
                "strength": round(float(strength), 3),
                "features": [round(float(value), 3) for value in features],
            }
            for name, strength, features in examples
        ],
    }


def _predicate(
    rows: ImageRows, values: np.ndarray, x: np.ndarray, chosen: np.ndarray, sharpness: float
) -> dict[str, Any]:
    order = chosen[np.argsort(-values[chosen])]
    strong = order[: _EXAMPLES // 2]
    rest = order[_EXAMPLES // 2 :]
    weak = rest[np.linspace(0, len(rest) - 1, _EXAMPLES - len(strong)).round().astype(int)]
    low, high = float(values[order[-1]]), float(values[order[0]])
    span = max(high - low, 1e-9)
    examples = [*strong.tolist(), *weak.tolist()]
    named = ((rows.pictures[at].id, (values[at] - low) / span, x[at]) for at in examples)
    return like(NETWORK, sharpness, named)


def _drawn(course: PictureCourse) -> Generator[Calls, list[Evidence], list[str]]:
    """What of drawn things, colours and textures switches the unit on, in words."""
    trials: dict[str, list[Scene]] = {}
    for name in NAMES:
        trials[name] = [
            Scene(things=(Thing(name=name, colour=colour, size=0.6),)) for colour in ("red", "blue")
        ]
    for colour in COLOURS:
        trials[f"{colour} all over"] = [Scene(colour=colour)]
    for texture in TEXTURES[1:]:
        trials[f"a {texture} ground"] = [
            Scene(colour=colour, texture=texture) for colour in ("grey", "blue")
        ]
    scenes = [scene for some in trials.values() for scene in some]
    values = yield from course.draw("What does it do at plain drawings?", scenes)
    means: dict[str, float] = {}
    at = 0
    for words, some in trials.items():
        means[words] = float(np.nanmean(values[at : at + len(some)]))
        at += len(some)
    enough = course.low + _STRONG * (course.full - course.low)
    order = sorted(means, key=lambda words: -means[words])
    return [words for words in order[:_NAMED] if means[words] > enough]
