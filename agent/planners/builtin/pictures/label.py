"""A label of at most twelve words for the cases of a rule: whole clauses, each said once."""

from collections.abc import Sequence
from dataclasses import replace

from .....tools.data.image_rows import ImageRows
from .....tools.predicates import parse
from ..wording import without_repeats
from .rules import SceneCase
from .spec import Spec

WORDS = 12


def case_label(cases: Sequence[SceneCase], rows: ImageRows) -> str:
    """The first cases that fit, those with exceptions where these fit too.

    Args:
        cases: In the order in which they were found.
        rows: Pictures, over which the broader of two cases is told.
    """
    places = [int((parse(case.predicate()).evaluate(rows) > 0).sum()) for case in cases]
    for many in range(len(cases), 0, -1):
        for shorter in (_whole, _without_exceptions, _plain):
            words = [shorter(case).words() for case in cases[:many]]
            text = "; or ".join(without_repeats(list(zip(words, places[:many], strict=True))))
            if len(text.split()) <= WORDS:
                return text
    return " ".join(_plain(cases[0]).words().split()[:WORDS])


def _whole(case: SceneCase) -> SceneCase:
    return case


def _without_exceptions(case: SceneCase) -> SceneCase:
    return replace(case, but_words=())


def _plain(case: SceneCase) -> SceneCase:
    things = tuple(Spec(spec.allowed) for spec in case.things)
    return replace(case, but_words=(), things=things)
