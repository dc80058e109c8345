"""One question about a model, from Python."""

from typing import Any

from ...tools.models import Target
from .events import Answer
from .opening import open_conversation


def ask(target: str | Target, question: str, **options: Any) -> Answer:
    """Answers one question: `ask("planted", "What does unit planted/0 do?")`.

    Costly experiments are run without asking. A notebook shows the answer with its evidence.

    Args:
        target: A model, as on the command line or loaded; or a run folder.
        question: In plain English.
        options: Those of `open_conversation`, such as `data`, `run`, `planner` or `budget`.

    Raises:
        UsageError: if something given is unusable; says what and what to do.
    """
    with open_conversation(target, **options) as conversation:
        return conversation.ask(question)
