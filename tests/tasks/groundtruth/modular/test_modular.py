"""The modular-addition suite: loader, truth and labeller, on made neurons and on the real model."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from endpoint import answers, endpoint, says
from neuroscribe.tasks.groundtruth.modular.load import (
    ModularAddition,
    load_modular,
    modular_target,
)
from neuroscribe.tasks.groundtruth.modular.neurons import named
from neuroscribe.tasks.groundtruth.modular.search import label
from neuroscribe.tasks.groundtruth.modular.truth import all_pairs, truth_of
from neuroscribe.tasks.organisms.modular import frequency_shares
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.intervention import zero
from neuroscribe.tools.models.untrained import untrained
from neuroscribe.tools.sandbox.functions import run_code
from safetensors.torch import save_file

P = 31
VERB = ("evaluate", "functions", "--suite", "modular")


@pytest.fixture(scope="session")
def modular_folder(test_data: Path) -> Path:
    """The folder of the model; skips where it is absent."""
    folder = test_data / "modular_addition"
    if not folder.is_dir():
        pytest.skip("the test data have no modular_addition")
    return folder


@pytest.fixture(scope="session")
def modular(modular_folder: Path) -> Target:
    """The model, loaded once."""
    return load_modular(modular_folder)


def neurons() -> np.ndarray:
    """`[a, b, neuron]`: a cut-off sum wave, two frequencies alike, noise, and a dead one."""
    a, b = np.meshgrid(np.arange(P), np.arange(P), indexing="ij")

    def wave(k, x, phase=0.0):
        return np.cos(2 * np.pi * k * x / P + phase)

    table = [
        np.maximum(0, 2 * wave(5, a + b, 0.4) + wave(5, a) + wave(5, b) + 0.5),
        wave(3, a) + wave(7, a + b, 1.0),
        np.random.default_rng(0).normal(size=(P, P)),
        np.zeros((P, P)),
        1.5 * wave(11, a - b, -0.7) + 4,
    ]
    return np.stack(table, axis=-1)


def test_shares_are_of_the_whole_variance():
    shares = frequency_shares(neurons())
    assert shares.shape == (5, (P - 1) // 2)
    assert shares[0].argmax() + 1 == 5
    assert 0.7 < shares[0].max() < 1, "the cut at 0 puts some variance on other frequencies"
    assert shares[1, [2, 6]] == pytest.approx([0.5, 0.5])
    assert shares[2].max() < 0.2
    assert not shares[3].any()
    assert shares[4, 10] == pytest.approx(1)
    assert (shares.sum(1) <= 1 + 1e-9).all()


def test_made_neurons_are_labelled_from_a_sample():
    pairs = all_pairs(P)
    order = np.random.default_rng(1).permutation(len(pairs))
    seen, hidden = pairs[order[:300]], pairs[order[300:]]
    table = neurons()
    found = label(seen, table[seen[:, 0], seen[:, 1]], P)
    assert [one.frequency for one in found] == [5, found[1].frequency, 0, 0, 11]
    assert (found[0].cut, found[4].cut) == (True, False)
    assert "frequency 5 of a + b modulo 31" in found[0].words
    assert "never below 0" in found[0].words
    for at in (0, 4):
        true = table[hidden[:, 0], hidden[:, 1], at]
        given = np.array(run_code(found[at].code, hidden.tolist()).values, float)
        assert given == pytest.approx(found[at](hidden), abs=1e-3)
        assert np.mean((given - true) ** 2) / true.var() < 1e-3
    (found,) = label(pairs, np.cos(2 * np.pi * (4 * pairs.sum(1) - 9) / P)[:, None], P)
    assert "highest where 4(a + b) is 9 modulo 31" in found.words


@pytest.mark.parametrize(
    ("words", "frequency"),
    [
        ("a cosine of frequency 14 of a+b", 14),
        ("Frequency: 99, of a - b", 14),
        ("No single frequency", 0),
        ("it has no clear frequency", 0),
        ("waves", None),
    ],
)
def test_the_frequency_that_words_name(words, frequency):
    assert named(words, 113) == frequency


def small() -> ModularAddition:
    torch.manual_seed(0)
    return ModularAddition(7, heads=2, channels=3, width=8, neurons=10)


def test_a_target_has_its_sites():
    target = modular_target(small(), name="small")
    assert not target.refused
    assert set(target.sites) == {"mlp.0", "head.0", "attn_out.0", "mlp_out.0", "resid.0", "logit"}
    pairs = torch.tensor([[1, 2], [3, 4]])
    clean = target.trace(pairs, ["mlp.0", "head.0"])
    assert clean.values["mlp.0"].shape == (2, 3, 10)
    assert clean.values["head.0"].shape == (2, 3, 2, 3)
    off = target.trace(pairs, ["mlp.0"], interventions=[zero("mlp.0", [1])])
    assert not off.values["mlp.0"][..., 1].any()
    assert not torch.equal(off.output, clean.output)


def test_what_is_no_such_model_is_said(tmp_path, refused):
    file = tmp_path / "model.safetensors"
    with pytest.raises(UsageError, match=r"model\.safetensors"):
        load_modular(tmp_path)
    save_file({"x": torch.zeros(1)}, file)
    with pytest.raises(UsageError, match="it lacks"):
        load_modular(tmp_path)
    file.write_bytes(b"no")
    with pytest.raises(UsageError, match="cannot be read"):
        load_modular(tmp_path)
    assert "--model FOLDER" in refused(*VERB)


def test_the_model_adds(modular):
    pairs = torch.as_tensor(all_pairs(113))
    logits = modular.trace(pairs).output
    assert torch.equal(logits[:, :113].argmax(1), pairs.sum(1) % 113)
    truth = truth_of(modular, 113)
    assert np.median(truth.share) == pytest.approx(0.92, abs=0.01)
    assert len(set(truth.frequency) - {0}) == 5
    assert not truth_of(untrained(modular), 113).frequency.any()


def test_the_suite_from_the_command_line(modular_folder, document, tmp_path):
    given = ("--model", str(modular_folder), "--units", "40", "--budget", "600")
    found = document(*VERB, *given, "--out", str(tmp_path / "o"))
    assert found["n"] == 40
    assert found["exact"]["value"] > 0.9
    assert found["kinds"]["one frequency"]["nmse"]["unseen"]["value"] < 0.1
    assert found["baselines"]["nearest"]["nmse"]["unseen"]["value"] > 0.8
    assert found["controls"]["untrained"]["said_frequency"] < 0.05
    assert found["controls"]["random frequency"]["exact"]["value"] < 0.3
    assert found["controls"]["shuffled"]["exact"]["value"] < 0.7
    lines = (tmp_path / "o" / "functions.jsonl").read_text().splitlines()
    assert len(lines) == 40
    assert all(json.loads(line)["answer"]["words"] for line in lines)


def test_a_language_model_is_given_neurons_one_by_one(modular_folder, document):
    acts = [
        says(("call_function", {"inputs": [[0, 0], [1, 112], [113, 0]]})),
        says(("answer", {"words": "no single frequency", "code": "def f(a, b): return 1.0"})),
        says(("answer", {"words": "frequency 36 of a + b", "code": "def f(a): return 1.0"})),
        answers("no"),
    ]
    given = ("--model", str(modular_folder), "--units", "3", "--concurrency", "1")
    with endpoint(*acts) as server:
        planner = ("--planner", "openai:m", "--base-url", server.url)
        found = document(*VERB, *given, *planner, code=1)
    told = server.requests[1]["messages"][-1]["content"].splitlines()
    assert (found["n"], found["failed"]) == (3, 1)
    assert told[0].startswith("f(0, 0) = ")
    assert "whole numbers from 0 to 112" in told[2]
    assert told[3] == "198 calls left"
