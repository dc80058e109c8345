"""Do n-grams or positions tell the sides of a kind apart? They must not.

    python -m neuroscribe.tasks.groundtruth.text.meaning.leaks [--pairs 300] [--seed 0]

1. A judged word is written as `_`, so that n-grams around it are known from all others. Features:
   1- to 3-grams of the text with its punctuation, and the tokens before the word and behind it.
2. Logistic regression, its balanced accuracy, chance .5 (a third for three sides): trained on the
   split `train` and tested on `held` (`apart`), and cross-validated on `held`, the template that
   the word stands in being new (`within`). The folds of `within` share the words that fill slots:
   where such a word stands beside the judged one (`figurative`) n-grams know some of them.
3. As a control, `within` with the sides of pairs exchanged at random.

`MOST` is the limit of `apart`, which a test guards.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from .passages import KINDS, Passage, passages

MOST = 0.6
_TOKEN = re.compile(r"\w+|[^\w\s]")
_FOLDS = 5


class Row(NamedTuple):
    """One judged word."""

    text: str
    """With `_` for it."""
    places: tuple[int, int]
    """Tokens before it and behind it."""
    side: str
    templates: tuple[str, ...]
    """Of the text; first that in which the word stands."""
    pair: int


def leak(kind: str, *, pairs: int, seed: int) -> dict[str, float]:
    """Balanced accuracy of n-grams and positions: `apart`, `within` and `control`."""
    learnt = list(_rows(passages(kind, "train", pairs=pairs, seed=seed)))
    held = list(_rows(passages(kind, "held", pairs=pairs, seed=seed)))
    rng = np.random.default_rng(seed)
    fitted = _model().fit(learnt, [row.side for row in learnt])
    return {
        "apart": _balanced(fitted.predict(held), [row.side for row in held]),
        "within": new_templates(held, [row.side for row in held], rng),
        "control": new_templates(held, _exchanged(held, rng), rng),
    }


def new_templates(rows: Sequence[Row], sides: Sequence[str], rng: np.random.Generator) -> float:
    """Cross-validated: a word's own template is in no text of those that are learnt from."""
    names = sorted({row.templates[0] for row in rows})
    fold = dict(zip(names, rng.permutation(len(names)) % _FOLDS, strict=True))
    said, wanted = [], []
    for number in range(min(_FOLDS, len(names))):
        learnt = [i for i, r in enumerate(rows) if all(fold[t] != number for t in r.templates)]
        tested = [i for i, r in enumerate(rows) if fold[r.templates[0]] == number]
        if len({sides[i] for i in learnt}) > 1:
            model = _model().fit([rows[i] for i in learnt], [sides[i] for i in learnt])
            said += list(model.predict([rows[i] for i in tested]))
            wanted += [sides[i] for i in tested]
    return _balanced(said, wanted)


def _rows(given: Sequence[Passage]) -> Iterator[Row]:
    for passage in given:
        for mark in passage.marks:
            before, after = passage.text[: mark.start], passage.text[mark.end :]
            item = next(i for i, span in enumerate(passage.items) if span.end >= mark.end)
            yield Row(
                f"{before}_{after}",
                (len(_TOKEN.findall(before)), len(_TOKEN.findall(after))),
                mark.side,
                passage.templates[item:] + passage.templates[:item],
                passage.pair,
            )


def _model() -> Any:
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler

    features = FunctionTransformer(lambda rows: [_features(row) for row in rows])
    model = LogisticRegression(max_iter=300, class_weight="balanced")
    return make_pipeline(features, DictVectorizer(), MaxAbsScaler(), model)


def _features(row: Row) -> dict[str, float]:
    tokens = _TOKEN.findall(row.text.lower())
    grams = [tokens[i : i + n] for n in (1, 2, 3) for i in range(len(tokens) - n + 1)]
    here = {" ".join(gram): 1.0 for gram in grams}
    return {**here, "before": row.places[0], "behind": row.places[1]}


def _exchanged(rows: Sequence[Row], rng: np.random.Generator) -> list[str]:
    """Sides, in half of the pairs those of the partner."""
    names = sorted({row.side for row in rows})
    turned = rng.random(max(row.pair for row in rows) + 1) < 0.5
    return [names[(names.index(row.side) + turned[row.pair]) % len(names)] for row in rows]


def _balanced(said: Sequence[str], wanted: Sequence[str]) -> float:
    from sklearn.metrics import balanced_accuracy_score

    return float(balanced_accuracy_score(wanted, said))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Do n-grams or positions tell sides apart?")
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for kind in KINDS:
        found = leak(kind, pairs=given.pairs, seed=given.seed)
        print(kind, *(f"{name} {value:.3f}" for name, value in found.items()), sep="  ", flush=True)


if __name__ == "__main__":
    main()
