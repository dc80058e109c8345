"""A language model that judges marked texts by the words that they hold, for tests of `judged`."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from neuroscribe.tools.llm.client import LLMError, Reply, Usage

_names = itertools.count()


class TextJudge:
    """Finds a statement to fit a marked text that holds one of some words.

    Args:
        words: The words, such as `«cat»` for the marked word itself.
        answers: What it says instead, in order, or raises; then it judges.
    """

    def __init__(self, *words: str, answers: Sequence[str | LLMError] = ()) -> None:
        self.model = f"judge{next(_names)}"
        self.words, self.answers = words, list(answers)
        self.requests: list[dict[str, Any]] = []

    @property
    def texts(self) -> list[str]:
        """All texts that it was sent."""
        return [text for request in self.requests for text in request["texts"].values()]

    def complete(self, messages: Any, **_: Any) -> Reply:
        """One answer, as a client gives it."""
        request = json.loads(messages[1]["content"])
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, LLMError):
            raise answer
        if answer is None:
            fits = {k: any(w in t for w in self.words) for k, t in request["texts"].items()}
            answer = json.dumps({key: float(value) for key, value in fits.items()})
        return Reply({}, answer, None, Usage(1, 0, 1, False), "stop")
