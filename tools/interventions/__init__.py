"""Interventions and what they do to a prediction: ablation, patching, steering, routes."""

from ..metrics.metric import Metric
from ..metrics.prompt import Prompt, prompt_of, row_of
from .runner import Runner
from .sweep import Sweep, sweep

__all__ = ["Metric", "Prompt", "Runner", "Sweep", "prompt_of", "row_of", "sweep"]
