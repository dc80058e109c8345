"""What is measured on which inputs: a target behind prompts, or an expression on any inputs."""

from collections.abc import Sequence
from typing import Any

from ..errors import UsageError
from ..models import Target
from .expression import expression
from .inputs import input_of
from .metric import KINDS
from .prompt import TargetPrompts, target_prompts
from .target_tokens import Several


def asked(
    target: Target,
    prompts: Sequence[str],
    text: str | None,
    *,
    contrast: str | None = None,
    metric: str | None = None,
    several: Several | None = None,
) -> TargetPrompts:
    """Inputs with what is measured on them.

    Args:
        target: The network.
        prompts: Texts; for a network that reads none, files of pictures or numbers.
        text: What is to follow; None with an expression.
        contrast: Another text.
        metric: One of `KINDS`, or an expression (`expression.py`); None: the log-probability of
            the target, with a contrast the difference of the two logits.
        several: What to do with a target of several tokens.

    Raises:
        UsageError: for what the network lacks, or a target beside an expression.
    """
    if not is_expression(metric):
        kind: Any = metric or ("log_probability" if contrast is None else "logit_difference")
        return target_prompts(target, prompts, text, contrast=contrast, kind=kind, several=several)
    assert metric is not None
    if text is not None or contrast is not None or several is not None:
        raise UsageError(
            f"the metric '{metric}' says itself what is measured: leave out target, contrast and "
            "several"
        )
    rows = [input_of(target, prompt) for prompt in prompts]
    made = expression(target, metric, rows[0].inputs)
    return TargetPrompts(rows, [made] * len(rows), metric, None, metric, None, [])


def is_expression(metric: str | None) -> bool:
    """Whether a metric is an expression, and not the name of a kind."""
    return metric is not None and metric not in KINDS
