"""Predicates of algorithms on own networks: what the model predicts, who is offered them."""

import pickle

import bare_models
import numpy as np
import pytest
from checks import refused
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse

BRACKETS = ["(())()", "((()))", "()()()", ")("]


@pytest.fixture(scope="module")
def letters() -> Target:
    return Target.load(f"{bare_models.__file__}:gpt")


@pytest.fixture(scope="module")
def brackets() -> Target:
    return Target.load(f"{bare_models.__file__}:classifier")


def test_what_the_model_predicts_is_its_own_output(letters):
    windows = cut(letters, ["abc abc", "jihg"], length=16, document_per_row=True)
    found = parse({"kind": "predicted", "tokens": ["b", "c"]}).evaluate(windows)
    logits = letters.trace(windows, output=True).output
    b, c = (windows.vocabulary.index(x) for x in "bc")
    expected = logits.softmax(-1)[..., [b, c]].sum(-1).numpy()
    there = windows.counted
    np.testing.assert_allclose(found[there], expected[there], rtol=1e-5)
    behind = cut(letters, ["abc ajj"], length=16, document_per_row=True)  # other text to come
    np.testing.assert_allclose(
        parse({"kind": "predicted", "tokens": ["b", "c"]}).evaluate(behind)[0, :5],
        found[0, :5],
        rtol=1e-5,
    )
    assert "nearest" in refused(
        "predicts no 'zzz'", parse({"tokens": ["zzz"], "kind": "predicted"}).evaluate, windows
    )
    assert "load it" in refused(
        "cut for",
        parse({"kind": "predicted", "tokens": ["b"]}).evaluate,
        pickle.loads(pickle.dumps(windows)),
    )


def test_a_classifier_predicts_labels_once_a_row(brackets):
    windows = cut(brackets, BRACKETS, length=16, document_per_row=True)
    found = parse({"kind": "predicted", "tokens": ["1"]}).evaluate(windows)
    expected = brackets.trace(windows, output=True).output.softmax(-1)[:, 1].numpy()
    for row, there in enumerate(windows.counted):
        np.testing.assert_allclose(found[row, there], expected[row], rtol=1e-5)


def test_open_brackets_are_counted_by_character():
    target = Target.load("organism:brackets")
    windows = cut(target, ["print(len(a),str(int(b))"], length=32)
    depth = parse({"kind": "depth", "low": 0, "high": 4}).evaluate(windows)
    tokens = [windows.vocabulary[i] for i in windows.ids[windows.counted]]
    assert tokens[-1] == "))"
    expected = [0, 1, 1, 2, 2, 1, 1, 1, 2, 2, 3, 3, 1]
    assert (4 * depth[windows.counted]).tolist() == expected


def test_balance_so_far_to_come_and_in_all(brackets):
    windows = cut(brackets, BRACKETS, length=16, document_per_row=True)
    of, minus = ({"kind": "tokens", "tokens": [one]} for one in "()")

    def balance(side: str) -> list[int]:
        p = parse({"kind": "tally", "of": of, "minus": minus, "side": side, "equals": 0})
        return p.amounts(_view(windows))[0, :6].tolist()

    assert balance("before") == [1, 2, 1, 0, 1, 0]
    assert balance("after") == [-1, -2, -1, 0, -1, 0]
    assert balance("both") == [0] * 6


def _view(windows):
    from neuroscribe.tools.predicates.view import view_of

    return view_of(windows)


def test_they_are_offered_where_texts_are_of_symbols(brackets, minilm):
    few = Lab(brackets, cut(brackets, BRACKETS, length=16))
    words = Lab(minilm, cut(minilm, ["The cat sat on the mat, and 3 dogs ran."], length=16))
    numbers = Lab(minilm, cut(minilm, ["3 + 4 =", "12 + 5 ="], length=16))
    assert [lab.symbolic for lab in (few, words, numbers)] == [True, False, True]
    assert ("wave" in few.meanings, "wave" in words.meanings) == (True, False)


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "tally", "of": "a"},
        {"kind": "tally", "of": "a", "low": 1, "high": 1},
        {"kind": "arithmetic", "low": 1},
        {"kind": "arithmetic", "equals": 1, "low": 0, "high": 2},
    ],
)
def test_bounds_are_one_or_the_other(given):
    refused("give either equals, or low and high", parse, given)
