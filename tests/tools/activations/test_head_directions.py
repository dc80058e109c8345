"""Heads read along what they write: the direction that was planted is found, and writes undo."""

import hand_built_heads
import numpy as np
import pytest
import torch
from checks import close, refused
from neuroscribe.tools.activations.head_directions import (
    add_head_directions,
    along_sites,
    offer_head_directions,
    read_directions,
)
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


def test_sites_are_found_when_asked_for_and_follow_the_data(target, windows):
    offer_head_directions(target, windows)
    assert "along.0" not in target.sites
    assert str(target.unit("along.0/5")) == "along.0/5"
    first = target.site("along.0").code.fingerprint
    offer_head_directions(target, windows)
    assert "along.0" not in target.sites  # of other data, perhaps
    assert target.site("along.0").code.fingerprint == first
    offer_head_directions(target, windows.rows(slice(0, 10)))
    assert target.site("along.0").code.fingerprint != first
    refused("no site 'head.7'", target.unit, "along.7/0")


@pytest.mark.parametrize("suffix", ["npy", "safetensors"])
def test_a_file_gives_a_direction(target, windows, tmp_path, suffix):
    from safetensors.numpy import save_file

    vector = np.eye(1, target.site("head.1").channels, 3, dtype=np.float32)[0]
    path = tmp_path / f"one.{suffix}"
    np.save(path, vector) if suffix == "npy" else save_file({"v": vector}, path)
    offer_head_directions(target, windows, f"head.1/2={path}")
    close(target.site("along.1").code.directions[2], torch.as_tensor(vector))


def test_a_file_of_something_else_is_refused(target, windows, tmp_path):
    for name, array in (("two", np.ones((2, 3))), ("zero", np.zeros(3)), ("o", np.array([{}]))):
        np.save(tmp_path / f"{name}.npy", array)
    for text, said in (
        ("head.1/2", "is not HEAD=FILE"),
        (f"mlp.1/2={tmp_path}/two.npy", "is not HEAD=FILE"),
        (f"head.1/2={tmp_path}/two.npy", "of one vector"),
        (f"head.1/2={tmp_path}/o.npy", "of one vector"),
        (f"head.1/2={tmp_path}/zero.npy", "zero or not finite"),
        (f"head.1/2={tmp_path}/none.npy", "of one vector"),
    ):
        refused(said, read_directions, text)
    np.save(tmp_path / "one.npy", np.ones(3))
    refused("head.9", offer_head_directions, target, windows, f"head.9/0={tmp_path}/one.npy")
