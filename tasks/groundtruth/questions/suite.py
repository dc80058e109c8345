"""All known questions, and how to choose among them."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ....tools.errors import UsageError, nearest
from .outside_questions import outside
from .planted_questions import compare, find, find_word, search, show, what
from .prediction_questions import ablate, drive, where
from .question import KINDS, KnownQuestion

_MADE = {
    made.__name__: made
    for made in (what, find, find_word, compare, show, search, drive, ablate, where)
}
_TABLES = tomllib.loads(Path(__file__).with_name("questions.toml").read_text(encoding="utf-8"))


def _documented(entry: Mapping[str, Any]) -> KnownQuestion:
    """A question of a kind that is documented; `text` says it in other words."""
    more = {name: entry[name] for name in entry if name not in ("make", "args", "text")}
    question = _MADE[entry["make"]](*entry["args"], **more)
    return replace(question, text=entry["text"]) if "text" in entry else question


QUESTIONS: tuple[KnownQuestion, ...] = (
    *map(_documented, _TABLES["documented"]),
    *(outside(**entry) for entry in _TABLES["outside"]),
)
HELD_OUT: tuple[KnownQuestion, ...] = tuple(map(_documented, _TABLES["held_out"]))
"""Kept back, to see how far the figures on the others flatter; see the table."""


def chosen(
    *,
    kinds: Sequence[str] = (),
    only: Sequence[str] = (),
    many: int | None = None,
    seed: int = 0,
    held_out: bool = False,
) -> list[KnownQuestion]:
    """Questions of these kinds, or these alone; or so many of them, drawn by seed.

    With `held_out`, of those kept back instead.

    Raises:
        UsageError: for a kind or question that there is not.
    """
    suite = HELD_OUT if held_out else QUESTIONS
    known = {question.id: question for question in suite}
    for name, among, called in (
        *((kind, KINDS, "kind") for kind in kinds),
        *((one, known, "question") for one in only),
    ):
        if name not in among:
            raise UsageError(f"there is no {called} '{name}'; nearest: {nearest(name, among)}")
    found = [
        question
        for question in suite
        if (not kinds or question.kind in kinds) and (not only or question.id in only)
    ]
    if many is not None and many < len(found):
        order = np.random.default_rng(seed).permutation(len(found))[:many]
        found = [found[at] for at in sorted(order)]
    return found
