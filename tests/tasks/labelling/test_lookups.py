"""The lookups learn on explore, choose their shrinkage on select and are asked about report."""

import numpy as np
import pytest
from neuroscribe.tasks.labelling.lookups import Measured, bigram_table, token_table


def correlation(predicted: np.ndarray, report: Measured) -> float:
    return float(np.corrcoef(predicted, report.flat)[0, 1])


def test_a_token_unit_is_known_to_both_tables(splits):
    parts = splits(lambda ids, before: (ids == 3) + 0.5 * (ids == 7))
    assert correlation(token_table(*parts), parts[2]) > 0.9
    assert correlation(bigram_table(*parts), parts[2]) > 0.9


def test_a_pair_unit_is_known_to_the_bigram_table_only(splits):
    parts = splits(lambda ids, before: (ids == 3) & (before == 5))
    assert correlation(bigram_table(*parts), parts[2]) > 0.6
    assert correlation(token_table(*parts), parts[2]) < 0.35


def test_a_token_never_seen_gets_the_mean(splits):
    explore, select, report = splits(lambda ids, before: 1.0 * (ids == 3))
    unseen = 11
    explore.values[explore.windows.ids == unseen] = np.nan
    said = token_table(explore, select, report)[report.tokens() == unseen]
    assert said == pytest.approx(float(explore.flat.mean()), abs=1e-6)


def test_noise_is_known_to_neither(splits):
    parts = splits(lambda ids, before: np.zeros(ids.shape))
    assert abs(correlation(token_table(*parts), parts[2])) < 0.1
    assert abs(correlation(bigram_table(*parts), parts[2])) < 0.1
