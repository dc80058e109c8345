"""The lookups learn on explore, choose their shrinkage on select and are asked about report."""

import numpy as np
import pytest
from neuroscribe.tasks.labelling.lookups import Measured, bigram_table, token_table
from neuroscribe.tools.data.windows import TokenWindows

VOCABULARY = tuple(f" t{number}" for number in range(12))


def made(values_of, *, seed: int, rows: int = 300, places: int = 20) -> Measured:
    """Random tokens, with activations given by `values_of(ids, previous ids)`."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 12, (rows, places)).astype(np.int32)
    before = np.roll(ids, 1, axis=1)
    before[:, 0] = -1
    values = values_of(ids, before).astype(np.float32) + rng.normal(0, 0.1, ids.shape)
    true, none = np.ones_like(ids, bool), np.full_like(ids, -1)
    windows = TokenWindows(
        ids,
        true,
        true,
        none,
        none,
        ids * 0,
        ids * 0,
        np.arange(rows, dtype=np.int32),
        (),
        VOCABULARY,
        ("",) * rows,
    )
    return Measured(windows, values.astype(np.float32))


def splits(values_of) -> list[Measured]:
    return [made(values_of, seed=seed) for seed in range(3)]


def correlation(predicted: np.ndarray, report: Measured) -> float:
    return float(np.corrcoef(predicted, report.flat)[0, 1])


def test_a_token_unit_is_known_to_both_tables():
    parts = splits(lambda ids, before: (ids == 3) + 0.5 * (ids == 7))
    assert correlation(token_table(*parts), parts[2]) > 0.9
    assert correlation(bigram_table(*parts), parts[2]) > 0.9


def test_a_pair_unit_is_known_to_the_bigram_table_only():
    parts = splits(lambda ids, before: (ids == 3) & (before == 5))
    assert correlation(bigram_table(*parts), parts[2]) > 0.6
    assert correlation(token_table(*parts), parts[2]) < 0.35


def test_a_token_never_seen_gets_the_mean():
    explore, select, report = splits(lambda ids, before: 1.0 * (ids == 3))
    unseen = 11
    explore.values[explore.windows.ids == unseen] = np.nan
    said = token_table(explore, select, report)[report.tokens() == unseen]
    assert said == pytest.approx(float(explore.flat.mean()), abs=1e-6)


def test_noise_is_known_to_neither():
    parts = splits(lambda ids, before: np.zeros(ids.shape))
    assert abs(correlation(token_table(*parts), parts[2])) < 0.1
    assert abs(correlation(bigram_table(*parts), parts[2])) < 0.1
