"""A recovery study: functions of each kind planted over stories, found again on fresh text.

Every unit gets noise and strengths of its own. What the planner's search finds is scored by
balanced accuracy on documents that it never saw, in each cell of the truth table.
"""

from collections.abc import Callable

import numpy as np
import pytest
from neuroscribe.agent.planners.builtin.text.feature_table import FeatureTable, build
from neuroscribe.agent.planners.builtin.text.fitting import explained_unseen, fit_rules
from neuroscribe.agent.planners.builtin.text.splits import Sample
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.english.inflection import forms
from neuroscribe.tools.english.lexicon import categories
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.predicates.concepts import resolve

pytestmark = pytest.mark.slow


def _concept(name: str) -> dict:
    return resolve(name).model_dump()


def _and(*of: dict) -> dict:
    return {"kind": "and", "of": list(of)}


def _or(*of: dict) -> dict:
    return {"kind": "or", "of": list(of)}


def _not(of: dict) -> dict:
    return {"kind": "not", "of": of}


def _before(of: dict) -> dict:
    return {"kind": "previous", "of": of, "distance": 1, "by": "word"}


def _earlier(of: dict, within: int | None = 10) -> dict:
    return {"kind": "earlier", "of": of, "within": within}


CAPITAL = {"kind": "shape", "shape": "capitalised"}
THE = {"kind": "words", "words": ["the"], "inflect": False}

KINDS: dict[str, tuple[dict, ...]] = {
    "concept": (_concept("animals"),),
    "or": (_concept("fruits"), _concept("tools")),
    "and": (_concept("buildings"), _before(THE)),
    "and not": (_concept("animals"), _not(_before(THE))),
    "exception": (_concept("numbers"), _not(CAPITAL)),
    "previous": (_before(_concept("colours")),),
    "earlier": (_concept("professions"), _earlier(_concept("female names"))),
    "position": ({"kind": "position", "start": 0, "stop": 4, "from_end": False},),
    "suffix": ({"kind": "regex", "pattern": "(?i)^[a-z]+ing$", "on": "word"},),
    "shape": (CAPITAL,),
}


def _truth(kind: str, parts: tuple[dict, ...]) -> dict:
    if len(parts) == 1:
        return parts[0]
    return _or(*parts) if kind == "or" else _and(*parts)


@pytest.fixture(scope="module")
def split(planted: Target) -> tuple[TokenWindows, TokenWindows]:
    splits = load_corpus("builtin:stories", target=planted).splits()
    return (
        cut(planted, splits.explore, length=64, most_tokens=50_000),
        cut(planted, splits.test, length=64, most_tokens=20_000),
    )


@pytest.fixture(scope="module")
def features(split: tuple[TokenWindows, TokenWindows]) -> FeatureTable:
    concepts = {
        name: (
            resolve(name).model_dump(),
            sorted({form for word in one.words for form in forms(word, one.part)}),
        )
        for name, one in categories().items()
    }
    return build(split[0], concepts, causal=True)


def _sample(features: FeatureTable, values: np.ndarray) -> Sample:
    counted = features.windows.counted
    target = np.where(counted, values, 0).ravel().astype(float)
    return Sample(features, target, counted.ravel().astype(float))


def _activations(features: FeatureTable, held: np.ndarray, *, graded: bool) -> np.ndarray:
    """Noise, and where the unit holds a strength by token."""
    rng = np.random.default_rng(7)
    strength = rng.uniform(0.5 if graded else 0.8, 1.5 if graded else 1.2, 100_000)
    return held * strength[features.windows.ids] + 0.05 * rng.standard_normal(held.shape)


def _recovered(
    features: FeatureTable, fresh: TokenWindows, truth: dict, *, graded: bool
) -> np.ndarray:
    held = parse(truth).evaluate(features.windows) > 0.5
    found = fit_rules(_sample(features, _activations(features, held, graded=graded)))
    assert found.terms
    said = [parse(part.predicate(features)).evaluate(fresh) for part in found.terms]
    return np.max(said, axis=0) > 0.1


@pytest.mark.parametrize("graded", [False, True], ids=["level", "graded"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_recovered_in_each_cell(
    features: FeatureTable, split: tuple[TokenWindows, TokenWindows], kind: str, graded: bool
) -> None:
    fresh = split[1]
    parts = KINDS[kind]
    truth = _truth(kind, parts)
    said = _recovered(features, fresh, truth, graded=graded)
    wanted = parse(truth).evaluate(fresh) > 0.5
    cells = sum(
        (parse(part).evaluate(fresh) > 0.5).astype(int) << at for at, part in enumerate(parts)
    )
    for cell in range(2 ** len(parts)):
        inside = fresh.counted & (cells == cell)
        if inside.sum() >= 10:
            right = (said == wanted)[inside].mean()
            assert right >= 0.9, f"cell {cell:b}: {right:.3f} of {int(inside.sum())} places"


NULLS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "sparse": lambda rng, shape: rng.exponential(1, shape) * (rng.random(shape) < 0.02),
    "dead": lambda rng, shape: np.zeros(shape),
}


@pytest.mark.parametrize("kind", NULLS)
def test_nothing_is_found_where_there_is_nothing(features: FeatureTable, kind: str) -> None:
    values = NULLS[kind](np.random.default_rng(3), features.shape)
    sample = _sample(features, values)
    assert explained_unseen(sample, fit_rules(sample).terms) < 0.02
