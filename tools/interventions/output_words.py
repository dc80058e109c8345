"""A change of the output in words: tokens of the vocabulary, words near a moved embedding, or
classes."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ..data.windows import TokenWindows, surfaces
from ..lab import Lab
from ..lens.lexicon_words import lexicon_vectors, neighbours
from ..models import Target
from ..render.picture_words import class_name
from ..render.text import number, quoted
from .output_change import ChangedRow, Effect, measure, output_changes, over_mean

_CLASSES = 5


class Word(NamedTuple):
    """A token or word with its number."""

    name: str
    value: float
    """Change of probability, or cosine with the change of the embedding."""
    before: float | None = None
    """Probability before."""


class ChangedWords(NamedTuple):
    """What goes up and what goes down."""

    up: list[Word]
    down: list[Word]
    kind: str
    """`probability`, `embedding` or `none`."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "kind": self.kind,
            "up": [word._asdict() for word in self.up],
            "down": [word._asdict() for word in self.down],
        }

    def line(self, what: str) -> str:
        """One or two lines for the planner."""
        if self.kind == "probability":
            up, down = (
                ", ".join(f"{quoted(w.name)} {w.value:+.2g}" for w in words)
                for words in (self.up, self.down)
            )
            return f"{what} raises next-token probability of: {up}\nand lowers: {down}"
        if self.kind == "embedding":
            up, down = (
                ", ".join(f"{w.name} {number(w.value)}" for w in words)
                for words in (self.up, self.down)
            )
            return f"{what} moves the embedding toward (cosine): {up}\nand away from: {down}"
        return ""


def changed_words(
    lab: Lab, windows: TokenWindows, cases: Sequence[ChangedRow], n: int
) -> ChangedWords:
    """The words of the mean change over cases."""
    if lab.target.kind == "module" or not cases:
        return ChangedWords([], [], "none")
    if lab.target.kind == "encoder":
        effects = measure(lab, windows, cases)
        result = neighbours(lab, np.mean([effect.change for effect in effects], 0), n)
        return ChangedWords(
            [Word(near.word, near.cosine) for near in result.toward],
            [Word(near.word, near.cosine) for near in result.away],
            "embedding",
        )
    names = surfaces(lab.target)
    sides = [
        [side.exp().mean(0).cpu().double().numpy() for side in (change.before, change.after)]
        for _, change in output_changes(lab, windows, cases)
    ]
    before, after = np.mean(sides, 0)  # [vocabulary] each
    change = after - before
    order = np.argsort(-change, kind="stable")
    order = order[order < len(names)].tolist()

    def words(tokens: Sequence[int]) -> list[Word]:
        return [Word(names[i], float(change[i]), float(before[i])) for i in tokens]

    return ChangedWords(
        words([i for i in order[:n] if change[i] > 0]),
        words([i for i in order[::-1][:n] if change[i] < 0]),
        "probability",
    )


def class_table(target: Target, effects: Sequence[Effect]) -> list[dict[str, Any]]:
    """The classes that change most over cases, with the mean change of their log-probability."""
    if "logit" not in target.sites:
        return []
    mean = np.mean([effect.change for effect in effects], 0)  # [class]
    logit = over_mean(mean)
    order = np.argsort(-np.abs(logit), kind="stable")[: 2 * _CLASSES]
    return [
        {
            "class": class_name(target, int(i)),
            "log_probability": float(mean[i]),
            "logit": float(logit[i]),
        }
        for i in order
    ]


def class_lines(table: Sequence[dict[str, Any]], what: str) -> list[str]:
    """The classes that fall and rise most, for a planner."""
    if not table:
        return []
    down, up = (
        ", ".join(
            f"{row['class']} {row['logit']:+.3g}"
            for row in [row for row in table if sign * row["logit"] > 0][:_CLASSES]
        )
        or "none"
        for sign in (-1, 1)
    )
    return [f"logit over the mean class, nats; {what} lowers: {down}; raises: {up}"]


NAMED = 6
"""Words that are named and scored."""
_BYTES = re.compile("^<0x[0-9A-F]{2}>$|\ufffd")
"""Tokens that are part of a character: they are no words, and are not named."""


class EffectWords:
    """Names, and the number of each in a change."""

    def __init__(self, lab: Lab) -> None:
        self._vectors: np.ndarray | None = None
        if lab.target.kind == "causal":
            self.names: Sequence[str] = surfaces(lab.target)
            self.width = lab.target.site("logit").units
            self._lengths = _row_lengths(lab, len(self.names))
            special = set(getattr(lab.target.tokenizer, "all_special_ids", ()))
            self._readable = np.array(
                [
                    token not in special and bool(name) and not _BYTES.search(name)
                    for token, name in enumerate(self.names)
                ]
            )
        else:
            self.names, self._vectors = lexicon_vectors(lab)
            self._lengths = np.ones(len(self.names))
            self._readable = np.ones(len(self.names), bool)
            self.width = self._vectors.shape[1]

    def of(self, change: np.ndarray) -> np.ndarray:
        """`[word]`: change of the logit over that of all words, or along a word's embedding."""
        if self._vectors is not None:
            return self._vectors @ change.astype(np.float64)
        result = change[: len(self.names)].astype(np.float64)
        return result - result.mean()

    def by_length(self, change: np.ndarray) -> np.ndarray:
        """`[word]`: the change for the length of the word's own row: long rows move with anything,
        short ones with little."""
        return self.of(change) / self._lengths

    def top(self, change: np.ndarray) -> np.ndarray:
        """The words that a change raises most."""
        result = np.where(self._readable, self.by_length(change), -np.inf)
        return np.argsort(-result, kind="stable")[:NAMED]


def _row_lengths(lab: Lab, n: int) -> np.ndarray:
    """`[token]`: lengths of the rows of the vocabulary head, less their mean; 1 where not known."""
    weight = getattr(lab.target.network.get_submodule(lab.target.site("logit").module), "weight", 0)
    if not isinstance(weight, torch.Tensor) or weight.ndim != 2 or len(weight) < n:
        return np.ones(n)
    rows = weight.detach().float()
    rows = torch.linalg.vector_norm(rows - rows.mean(0), dim=1).cpu().numpy()[:n]
    return np.maximum(rows, 0.1 * np.median(rows)) / np.median(rows)
