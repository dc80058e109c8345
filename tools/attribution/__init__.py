"""Exact traces and attribution: which units are responsible for a prediction."""

from ..metrics.readings import reading, target_tokens
from ..metrics.target_tokens import Prediction, Question, ask
from ..residual.exact import ExactTrace, exact_trace
from .attribute import KINDS, METHODS, Attribution, Settings, UnitValue, attribute
from .patterns import Pattern, attention_patterns
from .sources import Spot

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
