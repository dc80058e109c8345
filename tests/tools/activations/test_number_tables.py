"""Frequencies of tables of numbers, where the truth is known, and of tables of chance."""

import numpy as np
import pytest
from neuroscribe.tools.activations.number_tables import number_tokens, table_frequencies
from neuroscribe.tools.models import Target

RNG = np.random.default_rng


def table(p: int, *frequencies: int, noise: float = 0.3) -> np.ndarray:
    angle = 2 * np.pi * np.outer(np.arange(p), frequencies) / p
    waves = np.concatenate([np.cos(angle), np.sin(angle)], 1)
    mixed = waves @ RNG(0).normal(size=(waves.shape[1], 24)) if frequencies else 0.0
    return mixed + noise * RNG(1).normal(size=(p, 24))


@pytest.mark.parametrize(("p", "planted"), [(47, (3, 11, 20)), (23, (5,)), (12, (2, 6)), (47, ())])
def test_planted_frequencies_are_found_and_no_others(p, planted):
    assert set(table_frequencies(table(p, *planted), RNG(2)).shares) == set(planted)


def test_one_table_of_chance_in_twenty_has_any():
    rng = RNG(3)
    some = [bool(table_frequencies(rng.normal(size=(23, 8)), rng).shares) for _ in range(100)]
    assert np.mean(some) == pytest.approx(0.05, abs=0.06)


def test_tokens_of_numbers_in_their_order():
    target = Target.load("organism:modular")
    names = [target.tokenizer.decode([i]).strip() for i in number_tokens(target)]
    assert names == [str(n) for n in range(47)]
    assert number_tokens(Target.load("organism:brackets")) == []
