"""Judges: whoever answers questions about descriptions and texts.

A question is a job, whose instructions are the Markdown file of that name in this folder, and data.
The instructions are the system message; the data are one JSON object in the user message, so that
no text from a corpus or a description can pass for an instruction's delimiter. Pictures follow it
on contact sheets, each under its number.
"""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np

from ....tools.errors import UsageError
from ....tools.llm.client import LLM, LLMError, Usage
from ....tools.llm.pictures import picture_part
from ....tools.render.contact_sheet import contact_sheets

_UNREADABLE = ("context", "broken")
"""Failures of one question alone; it counts as answered wrongly. Others end the run."""


class Question(NamedTuple):
    """One request to a judge."""

    job: str
    data: Mapping[str, Any]
    logprobs: bool = False
    """Log-probabilities help, where the judge can give them."""
    pictures: Mapping[str, np.ndarray] = MappingProxyType({})
    """uint8 `[height, width, 3]` each, by number."""

    @property
    def letters(self) -> int:
        """Of the instructions and the data."""
        data = json.dumps(self.data, ensure_ascii=False)
        return len(instructions(self.job)) + len(data)

    @property
    def content(self) -> str | list[dict[str, Any]]:
        """The user message."""
        data = json.dumps(self.data, ensure_ascii=False)
        if not self.pictures:
            return data
        sheets = [picture_part(sheet) for sheet in contact_sheets(self.pictures)]
        return [{"type": "text", "text": data}, *sheets]


class Answer(NamedTuple):
    """What a judge said."""

    text: str
    logprobs: list[dict[str, Any]] | None = None
    """One a token of the text, each with `token` and `top_logprobs`."""
    usage: Usage | None = None
    """Tokens of the request, where there was one that was answered."""


class Judge(Protocol):
    """Answers questions; asked for several at a time from as many threads."""

    at_a_time: int

    def answer(self, question: Question) -> Answer:
        """The answer to one question."""
        ...


class LLMJudge:
    """A chat model as a judge.

    Args:
        llm: The client.
        at_a_time: Questions under way at once.
    """

    def __init__(self, llm: LLM, *, at_a_time: int = 4) -> None:
        self.at_a_time = at_a_time
        self._llm = llm
        self._logprobs = True

    def answer(self, question: Question) -> Answer:
        """The answer; empty where this one question cannot be answered.

        Raises:
            UsageError: if the endpoint cannot be used at all.
        """
        messages = [
            {"role": "system", "content": instructions(question.job)},
            {"role": "user", "content": question.content},
        ]
        wanted = question.logprobs and self._logprobs
        try:
            reply = self._llm.complete(messages, logprobs=wanted)
        except LLMError as error:
            if wanted and error.kind == "request":  # an endpoint that refuses log-probabilities
                self._logprobs = False
                return self.answer(question)
            if error.kind in _UNREADABLE:
                return Answer("")
            raise UsageError(f"the judge gives no answer: {error}") from error
        return Answer(reply.text, reply.logprobs if wanted else None, reply.usage)


def judge_named(
    name: str, *, base_url: str | None = None, timeout: float = 120.0, at_a_time: int = 4
) -> LLMJudge:
    """The judge that `--judge openai:MODEL` names.

    Raises:
        UsageError: if the name is not of that form.
    """
    kind, _, model = name.partition(":")
    if kind != "openai" or not model:
        raise UsageError(f"--judge '{name}' is not openai:MODEL")
    return LLMJudge(LLM(model, base_url=base_url, timeout=timeout), at_a_time=at_a_time)


def ask(judge: Judge, questions: Sequence[Question]) -> list[Answer]:
    """The answers, in the order of the questions."""
    if judge.at_a_time < 2 or len(questions) < 2:
        return [judge.answer(question) for question in questions]
    pool = ThreadPoolExecutor(judge.at_a_time)
    try:
        return list(pool.map(judge.answer, questions))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@lru_cache(maxsize=32)
def instructions(job: str) -> str:
    """The instructions of a job."""
    return (Path(__file__).parent / f"{job}.md").read_text(encoding="utf-8").strip()
