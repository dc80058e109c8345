"""All known questions, and how to choose among them."""

from collections.abc import Sequence

import numpy as np

from ....tools.errors import UsageError, nearest
from .held_out import QUESTIONS as HELD_OUT
from .outside_questions import QUESTIONS as OUTSIDE
from .planted_questions import QUESTIONS as PLANTED
from .planted_questions import find_word, show
from .prediction_questions import QUESTIONS as PREDICTIONS
from .question import KINDS, KnownQuestion

MINILM: tuple[KnownQuestion, ...] = (
    find_word("minilm", "that", ("mlp.0",)),
    find_word("minilm", "not", ("mlp.0",)),
    show("minilm", "mlp.0/752"),
)
QUESTIONS: tuple[KnownQuestion, ...] = (*PLANTED, *PREDICTIONS, *MINILM, *OUTSIDE)


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
    for name, among, what in (
        *((kind, KINDS, "kind") for kind in kinds),
        *((one, known, "question") for one in only),
    ):
        if name not in among:
            raise UsageError(f"there is no {what} '{name}'; nearest: {nearest(name, among)}")
    found = [
        question
        for question in suite
        if (not kinds or question.kind in kinds) and (not only or question.id in only)
    ]
    if many is not None and many < len(found):
        order = np.random.default_rng(seed).permutation(len(found))[:many]
        found = [found[at] for at in sorted(order)]
    return found
