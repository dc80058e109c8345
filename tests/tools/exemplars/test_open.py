"""An index of another model or corpus, a damaged one, a full disk, a second writer."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.exemplars import ExemplarIndex, build_index
from neuroscribe.tools.io.lock import owned
from neuroscribe.tools.models import Target

from .conftest import random_windows


@pytest.fixture(scope="module")
def sound(tiny: Callable[[str], Target], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    return build_index(tiny("gpt2"), random_windows(90), ["mlp.0", "resid.1"], folder)


@pytest.fixture
def built(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "i"))


def test_another_model_or_corpus_is_refused(built: Path, tiny: Callable[[str], Target]) -> None:
    with pytest.raises(UsageError, match="of another model"):
        ExemplarIndex.open(built, target=tiny("llama"))
    with pytest.raises(UsageError, match="over another corpus"):
        ExemplarIndex.open(built, windows=random_windows(90, seed=1))
    with pytest.raises(UsageError, match=r"no site 'mlp\.1'; it has: mlp\.0, resid\.1"):
        ExemplarIndex.open(built).unit("mlp.1/3")
    with pytest.raises(UsageError, match="units 0 to 63"):
        ExemplarIndex.open(built).unit("mlp.0/64")
    with pytest.raises(UsageError, match=r"another corpus.*give another folder"):
        build_index(tiny("gpt2"), random_windows(91), ["mlp.0", "resid.1"], built)
    with pytest.raises(UsageError, match="other sites"):
        build_index(tiny("gpt2"), random_windows(90), ["mlp.0"], built)


@pytest.mark.parametrize(
    "name", ["top.npy", "sums.npy", "fired.npy", "sample.npy", "places.npy", "windows/ids.npy"]
)
@pytest.mark.parametrize("how", ["flip", "cut", "gone"])
def test_damage_is_found(name: str, how: str, built: Path) -> None:
    path = built / name
    raw = bytearray(path.read_bytes())
    if how == "gone":
        path.unlink()
    else:
        raw[-5] ^= 4
        path.write_bytes(raw if how == "flip" else raw[: len(raw) // 2])
    with pytest.raises(UsageError, match=r"damaged.*delete the folder"):
        ExemplarIndex.open(built).verify()
    if name in ("top.npy", "sums.npy", "fired.npy", "sample.npy"):
        with pytest.raises(UsageError, match="damaged"):  # also where only the unit is read
            ExemplarIndex.open(built).unit("resid.1/15")


def test_damaged_header(built: Path) -> None:
    (built / "index.json").write_text('{"format": 1, "sites"')
    with pytest.raises(UsageError, match=r"damaged \(index.json\)"):
        ExemplarIndex.open(built)


def test_no_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neuroscribe index TARGET"):
        ExemplarIndex.open(tmp_path)


def test_other_files_are_not_written_over(tiny: Callable[[str], Target], tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="holds other files"):
        build_index(tiny("gpt2"), random_windows(9), ["mlp.0"], tmp_path)
    with pytest.raises(UsageError, match="cannot write to"):
        build_index(tiny("gpt2"), random_windows(9), ["mlp.0"], tmp_path / "thesis.txt")


def test_a_full_disk_is_said_and_the_same_call_goes_on(
    tiny: Callable[[str], Target], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.posix_fallocate
    calls = []

    def full(file: int, offset: int, size: int) -> None:
        calls.append(size)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file, offset, size)

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(UsageError, match="full; free some space and run the same command again"):
        build_index(tiny("gpt2"), random_windows(60), ["mlp.0"], tmp_path / "i")
    with pytest.raises(UsageError, match="not finished; run the same command again"):
        ExemplarIndex.open(tmp_path / "i")
    build_index(tiny("gpt2"), random_windows(60), ["mlp.0"], tmp_path / "i")
    assert len(ExemplarIndex.open(tmp_path / "i").unit("mlp.0/1").top) == 20


def test_a_second_writer_is_refused_with_the_pid(
    tiny: Callable[[str], Target], tmp_path: Path
) -> None:
    with owned(tmp_path), pytest.raises(UsageError, match=f"process {os.getpid()};"):
        build_index(tiny("gpt2"), random_windows(60), ["mlp.0"], tmp_path)
