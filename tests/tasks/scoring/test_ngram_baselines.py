"""The baselines learn on explore, choose their shrinkage on validation and are asked about test."""

import numpy as np
import pytest
from neuroscribe.agent.description import Component, Description
from neuroscribe.tasks.scoring.measured import Splits
from neuroscribe.tasks.scoring.ngram_baselines import token_table
from neuroscribe.tasks.scoring.scores import baselines, score

TOKEN = {"kind": "tokens", "tokens": [" t3"]}


def token(ids, before):
    return (ids == 3) + 0.5 * (ids == 7)


def pair(ids, before):
    return (ids == 3) & (before == 5)


def early(ids, before):
    return 1.0 * ((ids == 3) & (np.arange(ids.shape[1]) < 5))


def place(ids, before):
    return np.broadcast_to(np.sin(np.arange(ids.shape[1])), ids.shape)


def noise(ids, before):
    return np.zeros(ids.shape)


@pytest.mark.parametrize(
    ("unit", "known", "unknown"),
    [
        (token, {"token": 0.9, "bigram": 0.9}, {}),
        (pair, {"bigram": 0.6}, {"token": 0.35}),
        (early, {"token_place": 0.7}, {"token": 0.6, "bigram": 0.6}),
        (place, {"token_place": 0.95}, {"token": 0.2}),
        (noise, {}, {"token": 0.1, "bigram": 0.1, "token_place": 0.1}),
    ],
)
def test_each_baseline_knows_its_units_and_no_others(splits, unit, known, unknown):
    parts = splits(unit)
    r = {k: np.corrcoef(table, parts.test.flat)[0, 1] for k, table in baselines(parts).items()}
    assert set(r) == {"token", "bigram", "token_place"}
    assert all(r[name] > least for name, least in known.items()), r
    assert all(abs(r[name]) < most for name, most in unknown.items()), r


def test_a_token_never_seen_gets_the_mean(splits):
    explore, validation, test = splits(lambda ids, before: 1.0 * (ids == 3))
    unseen = 11
    explore.values[explore.windows.ids == unseen] = np.nan
    said = token_table(Splits(explore, validation, test))[test.tokens() == unseen]
    assert said == pytest.approx(float(explore.flat.mean()), abs=1e-6)


def test_the_gain_is_over_the_best_of_them(splits):
    scores = score(Description("x", (Component("x", TOKEN),)), splits(early)).scores
    own, best = scores["correlation"], scores["lookups"]["token_place"]
    assert scores["gain_over_lookup"]["value"] == pytest.approx(
        own["value"] - best["value"], abs=1e-5
    )
    assert scores["gain_over_lookup"]["high"] < 0
