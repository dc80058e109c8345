"""Frequencies of units over numbers, where the truth is known, and on outputs of chance."""

import numpy as np
import pytest
from checks import done, refused
from neuroscribe.tasks.organisms.modular import MODULUS, frequency_shares
from neuroscribe.tools.activations.frequencies import Numbers, frequencies, numbers_in
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.untrained import untrained
from neuroscribe.tools.registry import offered

P = 23
RNG = np.random.default_rng


def numbers(n: int = 400, p: int = P, columns: int = 2) -> Numbers:
    values = RNG(0).integers(0, p, (n, columns))
    rows = np.arange(n)
    return Numbers(rows, rows, values, rows, tuple(range(columns)), p)


def wave(values: np.ndarray, k: int, shift: float = 0.4) -> np.ndarray:
    return np.cos(2 * np.pi * k * values / P + shift)


def test_one_two_and_no_frequency():
    given = numbers()
    a, b = given.values.T
    noise = RNG(1).normal(0, 0.1, (len(a), 6))
    units = {
        "sum": (wave(a + b, 5), 5, True),
        "product": (wave(a, 3) * wave(b, 3, 1.0), 3, True),
        "one number": (wave(b, 7), 7, True),
        "two": (wave(a + b, 5) + 0.6 * wave(a - b, 2), 5, False),
        "parity": ((a % 2).astype(float), None, False),
        "chance": (RNG(2).normal(size=len(a)), None, False),
    }
    y = np.stack([values for values, _, _ in units.values()], 1) + noise
    found = frequencies(given, np.concatenate([y, np.ones((len(a), 1))], 1), RNG(3))
    for at, (name, (_, first, single)) in enumerate(units.items()):
        assert found.single[at] == single, name
        assert first is None or found.first[at] == first, name
    assert found.second[3] == 2
    assert found.added[3].low > 0.1
    assert found.constant.tolist() == [False] * 6 + [True]
    assert not found.single[6]
    one = found.one[0]
    assert one.low < one.value < one.high
    assert one.value == pytest.approx(0.5 / 0.51, abs=0.03)  # what noise of .1 leaves


def test_chance_is_never_single_and_explains_nothing():
    given = numbers(200)
    y = RNG(4).normal(size=(200, 300))
    found = frequencies(given, y, RNG(5))
    assert not found.single.any()
    assert (
        np.mean([one.value for one in found.one]) < 0.02
    )  # the search is not read on its own half
    beyond = [one.value > found.null[:, at].max() for at, one in enumerate(found.one)]
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.04)  # one in twenty is the largest of all


def test_a_single_number_and_an_even_modulus():
    given = numbers(300, 12, 1)
    y = np.cos(2 * np.pi * np.outer(given.values[:, 0], [1, 6, 4]) / 12)
    found = frequencies(given, y, RNG(6))
    assert found.first.tolist() == [1, 6, 4]
    assert found.single.all()


@pytest.fixture(scope="module")
def organism() -> Target:
    return Target.load("organism:modular")


@pytest.fixture(scope="module")
def sums(organism: Target) -> TokenWindows:
    order = RNG(7).permutation(MODULUS**2)[:1000]
    return cut(organism, [f"{i // MODULUS}+{i % MODULUS}=" for i in order], length=8)


def single_by_all_pairs(target: Target) -> tuple[np.ndarray, np.ndarray]:
    """Which neurons follow one frequency, and which: from all pairs, by Fourier transform."""
    pairs = [f"{a}+{b}=" for a in range(MODULUS) for b in range(MODULUS)]
    windows = cut(target, pairs, length=8, document_per_row=True)
    values = target.trace(windows, ["mlp.0"], output=False).values["mlp.0"][:, -1]
    shares = frequency_shares(values.double().numpy().reshape(MODULUS, MODULUS, -1))
    order = np.sort(shares, 1)
    return (order[:, -1] >= 0.85) & (order[:, -2] <= 0.05), shares.argmax(1) + 1


def test_neurons_of_a_trained_network_and_of_an_untrained_copy(organism, sums):
    right, wrong = [], []
    for target in (organism, untrained(organism)):
        truth, frequency = single_by_all_pairs(target)
        lab = Lab(target, sums)
        lab.open = True
        data = done(lab, "frequencies", sites=["mlp.0"], many=40).data
        assert (data["positions"], data["modulus"]) == ([0, 2], MODULUS)
        for row in data["units"]:
            at = int(row["unit"].partition("/")[2])
            (right if truth[at] else wrong).append(row["single"] == truth[at])
            assert not truth[at] or row["first"] == frequency[at]
        if target is not organism:
            assert data["sites"]["mlp.0"]["single"] == int(truth.sum()) == 0
    assert min(len(right), len(wrong)) >= 20
    assert (np.mean(right) + np.mean(wrong)) / 2 >= 0.95


def test_the_unit_the_survey_and_what_is_refused(organism, sums, minilm):
    lab = Lab(organism, sums, unit=organism.unit("mlp.0/3"))
    found = done(lab, "frequencies")
    assert found.data["one"]["low"] <= found.data["one"]["value"] <= found.data["one"]["high"]
    assert "mlp.0/3: frequency" in found.text
    lab.open = True
    survey = done(lab, "survey_sites", sites=["mlp.0"])
    assert survey.data["frequencies"]["mlp.0"]["frequencies"]
    assert "key frequencies: " in survey.text
    refused("has numbers at", numbers_in, sums, positions=[1])
    refused("are needed", numbers_in, sums.rows(slice(0, 20)))
    words = Lab(minilm, cut(minilm, ["The cat sat on the mat."], length=16), open=True)
    assert "frequencies" not in offered(words)
