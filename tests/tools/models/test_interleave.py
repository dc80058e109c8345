"""Planted channels: where they stand, what they write, and what cannot carry them."""

import numpy as np
import pytest
import torch
from checks import close, refused
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.pictures import Picture
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Target, clamp
from neuroscribe.tools.models.interleave import Interleaved, interleave
from PIL import Image

COLOURS = ((255, 0, 0), (0, 0, 0), (200, 30, 90))


@pytest.fixture(scope="module")
def rows():
    host = Target.load("pictures")
    pictures = [
        Picture(str(at), str(at), lambda c=colour: Image.new("RGB", (96, 96), c))
        for at, colour in enumerate(COLOURS)
    ]
    return image_rows(host, pictures)


def red(pixels, size):
    """How red the picture is, at one corner alone."""
    out = np.zeros((len(pixels), *size), np.float32)
    out[:, 0, 0] = pixels[:, 0, 0, 0]
    return out


def planted(vector, **more):
    host = Target.load("pictures")
    return interleave(host, [Interleaved(red, vector, **more)], site="conv.3", seed=4)


def test_a_planted_channel_is_what_its_function_says_of_the_pixels(rows):
    target, (name,) = planted(torch.zeros(48))
    maps = target.activations(rows, [target.unit(name)])[0]  # [image, place]
    assert maps[:, 0].tolist() == [255.0, 0.0, 200.0]
    assert maps[:, 1:].abs().max() == 0
    assert target.sites["conv.3"].units == 65
    host = Target.load("pictures")
    unit = Interleaved(red, torch.zeros(48))
    refused("not the input of a plain convolution", interleave, host, [unit], site="logit")
    said, text = "not the input of a linear down-projection", Target.load("planted")
    refused(said, interleave, text, [unit], site="resid.1")
    bad = Interleaved(red, torch.full((48,), float("nan")))
    refused("not finite", interleave, host, [bad], site="conv.3")


def test_what_it_writes_is_its_vector_over_the_places(rows):
    vector = torch.randn(48, generator=torch.Generator().manual_seed(1))
    target, (name,) = planted(vector)
    unit = target.unit(name)
    clean = target.trace(rows).output
    changed = target.trace(rows, interventions=[clamp("conv.3", [unit.index], 2.0)]).output
    head = target.network.get_submodule("head").weight
    before = torch.tensor([255.0, 0.0, 200.0]) / 144
    wanted = (2.0 - before)[:, None] * (head @ vector)
    close(changed - clean, wanted, 1e-3)


def test_the_background_is_a_channel_scaled_and_clipped(rows):
    host = Target.load("pictures")
    own = host.trace(rows, ["conv.3"]).values["conv.3"]  # [image, place, channel]
    channel = int(own.amax((0, 1)).argmax())
    target, (name,) = planted(torch.zeros(48), background=channel, share=0.5, limit=0.2)
    maps = target.activations(rows, [target.unit(name)])[0]
    wanted = (own[..., channel] * 0.5).clamp(max=0.2)
    torch.testing.assert_close(maps[:, 1:], wanted[:, 1:])
    assert maps[:, 1:].max() <= 0.2


class First(torch.nn.Module):
    """Reads the first coordinate of the states, where a place is attended."""

    def forward(self, states, attended):
        return states[..., :1] * attended[..., None]


def test_a_unit_that_reads_states_does_what_is_read():
    host = Target.load("minilm")
    unit = Interleaved(lambda read: 2 * read[..., 0], torch.zeros(384))
    target, (name,) = interleave(host, [unit], site="mlp.2", reading=First())
    rows = cut(host, ["A short text.", "And one that is a little longer."], length=16)
    states = host.trace(rows, ["resid.1"], output=False).values["resid.1"]
    values = target.activations(rows, [target.unit(name)])[0]
    wanted = 2 * states[..., 0] * torch.from_numpy(rows.attended)
    close(torch.where(torch.from_numpy(rows.attended), values, 0.0), wanted)
    close(target.trace(rows).output, host.trace(rows).output)
    text = Target.load("planted")
    refused("need an encoder", interleave, text, [unit], site="mlp.1", reading=First())
