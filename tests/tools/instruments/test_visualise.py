"""Gradient ascent finds what a channel is known to look for, and is the same again."""

import numpy as np
import pytest
import torch
from colour_target import BLUE, DEAD, GREEN, RED
from neuroscribe.tools.instruments.visualise import _falloff, _pixels, ascended
from neuroscribe.tools.registry import call


@pytest.mark.parametrize(("unit", "channel"), [(RED, 0), (GREEN, 1), (BLUE, 2)])
def test_the_picture_of_a_colour_is_that_colour(make_pictures, unit: int, channel: int) -> None:
    lab = make_pictures(f"conv.0/{unit}")
    pixels = ascended(lab, lab.unit, 3, steps=64, of="mean")
    means = pixels.reshape(-1, 3).mean(0)
    assert means.argmax() == channel
    assert means[channel] > 8 + max(np.delete(means, channel))


def test_it_goes_beyond_the_corpus_and_says_what_controls_do(pictures) -> None:
    found = call(pictures, "visualise", {"steps": 48, "pictures": 2})
    assert found.error is None
    data = found.data
    assert min(data["reached"]) > data["corpus_max"]
    assert data["corpus_max"] == pytest.approx(pictures.column(pictures.unit).max(), rel=1e-5)
    assert len(data["controls"]) == 2
    for control in data["controls"]:
        assert control["unit"] != str(pictures.unit)
        assert control["this_unit"] < max(data["reached"]) + 1e-6
    assert "colours red" in found.text
    assert "times" in found.text
    assert len(found.images) == 1
    again = call(pictures, "visualise", {"steps": 48, "pictures": 2})
    assert again.data["seeds"] != data["seeds"]  # another call: other noise


def test_the_same_seed_gives_the_same_picture(pictures) -> None:
    one, same, other = (ascended(pictures, pictures.unit, seed, steps=16) for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()
    assert one.shape == (48, 48, 3)
    assert not any(p.requires_grad for p in pictures.target.network.parameters())


def test_logits_and_dead_channels(make_pictures) -> None:
    logit = call(make_pictures("logit/1"), "visualise", {"steps": 32, "pictures": 1})
    assert logit.error is None
    assert logit.data["reached"][0] > 0.5
    assert all(one["this_unit"] < 0.1 for one in logit.data["controls"])
    dead = call(make_pictures(f"conv.0/{DEAD}"), "visualise", {"steps": 16, "pictures": 1})
    assert dead.error is None
    assert dead.data["reached"] == [0]


def test_noise_of_one_over_frequency_has_power_at_all_scales() -> None:
    scale = _falloff(64, 48)
    assert scale.shape == (64, 25, 1)
    assert float(scale[1, 0]) == pytest.approx(2 * float(scale[2, 0]))
    draw = torch.Generator().manual_seed(0)
    pixels = _pixels(torch.randn(3, 64, 25, 2, generator=draw), scale, (64, 48))
    assert pixels.shape == (3, 64, 48)
    assert float(pixels.min()) >= 0
    assert float(pixels.max()) <= 1
