"""The prompts of a study: read, asked, counted, cut in two halves.

1. A case is a prompt, the text that is to follow it, and the group that it belongs to.
2. A target of several tokens, or one that cannot be asked for, leaves its case out.
3. So does a prompt that the model gets wrong: whose target is not the likeliest next token. A study
   of how it gets things right has nothing to learn there. All that is left out is counted and said.
4. What is left is cut in two halves, group by group: units are chosen on the first, tested on the
   second.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from ...tools.attribution import TargetPrompt, target_prompt
from ...tools.errors import UsageError
from ...tools.interventions import Metric, Prompt, Runner, row_of
from ...tools.io.files import read_whole
from ...tools.metrics.rows import Padded
from ...tools.models import Target
from ...tools.statistics.intervals import share

LEAST = 8
"""Right prompts in a half: fewer give no interval worth reading."""
_ROWS = 256


class PromptCase(NamedTuple):
    """A prompt and what is to follow it."""

    prompt: str
    target: str
    group: str = ""


@dataclass(frozen=True, eq=False)
class TokenizedCase:
    """A case in tokens."""

    case: PromptCase
    question: TargetPrompt
    row: Prompt
    answer: int
    """The token that is to follow."""
    right: bool

    def runner(self, target: Target) -> Runner:
        """Measures p(answer)."""
        return Runner(target, self.row, Metric("probability", self.answer))

    def margin(self, target: Target) -> Runner:
        """Measures logit(answer) - logit(the likeliest other token of the clean run)."""
        logits = self.runner(target).logits.float().clone()  # [vocabulary]
        logits[self.answer] = -torch.inf
        metric = Metric("logit_difference", self.answer, int(logits.argmax()))
        return Runner(target, self.row, metric)


@dataclass(frozen=True, eq=False)
class Screened:
    """The cases that can be used, and how many cannot."""

    used: tuple[TokenizedCase, ...]
    accuracy: dict[str, Any]
    """`value, low, high, n`: over all that could be asked."""
    wrong: int
    unasked: int
    notes: tuple[str, ...] = field(default=())

    def facts(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "used": len(self.used),
            "wrong": self.wrong,
            "unasked": self.unasked,
            "accuracy": self.accuracy,
        }


def read_cases(path: Path) -> list[PromptCase]:
    """Cases from a JSONL file with `prompt` and `target`, and perhaps `kind`, in each line.

    Raises:
        UsageError: for a file that is missing or no JSONL, or a line without the two.
    """
    try:
        lines = read_whole(path).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the prompts in '{path}': {error}") from error
    cases: dict[tuple[str, str], PromptCase] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{path}, line {number} is no JSON: {error}") from error
        if not isinstance(entry, dict) or not all(
            isinstance(entry.get(key), str) and entry[key] for key in ("prompt", "target")
        ):
            raise UsageError(
                f'{path}, line {number}: write {{"prompt": "...", "target": "..."}}, both text '
                "and not empty"
            )
        case = PromptCase(entry["prompt"], entry["target"], str(entry.get("kind") or ""))
        cases.setdefault((case.prompt, case.target), case)
    if not cases:
        raise UsageError(f"there is no prompt in '{path}'; write one JSON object a line")
    return list(cases.values())


def check_target(target: Target) -> None:
    """Raises UsageError unless the target predicts a next token."""
    if target.kind != "causal":
        raise UsageError(
            f"{target.name} is no causal language model: a study asks what a model predicts next; "
            "take one that does (organism:adder, a folder, a Hugging Face id)"
        )


def screen(
    target: Target,
    cases: Sequence[PromptCase],
    *,
    keep_wrong: bool = False,
    several: Literal["first"] | None = None,
) -> Screened:
    """Asks all cases and leaves out those that are of no use.

    Args:
        target: A causal language model.
        cases: The prompts.
        keep_wrong: Keep those that the model gets wrong.
        several: `first`: of a target of several tokens the first.

    Raises:
        UsageError: if none can be asked.
    """
    check_target(target)
    rows: list[tuple[PromptCase, TargetPrompt]] = []
    refused: list[str] = []
    for case in cases:
        try:
            question = target_prompt(
                target, case.prompt, case.target, several=several, as_written=True
            )
            rows.append((case, question))
        except UsageError as error:
            refused.append(str(error))
    if not rows:
        raise UsageError(f"none of the {len(cases)} prompts can be asked; the first: {refused[0]}")
    best = likeliest(target, [question.ids[0].tolist() for _, question in rows])
    asked = [
        TokenizedCase(
            case,
            question,
            row_of(target, question.ids[0].tolist(), text=case.prompt),
            question.predictions[0].token,
            bool(best[i] == question.predictions[0].token),
        )
        for i, (case, question) in enumerate(rows)
    ]
    right = [one.right for one in asked]
    notes = []
    if refused:
        notes.append(f"{len(refused)} prompts cannot be asked and are left out: {refused[0]}")
    wrong = right.count(False)
    if wrong:
        kept = "they are kept" if keep_wrong else "they are left out"
        notes.append(
            f"the model gets {wrong} of {len(asked)} prompts wrong (another token is likelier than "
            f"the target); {kept}"
        )
    used = tuple(one for one in asked if one.right or keep_wrong)
    return Screened(used, share(right), wrong, len(refused), tuple(notes))


def likeliest(target: Target, rows: Sequence[list[int]], changes: Sequence[Any] = ()) -> np.ndarray:
    """The likeliest next token of each row, `[row]`; rows of like length run together.

    Args:
        target: The target.
        rows: Token ids.
        changes: Interventions on all rows.
    """
    out = np.zeros(len(rows), int)
    order = np.argsort([len(row) for row in rows], kind="stable")
    for first in range(0, len(order), _ROWS):
        part = order[first : first + _ROWS]
        batch = Padded.of([rows[i] for i in part])
        logits = target.trace(batch, interventions=changes, output="last").output
        assert logits is not None  # [row, vocabulary]
        out[part] = logits.argmax(-1).cpu().numpy()
    return out


class Halves(NamedTuple):
    """Where units are chosen, and where they are tested."""

    choose: list[TokenizedCase]
    test: list[TokenizedCase]


def halves(
    cases: Sequence[TokenizedCase],
    *,
    seed: int,
    screened: Screened | None = None,
    what: str = "prompts",
) -> Halves:
    """Cuts each group in two.

    Raises:
        UsageError: if a half would be too small.
    """
    rng = np.random.default_rng(seed)
    out = Halves([], [])
    for group in sorted({one.case.group for one in cases}):
        own = [one for one in cases if one.case.group == group]
        order = rng.permutation(len(own)).tolist()
        out.choose.extend(own[i] for i in order[::2])
        out.test.extend(own[i] for i in order[1::2])
    if min(len(out.choose), len(out.test)) < LEAST:
        left = ""
        if screened is not None:
            left = f" ({screened.wrong} are answered wrongly, {screened.unasked} cannot be asked)"
        raise UsageError(
            f"only {len(cases)} {what} are of use{left}; a study needs at least {2 * LEAST} that "
            "the model gets right, half to choose units and half to test them: give more or "
            "easier ones (--many, --prompts)"
        )
    return out
