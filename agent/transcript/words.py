"""The words of a page: what a unit is active at, tokens or pictures, and what that is beside."""

import json
from collections.abc import Mapping
from pathlib import Path
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


_KNOWN = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
TEXT, PICTURES = Words(**_KNOWN["text"]), Words(**_KNOWN["pictures"])


def meanings(words: Words) -> dict[str, str]:
    """What each headline score says."""
    within = {
        "within.auroc": "AUROC of active against silent places of the same token; a table of "
        "tokens gets one half.",
        "within.correlation": "Correlation after the mean of each token is taken out; a table of "
        "tokens gets 0.",
    }
    shares = {
        "shares.base": "Share of held-out variance that a table of token means explains and the "
        "components do not.",
        "shares.ideas": "Share of held-out variance that the components explain and the table does "
        "not.",
    }
    return {
        **({} if words is PICTURES else within),
        **({} if words is PICTURES else shares),
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
