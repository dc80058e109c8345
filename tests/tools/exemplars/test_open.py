"""An index of another model or corpus, a damaged one, a full disk, a second writer."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from checks import refused
from neuroscribe.tools.exemplars import ExemplarIndex, build_index
from neuroscribe.tools.io.lock import owned
from neuroscribe.tools.models import Target
from token_rows import random_windows


@pytest.fixture(scope="module")
def sound(tiny: Callable[[str], Target], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    return build_index(tiny("gpt2"), random_windows(90), ["mlp.0", "resid.1"], folder)


@pytest.fixture
def built(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "i"))


def test_another_model_or_corpus_is_refused(built, tiny, tmp_path):
    gpt2, index = tiny("gpt2"), ExemplarIndex.open(built)
    refused("of another model", ExemplarIndex.open, built, target=tiny("llama"))
    refused("over another corpus", ExemplarIndex.open, built, windows=random_windows(90, seed=1))
    refused(r"no site 'mlp\.1'; it has: mlp\.0, resid\.1", index.unit, "mlp.1/3")
    refused("units 0 to 127", index.unit, "mlp.0/128")
    other = "another corpus.*give another folder"
    refused(other, build_index, gpt2, random_windows(91), ["mlp.0", "resid.1"], built)
    refused("other sites", build_index, gpt2, random_windows(90), ["mlp.0"], built)
    (built / "index.json").write_text('{"format": 1, "sites"')
    refused(r"damaged \(index.json\)", ExemplarIndex.open, built)
    refused("neuroscribe index TARGET", ExemplarIndex.open, tmp_path)


@pytest.mark.parametrize(
    "name", ["top.npy", "sums.npy", "fired.npy", "sample.npy", "places.npy", "windows/ids.npy"]
)
@pytest.mark.parametrize("how", ["flip", "cut", "gone"])
def test_damage_is_found(name, how, built):
    path = built / name
    raw = bytearray(path.read_bytes())
    if how == "gone":
        path.unlink()
    else:
        raw[-5] ^= 4
        path.write_bytes(raw if how == "flip" else raw[: len(raw) // 2])
    refused(r"damaged.*delete the folder", lambda: ExemplarIndex.open(built).verify())
    if name in ("top.npy", "sums.npy", "fired.npy", "sample.npy"):  # also where only these are read
        refused("damaged", lambda: ExemplarIndex.open(built).unit("resid.1/15"))


def test_other_files_are_not_written_over(tiny, tmp_path):
    file = tmp_path / "thesis.txt"
    file.write_text("years of work")
    for said, place in (("holds other files", tmp_path), ("cannot write to", file)):
        refused(said, build_index, tiny("gpt2"), random_windows(9), ["mlp.0"], place)
    (tmp_path / "i").mkdir()
    with owned(tmp_path / "i"):
        said, target = f"process {os.getpid()};", tiny("gpt2")
        refused(said, build_index, target, random_windows(60), ["mlp.0"], tmp_path / "i")


def test_a_full_disk_is_said_and_the_same_call_goes_on(tiny, tmp_path, monkeypatch):
    real = os.posix_fallocate
    calls = []

    def full(file: int, offset: int, size: int) -> None:
        calls.append(size)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file, offset, size)

    monkeypatch.setattr(os, "posix_fallocate", full)
    given = (tiny("gpt2"), random_windows(60), ["mlp.0"], tmp_path / "i")
    refused("full; free some space and run the same command again", build_index, *given)
    refused("not finished; run the same command again", ExemplarIndex.open, tmp_path / "i")
    build_index(*given)
    ExemplarIndex.open(tmp_path / "i").verify()
