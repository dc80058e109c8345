"""The study of failures, run and written up: sentences, tables, plots, numbers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..report.plots import INK, OTHER, SOFT, Bars, Intervals, Sheet
from ..report.tables import number
from .failures import LEAST, OneClass, measure
from .failures_world import Classes
from .formatting import with_interval
from .options import Failures
from .result import Log, Plot, Section, Sentence, Study, Table

_TRIED = 4  # descriptions that are listed for a class
_EXAMPLES = 4  # classes with pictures
_PAIRS = 5  # of a class
_LETTERS = 66  # of a description


def study(classes: Classes, options: Failures, log: Log = lambda line: None) -> Study:
    """Runs all classes."""
    return report(classes, options, measure(classes, options, log))


def report(classes: Classes, options: Failures, results: Sequence[OneClass]) -> Study:
    """Writes up what came of each class."""
    facts = {
        "classifier": classes.target.name,
        "classes": ", ".join(one.name for one in results),
        "explored": f"{options.explore} scenes a class, at random",
        "experiments": f"{sum(len(one.tried) for one in results)} descriptions, up to "
        f"{options.tried} pairs each",
        "check": f"up to {options.tested} fresh pairs a class, drawn once",
        "found": f"{sum(one.found for one in results)} of {len(results)} classes",
        "seed": str(options.seed),
    }
    return Study(
        "failures",
        f"What {classes.target.name} gets wrong",
        "Which pictures of a class will be misclassified? Described from a few hundred scenes and "
        "from experiments, then checked on fresh scenes beside matched ones.",
        classes.target.name,
        facts,
        (_check(results), _experiments(results), *_examples(classes, results)),
        (
            "A matched control is the same scene with one attribute (two where one is not enough) "
            "of another scene of the class, so that the description no longer fits.",
            "Differences are paired, with 95% bootstrap intervals over pairs; accuracies have "
            "Wilson intervals.",
        ),
        {"options": asdict(options), "classes": [_class_data(one) for one in results]},
    )


def _check(results: Sequence[OneClass]) -> Section:
    accuracy = [
        (
            one.name,
            one.kept.english if one.kept else "–",
            *map(with_interval, (one.accuracy, one.fits, one.controls)),
        )
        for one in results
    ]
    errors = [
        (one.name, *map(with_interval, (_difference(one), one.coverage, one.shuffled)))
        for one in results
    ]
    bars = (
        ("at random", [one.accuracy for one in results], SOFT, 0.22),
        ("fits", [one.fits for one in results], OTHER, -0.16),
        ("matched", [one.controls for one in results], INK, 0.03),
    )
    drawing = Intervals(
        [one.name for one in results],
        [Bars(values, label, colour, offset) for label, values, colour, offset in bars],
        "accuracy",
        limits=(-0.02, 1.02),
        height=(1.1, 0.46),
    )
    return Section(
        "The check",
        "Fresh scenes of the class that fit the description, and the same scenes changed so that "
        f"they do not. Found: at least {number(LEAST)} more errors, with the interval above 0.",
        [*map(_sentence, results), *_remarks(results)],
        [
            Table(
                "Accuracy",
                ("class", "fails with", "at random", "fits", "matched"),
                accuracy,
                "at random: other scenes of the class, unconditioned",
                left=2,
            ),
            Table(
                "Errors",
                ("class", "more errors", "of all errors", "shuffled"),
                errors,
                "of all errors: the share of errors on scenes at random that the description "
                "foretells; shuffled: more errors, by a description of shuffled errors",
            ),
        ],
        [Plot("accuracy", drawing, "Accuracy with 95% intervals.")],
    )


def _sentence(one: OneClass) -> Sentence:
    if one.kept is None or one.check is None:
        why = "no description raised errors in the experiments" if one.tried else "none was found"
        return Sentence(
            f"{one.name}: nothing; {why}. Accuracy over the class is "
            f"{with_interval(one.accuracy)}.",
            False,
        )
    numbers = (
        f"right on {with_interval(one.fits)} of fresh scenes that fit and on "
        f"{with_interval(one.controls)} of matched ones; {with_interval(_difference(one))} more "
        "errors"
    )
    english = one.kept.english
    if not one.found:
        return Sentence(f"{one.name}: '{english}' does not hold up: {numbers}.", False)
    mistaken = ", ".join(f"{name} ({n})" for name, n in _confusions(one).most_common(2) if n)
    return Sentence(
        f"{one.name}: wrong with {english}: {numbers}. It fits {number(one.spread)} of the class "
        f"at random and {with_interval(one.coverage)} of its errors there; taken for {mistaken}.",
        True,
    )


def _remarks(results: Sequence[OneClass]) -> Iterator[Sentence]:
    known = [one.shuffled["value"] for one in results if one.shuffled is not None]
    empty = [one.name for one in results if not one.found]
    if known:
        yield Sentence(
            "Descriptions found the same way in shuffled errors, without experiments, raise "
            f"errors by {number(float(np.mean(known)))} in the mean of {len(known)} classes "
            f"(at most {number(max(known))})."
        )
    if empty:
        names = ", ".join(empty)
        yield Sentence(f"Nothing was found for {len(empty)} of {len(results)}: {names}.")


def _difference(one: OneClass) -> dict[str, Any] | None:
    return None if one.check is None else one.check.difference


def _confusions(one: OneClass) -> "Counter[str]":
    """What the fitting scenes that are misclassified are taken for."""
    if one.check is None:
        return Counter()
    answers = zip(one.check.answers, one.check.wrong, strict=True)
    return Counter(name for name, wrong in answers if wrong)


def _experiments(results: Sequence[OneClass]) -> Section:
    rows = [
        (one.name if i == 0 else "", _short(tried.english), with_interval(tried.difference))
        for one in results
        for i, tried in enumerate(one.tried[:_TRIED])
    ]
    return Section(
        "The experiments",
        "The descriptions that the search proposed, each on pairs of its own; the surest one goes "
        "to the check, without the alternatives that raise no error by themselves.",
        tables=[
            Table(
                "Difference in error, in the experiments",
                ("class", "description", "more errors"),
                rows,
                f"the first {_TRIED} of each class; brackets: 95%",
                left=2,
            )
        ],
    )


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"


def _examples(classes: Classes, results: Sequence[OneClass]) -> list[Section]:
    plots = [
        Plot(f"{one.name} pairs", _sheet(classes, one), f"{one.name}: {one.kept.english}.")
        for one in [one for one in results if one.found][:_EXAMPLES]
        if one.kept is not None
    ]
    if not plots:
        return []
    return [
        Section(
            "Examples",
            "The first pairs of the check: above scenes that fit, below their controls, with what "
            "the classifier says.",
            plots=plots,
        )
    ]


def _sheet(classes: Classes, one: OneClass) -> Sheet:
    assert one.check is not None
    pairs = one.check.pairs[:_PAIRS]
    scenes = [[pair.fits for pair in pairs], [pair.control for pair in pairs]]
    below = [classes.labels[int(i)] for i in classes.answers(scenes[1]).argmax(1)]
    return Sheet(
        [[np.asarray(p.load()) for p in classes.rows(row).pictures] for row in scenes],
        ("fits", "matched"),
        [
            [(name, "#2b8a3e" if name == one.name else OTHER) for name in names]
            for names in (one.check.answers[:_PAIRS], below)
        ],
        (1.15 * len(pairs), 2.9),
    )


def _class_data(one: OneClass) -> dict[str, Any]:
    pairs = () if one.check is None else one.check.pairs
    return {
        "class": one.name,
        "found": one.found,
        "description": one.kept and one.kept.english,
        "predictor": one.kept and one.kept.predicate,
        "accuracy": one.accuracy,
        "fits": one.fits,
        "matched": one.controls,
        "more_errors": _difference(one),
        "coverage": one.coverage,
        "spread": one.spread,
        "shuffled": one.shuffled,
        "taken_for": dict(_confusions(one)),
        "changed": dict(Counter(" and ".join(pair.changed) for pair in pairs)),
        "tried": [tried._asdict() for tried in one.tried],
    }
