"""The index over pictures, against measuring each picture by itself; maps."""

import json

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tasks.cli.app import run
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.pictures import ImageCorpus
from neuroscribe.tools.exemplars import ExemplarIndex, build_index
from neuroscribe.tools.images.maps import maps
from neuroscribe.tools.lab import Lab, measure
from neuroscribe.tools.models import Target, Unit
from neuroscribe.tools.models.factory import from_model
from neuroscribe.tools.models.image_input import crop_and_normalise
from neuroscribe.tools.models.model import Model
from noise_pictures import noise, noise_pictures
from torch import nn

PICTURES = 150


class Net(nn.Module):
    """A convolution with a floor, one without, and classes."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Sequential(nn.Conv2d(3, 9, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.two = nn.Conv2d(9, 5, 3)
        self.head = nn.Linear(5, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.two(self.one(x)).mean((2, 3)))


@pytest.fixture(scope="module")
def target() -> Target:
    torch.manual_seed(0)
    image = crop_and_normalise(20)
    return from_model(Model(Net(), image=image, labels=["a", "b", "c", "d"]), name="net")


@pytest.fixture(scope="module")
def corpus() -> ImageCorpus:
    return ImageCorpus("noise", noise_pictures(PICTURES))


@pytest.fixture(scope="module")
def rows(target, corpus):
    return image_rows(target, corpus)


SITES = ("conv.0", "conv.1", "logit")


@pytest.fixture(scope="module")
def index(target, rows, tmp_path_factory) -> ExemplarIndex:
    folder = build_index(target, rows, SITES, tmp_path_factory.mktemp("index") / "i", k=7)
    return ExemplarIndex.open(folder, target=target, windows=rows)


def test_every_unit_and_side_is_what_measuring_gives(target, rows, index):
    assert index.sites == SITES
    assert index.count == PICTURES
    for name in SITES:
        both = name != "conv.0"
        for number in range(target.sites[name].units):
            for sign in (1, -1):
                unit = Unit(name, number, sign)
                found = index.unit(unit)
                assert found.real == (sign > 0 or both)
                if not found.real:
                    assert "never negative" in found.meaning
                    continue
                values = measure(target, rows, [unit])[0, :, 0]
                order = np.argsort(-values, kind="stable")[:7]
                order = order[values[order] > 0] if name == "conv.0" else order
                np.testing.assert_allclose([e.value for e in found.top], values[order], atol=1e-5)
                assert {e.window for e in found.top} == set(order.tolist())
                assert {e.place for e in found.top} <= {0}
                assert found.mean == pytest.approx(values.mean(), abs=1e-5)
                assert found.sd == pytest.approx(values.std(), abs=1e-5)
                assert found.fired == (values > 0).sum()
                assert found.quantiles[0.5] == pytest.approx(np.median(values), abs=1e-5)
                for item in (*found.low, *(e for band in found.bands for e in band.exemplars)):
                    assert values[item.window] == pytest.approx(item.value, abs=1e-5)


def test_the_pictures_are_named(index, target, rows, tmp_path):
    assert [item.id for item in index.windows.pictures] == [f"p{i}" for i in range(PICTURES)]
    refused("another corpus", ExemplarIndex.open, index.folder, windows=rows.rows(slice(1, None)))
    folder = build_index(target, rows.rows(slice(0, 40)), ["conv.1"], tmp_path / "i")
    path = folder / "windows" / "pictures.json"
    path.write_text(path.read_text().replace("p7", "p8"))
    refused("damaged", ExemplarIndex.open(folder).verify)


def test_maps_have_the_activation_as_their_maximum(target, rows):
    some = rows.rows(slice(0, 40))
    lab = Lab(target, rows)
    for unit, size in ((Unit("conv.0", 3), 20), (Unit("conv.1", 2, -1), 8)):
        found = maps(lab, some, unit)
        assert found.shape == (40, size, size)
        values = measure(target, some, [unit])[0, :, 0]
        np.testing.assert_allclose(found.max((1, 2)), values, atol=1e-6)
    assert maps(lab, some, Unit("logit", 1)) is None


def test_the_verb_index_on_pictures(tmp_path, capsys):
    (tmp_path / "net.py").write_text(
        "import torch\nfrom torch import nn\n\n\ndef load():\n    torch.manual_seed(0)\n"
        "    return nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1),\n"
        "                         nn.Flatten(), nn.Linear(6, 3))\n\n\n"
        "load.example = (1, 3, 16, 16)\n"
    )
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(30):
        noise(number).save(folder / f"{number}.png")
    (folder / "notes.txt").write_text("not a picture")
    common = ["index", f"{tmp_path / 'net.py'}:load", "--data", str(folder)]
    assert run([*common, "--out", str(tmp_path / "i"), "--split", "all", "--json"]) == 0
    told = capsys.readouterr()
    said = json.loads(told.out)
    assert (said["pictures"], said["units"], said["sites"]) == (30, 6, {"conv.0": 6})
    assert "skipped notes.txt" in told.err
    assert len(ExemplarIndex.open(tmp_path / "i").unit("conv.0/2", limit=5).low) == 5
    text = tmp_path / "text.txt"
    text.write_text("words and words")
    assert run([*common[:3], str(text), "--out", str(tmp_path / "j")]) == 2
    assert "takes pictures" in capsys.readouterr().err
