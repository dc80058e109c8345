"""Scans of the built-in planner: what explore hides is read off written texts."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from neuroscribe.agent.investigate import Investigation, investigate
from neuroscribe.agent.planners.builtin.planner import BuiltinFactory
from neuroscribe.tools.data.windows import TokenWindows, cut, surfaces
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.conditions import Condition, after, earlier
from neuroscribe.tools.models.planted import Spec, Vocabulary, plant
from neuroscribe.tools.predicates import parse
from word_model import word_model

OTHERS = [a + b + c for a in ("bo", "ka", "lu", "mi", "re", "ta") for b in "dfgnrs" for c in "aeio"]
PETS = ("cat", "dog", "bird", "horse")
COLOURS = ("red", "green", "blue")
FRUITS = ("apple", "pear", "plum")
WORDS = [*PETS, *COLOURS, *FRUITS, "the", "a", "no", "and", "saw", "on", *OTHERS]


def one_of(words: Sequence[str]) -> Condition:
    return lambda ids, vocabulary: vocabulary.among(words)[ids]


def _level(function: Callable) -> Callable:
    def level(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        return function(ids, vocabulary).astype(np.float32)

    return level


UNITS: list[Callable] = [
    lambda i, v: one_of(PETS)(i, v) & ~after(one_of(COLOURS))(i, v),
    lambda i, v: one_of(PETS)(i, v) & ~earlier(one_of(COLOURS), 6)(i, v),
    lambda i, v: one_of(PETS)(i, v) & earlier(one_of(("no", "on")), 4)(i, v),
    lambda i, v: after(one_of(FRUITS))(i, v),
    lambda i, v: earlier(one_of(FRUITS), 3)(i, v),
]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Target:
    specs = [Spec(_level(function)) for function in UNITS]
    host = word_model(tmp_path_factory.mktemp("scanned"), WORDS, marks=".")
    return plant(host, specs, block=0)


@pytest.fixture(scope="module")
def explore(target: Target) -> TokenWindows:
    """Pets are never near colours, and fruits always stand before `and`."""
    rng = np.random.default_rng(2)
    texts = []
    for _ in range(300):
        kinds = [*(COLOURS if rng.random() < 0.5 else 3 * PETS), *3 * WORDS[10:14], *OTHERS]
        words: list[str] = []
        while len(words) < 24:
            words.append(str(rng.choice(kinds)))
            if rng.random() < 0.06:
                words += [str(rng.choice(FRUITS)), "and"]
        texts.append(" ".join(words) + " .")
    return cut(target, texts, length=32)


@pytest.fixture(scope="module")
def found(target: Target, explore: TokenWindows) -> list[Investigation]:
    return [
        investigate(Lab(target, explore), f"planted/{number}", BuiltinFactory())
        for number in range(len(UNITS))
    ]


@pytest.mark.parametrize("number", range(len(UNITS)))
def test_what_explore_hides_is_found(
    target: Target, found: list[Investigation], number: int
) -> None:
    rng = np.random.default_rng(11)
    fresh = cut(
        target,
        [" ".join(rng.choice([*5 * WORDS[:14], *OTHERS], 30)) for _ in range(300)],
        length=40,
    )
    vocabulary = Vocabulary(surfaces(target), target.tokenizer)
    truth = UNITS[number](fresh.ids, vocabulary)[fresh.counted]
    parts = found[number].description.components
    assert parts
    said = np.max([parse(part.predictor).evaluate(fresh) for part in parts], axis=0)
    said = said[fresh.counted] > 0.05
    assert said[truth].mean() >= 0.95
    assert (~said[~truth]).mean() >= 0.97


def test_the_words_say_what_suppresses(found: list[Investigation]) -> None:
    for number in (0, 1):
        words = found[number].description.components[0].words
        assert "not" in words
        assert any(colour in words for colour in COLOURS)
        assert any("colour" not in r.words for r in found[number].description.rejected)


def test_the_amended_rule_is_recorded_and_tested(
    target: Target, explore: TokenWindows, found: list[Investigation]
) -> None:
    lab = Lab(target, explore)
    done = investigate(lab, "planted/0", BuiltinFactory())
    predictor = done.description.components[0].predictor
    assert str(predictor) in {str(given) for given in lab.hypotheses.values()}
    assert done.description.rejected
    assert all(rejected.reason for rejected in done.description.rejected)


def test_without_experiments_nothing_is_written(target: Target, explore: TokenWindows) -> None:
    for kind in ("none", "random"):
        lab = Lab(target, explore)
        done = investigate(lab, "planted/0", BuiltinFactory(experiments=kind))
        words = [part.words for part in done.description.components]
        assert not any(colour in said for said in words for colour in COLOURS)
        if kind == "none":
            assert "activations" not in {evidence.tool for evidence in lab.evidence}


def test_a_feature_ablation_takes_one_kind_away(target: Target, explore: TokenWindows) -> None:
    done = investigate(Lab(target, explore), "planted/0", BuiltinFactory(without="not"))
    assert not any("not" in part.words for part in done.description.components)
    with pytest.raises(UsageError, match="nearest"):
        BuiltinFactory(without="nto")
