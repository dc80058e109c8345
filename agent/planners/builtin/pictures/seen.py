"""Photographs that a second network reads: what they show, how they look, what they are alike to.

1. Base: what class identity alone says. Groups of the reader's classes are taken up one by one.
2. Beyond: measures of pixels (colour, texture, place, border), on what the base leaves.
   Both take up an atom where its correlation with what is left is above what the best of all atoms
   reaches on shuffled pictures (max-statistic permutation test; Westfall and Young 1993).
3. Similarity: examples from strong to weak in the reader's compressed states (`like`), with the
   sharpness that predicts each picture best from the others.
4. The whole, and similarity alone, are cross-validated: 1 to 3 on four fifths of explore predict
   the last fifth.
5. Names come from the strongest places (`naming.py`): what these show and others do not. Where
   there is none and 4 is no better than chance, nothing is concluded.
6. The strongest pictures are covered part by part: is the unit's active region needed?

A label gives the names with how often they are true, else it says that there is none and lists what
the strongest examples show. What 1 and 2 took up is a component, and no name: a class or a look of
whole pictures goes with a unit for many reasons. Our formulation.
"""

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

import numpy as np

from .....tools.data.image_rows import ImageRows
from .....tools.evidence import Evidence
from .....tools.models.picture_reader import picture_states, reader_groups
from .....tools.models.target import Target
from .....tools.predicates import parse
from .....tools.predicates.features import features
from .....tools.predicates.looks import MEASURES, PARTS, measures
from .....tools.statistics.association import correlation
from ....description import MOST_WORDS, short_label
from ..course import succeeded
from ..findings import Hypothesis
from ..turns import Calls
from ..weights import fit_additive
from .course import PictureCourse
from .naming import names
from .photos import SHARPNESS, like
from .places import halves
from .search import Composition

MAX_P = 0.05
_MOST = 3  # of classes, and of looks
_SHUFFLES = 200
_EXAMPLES = 48
_LISTED = 6  # strongest examples that a label lists, as far as there is room
_FOLDS = 5
_LEAST_CLASS = 2.0  # pictures' worth of probability under which explore cannot tell of a class
_LEAST_SPAN = 0.02  # of a measure, between its lowest and its highest tenth
_COVERED = 2  # strongest pictures that are covered
_CELLS = 5


class SeenAtoms(NamedTuple):
    """Statements about pictures with their degrees."""

    predicates: list[dict[str, Any]]
    degrees: np.ndarray
    """float `[atom, image]` in 0..1."""
    classes: int
    """How many of the first are classes; the others are looks."""


class Similar(NamedTuple):
    """Examples that pictures are compared with."""

    examples: np.ndarray
    """`[example]`: pictures."""
    strengths: np.ndarray
    """`[example]` in 0..1."""
    sharpness: float

    def degrees(self, x: np.ndarray, new: np.ndarray, *, apart: bool = False) -> np.ndarray:
        """`[new]` in 0..1; `apart`: an example says nothing of itself."""
        weight = np.exp(self.sharpness * (x[new] @ x[self.examples].T - 1))
        if apart:
            weight[new[:, None] == self.examples] = 0
        return weight @ self.strengths / np.maximum(weight.sum(1), 1e-12)


class Fit(NamedTuple):
    """What was found on some pictures."""

    chosen: list[int]
    """Atoms, in the order in which they were taken up."""
    similar: Similar


def seen(course: PictureCourse, network: Target) -> Generator[Calls, list[Evidence], None]:
    """Fills the findings of an investigation on photographs that a network reads."""
    rows, findings = course.inputs, course.findings
    assert rows.reader is not None
    atoms: SeenAtoms = course.lab.memo.once(
        ("seen atoms", id(course.lab.explore)), lambda: atoms_of(rows, network)
    )
    x = features(rows, rows.reader.name)
    known = np.flatnonzero(np.isfinite(course.values))
    y = np.nan_to_num(course.values)
    findings.whole = cross_validated(atoms, x, y, known, course.rng)
    findings.chance = 1.96 / np.sqrt(max(len(known), 1))  # of the better of two, in 5% of units
    found = fit(atoms, x, y, known, course.rng)
    explore = course.lab.explore
    assert isinstance(explore, ImageRows)
    places = halves(course.lab, course.unit, course.aside)
    findings.names = names(explore, network, places)
    parts = [atoms.predicates[i] for i in found.chosen]
    shown = [_shows(network, rows, int(i)) for i in found.similar.examples]
    examples, strengths, sharpness = found.similar
    alike = like(rows.reader.name, sharpness, zip(shown, strengths, x[examples], strict=True))
    words = yield from _covered(course, known[np.argsort(-y[known])])
    told = [Hypothesis(name.words(), name.predicate) for name in findings.names]
    others = [p for p in parts if all(p != one.predicate for one in told)]
    told += [Hypothesis.of(p) for p in others]
    findings.parts = told
    nothing = "" if told else "no class or look was found"
    said = "; ".join(filter(None, (nothing, parse(alike).english(), words)))
    findings.parts.append(Hypothesis(said, alike))
    called = [name.short() for name in findings.names]
    if not places:
        called = [parse(one).noun() for one in parts]
    findings.named = bool(called)
    findings.part_label = _label(called, shown)
    findings.rivals = [_composition(part.predicate, rows, y, known) for part in findings.parts]


def atoms_of(rows: ImageRows, network: Target) -> SeenAtoms:
    """Groups and frequent classes of the reader, and looks from little to much and the reverse."""
    assert rows.reader is not None
    share = picture_states(network, rows).classes  # [image, class]
    groups = reader_groups(network)
    named = {name: share[:, list(members)].sum(1) for name, members in groups.items()}
    for i, label in enumerate(network.labels):
        named.setdefault(label.split(",")[0].strip().lower(), share[:, i])
    predicates: list[dict[str, Any]] = []
    degrees: list[np.ndarray] = []
    for name, degree in named.items():
        if _LEAST_CLASS <= degree.sum() <= len(rows) - _LEAST_CLASS:
            predicates.append({"kind": "class", "names": [name], "network": rows.reader.name})
            degrees.append(degree)
    n_classes = len(predicates)
    values = measures(rows)  # [image, part, measure]
    for i, part in enumerate(PARTS):
        for j, measure in enumerate(MEASURES):
            low, high = np.quantile(values[:, i, j], (0.1, 0.9)).round(3).tolist()
            if high - low < _LEAST_SPAN:
                continue
            rising = np.clip((values[:, i, j] - low) / (high - low), 0, 1)
            for ends, degree in (((low, high), rising), ((high, low), 1 - rising)):
                look = {"kind": "look", "measure": measure, "at": part}
                predicates.append({**look, "low": ends[0], "high": ends[1]})
                degrees.append(degree)
    return SeenAtoms(predicates, np.array(degrees).reshape(len(degrees), len(rows)), n_classes)


def fit(
    atoms: SeenAtoms, x: np.ndarray, y: np.ndarray, known: np.ndarray, rng: np.random.Generator
) -> Fit:
    """Steps 1 to 3 on some pictures.

    Args:
        atoms: Over all pictures.
        x: `[image, feature]`: the reader's compressed states.
        y: `[image]` activations.
        known: `[n]`: the pictures to learn from.
        rng: Of the shuffles.
    """
    chosen: list[int] = []
    for candidates in (range(atoms.classes), range(atoms.classes, len(atoms.predicates))):
        chosen += _taken(atoms.degrees[:, known], y[known], list(candidates), chosen, rng)
    return Fit(chosen, _similar(x, y, known))


def _taken(
    degrees: np.ndarray,
    y: np.ndarray,
    candidates: Sequence[int],
    before: Sequence[int],
    rng: np.random.Generator,
) -> list[int]:
    """The candidates that are taken up beside those before, each by a permutation test."""
    z = degrees[candidates] - degrees[candidates].mean(1, keepdims=True)  # [candidate, image]
    z /= np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-9)
    orders = np.argsort(rng.random((_SHUFFLES, len(y))), axis=1)
    taken: list[int] = []
    while len(taken) < _MOST and len(z):
        parts = degrees[[*before, *taken]].T  # [image, part]
        left = y - (
            fit_additive(parts, y, np.ones(len(y))).predict(parts) if parts.size else y.mean()
        )
        left = (left - left.mean()) / max(float(np.linalg.norm(left - left.mean())), 1e-9)
        reached = z @ left
        best = int(reached.argmax())
        by_chance = (z @ left[orders].T).max(0)  # [shuffle]
        p = (1 + int((by_chance >= reached[best]).sum())) / (1 + _SHUFFLES)
        if p > MAX_P or candidates[best] in taken:
            break
        taken.append(candidates[best])
    return taken


def _similar(x: np.ndarray, y: np.ndarray, known: np.ndarray) -> Similar:
    """Half of the examples are the strongest pictures, half spread over the others."""
    order = known[np.argsort(-y[known], kind="stable")]
    count = min(_EXAMPLES, max(2, len(known) // 2))
    strong, rest = order[: count // 2], order[count // 2 :]
    spread = rest[np.linspace(0, len(rest) - 1, count - len(strong)).round().astype(int)]
    examples = np.unique(np.concatenate([strong, spread]))
    examples = examples[np.argsort(-y[examples], kind="stable")]
    low, high = y[order[-1]], y[order[0]]
    strengths = ((y[examples] - low) / max(high - low, 1e-9)).round(3)
    options = [Similar(examples, strengths, sharpness) for sharpness in SHARPNESS]
    return max(options, key=lambda one: correlation(one.degrees(x, known, apart=True), y[known]))


def cross_validated(
    atoms: SeenAtoms, x: np.ndarray, y: np.ndarray, known: np.ndarray, rng: np.random.Generator
) -> float:
    """Correlation of predictions with pictures that they did not learn from: of the whole, or of
    similarity alone where that is better."""
    fold = np.arange(len(known)) % _FOLDS
    predicted, alone = np.zeros((2, len(known)))
    for k in range(_FOLDS):
        learn, new = known[fold != k], known[fold == k]
        found = fit(atoms, x, y, learn, rng)

        def parts(some: np.ndarray, *, apart: bool, found: Fit = found) -> np.ndarray:
            similar = found.similar.degrees(x, some, apart=apart)
            return np.column_stack([*atoms.degrees[found.chosen][:, some], similar])

        model = fit_additive(parts(learn, apart=True), y[learn], np.ones(len(learn)))
        predicted[fold == k] = model.predict(parts(new, apart=False))
        alone[fold == k] = found.similar.degrees(x, new)
    return max(correlation(predicted, y[known]), correlation(alone, y[known]))


def _composition(
    predicate: dict[str, Any], rows: ImageRows, y: np.ndarray, known: np.ndarray
) -> Composition:
    degrees = parse(predicate).evaluate(rows)[:, 0]
    score = correlation(degrees[known], y[known])
    return Composition(predicate, degrees >= 0.5, score, score)


def _shows(network: Target, rows: ImageRows, row: int) -> str:
    """What the reader sees in a picture; its number where it has no classes."""
    share = picture_states(network, rows.rows([row])).classes[0]
    if not share.size:
        return f"picture {rows.pictures[row].key[:8]}"
    return network.labels[int(share.argmax())].split(",")[0].strip()


def _label(named: Sequence[str], shown: Sequence[str]) -> str:
    """At most twelve words: names, else a list of what the strongest examples show."""
    if named:
        return _joined(named, "; ")
    first, *others = list(dict.fromkeys(shown))[:_LISTED]
    return _joined([f"no name; photos like: {first}", *others], ", ")


def _joined(clauses: Sequence[str], mark: str) -> str:
    """The first clause, and those of the others for which there is room in a label."""
    label = clauses[0]
    for clause in clauses[1:]:
        if len(f"{label}{mark}{clause}".split()) <= MOST_WORDS:
            label += mark + clause
    return short_label(label)


def _covered(course: PictureCourse, order: np.ndarray) -> Generator[Calls, list[Evidence], str]:
    """Covers the strongest pictures part by part; what that costs, in words."""
    if not course.has("occlude"):
        return ""
    windows = np.flatnonzero(~course.aside)[order[:_COVERED]]
    unit = str(course.unit)
    calls = tuple(
        ("occlude", {"unit": unit, "picture": int(window), "cells": _CELLS}) for window in windows
    )
    made = succeeded((yield Calls("Which part of the strongest pictures does it need?", calls)))
    course.made += made
    tests = [
        (test, item.data["peak"])
        for item in made
        for test in item.data["masks"]
        if test["test"] == "needed" and test["p"] <= 2 * MAX_P
    ]
    if not tests:
        return ""
    area = float(np.mean([test["area"] for test, _ in tests]))
    left = float(np.mean([test["after"] / peak for test, peak in tests]))
    return (
        f"with its active region covered ({area:.0%} of the picture), {left:.0%} of the activation "
        f"is left ({len(tests)} of {len(made)} strongest pictures)"
    )
