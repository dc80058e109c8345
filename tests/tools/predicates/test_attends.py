"""A head's attention as a predictor: equal to its weights, on causal and other networks."""

import pickle

import numpy as np
import pytest
from checks import done, refused
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models.attention import attention_weights
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.predicates.ahead import refuse_ahead
from neuroscribe.tools.predicates.grammar import grammar

TEXTS = ["ab ab a", "jihg", "a.b.a"]
PLACES = {  # of the places seen from place i of a row, those that the pattern is about
    "previous": lambda ids, i: [i - 1] if i else [],
    "next": lambda ids, i: [i + 1],
    "itself": lambda ids, i: [i],
    "copies": lambda ids, i: [j for j, one in enumerate(ids) if one == ids[i] and j != i],
    "induction": lambda ids, i: [
        j + 1 for j, one in enumerate(ids) if one == ids[i] and i not in (j, j + 1)
    ],
    "first": lambda ids, i: [0],
}


@pytest.mark.parametrize(
    ("name", "texts", "to"),
    [
        *(("gpt", TEXTS[:2], to) for to in PLACES if to != "next"),
        *(("classifier", ["(())()", "(("], to) for to in PLACES),
    ],
)
def test_it_is_the_weight_on_the_places_of_the_pattern(load, name, texts, to):
    target = load(name)
    windows = cut(target, texts, length=16, document_per_row=True)
    found = parse({"kind": "attends", "head": "head.1/1", "to": to}).evaluate(windows)
    for row, there in enumerate(windows.attended):
        n = int(there.sum())
        ids = windows.ids[row, :n].tolist()
        alone = cut(target, [texts[row]], length=16)
        weights = attention_weights(target, alone, ["head.1"])["head.1"][0, 1]
        expected = [
            sum(float(weights[i, j]) for j in PLACES[to](ids, i) if 0 <= j < n) for i in range(n)
        ]
        np.testing.assert_allclose(found[row, :n], expected, atol=1e-5)
        assert not found[row, n:].any()
    half = float(np.median(found[windows.counted])) or 1.0
    bounded = {"kind": "attends", "head": "head.1/1", "to": to, "at_least": half}
    held = parse(bounded).evaluate(windows)
    np.testing.assert_array_equal(held, (found >= half) & windows.counted)


def test_delimiters_are_tokens_without_a_letter(load):
    target = load("gpt")
    windows = cut(target, ["ab ab a"], length=16)
    found = parse({"kind": "attends", "head": "head.0/2", "to": "delimiter"}).evaluate(windows)
    weights = attention_weights(target, windows, ["head.0"])["head.0"][0, 2]
    expected = weights[:, [2, 5]].sum(1).numpy()  # the two spaces
    expected[2] -= float(weights[2, 2])
    expected[5] -= float(weights[5, 5])
    np.testing.assert_allclose(found[0], expected, atol=1e-5)


def test_a_rule_about_a_head_is_scored_as_any_other(load):
    target = load("gpt")
    lab = Lab(target, cut(target, ["ab ab a", "abc abc", "hi hi j"] * 8, length=8), open=True)
    rule = {"kind": "attends", "head": "head.1/1", "to": "previous", "at_least": 0.4}
    made = done(lab, "test_hypotheses", unit="head.1/1", hypotheses=[rule])
    assert "head.1/1 attends to the token before" in made.text
    assert "attends {head: text" in grammar("causal", lab.meanings)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"head": "mlp.0/1", "to": "first"}, "is about heads"),
        ({"head": "head.9/1", "to": "first"}, "head.9"),
        ({"head": "head.0/99", "to": "first"}, "head.0"),
        ({"head": "head.0/1", "to": "somewhere"}, "'previous'"),
        ({"head": "head.0/1", "to": "first", "at_least": 2}, "at_least"),
    ],
)
def test_what_cannot_be_asked_is_one_line(load, fields, says):
    windows = cut(load("gpt"), TEXTS[:1], length=16)
    ahead = parse({"kind": "attends", "head": "head.0/1", "to": "next"})
    refused("cannot have read", refuse_ahead, ahead)
    refused(says, lambda: parse({"kind": "attends", **fields}).evaluate(windows))


def test_another_process_has_no_model(load):
    windows = pickle.loads(pickle.dumps(cut(load("gpt"), TEXTS[:1], length=16)))
    rule = parse({"kind": "attends", "head": "head.0/1", "to": "first"})
    refused("needs the model", rule.evaluate, windows)
    recurrent = cut(load("counter"), TEXTS[:1], length=16)
    refused("no site", rule.evaluate, recurrent)
    assert "attends" not in Lab(load("counter"), recurrent, open=True).meanings
