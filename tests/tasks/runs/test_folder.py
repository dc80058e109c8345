"""What every run folder shares: versions, lines that survive a kill or a full disk, one owner."""

import errno
import json
import os

import numpy as np
import pytest
from neuroscribe.tasks.runs.disk import DiskFullError
from neuroscribe.tasks.runs.folder import FORMAT, Folder
from neuroscribe.tasks.runs.jsonl import append, heal, read_records_of
from neuroscribe.tools.errors import UsageError


def test_lines_come_back_and_a_torn_one_is_taken_away(tmp_path):
    path = tmp_path / "records.jsonl"
    assert read_records_of(path) == []
    for n in range(3):
        append(path, {"n": np.int64(n)})
    whole = path.read_bytes()
    path.write_bytes(whole[:-4])
    assert read_records_of(path) == [{"n": 0}, {"n": 1}]
    heal(path)
    append(path, {"n": 2})
    assert path.read_bytes() == whole


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "records.jsonl"
    append(path, {"n": "x" * 60})
    before = path.read_bytes()
    real = os.write

    def write(file: int, data: bytes) -> int:
        if len(data) < 40:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data[:20])

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(DiskFullError, match=r"No space left on device.*are kept"):
        append(path, {"n": "x" * 60})
    monkeypatch.undo()
    assert path.read_bytes() == before


def test_a_later_version_is_refused_and_an_earlier_one_is_read(tmp_path):
    folder = Folder(tmp_path)
    assert folder.read_run() is None
    with pytest.raises(UsageError, match=r"it has no run\.json"):
        folder.facts()
    folder.write_run({"units": []})
    assert folder.read_run() == folder.facts() == {"format": FORMAT, "units": []}
    (tmp_path / "run.json").write_text(json.dumps({"units": []}))  # before there were versions
    assert folder.read_run() == {"units": []}
    (tmp_path / "run.json").write_text(json.dumps({"format": FORMAT + 1}))
    with pytest.raises(UsageError, match="later version"):
        folder.read_run()


def test_a_folder_has_one_owner_at_a_time(tmp_path):
    one, two = Folder(tmp_path / "r"), Folder(tmp_path / "r")
    owned = pytest.raises(UsageError, match=f"in use by process {os.getpid()};")
    with one.hold(".lock"):
        with owned, two.hold(".lock"):
            pass
        with two.hold(".other"):
            pass
    with two.hold(".lock"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"), Folder(tmp_path / "file").hold(".lock"):
        pass
