"""Training recovers a planted dictionary, resumes bit-equal, and writes the site's own values."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.dictionaries import train
from neuroscribe.tools.dictionaries.measures import measure_dictionary
from neuroscribe.tools.dictionaries.train import Learning, Training, train_dictionary
from neuroscribe.tools.dictionaries.variants import VARIANTS, loss
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.dictionaries import Dictionary, add_dictionary, read_dictionary
from neuroscribe.tools.models.dictionaries.saelens import card_of
from planted_dictionary import matched, planted_dictionary

PLANTED = Training(latents=64, k=3, batch=512, rate=1e-2, steps=1000, penalty=10.0)
FACTS = {"site": "resid.0"}


class Named:
    name = "planted"


def learnt(variant, data, **changes) -> Dictionary:
    how = replace(PLANTED, variant=variant, **changes)
    run = Learning(data.x, how, torch.device("cpu"))
    for _ in range(how.steps):
        run.step()
    return run.finished(FACTS, Named())


def recovered(made: Dictionary, data) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    active = made.encode(torch.from_numpy(data.x[:10_000])).numpy() > 0
    return (*matched(data, made.weights["W_dec"].numpy(), active), active)


def test_most_of_a_planted_dictionary_is_found_one_to_one():
    data = planted_dictionary(0)
    cosine, f1, active = recovered(learnt("topk", data), data)
    assert (cosine >= 0.9).mean() >= 0.85
    assert (f1 >= 0.9).mean() >= 0.8
    assert active.sum(1).mean() == pytest.approx(3, rel=0.1)
    others = np.random.default_rng(1).standard_normal((64, 32))
    chance, _ = matched(data, others, active)
    assert (chance >= 0.9).mean() == 0  # random rows match nothing


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nine_features_of_ten_are_found(seed):
    data = planted_dictionary(seed, places=60_000)
    cosine, f1, _ = recovered(learnt("topk", data, steps=4000), data)
    assert ((cosine >= 0.9) & (f1 >= 0.9)).mean() >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "least"), [("topk", 0.9), ("jumprelu", 0.85)])
def test_directions_and_number_of_active_latents(variant, least):
    data = planted_dictionary(0)
    cosine, _, active = recovered(learnt(variant, data, steps=3000), data)
    assert cosine.mean() >= least
    assert active.sum(1).mean() == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_learns_and_keeps_its_decoder_of_length_one(variant):
    data = planted_dictionary(0, places=4000)
    how = replace(PLANTED, variant=variant, steps=60, penalty=3.0)
    run = Learning(data.x, how, torch.device("cpu"))
    left = [run.step()[0] for _ in range(how.steps)]
    assert np.mean(left[-5:]) < 0.8 * left[0]
    lengths = run.weights["W_dec"].detach().norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones_like(lengths))
    made = run.finished(FACTS, Named())
    assert made.card.architecture == {"l1": "standard", "topk": "topk"}.get(variant, "jumprelu")


def test_gradients_of_a_jumprelu_are_those_of_the_rectangle():
    pre, threshold, width = torch.tensor([[0.49, 0.7]]), torch.tensor([0.5, 0.5]), 0.05
    weights = {
        "W_enc": torch.eye(2),
        "b_enc": torch.zeros(2),
        "W_dec": torch.eye(2),
        "b_dec": torch.zeros(2),
        "log_threshold": threshold.log().requires_grad_(True),
    }
    dead = torch.zeros(2, dtype=torch.bool)
    loss(pre, weights, "jumprelu", 2, 1.0, dead).total.backward()
    got = weights["log_threshold"].grad
    # of the error: d/da (x - a)^2 = -2 (x - a), a = 0 at the first; of L0: 2 (1 / 2 - 1) / 2
    error = -2 * 0.49 * -(0.5 / width)
    number = 2 * (1 / 2 - 1) / 2 * -(1 / width)
    torch.testing.assert_close(got, torch.tensor([(error + number) * 0.5, 0.0]))


def test_dead_latents_learn_what_is_left_over_without_the_bias():
    draw = torch.Generator().manual_seed(0)
    weights = {
        "W_enc": torch.randn(4, 6, generator=draw),
        "b_enc": torch.zeros(6),
        "W_dec": torch.randn(6, 4, generator=draw),
        "b_dec": torch.full((4,), 5.0),
    }
    x = torch.randn(8, 4, generator=draw) + 5
    alive = torch.zeros(6, dtype=torch.bool)
    dead = alive.clone()
    dead[:2] = True
    without = loss(x, weights, "topk", 1, 0.0, alive)
    got = loss(x, weights, "topk", 1, 0.0, dead).total - without.total
    left = x - without.active @ weights["W_dec"] - 5
    silent = ((x - 5) @ weights["W_enc"])[:, :2].relu()
    want = (left - silent @ weights["W_dec"][:2]).square().sum(1).mean() / 32
    torch.testing.assert_close(got, want)


@pytest.fixture(scope="module")
def windows(stories260k):
    return cut(stories260k, load_corpus("builtin:stories:60"), length=32)


QUICK = Training(latents=96, k=8, steps=30, batch=128)


def test_a_run_that_was_stopped_ends_the_same(stories260k, windows, tmp_path, monkeypatch):
    whole = train_dictionary(stories260k, windows, "resid.2", QUICK, tmp_path / "a")
    monkeypatch.setattr(train, "_EVERY", 0.0)

    def stop(step, *_):
        if step == 17:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_dictionary(stories260k, windows, "resid.2", QUICK, tmp_path / "b", tell=stop)
    other = replace(QUICK, seed=1)
    call = (stories260k, windows, "resid.2")
    refused("another training", train_dictionary, *call, other, tmp_path / "b")
    steps: list[int] = []
    again = train_dictionary(*call, QUICK, tmp_path / "b", tell=lambda step, *_: steps.append(step))
    assert steps[0] == 17
    assert all(torch.equal(whole.weights[name], again.weights[name]) for name in whole.weights)
    assert not list((tmp_path / "b").glob("*.npy"))
    done = train_dictionary(*call, QUICK, tmp_path / "b", tell=lambda *_: steps.append(0))
    assert 0 not in steps
    assert done.fingerprint == again.fingerprint
    refused("holds another dictionary", train_dictionary, *call, other, tmp_path / "b")


def test_the_site_is_read_in_its_own_values(stories260k, windows, tmp_path):
    made = train_dictionary(stories260k, windows, "resid.2", QUICK, tmp_path / "a")
    target = Target.load(f"{stories260k.name}+{tmp_path / 'a'}")
    assert torch.equal(target.site("sae.resid.2").code.weights["W_dec"], made.weights["W_dec"])
    quality = measure_dictionary(target, "sae.resid.2", windows)
    assert 0.3 < quality.explained_variance["value"] < 1
    assert quality.active["value"] <= 8
    assert quality.loss_recovered["value"] > 0.5
    assert quality.loss_recovered["low"] <= quality.loss_recovered["high"]


def known(width: int, rows: torch.Tensor, bias: torch.Tensor, shift: float = 0.0) -> Dictionary:
    weights = {
        "W_enc": rows.T.contiguous(),
        "b_enc": torch.full((len(rows),), shift),
        "W_dec": rows,
        "b_dec": bias,
    }
    return Dictionary(card_of({"d_in": width, "d_sae": len(rows)}), weights)


def test_the_identity_explains_all_and_the_mean_nothing(test_data, windows):
    target = Target.load(str(test_data / "stories260k"))
    raw = target.trace(windows, ["resid.1"], output=False).values["resid.1"]
    mean = raw[torch.as_tensor(windows.counted)].mean(0)
    both = torch.cat([torch.eye(64), -torch.eye(64)])
    add_dictionary(target, known(64, both, torch.zeros(64)), "resid.1")
    identity = measure_dictionary(target, "sae.resid.1", windows)
    assert identity.explained_variance["value"] == pytest.approx(1, abs=1e-6)
    assert identity.loss_recovered["value"] == pytest.approx(1, abs=1e-4)
    assert identity.kl_recovered["value"] == pytest.approx(1, abs=1e-4)
    assert identity.active["value"] == pytest.approx(64)
    silent = known(64, torch.eye(64)[:3], mean, -1e9)
    add_dictionary(target, silent, "resid.1", named="mean")
    constant = measure_dictionary(target, "sae.resid.1.mean", windows)
    assert constant.explained_variance["value"] == pytest.approx(0, abs=1e-5)
    assert constant.dead == 1
    refused("no dictionary", measure_dictionary, target, "resid.1", windows)


def test_options_that_make_no_sense_are_one_line(stories260k, windows, tmp_path):
    call = (stories260k, windows, "resid.2")
    refused("none of topk", train_dictionary, *call, replace(QUICK, variant="x"), tmp_path)
    refused("k is 96", train_dictionary, *call, replace(QUICK, k=96), tmp_path)
    refused("less than one batch", train_dictionary, *call, replace(QUICK, batch=10**6), tmp_path)
    (tmp_path / "mine.txt").write_text("x")
    refused("holds other files", train_dictionary, *call, QUICK, tmp_path)
    folder = tmp_path / "torn"
    folder.mkdir()
    (folder / "state.json").write_text("{")
    refused("damaged", train_dictionary, *call, QUICK, folder)


def test_the_folder_says_what_it_was_trained_on(stories260k, windows, tmp_path):
    train_dictionary(stories260k, windows, "resid.2", QUICK, tmp_path / "a", corpus="stories x")
    metadata = json.loads((tmp_path / "a" / "cfg.json").read_text())["metadata"]
    assert metadata["hook_name"] == "blocks.2.hook_resid_post"
    facts = metadata["neuroscribe"]
    assert (facts["site"], facts["corpus"]) == ("resid.2", "stories x")
    assert facts["fingerprint"] == stories260k.fingerprint
    assert read_dictionary(tmp_path / "a").card.k == 8
