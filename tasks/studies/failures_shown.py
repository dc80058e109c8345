"""The study `failures` for a reader: sentences, tables, pictures."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .failures import LEAST, OneClass, Options
from .failures_world import Classes
from .result import Picture, Section, Sentence, Study, Table
from .zeroing import number, said

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TRIED = 4  # descriptions that are listed for a class
_PICTURES = 4  # classes that are shown


def shown(classes: Classes, options: Options, found: Sequence[OneClass]) -> Study:
    """The whole study."""
    facts = {
        "classifier": classes.target.name,
        "classes": ", ".join(one.name for one in found),
        "explored": f"{options.explore} scenes a class, at random",
        "experiments": f"{sum(len(one.tried) for one in found)} descriptions, up to "
        f"{options.tried} pairs each",
        "check": f"up to {options.tested} fresh pairs a class, drawn once",
        "found": f"{sum(one.found for one in found)} of {len(found)} classes",
        "seed": str(options.seed),
    }
    return Study(
        "failures",
        f"What {classes.target.name} gets wrong",
        "Which pictures of a class will be misclassified? Described from a few hundred scenes and "
        "from experiments, then checked on fresh scenes beside matched ones.",
        classes.target.name,
        facts,
        (*(_sentence(one) for one in found), *_whole(found)),
        (_check(found), _experiments(found), *_examples(classes, found)),
        (
            "A matched control is the same scene with one attribute (two where one is not enough) "
            "of another scene of the class, so that the description no longer fits.",
            "Differences are paired, with 95% bootstrap intervals over pairs; accuracies have "
            "Wilson intervals.",
        ),
        _data(options, found),
    )


def _sentence(one: OneClass) -> Sentence:
    start = f"{one.name}: "
    if one.english is None or one.check is None or one.fits is None or one.controls is None:
        why = "no description raised errors in the experiments" if one.tried else "none was found"
        return Sentence(
            f"{start}nothing; {why}. Accuracy over the class is {said(one.accuracy)}.", False
        )
    gap = one.check.difference()
    mistaken = ", ".join(
        f"{name} ({count})" for name, count in _confusions(one).most_common(2) if count
    )
    numbers = (
        f"right on {said(one.fits)} of fresh scenes that fit and on {said(one.controls)} of "
        f"matched ones; {said(gap)} more errors"
    )
    if not one.found:
        return Sentence(f"{start}'{one.english}' does not hold up: {numbers}.", False)
    assert one.coverage is not None
    return Sentence(
        f"{start}wrong with {one.english}: {numbers}. It fits {number(one.spread)} of the class "
        f"at random and {said(one.coverage)} of its errors there; taken for {mistaken}.",
        True,
    )


def _confusions(one: OneClass) -> "Counter[str]":
    assert one.check is not None
    return Counter(
        name for name, wrong in zip(one.check.taken_for, one.check.wrong, strict=True) if wrong
    )


def _whole(found: Sequence[OneClass]) -> list[Sentence]:
    known = [one.shuffled["value"] for one in found if one.shuffled is not None]
    empty = [one.name for one in found if not one.found]
    out = []
    if known:
        out.append(
            Sentence(
                "Descriptions found the same way in shuffled errors, without experiments, raise "
                f"errors by {number(float(np.mean(known)))} in the mean of {len(known)} classes "
                f"(at most {number(max(known))})."
            )
        )
    if empty:
        names = ", ".join(empty)
        out.append(Sentence(f"Nothing was found for {len(empty)} of {len(found)}: {names}."))
    return out


def _check(found: Sequence[OneClass]) -> Section:
    rows = []
    for one in found:
        gap = None if one.check is None else one.check.difference()
        rows.append(
            (
                one.name,
                one.english or "–",
                said(one.accuracy),
                said(one.fits) if one.fits else "–",
                said(one.controls) if one.controls else "–",
                said(gap) if gap else "–",
                said(one.coverage) if one.coverage else "–",
                said(one.shuffled) if one.shuffled else "–",
            )
        )
    return Section(
        "The check",
        "Fresh scenes of the class that fit the description, and the same scenes changed so that "
        f"they do not. Found: at least {number(LEAST)} more errors, with the interval above 0.",
        (
            Table(
                "Accuracy",
                ("class", "fails with", "at random", "fits", "matched"),
                [row[:5] for row in rows],
                "at random: other scenes of the class, unconditioned",
                left=2,
            ),
            Table(
                "Errors",
                ("class", "more errors", "of all errors", "shuffled"),
                [(row[0], *row[5:]) for row in rows],
                "of all errors: the share of errors on scenes at random that the description "
                "foretells; shuffled: more errors, by a description of shuffled errors",
            ),
        ),
        (Picture("accuracy", _bars(found), "Accuracy with 95% intervals."),),
    )


def _bars(found: Sequence[OneClass]) -> "Figure":
    from matplotlib.figure import Figure

    from ..report.plots import INK, OTHER, SOFT, bar, plain

    figure = Figure(figsize=(7.4, 1.1 + 0.46 * len(found)), layout="constrained")
    axes = figure.subplots()
    for at, one in enumerate(found):
        first = at == 0
        bar(axes, one.accuracy, at + 0.22, colour=SOFT, label="at random" if first else None)
        if one.fits and one.controls:
            bar(axes, one.fits, at - 0.16, colour=OTHER, label="fits" if first else None)
            bar(axes, one.controls, at + 0.03, colour=INK, label="matched" if first else None)
    axes.set_yticks(range(len(found)), [one.name for one in found], fontsize=9)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("accuracy", fontsize=9)
    figure.legend(loc="outside lower right", ncols=3, fontsize=8, frameon=False)
    return plain(figure, axes)


def _experiments(found: Sequence[OneClass]) -> Section:
    rows = [
        (one.name if at == 0 else "", _short(tried.english), said(tried.difference))
        for one in found
        for at, tried in enumerate(one.tried[:_TRIED])
    ]
    return Section(
        "The experiments",
        "The descriptions that the search proposed, each on pairs of its own; the surest one goes "
        "to the check, without the alternatives that raise no error by themselves.",
        (
            Table(
                "Difference in error, in the experiments",
                ("class", "description", "more errors"),
                rows,
                f"the first {_TRIED} of each class; brackets: 95%",
                left=2,
            ),
        ),
    )


def _examples(classes: Classes, found: Sequence[OneClass]) -> list[Section]:
    some = [one for one in found if one.found][:_PICTURES]
    if not some:
        return []
    return [
        Section(
            "Examples",
            "The first pairs of the check: above scenes that fit, below their controls, with what "
            "the classifier says.",
            (),
            tuple(
                Picture(f"{one.name} pairs", _sheet(classes, one), f"{one.name}: {one.english}.")
                for one in some
            ),
        )
    ]


def _sheet(classes: Classes, one: OneClass, each: int = 5) -> "Figure":
    from matplotlib.figure import Figure

    assert one.check is not None
    pairs = one.check.pairs[:each]
    said_of = classes.answers([pair.control for pair in pairs]).argmax(1)
    figure = Figure(figsize=(1.15 * len(pairs), 2.9), layout="constrained")
    grid = figure.subplots(2, len(pairs), squeeze=False)
    for column, pair in enumerate(pairs):
        below = classes.labels[int(said_of[column])]
        for row, (scene, name) in enumerate(
            ((pair.fits, one.check.taken_for[column]), (pair.control, below))
        ):
            axes = grid[row, column]
            axes.imshow(np.asarray(classes.rows([scene]).pictures[0].load()))
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
            right = name == one.name
            axes.set_title(name, fontsize=8, color="#2b8a3e" if right else "#d9480f")
            if column == 0:
                axes.set_ylabel("fits" if row == 0 else "matched", fontsize=8)
    return figure


def _short(text: str) -> str:
    return text if len(text) <= 66 else text[:65] + "…"


def _data(options: Options, found: Sequence[OneClass]) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "options": asdict(options),
        "classes": [
            {
                "class": one.name,
                "found": one.found,
                "description": one.english,
                "predictor": one.predicate,
                "accuracy": one.accuracy,
                "fits": one.fits,
                "matched": one.controls,
                "more_errors": None if one.check is None else one.check.difference(),
                "coverage": one.coverage,
                "spread": one.spread,
                "shuffled": one.shuffled,
                "taken_for": {} if one.check is None else dict(_confusions(one)),
                "changed": {}
                if one.check is None
                else dict(Counter(" and ".join(pair.changed) for pair in one.check.pairs)),
                "tried": [tried._asdict() for tried in one.tried],
            }
            for one in found
        ],
    }
