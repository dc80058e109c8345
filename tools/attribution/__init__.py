"""Exact traces and attribution: which units are responsible for a prediction."""

from ..metrics.readings import reading, target_tokens
from ..metrics.target_tokens import Prediction, TargetPrompt, target_prompt
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
    "Settings",
    "Spot",
    "TargetPrompt",
    "UnitValue",
    "attention_patterns",
    "attribute",
    "exact_trace",
    "reading",
    "target_prompt",
    "target_tokens",
]
