"""Fitting `like`: planted read-outs of a second network are recovered, and noise is not."""

import numpy as np
import pytest
from checks import done, refused
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tasks.scoring.ngram_baselines import bigram_table, token_table
from neuroscribe.tools.data.pydocs import pydocs
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.hypotheses import like_fitting
from neuroscribe.tools.hypotheses.like_fitting import best_like
from neuroscribe.tools.hypotheses.like_requests import fitted, left_of_tokens
from neuroscribe.tools.hypotheses.resolve import predictor
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.memo import Memo
from neuroscribe.tools.models.text_reader import load_text_reader, reader_states
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.predicates.judging import Judge
from neuroscribe.tools.predicates.like_text import standard
from neuroscribe.tools.statistics.bootstrap import Resampler
from neuroscribe.tools.statistics.within import beyond_tokens, within
from text_judge import TextJudge

BANKS = [{"text": "They swam to the river bank.", "place": "bank"}, "by the bank of the stream"]
MONEY = [{"text": "He took his coins to the bank.", "place": 29}, "the bank gave her a loan"]


@pytest.fixture(scope="module")
def reader(minilm, test_data):
    return load_text_reader(str(test_data / "stories260k"), minilm)


@pytest.fixture(scope="module")
def windows(minilm):
    texts = [d.text for d in pydocs()[:90]]
    return [cut(minilm, texts[i::2], length=64).rows(slice(90)) for i in range(2)]


def activations(reader, windows, signal: float) -> list[np.ndarray]:
    """A token's own level, noise, and a linear read-out of the reader's states."""
    level = np.random.default_rng(1).normal(size=40_000)
    rng = np.random.default_rng(2)
    mean, scale = standard(reader, ahead=True)
    out = []
    direction = np.random.default_rng(3).normal(size=mean.shape[1])
    for some in windows:
        values = level[some.ids] + 0.5 * rng.normal(size=some.ids.shape)
        states = reader_states(reader, some, ahead=True)
        z = (states.values[:, 0].astype(np.float32) - mean[0]) / scale[0]
        values[states.known] += signal * (z @ direction) / np.sqrt(len(direction))
        out.append(np.where(some.counted, values, np.nan).astype(np.float32))
    return out


def scores(windows, values, prediction):
    """Within tokens, on documents apart."""
    known = np.isfinite(values)
    y, document = values[known], np.broadcast_to(windows.document[:, None], known.shape)[known]
    active = y > np.quantile(y, 0.9)
    return within(windows.ids[known], prediction[known], y, active, Resampler(document, seed=0))


def left_of(windows, values):
    known, left = np.isfinite(values), np.full(values.shape, np.nan)
    left[known] = beyond_tokens(windows.ids[known], values[known])
    return left


def test_a_planted_read_out_is_recovered_beyond_every_token_table(reader, windows):
    explore, test = windows
    values = activations(reader, windows, 1.0)
    fit = best_like(reader, explore, left_of(explore, values[0]), ahead=True, n=16)
    found = scores(test, values[1], parse(fit.predictor).evaluate(test))
    measured = [Measured(w, v) for w, v in zip(windows, values, strict=True)]
    splits = Splits(measured[0], measured[0], measured[1])
    for table in (token_table, bigram_table):
        spread = np.zeros(values[1].shape)
        spread[np.isfinite(values[1])] = table(splits)
        beside = scores(test, values[1], spread)
        assert found.correlation.low > beside.correlation.high
        assert found.auroc.low > beside.auroc.high
    assert found.correlation.value > 0.5
    assert fit.held_out.correlation.value > 0.4  # of half of the documents
    assert fit.layer == 1
    like = parse(fit.predictor)
    assert (len(like.examples), len(like.unlike)) == (8, 8)
    assert all(one.text in "".join(explore.texts) for one in (*like.examples, *like.unlike))


def test_noise_gives_nothing(reader, windows):
    values = activations(reader, windows, 0.0)
    fit = best_like(reader, windows[0], left_of(windows[0], values[0]), ahead=True, n=16)
    assert abs(fit.held_out.correlation.value) < 0.1
    assert fit.held_out.correlation.low < 0 < fit.held_out.correlation.high
    found = scores(windows[1], values[1], parse(fit.predictor).evaluate(windows[1]))
    assert found.correlation.low < 0.03


def test_units_of_one_corpus_share_what_decides_no_unit(reader, windows, monkeypatch):
    values = activations(reader, windows, 1.0)[0]
    left = left_of(windows[0], values)
    monkeypatch.setattr(like_fitting, "_spectra", Memo())
    alone = best_like(reader, windows[0], -left, ahead=True, n=16)
    made = []
    real = like_fitting.spectrum
    monkeypatch.setattr(like_fitting, "spectrum", lambda x: made.append(0) or real(x))
    monkeypatch.setattr(like_fitting, "_spectra", Memo())
    best_like(reader, windows[0], left, ahead=True, n=16)
    before = len(made)
    assert best_like(reader, windows[0], -left, ahead=True, n=16).predictor == alone.predictor
    assert 10 <= before <= 14
    assert len(made) <= before + 2  # another layer may lead: its whole


@pytest.fixture
def lab(reader, windows, minilm):
    unit = minilm.unit("mlp.1/3")
    columns = {unit: activations(reader, windows, 1.0)[0]}
    return Lab(minilm, windows[0], unit=unit, columns=columns, reader=reader)


def test_given_examples_are_fitted_once_and_compose(lab):
    asked = {"kind": "like", "examples": BANKS, "unlike": MONEY}
    like = predictor(lab, {"kind": "and", "of": [{"kind": "words", "words": ["bank"]}, asked]})
    json = like.model_dump()["of"][1]
    assert [one["place"] for one in json["examples"]] == [27, 25]
    assert json["statement"] is None
    again = predictor(lab, {"kind": "and", "of": [{"kind": "words", "words": ["bank"]}, asked]})
    assert again == like
    texts = ["a walk along the river bank", "money lies in the bank"]
    held = parse(json).evaluate(lab.tokenize(texts))
    ends = [np.flatnonzero(row)[-1] for row in lab.tokenize(texts).counted]
    assert held[0, ends[0]] > held[1, ends[1]]
    by_unit = predictor(lab, {"kind": "like", "n": 8}).model_dump()
    assert (json["chosen"], by_unit["chosen"]) == ("given", "activation")
    tested = done(lab, "test_hypotheses", {"hypotheses": [{"kind": "like", "n": 8}, asked]})
    assert tested.text.count("these numbers are too good: fitted on half of the documents") == 1
    assert len(by_unit["examples"]) == len(by_unit["unlike"]) == 4
    assert np.isfinite(left_of_tokens(lab)[lab.explore.counted]).all()


def test_a_statement_chooses_examples_and_activation_does_not(lab):
    asked = {"kind": "like", "statement": "what is returned", "n": 8}
    refused("give --judge openai:MODEL", fitted, lab, asked)
    lab.judge = Judge(TextJudge("eturn"))
    found = fitted(lab, asked)
    assert found["statement"] == "what is returned"
    for name, fits in (("examples", True), ("unlike", False)):
        assert len(found[name]) == 4
        assert {"eturn" in p["text"] for p in found[name]} == {fits}
    assert "about 'what is returned', like" in parse(found).english()
    again = {**lab.columns, lab.unit: np.random.default_rng(5).normal(size=lab.explore.ids.shape)}
    other = Lab(lab.target, lab.explore, unit=lab.unit, columns=again, reader=lab.reader)
    other.judge = lab.judge
    places = [(p["text"], p["place"]) for p in found["examples"]]
    assert [(p["text"], p["place"]) for p in fitted(other, asked)["examples"]] == places
    lab.judge = Judge(TextJudge("xyzzy"))
    refused("the statement fits 0; 2 that", fitted, lab, {**asked, "statement": "no such thing"})


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"examples": BANKS[:1], "unlike": MONEY}, "examples needs 2 to 256 places, got 1; write"),
        ({"examples": BANKS}, "unlike needs 2 to 256 places, got 0"),
        ({"examples": BANKS, "unlike": [*MONEY, BANKS[0]]}, "among the examples and among"),
        ({"examples": BANKS, "unlike": [{"text": "a bank", "place": "x"}] * 2}, "'x' does not st"),
        ({"examples": [{"text": ""}] * 2, "unlike": MONEY}, r"examples\[0\] needs a text"),
        ({"n": 3}, "n is the number of examples in all, 4 to 256"),
        ({"layer": 3}, "like: no field 'layer'"),
    ],
)
def test_what_cannot_be_fitted_is_one_line(lab, asked, reason):
    refused(reason, fitted, lab, {"kind": "like", **asked})


def test_who_may_read(lab, minilm, windows):
    asked = {"kind": "like", "examples": BANKS, "unlike": MONEY}
    refused("give --reader smollm2", predictor, Lab(minilm, windows[0]), asked)
    own = Lab(minilm, windows[0], reader=minilm)
    refused("the target itself", predictor, own, asked)
    no_unit = Lab(minilm, windows[0], reader=lab.reader)
    assert predictor(no_unit, asked).kind == "like"
    refused("give examples and unlike", predictor, no_unit, {"kind": "like"})
