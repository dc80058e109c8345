"""Which attribution method names the units that matter? The comparison of Yu & Ananiadou (2024).

1. For every prompt and every method: the best ten units of a kind are zeroed, at every place, and
   the drop of p(target) is measured.
2. The control zeroes as many random units, drawn from the sites of the best ones by the first
   method, many times a prompt; its drop at a prompt is the mean of the draws.
3. Means over prompts with 95% bootstrap intervals, and for every method the share of prompts at
   which it beats the mean of the control.

A method whose interval reaches the control's has shown nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from ..data.windows import cut
from ..errors import UsageError
from ..metrics.target_tokens import Prediction, Question
from ..models import Target
from .attribute import METHODS, Method, Settings, attribute
from .control import random_sets, with_others, zeroed
from .sources import Kind

_RESAMPLES = 1000


class Mean(NamedTuple):
    """A mean over prompts with its 95% bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """Drops by method; `random` is the control."""

    kind: Kind
    many: int
    """Units zeroed together."""
    before: np.ndarray
    """`[prompt]` p(target) of the whole model."""
    drops: dict[str, np.ndarray]
    """By method and `random`: `[prompt]` drop of p(target)."""
    log_drops: dict[str, np.ndarray]
    """The same for log p(target)."""
    seed: int = 0

    def mean(self, name: str, *, log: bool = False) -> Mean:
        """The mean drop of a method, or of `random`, over prompts."""
        values = (self.log_drops if log else self.drops)[name]
        draws = np.random.default_rng(self.seed).choice(values, (_RESAMPLES, len(values))).mean(1)
        low, high = np.percentile(draws, [2.5, 97.5])
        return Mean(float(values.mean()), float(low), float(high))

    def beats_random(self, name: str) -> float:
        """Share of prompts at which a method's drop of log p is above the control's."""
        return float((self.log_drops[name] > self.log_drops["random"]).mean())

    def rows(self) -> list[dict[str, object]]:
        """Plain JSON, the largest mean drop of p first."""
        found = [
            {
                "method": name,
                "prompts": len(self.before),
                "drop": self.mean(name)._asdict(),
                "log_drop": self.mean(name, log=True)._asdict(),
                "beats_random": None if name == "random" else self.beats_random(name),
            }
            for name in self.drops
        ]
        return sorted(found, key=lambda row: -self.mean(str(row["method"])).value)


def compare_methods(
    target: Target,
    questions: Sequence[Question],
    *,
    methods: Sequence[Method] = METHODS,
    kind: Kind = "mlp",
    many: int = 10,
    draws: int = 5,
    seed: int = 0,
) -> Comparison:
    """Zeroes the best units of each method on every prompt, and random ones beside them.

    Args:
        target: A causal language model.
        questions: From `ask` or `confident_questions`.
        methods: The methods; the random units are drawn from the sites of the first one's best.
        kind: Of the units.
        many: Units zeroed together.
        draws: Random sets a prompt.
        seed: Of the random sets and the intervals.

    Raises:
        UsageError: without questions, methods or draws.
    """
    if not questions or not methods or draws < 1:
        raise UsageError("compare_methods needs at least one question, one method and one draw")
    rng = np.random.default_rng(seed)
    chosen = list(dict.fromkeys(methods))
    names = [*chosen, "random"]
    drops: dict[str, list[float]] = {name: [] for name in names}
    log_drops: dict[str, list[float]] = {name: [] for name in names}
    before: list[float] = []
    for question in questions:
        each = [
            attribute(target, question, Settings(method, (kind,), top=many, words=0))
            for method in chosen
        ]
        best = [found.ranked(kind, many) for found in each]
        if len(with_others(each[0].layouts[kind], best[0])) < len(best[0]):
            raise UsageError(
                f"the best {many} units of the kind {kind} leave too few others of their sites to "
                "draw random ones from; compare fewer"
            )
        random = random_sets(each[0].layouts[kind], best[0], draws, rng)
        clean, *rest = zeroed(target, each[0], [[], *best, *random])
        before.append(clean.probability)
        for name, other in zip(chosen, rest, strict=False):
            drops[name].append(clean.probability - other.probability)
            log_drops[name].append(clean.score - other.score)
        control = rest[len(best) :]
        drops["random"].append(clean.probability - float(np.mean([c.probability for c in control])))
        log_drops["random"].append(clean.score - float(np.mean([c.score for c in control])))
    return Comparison(
        kind,
        many,
        np.array(before),
        {name: np.array(values) for name, values in drops.items()},
        {name: np.array(values) for name, values in log_drops.items()},
        seed,
    )


def confident_questions(
    target: Target,
    texts: Iterable[str],
    *,
    many: int = 30,
    least: float = 0.3,
    shortest: int = 8,
    seed: int = 0,
) -> list[Question]:
    """Beginnings of texts whose next token the model predicts, one a text.

    A place is drawn among those where the token that follows in the text is the model's own first
    choice with a probability of at least `least`.

    Args:
        target: A causal language model.
        texts: Texts.
        many: At most so many questions.
        least: Least probability.
        shortest: Tokens that a prompt has at least.
        seed: Of the places.

    Raises:
        UsageError: if no text has such a place.
    """
    rng = np.random.default_rng(seed)
    windows = cut(target, texts, length=target.context_length, document_per_row=True)
    out: list[Question] = []
    for row in range(len(windows)):
        ids = windows.ids[[row]][:, windows.attended[row]]
        if len(out) >= many:
            break
        if ids.shape[1] <= shortest:
            continue
        logits = target.trace(Question(ids, 0, ())).output
        assert logits is not None
        p, token = logits[0, :-1].float().softmax(1).max(1)
        follows = torch.as_tensor(ids[0, 1:], device=token.device) == token
        sure = (p.cpu() >= least) & follows.cpu()
        places = np.flatnonzero(sure.numpy())
        places = places[places >= shortest - 1]
        if not len(places):
            continue
        place = int(rng.choice(places))
        prediction = Prediction(place, int(ids[0, place + 1]))
        out.append(Question(ids[:, : place + 1].copy(), place + 1, (prediction,)))
    if not out:
        raise UsageError(
            f"{target.name} predicts no token of these texts with p >= {least}; give texts like "
            "those it was trained on, or lower `least`"
        )
    return out
