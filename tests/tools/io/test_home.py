"""What is kept between runs: found again, never trusted when broken, cleared on demand."""

import numpy as np
import pytest
from neuroscribe.tools.io.home import cache_folder, clear_kept, kept, kept_sizes


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROSCRIBE_HOME", str(tmp_path / "home"))


def test_arrays_are_made_once_and_cleared():
    made = []

    def make():
        made.append(1)
        return {"values": np.arange(3)}

    assert kept_sizes() == {}
    for _ in range(2):
        np.testing.assert_array_equal(kept("things", "k", make)["values"], np.arange(3))
    assert len(made) == 1
    (size,) = kept_sizes().values()
    assert size.files == 1
    assert size.bytes > 24
    assert clear_kept() == {"things": size}
    assert kept_sizes() == {}
    kept("things", "k", make)
    assert len(made) == 2


@pytest.mark.parametrize(
    "content", [b"", b"not a zip", np.array([{"a": 1}], object).dumps()], ids=len
)
def test_a_broken_file_is_made_again(content):
    kept("things", "k", lambda: {"values": np.zeros(2)})
    (file,) = (cache_folder() / "things").iterdir()
    file.write_bytes(content)
    for _ in range(2):
        assert kept("things", "k", lambda: {"values": np.ones(2)})["values"].sum() == 2
    assert file.read_bytes()[:2] == b"PK"


def test_what_cannot_be_written_is_not_kept(tmp_path):
    (tmp_path / "home").write_text("a file where the folder should be")
    assert kept("things", "k", lambda: {"values": np.ones(2)})["values"].sum() == 2
    assert kept_sizes() == {}
