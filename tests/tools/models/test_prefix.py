"""Going on behind a module gives what a whole pass gives, or is not tried."""

import numpy as np
import pytest
import torch
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.models import clamp
from neuroscribe.tools.models.factory import from_model
from neuroscribe.tools.models.model import Model
from neuroscribe.tools.models.prefix import prefix_of
from neuroscribe.tools.scenes.grammar import scenes
from torch import Tensor, nn

from tests.support.colour_target import picture

IMAGE = {"size": 32, "mean": (0, 0, 0), "sd": (1, 1, 1)}


class Block(nn.Module):
    """A convolution beside what it takes, summed."""

    def __init__(self, *, inplace: bool) -> None:
        super().__init__()
        self.conv, self.norm, self.act = nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()
        self.inplace = inplace

    def forward(self, x: Tensor) -> Tensor:
        """The sum; with `inplace` it is written over what came in."""
        new = self.act(self.norm(self.conv(x)))
        return x.add_(new) if self.inplace else x + new


class Network(nn.Module):
    """Blocks behind a stem; one activation runs twice."""

    def __init__(self, *, inplace: bool = False) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2)
        self.blocks = nn.ModuleList(Block(inplace=inplace) for _ in range(3))
        self.act = nn.ReLU(inplace=True)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.act(self.stem(x))
        for block in self.blocks:
            x = block(x)
        return self.head(self.act(x).mean((2, 3)))


def made(*, inplace: bool = False):
    torch.manual_seed(0)
    network = Network(inplace=inplace).eval()
    target = from_model(Model(network, example=(1, 3, 32, 32), image=IMAGE), name="net")
    return target, image_rows(target, [picture(scene) for scene in scenes(6, seed=1)])


@pytest.mark.parametrize(
    "site", ["blocks.0.conv", "blocks.1.act", "blocks.2.norm", "stem", "conv.0"]
)
@pytest.mark.parametrize("again", [[0, 0, 0], [2, 0, 5, 2]])
def test_changes_behind_a_prefix_do_what_they_do_in_a_whole_pass(site, again):
    target, rows = made()
    found = prefix_of(target, site, rows.rows([0]))
    assert found is not None
    once = sorted(set(again))
    kept = found.run(rows.rows(once))
    changes = [clamp(site, [k], 2.0 + k).at(rows=[k]) for k in range(len(again))]
    with found.going_on(kept, [once.index(row) for row in again]):
        fast = target.trace(rows.rows(again), interventions=changes).output
    whole = target.trace(rows.rows(again), interventions=changes).output
    np.testing.assert_allclose(fast.numpy(), whole.numpy(), atol=1e-5)
    assert (fast[0] - target.trace(rows.rows(again[:1])).output[0]).abs().max() > 1e-3
    assert not any("forward" in module.__dict__ for module in target.network.modules())


def test_what_writes_over_its_input_is_found_out():
    target, rows = made(inplace=True)
    found = prefix_of(target, "blocks.1.act", rows.rows([0]))
    plain = target.trace(rows).output
    if found is not None:  # it can go on all the same: then it must be right
        kept = found.run(rows)
        with found.going_on(kept, range(6)):
            np.testing.assert_allclose(target.trace(rows).output.numpy(), plain.numpy(), atol=1e-5)
    np.testing.assert_array_equal(target.trace(rows).output.numpy(), plain.numpy())
