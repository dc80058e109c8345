"""The words of a page: what a unit is active at, tokens or pictures, and what that is beside."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from .record import Transcript


class Words(NamedTuple):
    """What a unit is active at, in the words of a page."""

    place: str
    places: str
    lookups: str
    """What the tables know that a description has to beat."""
    beyond: str
    """What `explained` is beyond."""
    other: str
    """What thresholds are fixed on."""
    documents: str
    """What is split, and drawn again by the bootstrap."""
    table: str
    """What `explained` adds to."""
    warning: str
    """Why a high correlation may say little."""


TEXT = Words(
    "token",
    "tokens",
    "three tables that know only the token, the token and the one before it, or the token and its "
    "place",
    "token identity",
    "text",
    "documents",
    "the token table",
    "token identity alone reaches .6 to .7 on many neurons, so a high correlation with no gain "
    "says only which tokens the unit likes",
)
PICTURES = Words(
    "picture",
    "pictures",
    "two baselines that know only how much there is of each colour, or which colour is where",
    "colours",
    "pictures",
    "pictures",
    "the baseline of colours",
    "many channels follow a colour, so a high correlation with no gain says only which",
)


def meanings(words: Words) -> dict[str, str]:
    """What each headline score says."""
    return {
        "correlation": f"Pearson correlation of prediction and activation, {words.place} by "
        f"{words.place}; 1 is perfect.",
        "gain_over_lookup": f"Correlation above the best of {words.lookups}. At 0 the "
        "description says no more than these.",
        "auprc": f"Finding the active {words.places}: area under precision and recall; chance is "
        "the base rate.",
        "f1": f"Balance of precision and recall for active {words.places}, threshold fixed on "
        f"other {words.other}.",
        "iou": f"Active {words.places} that both predict and show, over those that either does.",
        "cosine": "Cosine of prediction and activation; high of itself where activations are never "
        "negative.",
    }


def words_of(transcript: Transcript) -> Words:
    """The words for the target of a transcript."""
    return words_for(transcript.header.get("target"))


def words_for(target: Mapping[str, Any] | None) -> Words:
    """The words for a target, as headers and runs name it."""
    return PICTURES if (target or {}).get("kind") == "image" else TEXT
