"""Scores and curves tell a true description from a half-true, a lucky and a false one."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from neuroscribe.agent.description import Description
from neuroscribe.tasks.labelling.results import LabelRun, UnitLabel
from neuroscribe.tasks.scoring.curve import MOST, expected_activation
from neuroscribe.tasks.scoring.measured import Measured
from neuroscribe.tasks.scoring.predictions import best_f1_threshold, fitted, thresholds
from neuroscribe.tasks.scoring.scores import LEAST_POSITIVES, score
from neuroscribe.tools.predicates.judging import Judge
from neuroscribe.tools.statistics.bootstrap import Resampler
from sklearn.metrics import f1_score, precision_recall_curve
from synthetic_splits import after, described, tokens
from text_judge import TextJudge


def pair(first: int, then: int) -> dict:
    return {"kind": "and", "of": [tokens(then), after(first)]}


def is_three(ids, before):
    return 1.0 * (ids == 3)


def nothing(ids, before):
    return np.zeros(ids.shape)


def test_a_true_description_scores_near_one(splits):
    scored = score(described(tokens(3)), splits(is_three))
    assert scored.description.status == "described"
    assert scored.scores["correlation"]["value"] > 0.9
    assert scored.scores["f1"]["value"] == pytest.approx(1.0, abs=0.01)
    assert scored.scores["correlation"]["low"] < scored.scores["correlation"]["value"]
    assert scored.scores["auprc"]["base_rate"] == pytest.approx(1 / 12, abs=0.01)
    assert scored.controls["constant"]["f1"] < 0.2
    # a token table knows as much
    assert scored.scores["gain_over_lookup"]["high"] < 0.02
    assert scored.description.explained == pytest.approx(0, abs=0.01)


def test_a_context_unit_beats_the_token_table_and_is_explained_beyond_it(splits):
    parts = splits(lambda ids, before: 1.0 * ((ids == 3) & (before == 5)))
    scored = score(described(pair(5, 3)), parts)
    assert scored.description.explained > 0.2
    assert scored.scores["correlation"]["value"] > scored.scores["lookups"]["token"]["value"] + 0.3


def test_weights_of_components_come_from_select(splits):
    parts = splits(lambda ids, before: 1.0 * (ids == 3) + 0.3 * (ids == 7))
    two = score(described(tokens(3), tokens(7)), parts)
    flat = score(described(tokens(3, 7)), parts)
    assert two.scores["correlation"]["value"] > flat.scores["correlation"]["value"] + 0.02
    first, second = two.description.components
    assert first.share > second.share > 0.1
    assert first.score > second.score > 0


def test_a_false_description_is_called_uninterpretable(splits):
    scored = score(described(tokens(8)), splits(is_three))
    assert scored.description.status == "uninterpretable"
    assert "held-out variance" in scored.description.reason
    scored = score(described(tokens(8)), splits(nothing))
    assert scored.description.status == "uninterpretable"
    assert scored.scores["correlation"]["low"] < 0.03
    dead = Description("never active", status="dead", reason="0 of 6000 tokens")
    assert score(dead, splits(nothing)) == (dead, {}, {}, ()), "without components the status stays"


def test_too_few_positives_give_counts_but_no_score(splits):
    parts = splits(nothing)
    for part, active in zip(parts, (30, 0, LEAST_POSITIVES - 1), strict=True):
        part.values[:] = 0
        part.values[:active, 0] = 1.0
    scored = score(described(tokens(3)), parts)
    assert scored.description.status == "insufficient held-out"
    assert scored.scores["correlation"] is None
    assert scored.scores["f1"] is None
    assert scored.scores["tails"]["half"]["positives"] == LEAST_POSITIVES - 1


def test_what_a_description_adds_to_tokens_may_be_negative_and_has_an_interval(splits):
    """On noise the components add less than nothing: the weights of the other half mislead."""
    values = []
    for token in range(12):
        scored = score(described(pair(token, 5), pair(5, token)), splits(is_three))
        entry = scored.scores["beyond_tokens"]
        values.append(entry["value"])
        assert scored.description.explained == pytest.approx(entry["value"], abs=1e-4)
        assert entry["low"] <= entry["value"] <= entry["high"]
    assert min(values) < 0
    assert max(map(abs, values)) < 0.01


def test_tails_are_fixed_on_explore_and_reported_apart(splits):
    parts = splits(lambda ids, before: ids / 11)
    found = thresholds(parts[0])
    assert found["10%"] == pytest.approx(np.quantile(parts[0].flat, 0.9))
    scored = score(described(tokens(11)), parts)
    tails = scored.scores["tails"]
    assert tails["10%"]["base_rate"] == pytest.approx(0.1, abs=0.02)
    assert tails["1%"]["base_rate"] == pytest.approx(0.01, abs=0.005)
    assert tails["10%"]["f1"]["value"] > tails["1%"]["f1"]["value"] > 0


def test_f1_is_scikit_learns_at_the_threshold_of_validation(splits):
    parts = splits(lambda ids, before: 1.0 * ((ids == 3) | (ids == 4)))
    scored = score(described(tokens(3)), parts)
    test = parts[2]
    truth = test.flat > thresholds(parts[0])["half"]
    said = test.tokens() == 3
    assert scored.scores["f1"]["value"] == pytest.approx(f1_score(truth, said), abs=1e-5)


def test_the_cut_is_the_best_of_all_values_however_far_in_the_tail():
    """20 of 20,000 tokens are active, and just these have the highest predictions."""
    rng = np.random.default_rng(0)
    prediction = rng.random(20_000)
    positive = prediction >= np.sort(prediction)[-20]
    cut = best_f1_threshold(prediction, positive)
    assert f1_score(positive, prediction >= cut) == 1.0
    noisy = prediction + rng.normal(0, 1e-3, 20_000)
    precision, recall, _ = precision_recall_curve(positive, noisy)
    best = (2 * precision * recall / np.maximum(precision + recall, 1e-12)).max()
    found = f1_score(positive, noisy >= best_f1_threshold(noisy, positive))
    assert found == pytest.approx(best, abs=1e-12)
    assert best_f1_threshold(np.arange(9.0), np.zeros(9, bool)) == np.inf, "where none is active"
    assert best_f1_threshold(np.ones(4), np.ones(4, bool)) == 1.0


def test_equal_parts_give_equal_predictions_to_the_bit():
    """A matrix product may round by place; thresholds go by exact values."""
    rng = np.random.default_rng(3)
    parts = [rng.integers(0, 2, (7, n)).astype(float) for n in (1003, 1001)]
    said = fitted(parts, rng.random(1003) + parts[0].T @ rng.random(7))
    known = {tuple(column): value for column, value in zip(parts[0].T, said[0].total, strict=True)}
    for column, value in zip(parts[1].T, said[1].total, strict=True):
        assert known.get(tuple(column), value) == value


TOKENS = 4000


def test_a_right_prediction_lies_on_the_diagonal():
    rng = np.random.default_rng(0)
    prediction = rng.choice([0.0, 0.5, 1.0], TOKENS, p=[0.8, 0.15, 0.05])
    truth = prediction + rng.normal(0, 0.1, TOKENS)
    points = expected_activation(prediction, truth, Resampler(np.arange(TOKENS) // 50))
    assert [point["predicted"] for point in points] == [0.0, 0.5, 1.0]
    assert [point["mean"] for point in points] == pytest.approx([0.0, 0.5, 1.0], abs=0.03)
    assert all(point["low"] <= point["mean"] <= point["high"] for point in points)
    assert sum(point["tokens"] for point in points) == TOKENS


def test_many_levels_become_few_points_with_the_lowest_apart():
    rng = np.random.default_rng(0)
    prediction = np.where(rng.random(TOKENS) < 0.7, 0.0, rng.random(TOKENS))
    points = expected_activation(prediction, prediction**2, Resampler(np.arange(TOKENS) // 50))
    assert len(points) == MOST
    assert points[0]["predicted"] == 0.0
    assert points[0]["tokens"] == int((prediction == 0).sum())
    assert [p["mean"] for p in points] == sorted(p["mean"] for p in points)


def test_a_constant_prediction_is_one_point():
    points = expected_activation(np.full(9, 0.2), np.arange(9.0), Resampler(np.arange(9)))
    assert [(point["predicted"], point["mean"]) for point in points] == [(pytest.approx(0.2), 4.0)]


def test_what_a_language_model_judges_is_scored_on_a_weighted_sample(splits):
    parts = _spelt(splits(is_three))
    judge = Judge(TextJudge("«t3»"), limit=100)
    component = {"kind": "judged", "statement": "it is three", "judge": judge.name}
    scored = score(described(component), parts)
    whole = score(described(tokens(3)), parts)
    assert judge.as_dict()["requests"] <= 60
    assert scored.scores["sampled"] == {"places": 240, "of": whole.scores["tokens"]}
    assert scored.scores["correlation"]["value"] == pytest.approx(
        whole.scores["correlation"]["value"], abs=0.03
    )
    assert scored.scores["f1"]["value"] == pytest.approx(1, abs=0.01)
    base = whole.scores["auprc"]["base_rate"]
    assert scored.scores["auprc"]["base_rate"] == pytest.approx(base, abs=1e-6)
    assert whole.scores.get("sampled") is None
    assert scored.scores["context_correlation"] is None
    assert Measured.sampled(parts.test, 0.5, 10**9).weight.tolist() == [1.0] * parts.test.flat.size


def test_a_sample_holds_pairs_of_one_token_and_guesses_get_half(splits):
    """Active after t5, at any token: the places that a judge is asked about can be compared."""
    parts = _spelt(splits(lambda ids, before: 1.0 * (before == 5) * (ids < 4)))
    for word, least, most in (("t5 «", 0.97, 1.0), ("«t11»", 0.45, 0.55)):
        judge = Judge(TextJudge(word), limit=100)
        component = {"kind": "judged", "statement": f"behind {word}", "judge": judge.name}
        within = score(described(component), parts).scores["within"]
        assert within["n"] >= 100
        assert least <= within["auroc"]["value"] <= most


def test_a_judge_at_its_limit_leaves_no_score_and_no_failure(splits):
    parts = _spelt(splits(is_three))
    judge = Judge(TextJudge("«t3»"), limit=2)
    component = {"kind": "judged", "statement": "it is three again", "judge": judge.name}
    scored = score(described(component), parts)
    assert scored.description.status == "insufficient held-out"
    assert scored.description.reason.startswith("not judged: limit reached")
    assert scored.scores["not_judged"] == "limit reached"
    assert scored.scores["correlation"] is None
    assert (scored.controls, scored.predicates) == ({}, ())
    unit = UnitLabel("mlp.0/0", "x", scored.description.status, {"scores": scored.scores})
    run = LabelRun(Path("r"), {}, {}, (unit, dataclasses.replace(unit, record={})))
    assert run.not_judged == run.as_dict()["run"]["not_judged"] == 1


def _spelt(parts):
    """The same splits with the text that their tokens are."""
    named = []
    for part in parts:
        windows = part.windows
        texts = tuple("".join(windows.tokens(row)) for row in range(len(windows)))
        width = np.array([len(text) for text in windows.vocabulary])[windows.ids]
        end = np.cumsum(width, axis=1, dtype=np.int32)
        document = np.arange(len(windows), dtype=np.int32)
        places = {"start": (end - width).astype(np.int32), "end": end, "document": document}
        spelt = dataclasses.replace(windows, texts=texts, **places)
        named.append(dataclasses.replace(part, windows=spelt))
    return type(parts)(*named)
