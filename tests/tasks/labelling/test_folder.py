"""The run folder: durable lines, torn lines, locks, settings that must agree."""

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest
from neuroscribe.tasks.labelling.folder import RunFolder
from neuroscribe.tasks.labelling.settings import Settings, Shard, differences
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import Unit


def record(number: int) -> dict[str, str]:
    return {"unit": f"mlp.0/{number}", "label": f"unit {number} — ünïcode", "status": "described"}


def filled(path: Path) -> RunFolder:
    path.mkdir(parents=True)
    folder = RunFolder(path)
    for number in range(3):
        folder.append(record(number))
    return folder


def test_labels_come_back_and_a_line_torn_at_any_byte_is_cut_off(tmp_path):
    folder = filled(tmp_path / "r")
    assert folder.labels() == {f"mlp.0/{n}": record(n) for n in range(3)}
    assert folder.heal() == []
    whole = folder.labels_path.read_bytes()
    third = whole.rindex(b"\n", 0, -1) + 1
    for size in random.Random(0).sample(range(third + 1, len(whole)), 20):
        folder.labels_path.write_bytes(whole[:size])
        assert set(folder.labels()) <= {"mlp.0/0", "mlp.0/1"}
        (said,) = folder.heal()
        assert f"{size - third} bytes" in said
        assert folder.labels_path.read_bytes() == whole[:third]
        folder.append(record(2))
        assert folder.labels_path.read_bytes() == whole


@pytest.mark.parametrize("junk", [b"\x00\x00\x00\n", b"[1,2]\n", b'{"label": 3}\n', b"{\n"])
def test_damage_in_the_middle_costs_only_its_line(tmp_path, junk):
    folder = filled(tmp_path / "r")
    first, second, third = folder.labels_path.read_bytes().splitlines(keepends=True)
    folder.labels_path.write_bytes(first + junk + third)
    assert len(folder.heal()) == 1
    assert folder.labels_path.read_bytes() == first + third
    assert (folder.path / "labels.jsonl.damaged").read_bytes() == junk
    assert second not in folder.labels_path.read_bytes()


def test_a_second_owner_is_refused_and_shards_have_their_own_files(tmp_path):
    first, second = RunFolder(tmp_path / "r"), RunFolder(tmp_path / "r")
    one, two = (RunFolder(tmp_path / "r", Shard(n, 2)) for n in (1, 2))
    second.refuse_if_owned()
    with first.lock():
        with pytest.raises(UsageError, match=f"in use by process {os.getpid()};"):
            second.refuse_if_owned()
        with two.lock():
            pass
    with second.lock():
        pass
    one.append(record(0))
    two.append(record(1))
    assert one.labels_path.name == "labels.1-of-2.jsonl"
    assert set(one.own_labels()) == {"mlp.0/0"}
    assert set(first.labels()) == {"mlp.0/0", "mlp.0/1"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"settings": {}}', '{"format": "x"}'])
def test_a_damaged_run_json_is_said(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(UsageError, match=r"run\.json"):
        RunFolder(tmp_path).read_run()


def test_transcripts_of_different_units_never_share_a_file(tmp_path):
    units = [Unit("mlp.1", 12), Unit("mlp.1", 12, -1), Unit("a/b", 1), Unit("a_b", 1)]
    paths = [RunFolder(tmp_path).transcript_path(unit) for unit in units]
    assert [path.name for path in paths[:2]] == ["mlp.1_12.jsonl", "mlp.1_12-.jsonl"]
    assert len(set(paths)) == 4
    assert {path.parent for path in paths} == {tmp_path / "transcripts"}


def test_settings_say_what_differs():
    old = Settings(target="minilm", units="mlp.0/1", data="builtin:pydocs")
    new = replace(old, seed=3, tokens=5000)
    assert differences(old.as_dict(), old.as_dict()) == []
    said = ["tokens (100000 there, 5000 here)", "seed (0 there, 3 here)"]
    assert differences(old.as_dict(), new.as_dict()) == said
    assert Settings.from_dict({**new.as_dict(), "unheard_of": 1}) == new


@pytest.mark.parametrize(
    ("name", "value"), [("tokens", 5), ("context_length", 2), ("controls", "some"), ("signs", "x")]
)
def test_settings_that_cannot_be_are_refused(name, value):
    with pytest.raises(UsageError, match=name.replace("_", "-")):
        Settings(target="t", units="u", data="d", **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "1/0", "a/b", "-1/2", "1/2/3"])
def test_a_shard_that_cannot_be_is_refused(text):
    assert str(Shard.parse("2/4")) == "2/4"
    with pytest.raises(UsageError, match="I/N"):
        Shard.parse(text)
