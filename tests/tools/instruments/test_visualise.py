"""Gradient ascent finds what a channel is known to look for, and is the same again."""

import numpy as np
import pytest
from checks import done
from colour_target import BLUE, DEAD, GREEN, RED
from neuroscribe.tools.instruments.visualise import ascended
from neuroscribe.tools.registry import call


@pytest.mark.parametrize(("unit", "channel"), [(RED, 0), (GREEN, 1), (BLUE, 2)])
def test_the_picture_of_a_colour_is_that_colour(make_pictures, unit, channel):
    lab = make_pictures(f"conv.0/{unit}")
    pixels = ascended(lab, lab.unit, 3, steps=64, of="mean")
    means = pixels.reshape(-1, 3).mean(0)
    assert means.argmax() == channel
    assert means[channel] > 8 + max(np.delete(means, channel))


def test_it_goes_beyond_the_corpus_and_says_what_controls_do(pictures):
    found = done(pictures, "visualise", {"steps": 48, "pictures": 2})
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


def test_the_same_seed_gives_the_same_picture(pictures, make_pictures):
    one, same, other = (ascended(pictures, pictures.unit, seed, steps=16) for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()
    assert one.shape == (48, 48, 3)
    assert not any(p.requires_grad for p in pictures.target.network.parameters())
    logit = done(make_pictures("logit/1"), "visualise", {"steps": 32, "pictures": 1})
    assert logit.data["reached"][0] > 0.5
    assert all(one["this_unit"] < 0.1 for one in logit.data["controls"])
    dead = done(make_pictures(f"conv.0/{DEAD}"), "visualise", {"steps": 16, "pictures": 1})
    assert dead.data["reached"] == [0]
