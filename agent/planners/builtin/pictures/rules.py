"""A rule: one case after another in which a unit is on, as predicates and in words."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .....tools.data.image_rows import ImageRows
from .....tools.predicates import parse
from ....description import MOST_WORDS
from ..wording import all_of, any_of, without_repeats
from .spec import Spec


@dataclass(frozen=True)
class SceneCase:
    """One combination that switches a unit on."""

    things: tuple[Spec, ...] = ()
    """Kinds of things that must all be there."""
    at_least: int = 1
    """How many of the first kind."""
    at_most: int | None = None
    backgrounds: tuple[str, ...] = ()
    """Settings; empty where they do not matter."""
    colours: tuple[str, ...] = ()
    """Plain backgrounds of these colours, beside the settings."""
    but: tuple[dict[str, Any], ...] = ()
    """What switches it off all the same."""
    but_words: tuple[str, ...] = ()
    levels: "tuple[tuple[SceneCase, float], ...]" = field(default=())
    """Strengths: narrower cases, each with how strong the unit is there, in 0..1."""

    def predicate(self) -> dict[str, Any]:
        """Predictor JSON."""
        if not self.levels:
            return self.whole()
        levels = [{"of": narrow.predicate(), "value": value} for narrow, value in self.levels]
        return {"kind": "graded", "levels": levels}

    def whole(self) -> dict[str, Any]:
        """The same without strengths."""
        parts: list[dict[str, Any]] = []
        for at, spec in enumerate(self.things):
            of = spec.predicate()
            if at == 0 and (self.at_least != 1 or self.at_most is not None or of is None):
                number: dict[str, Any] = {"kind": "number", "of": of, "at_least": self.at_least}
                parts.append({**number, "at_most": self.at_most})
            elif of is not None:
                parts.append(of)
        parts += self._ground()
        whole = all_of(parts) if parts else {"kind": "number", "of": None, "at_least": 0}
        if self.but:
            whole = {"kind": "except", "of": whole, "but": any_of(self.but)}
        return whole

    def _ground(self) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        if self.backgrounds:
            results.append({"kind": "background", "names": list(self.backgrounds)})
        if self.colours:
            results.append({"kind": "background", "colours": list(self.colours)})
        return [any_of(results)] if results else []

    def words(self) -> str:
        """In English, short."""
        texts = [spec.words() for spec in self.things]
        if texts and self.at_most == self.at_least:
            texts[0] = f"exactly {self.at_least} {texts[0]}"
        elif texts and self.at_most is not None:
            texts[0] = f"{self.at_least} to {self.at_most} {texts[0]}"
        elif texts and self.at_least > 1:
            texts[0] = f"{self.at_least} or more {texts[0]}"
        out = " and ".join(texts)
        grounds = [*self.backgrounds, *(f"plain {colour}" for colour in self.colours)]
        if grounds:
            ground = f"{' or '.join(grounds)} backgrounds"
            out = f"{out} on {ground}" if out else ground
        if self.but_words:
            out += f", except with {' or '.join(self.but_words)}"
        return out or "any picture"


@dataclass(frozen=True)
class CaseList:
    """Cases; each one alone switches the unit on."""

    cases: tuple[SceneCase, ...] = ()

    def predicate(self) -> dict[str, Any]:
        """Predictor JSON."""
        return any_of([case.predicate() for case in self.cases])

    def holds(self, rows: ImageRows) -> np.ndarray:
        """Strength that is foretold, float32 `[image]`; 0 where the unit is to be off."""
        if not self.cases:
            return np.zeros(len(rows), np.float32)
        return parse(self.predicate()).evaluate(rows)[:, 0]

    def with_case(self, case: SceneCase) -> "CaseList":
        """The rule with one more case, if it says anything new."""
        if any(case.predicate() == other.predicate() for other in self.cases):
            return self
        return CaseList((*self.cases, case))


def case_label(cases: Sequence[SceneCase], rows: ImageRows) -> str:
    """The first cases that fit, those with exceptions where these fit too.

    Args:
        cases: In the order in which they were found.
        rows: Pictures, over which the broader of two cases is told.
    """
    places = [int((parse(case.predicate()).evaluate(rows) > 0).sum()) for case in cases]
    for count in range(len(cases), 0, -1):
        for shorter in (_whole, _without_exceptions, _plain):
            words = [shorter(case).words() for case in cases[:count]]
            text = "; or ".join(without_repeats(list(zip(words, places[:count], strict=True))))
            if len(text.split()) <= MOST_WORDS:
                return text
    return " ".join(_plain(cases[0]).words().split()[:MOST_WORDS])


def _whole(case: SceneCase) -> SceneCase:
    return case


def _without_exceptions(case: SceneCase) -> SceneCase:
    return replace(case, but_words=())


def _plain(case: SceneCase) -> SceneCase:
    things = tuple(Spec(spec.allowed) for spec in case.things)
    return replace(case, but_words=(), things=things)
