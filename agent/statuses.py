"""How the work on a unit ends: every status, in one place, with what it means and its colour."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

Status = Literal[
    "described",
    "word list",
    "not specific",
    "uninterpretable",
    "insufficient held-out",
    "dead",
    "failed",
]


class Meaning(NamedTuple):
    """What a status says."""

    words: str
    colour: str
    """On pages."""


MEANINGS: Mapping[str, Meaning] = {
    "described": Meaning(
        "the description explains held-out activation, and does so better on its own unit than on "
        "matched units, where there are enough to tell",
        "#2b8a3e",
    ),
    "word list": Meaning(
        "words are listed and nothing says what they have in common: token identity explains "
        "held-out activation, and nothing beyond it does",
        "#94b447",
    ),
    "not specific": Meaning(
        "the same predictor scores as high on more than one in twenty matched units: it names what "
        "many units do",
        "#4c8dae",
    ),
    "uninterpretable": Meaning(
        "a description was sought, and neither it nor token identity explains 2% of held-out "
        "variance",
        "#e8a317",
    ),
    "insufficient held-out": Meaning(
        "the unit is active at fewer than 20 held-out places, or the judge of its predictor "
        "reached its limit, so there is no score",
        "#c9b458",
    ),
    "dead": Meaning("the unit is never active on explore", "#adb5bd"),
    "failed": Meaning("something went wrong; the reason is kept", "#c92a2a"),
}
STATUSES: tuple[Status, ...] = get_args(Status)
LABELLED: tuple[Status, ...] = (
    "described",
    "word list",
    "not specific",
    "insufficient held-out",
)
"""Those whose label says what the unit does, and not why nothing is said."""
NO_FUNCTION: tuple[Status, ...] = ("word list", "not specific", "uninterpretable", "dead")
"""Those that claim no function of the unit's own, or name none."""
_CLAIMED = tuple(status for status in LABELLED if status != "word list")


def confidence_of(record: Mapping[str, Any]) -> float | None:
    """The confidence to show beside a label; None where the status claims no function that it
    could be the confidence in."""
    return record.get("confidence") if record.get("status") in _CLAIMED else None


CONFIDENT = "of being right in every case"
"""What a confidence is the probability of, in a few words: behind every number."""
CONFIDENCE = (
    "the planner's probability that the description is the whole function: right in every case, "
    "rivals, exceptions and strengths included; it is no score on held-out text"
)
"""The same in full: once on every page that shows one."""
