"""A prompt as one row of tokens, and the metric on what is to follow it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..data.tokens import surfaces
from ..errors import UsageError
from ..models import Target
from .metric import Kind, Metric
from .readings import check_known, reading, target_tokens
from .rows import Rows
from .target_tokens import Several, TargetPrompt, in_words, target_prompt


@dataclass(frozen=True, eq=False)
class Prompt(Rows):
    """One row of tokens; what `Target.trace` and `Target.cache` read."""

    tokens: tuple[str, ...] = ()
    """What a person reads, by place."""
    text: str = ""
    predicts: int = 1
    """How many of its last places predict a token of the target: what `last` means."""

    @property
    def places(self) -> int:
        """How many."""
        return int(self.ids.shape[1])

    @property
    def inputs(self) -> Any:
        """What `Target.trace` reads: itself."""
        return self

    def repeated(self, n: int) -> Any:
        """So many equal rows."""
        return Rows(self.ids.repeat(n, 0))

    @property
    def tokenless(self) -> bool:
        """Whether it is a picture or numbers, whose places are each site's own."""
        return False


def prompt_of(target: Target, text: str) -> Prompt:
    """Tokenizes a prompt; special tokens that the tokenizer puts behind a text are left out.

    Raises:
        UsageError: if there is no tokenizer, nothing in the text, a character that no token of a
            vocabulary of one's own stands for, or more than the context holds.
    """
    if target.tokenizer is None:
        raise UsageError(f"{target.name} has no tokenizer; pass token ids")
    check_known(target, text)
    ids = [int(item) for item in target.tokenizer(text, verbose=False)["input_ids"]]
    while len(ids) > 1 and ids[-1] in set(target.tokenizer.all_special_ids):
        ids.pop()
    return row_of(target, ids, text=text)


def row_of(target: Target, ids: Sequence[int], *, text: str = "", predicts: int = 1) -> Prompt:
    """A prompt from token ids.

    Raises:
        UsageError: if there is none, or more than the context holds.
    """
    if not len(ids):
        raise UsageError("the prompt is empty; write at least one token")
    if len(ids) > target.context_length:
        raise UsageError(
            f"the prompt has {len(ids)} tokens, but {target.name} reads at most "
            f"{target.context_length}; shorten it"
        )
    tokens: tuple[str, ...] = ()
    if target.tokenizer is not None:
        names = surfaces(target)
        tokens = tuple(names[i] if i < len(names) else f"<{i}>" for i in map(int, ids))
    return Prompt(np.asarray([list(ids)], np.int32), tokens, text, predicts)


class TargetPrompts(NamedTuple):
    """Prompts with one target, read alike behind all of them."""

    prompts: list[Prompt]
    metrics: list[Metric]
    """By prompt."""
    target: str
    """As it is read, with or without a space before it."""
    contrast: str | None
    measured: str
    """The text that the metric is about: the target, or its first token."""
    measured_contrast: str | None
    notes: list[str]
    """What was decided about tokens."""

    @property
    def words(self) -> str:
        """What is measured, in quotes."""
        return in_words(self.measured, self.measured_contrast)

    @property
    def label(self) -> str:
        """The metric, and what it is about."""
        name = self.metrics[0].name
        return name if self.metrics[0].kind == "expression" else f"{name}: {self.words}"


def target_prompts(
    target: Target,
    prompts: Sequence[str],
    text: str | None,
    *,
    contrast: str | None = None,
    kind: Kind = "log_probability",
    several: Several | None = None,
) -> TargetPrompts:
    """Prompts, and the metric on what follows each.

    Args:
        target: A causal language model.
        prompts: What it reads, one or more.
        text: What is to follow; the more probable of the readings with and without a space. None:
            the model's own next token behind each prompt.
        contrast: Another text; the metric is then the difference of the two.
        kind: The metric.
        several: Of a target of several tokens `first`, or the `sum`: all of them, each behind the
            ones before it, which then stand in the row too.

    Raises:
        UsageError: for a target of several tokens where nothing is chosen; says how it splits.
    """
    notes: list[str] = []
    if text is not None:
        text, note = reading(target, prompts, text)
        notes += [note] if note else []
    if contrast is not None:
        contrast, note = reading(target, prompts, contrast)
        notes += [note.replace("the target", "the contrast", 1)] if note else []
    rows: list[Prompt] = []
    metrics: list[Metric] = []
    questions: list[TargetPrompt] = []
    for prompt in prompts:
        question = target_prompt(
            target, prompt, text, contrast=contrast, several=several, as_written=True
        )
        row, metric = row_and_metric(target, question, kind, text=prompt)
        rows.append(row)
        metrics.append(metric)
        questions.append(question)
        notes += question.notes
    first = questions[0]
    return TargetPrompts(
        rows,
        metrics,
        first.target,
        contrast,
        first.measured,
        first.measured_contrast,
        list(dict.fromkeys(notes)),
    )


def row_and_metric(
    target: Target, question: TargetPrompt, kind: Kind, *, text: str = ""
) -> tuple[Prompt, Metric]:
    """A target prompt as a row, and the metric on its last places."""
    one, *more = question.predictions
    metric = Metric(kind, one.token, one.other, more=tuple(other.token for other in more))
    return row_of(target, question.ids[0].tolist(), text=text, predicts=metric.places), metric


def with_target(target: Target, prompt: str, text: str, metric: Metric) -> Prompt:
    """Another prompt for the same metric: the target has to begin, or to be, the same tokens there.

    Raises:
        UsageError: if it is not.
    """
    if metric.token is None:
        return prompt_of(target, prompt)
    same_target(target, prompt, text, metric.token)
    before, beyond = target_tokens(target, prompt, text)
    if metric.more and tuple(beyond) != (metric.token, *metric.more):
        raise UsageError(
            f"behind '{prompt[-30:]}' the target '{text}' is other tokens; end both prompts alike, "
            "or use --several first"
        )
    ids = [*before, metric.token, *metric.more][:-1]
    return row_of(target, ids, text=prompt, predicts=metric.places)


def same_target(target: Target, prompt: str, text: str, token: int) -> None:
    """Checks that a text behind another prompt begins with the same token.

    Raises:
        UsageError: if it does not.
    """
    _, beyond = target_tokens(target, prompt, text)
    if beyond[0] != token:
        names = surfaces(target)
        raise UsageError(
            f"behind '{prompt[-30:]}' the target '{text}' begins with another token "
            f"('{names[beyond[0]]}', not '{names[token]}'); end both prompts alike"
        )
