"""Networks trained here: what they reach, which of their units are known, and who is right."""

import numpy as np
import pytest
import torch
from neuroscribe.tasks.groundtruth.networks import models
from neuroscribe.tasks.groundtruth.networks.check import judged
from neuroscribe.tasks.groundtruth.networks.strings import answers, balanced, rows
from neuroscribe.tasks.groundtruth.networks.train import SEEDS, accuracy, train
from neuroscribe.tasks.groundtruth.networks.truth import Draw, Known, correlations, truth_of
from neuroscribe.tasks.groundtruth.networks.variables import variables
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.untrained import untrained

FILE = models.__file__
LEAST = {"brackets": 0.97, "sorter": 0.99, "counter": 0.99}


@pytest.mark.parametrize("name", models.NETWORKS)
def test_the_shipped_weights_do_their_task(name):
    for seed in SEEDS:
        network, _ = models.load(name, seed)
        assert accuracy(name, network.eval(), n=300) >= LEAST[name], seed


def test_training_is_a_function_of_the_seed(monkeypatch):
    monkeypatch.setattr("neuroscribe.tasks.groundtruth.networks.train.POOL", 300)
    one, two, other = (train("counter", seed, steps=3)[0].state_dict() for seed in (7, 7, 8))
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert not all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(
    ("text", "right"), [("()", True), ("(())()", True), (")(", False), ("(()", False)]
)
def test_balanced(text, right):
    assert balanced(text) == right


def test_answers_are_those_of_the_tasks():
    assert answers("sorter", ["315204>012345"])[0].tolist() == [-1] * 6 + [0, 1, 2, 3, 4, 5, -1]
    assert (answers("counter", ["aabcb"])[0] - models.LARGEST).tolist() == [1, 2, 1, 1, 0]


@pytest.mark.parametrize("name", ["sorter", "counter"])
def test_variables_of_networks_that_read_from_the_left_never_look_ahead(name):
    texts = rows(name, 60, seed=1)
    whole = {one.name: one.values.reshape(len(texts), -1) for one in variables(name, texts)}
    other = [a[:5] + b[5:] for a, b in zip(texts, texts[1:] + texts[:1], strict=True)]
    if name == "sorter":  # a string goes on as its digits in order
        other = [text[:6] + ">" + "".join(sorted(text[:6])) for text in other]
    again = {one.name: one.values.reshape(len(texts), -1) for one in variables(name, other)}
    for key in whole.keys() & again.keys():
        np.testing.assert_array_equal(whole[key][:, :5], again[key][:, :5], err_msg=key)


@pytest.fixture(scope="module")
def counter():
    return Target.load(f"{FILE}:counter_0")


def test_units_of_the_counter_are_known_and_needed(counter):
    truth = truth_of(counter, "counter")
    counting = [one for one in truth.known if one.variables[0].startswith("a's less b's so far")]
    assert len(counting) >= 2
    assert any(one.needed for one in counting)
    assert all(one.correlation >= 0.95 for one in truth.known)


def test_an_untrained_copy_does_not_count(counter):
    truth = truth_of(untrained(counter), "counter")
    assert not [one for one in truth.known if one.kind == "algorithm" and one.needed]
    assert truth.none


def test_noise_is_no_variable():
    texts = rows("brackets", 200, seed=1)
    known = np.stack([one.values for one in variables("brackets", texts)])
    noise = np.random.default_rng(0).normal(size=(50, known.shape[1])).astype(np.float32)
    assert abs(correlations(noise, known)).max() < 0.2


@pytest.fixture(scope="module")
def fresh(counter):
    texts = rows("counter", 80, seed=3)
    windows = cut(counter, texts, length=64, document_per_row=True)
    return Draw(texts, windows, variables("counter", texts), np.zeros((0, 0)))


@pytest.mark.parametrize(
    ("made", "confidence", "verdict", "misled"),
    [
        (lambda x, noise: 3 * x - 1, 0.9, "right", False),
        (lambda x, noise: x + 0.3 * x.std() * noise, 0.9, "right", False),
        (lambda x, noise: -x, 0.9, "wrong", True),
        (lambda x, noise: noise, 0.9, "wrong", True),
        (lambda x, noise: noise, 0.5, "wrong", False),
        (lambda x, noise: noise, None, "wrong", False),
        (lambda x, noise: 0 * x, 0.9, "wrong", True),
        (lambda x, noise: None, 0.9, "abstained", False),
    ],
)
def test_a_prediction_is_right_where_it_follows_the_variable(
    fresh, made, confidence, verdict, misled
):
    name = "a's less b's so far above 0"
    truth = next(one.values for one in fresh.variables if one.name == name)
    noise = np.random.default_rng(0).normal(size=truth.shape)
    known = Known("rnn/0", (name,), "algorithm", 0.99, {})
    found = judged(known, made(truth, noise), fresh, confidence)
    assert (found.verdict, found.confidently_wrong) == (verdict, misled)
