"""Comparative Neuron Analysis: which units make two runs differ."""

from .compare import compare
from .heads import head_effects, strongest_head
from .results import Change, Comparison, Control, Settings
from .runs import Run
from .shallow import Path, Shallow

__all__ = [
    "Change",
    "Comparison",
    "Control",
    "Path",
    "Run",
    "Settings",
    "Shallow",
    "compare",
    "head_effects",
    "strongest_head",
]
