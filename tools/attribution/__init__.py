"""Exact traces and attribution: which units are responsible for a prediction."""

from .attribute import KINDS, METHODS, Attribution, Settings, UnitValue, attribute
from .exact import ExactTrace, exact_trace
from .patterns import Pattern, attention_patterns
from .readings import reading, target_tokens
from .sources import Spot
from .target_tokens import Prediction, Question, ask

__all__ = [
    "KINDS",
    "METHODS",
    "Attribution",
    "ExactTrace",
    "Pattern",
    "Prediction",
    "Question",
    "Settings",
    "Spot",
    "UnitValue",
    "ask",
    "attention_patterns",
    "attribute",
    "exact_trace",
    "reading",
    "target_tokens",
]
