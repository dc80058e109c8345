"""Comparative Neuron Analysis: which units make two runs differ."""

from .compare import compare
from .heads import head_effects, strongest_head
from .results import ComparedUnit, Comparison, Settings
from .runs import Run
from .shallow import Path, Shallow

__all__ = [
    "ComparedUnit",
    "Comparison",
    "Path",
    "Run",
    "Settings",
    "Shallow",
    "compare",
    "head_effects",
    "strongest_head",
]
