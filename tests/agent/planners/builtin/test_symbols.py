"""Units over symbols whose functions are known: what the built-in planner makes of them."""

import string

import numpy as np
import pytest
from neuroscribe.agent.planners.builtin.text import symbols
from neuroscribe.agent.planners.builtin.text.feature_table import FeatureTable, build
from neuroscribe.agent.planners.builtin.text.fitting import exchanged, extended, fit_rules
from neuroscribe.agent.planners.builtin.text.phrases import label
from neuroscribe.agent.planners.builtin.text.splits import Sample
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.lab import measure
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse
from symbol_units import UNITS, symbol_texts, symbol_units


@pytest.fixture(scope="module")
def target() -> Target:
    return symbol_units()


@pytest.fixture(scope="module")
def features(target: Target) -> FeatureTable:
    return build(cut(target, symbol_texts(250, 0)), {}, causal=True)


@pytest.fixture(scope="module")
def fresh(target: Target) -> TokenWindows:
    return cut(target, symbol_texts(80, 1))


def _sample(target: Target, features: FeatureTable, unit: int) -> Sample:
    values = measure(target, features.windows, [target.unit(f"mlp.0/{unit}")])[0]
    known = np.isfinite(values)
    return Sample(features, np.where(known, values, 0).ravel().astype(float), known.ravel() * 1.0)


@pytest.mark.parametrize("name", UNITS)
def test_a_function_of_symbols_is_found_and_named(target, features, fresh, name):
    unit = list(UNITS).index(name)
    sample = _sample(target, features, unit)
    terms, _ = extended(sample, fit_rules(sample))
    assert label(sample, terms) == name
    degrees = parse(terms[0].predicate(features)).evaluate(fresh)[fresh.counted]
    truth = measure(target, fresh, [target.unit(f"mlp.0/{unit}")])[0][fresh.counted]
    assert np.corrcoef(degrees, truth)[0, 1] > 0.97


def test_nothing_is_found_in_activations_of_other_texts(target, features):
    rng = np.random.default_rng(0)
    shares = []
    for unit in (0, 3, 5, 9):
        moved = exchanged(_sample(target, features, unit), rng)
        shares.append(extended(moved, fit_rules(moved))[1])
    assert max(shares) < 0.05


@pytest.mark.parametrize(
    ("letters", "name"), [("aeiou", "vowels"), ("bcdfghjklmnpqrstvwxyz", "consonants")]
)
def test_letters_are_tokens_and_their_classes_have_names(letters, name):
    found = symbols.letter_classes((*string.ascii_lowercase, " ", "\n", ".", ","))
    alphabet = np.array(list(string.ascii_lowercase))
    assert "".join(alphabet[found[name][:26]]) == letters
    assert not found[name][26:].any()
    assert "digits" not in found
