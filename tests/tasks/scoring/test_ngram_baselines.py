"""The lookups learn on explore, choose their shrinkage on validation and are asked about test."""

import numpy as np
import pytest
from neuroscribe.agent.description import Component, Description
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tasks.scoring.ngram_baselines import (
    bigram_table,
    token_place_table,
    token_table,
)
from neuroscribe.tasks.scoring.scores import baselines, score

TOKEN = {"kind": "tokens", "tokens": [" t3"]}


def correlation(predicted: np.ndarray, test: Measured) -> float:
    return float(np.corrcoef(predicted, test.flat)[0, 1])


def test_a_token_unit_is_known_to_both_tables(splits):
    parts = splits(lambda ids, before: (ids == 3) + 0.5 * (ids == 7))
    assert correlation(token_table(parts), parts[2]) > 0.9
    assert correlation(bigram_table(parts), parts[2]) > 0.9


def test_a_pair_unit_is_known_to_the_bigram_table_only(splits):
    parts = splits(lambda ids, before: (ids == 3) & (before == 5))
    assert correlation(bigram_table(parts), parts[2]) > 0.6
    assert correlation(token_table(parts), parts[2]) < 0.35


def test_a_token_never_seen_gets_the_mean(splits):
    explore, validation, test = splits(lambda ids, before: 1.0 * (ids == 3))
    unseen = 11
    explore.values[explore.windows.ids == unseen] = np.nan
    said = token_table(Splits(explore, validation, test))[test.tokens() == unseen]
    assert said == pytest.approx(float(explore.flat.mean()), abs=1e-6)


def test_noise_is_known_to_neither(splits):
    parts = splits(lambda ids, before: np.zeros(ids.shape))
    assert abs(correlation(token_table(parts), parts[2])) < 0.1
    assert abs(correlation(bigram_table(parts), parts[2])) < 0.1


def test_a_unit_of_token_and_place_is_known_to_the_token_place_table_only(splits):
    def early(ids, before):
        return 1.0 * ((ids == 3) & (np.arange(ids.shape[1]) < 5))

    parts = splits(early)
    assert correlation(token_place_table(parts), parts[2]) > 0.7
    assert correlation(token_table(parts), parts[2]) < 0.6
    assert correlation(bigram_table(parts), parts[2]) < 0.6
    scored = score(Description("x", (Component("x", TOKEN),)), parts)
    assert scored.scores["lookups"].keys() == {"token", "bigram", "token_place"}
    own, best = scored.scores["correlation"], scored.scores["lookups"]["token_place"]
    gain = scored.scores["gain_over_lookup"]
    assert gain["value"] == pytest.approx(own["value"] - best["value"], abs=1e-5)
    assert gain["high"] < 0


def test_a_unit_of_place_alone_is_known_to_the_token_place_table(splits):
    parts = splits(lambda ids, before: np.broadcast_to(np.sin(np.arange(ids.shape[1])), ids.shape))
    assert correlation(token_place_table(parts), parts[2]) > 0.95
    assert correlation(token_table(parts), parts[2]) < 0.2


def test_no_table_predicts_noise(splits):
    parts = splits(lambda ids, before: np.zeros(ids.shape))
    for said in baselines(parts).values():
        assert abs(correlation(said, parts[2])) < 0.1
