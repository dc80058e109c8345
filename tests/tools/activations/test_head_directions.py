"""Heads read along what they write: the direction that was planted is found, and writes undo."""

import hand_built_heads
import numpy as np
import pytest
import torch
from checks import close, refused
from neuroscribe.tools.activations.head_directions import add_head_directions, along_sites
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Target, zero


@pytest.fixture
def target() -> Target:
    return Target.load(f"{hand_built_heads.__file__}:plain")


@pytest.fixture
def windows(target):
    draw = np.random.default_rng(0)
    odds = [0.5, *[0.05] * 10]  # `a` is half of all: what copies of it write varies most
    texts = ["".join(draw.choice(hand_built_heads.TOKENS, 20, p=odds)) for _ in range(40)]
    return cut(target, texts, length=20, document_per_row=True)


def test_the_first_principal_direction_is_found(target, windows):
    shares = add_head_directions(target, windows, ["along.0"])["along.0"]
    site = target.site("along.0")
    assert site.units == target.site("head.0").units
    values = target.trace(windows, ["head.0", "along.0"], output=False).values
    z = values["head.0"][torch.as_tensor(windows.counted)][:, 5].double()  # the even head
    z = z - z.mean(0)
    _, singular, basis = torch.linalg.svd(z, full_matrices=False)
    along = values["along.0"][torch.as_tensor(windows.counted)][:, 5].double()
    close((z @ basis[0]).abs(), along.abs(), 1e-3)
    close(shares[5], singular[0] ** 2 / (singular**2).sum(), 1e-3)
    assert along.pow(3).sum() > 0  # the longer tail is positive


def test_a_direction_may_be_given_and_a_write_changes_it_alone(target, windows):
    direction = torch.zeros(hand_built_heads.D)
    direction[3] = 2.0
    add_head_directions(target, windows, ["along.1"], given={"head.1/2": direction})
    rows = windows.rows(slice(0, 2))
    plain = target.trace(rows, ["head.1", "along.1"], output=False).values
    mean = target.trace(windows, ["head.1"], output=False).values["head.1"]
    mean = mean[torch.as_tensor(windows.counted)][:, 2, 3].mean()
    close(plain["along.1"][..., 2], plain["head.1"][..., 2, 3] - mean)
    changed = target.trace(rows, ["head.1"], interventions=[zero("along.1", [2])], output=False)
    apart = (changed.values["head.1"] - plain["head.1"]).abs().amax((0, 1))
    assert apart[2, 3] > 0.1
    apart[2, 3] = 0
    assert apart.max() < 1e-5


def test_what_cannot_be_read_is_refused(target, windows):
    assert along_sites(["mlp.0", "along.1", "along.1"]) == ["along.1"]
    refused("no site 'head.7'", add_head_directions, target, windows, ["along.7"])
    wrong = {"head.0/1": torch.ones(3)}
    refused("it has 62 channels", add_head_directions, target, windows, ["along.0"], given=wrong)
