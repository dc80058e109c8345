"""Transcripts are written line by line and read back, whole or torn."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from neuroscribe.agent.transcript import Recorder, read, record
from neuroscribe.agent.transcript.record import portable
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.evidence import Evidence

HEADER = {"format": 1, "unit": "mlp.0/3"}


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": text, **more}


def contents(path: Path) -> list[str]:
    return [event["message"]["content"] for event in read(path).of("message")]


def test_what_is_written_is_read(recorded):
    found = read(recorded)
    assert found.header["unit"] == "mlp.0/3"
    assert len(found.header["target"]["fingerprint"]) == 16
    assert len(found.header["corpus"]["hash"]) == 16
    assert set(found.header["versions"]) == {"python", "neuroscribe", "torch", "transformers"}
    assert list(found.evidence) == [f"E{number}" for number in range(1, 9)]
    assert found.evidence["E2"].data["measured"][0]["tokens"]
    assert found.evidence["E8"].error is not None
    assert found.conclusion is not None
    assert found.conclusion["label"] == "cats"
    assert (found.ended, found.torn) == ("concluded", False)


def test_every_event_is_on_the_disk_at_once(tmp_path):
    path = tmp_path / "deep" / "t.jsonl"
    with Recorder(path, HEADER) as recorder:
        found = Evidence("E1", "survey", {"unit": "mlp.0/3"}, "said", {"x": 1.5})
        recorder.write("evidence", evidence=found)
        assert read(path).evidence["E1"].data == {"x": 1.5}


def test_a_torn_last_line_is_left_out_and_mended(recorded):
    whole = recorded.read_bytes()
    many = len(read(recorded).events)
    recorded.write_bytes(whole[:-25])
    torn = read(recorded)
    assert torn.torn
    assert len(torn.events) == many - 1
    assert torn.ended is None
    with Recorder(recorded, HEADER, resume=True) as recorder:
        recorder.write("end", reason="concluded")
    mended = read(recorded)
    assert (mended.torn, mended.ended, len(mended.events)) == (False, "concluded", many)


def test_a_new_recorder_replaces_an_old_file(tmp_path):
    for many in (5, 1):
        with Recorder(tmp_path / "t.jsonl", HEADER) as recorder:
            for number in range(many):
                recorder.write("message", message=said(str(number)))
    assert contents(tmp_path / "t.jsonl") == ["0"]


def test_threads_do_not_mix_lines(tmp_path):
    with Recorder(tmp_path / "t.jsonl", HEADER) as recorder, ThreadPoolExecutor(4) as pool:

        def write(name: str) -> None:
            for _ in range(50):
                recorder.write("message", message=said(name * 300))

        list(pool.map(write, "abcd"))
    texts = contents(tmp_path / "t.jsonl")
    assert len(texts) == 200
    assert all(len(set(text)) == 1 for text in texts)


def test_a_failed_write_leaves_whole_lines(tmp_path, monkeypatch):
    path, real = tmp_path / "t.jsonl", record.os.write

    def full(file: int, data: bytes) -> int:
        if len(data) < 200:
            raise OSError(28, "No space left on device")
        return real(file, data[:100])

    with Recorder(path, HEADER) as recorder:
        monkeypatch.setattr(record.os, "write", full)
        with pytest.raises(OSError, match="No space"):
            recorder.write("message", message=said("x" * 200))
        monkeypatch.undo()
        recorder.write("message", message=said("after"))
    assert not read(path).torn
    assert contents(path) == ["after"]


def test_lone_surrogates_and_numbers_that_are_none_survive(tmp_path):
    with Recorder(tmp_path / "t.jsonl", HEADER) as recorder:
        recorder.write("message", message=said("\ud800 é", x=float("nan")))
    message = read(tmp_path / "t.jsonl").events[0]["message"]
    assert message == said("\ud800 é", x=None)


def test_the_ledger_is_written_as_news(recorded):
    rows = [row for event in read(recorded).of("ledger") for row in event["rows"]]
    first = {row["id"]: row for row in reversed(rows)}
    assert first["H1"]["statement"] == "cats"
    assert all("history" not in row and "predictor" not in row for row in rows)
    assert sum("statement" in row for row in rows) == 2  # once each


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read"),
        ("", "no header"),
        ("hello\n", "line 1"),
        ('{"event":"message"}\n', "no header"),
        ('{"event":"header","format":9}\n', "format 9"),
        ('{"event":"header","format":1}\nnonsense\n{"event":"end"}\n', "line 2"),
    ],
)
def test_what_is_no_transcript_is_refused(tmp_path, content, said):
    if content is not None:
        (tmp_path / "t.jsonl").write_text(content)
    with pytest.raises(UsageError, match=said):
        read(tmp_path / "t.jsonl")


def test_a_wrong_path_is_told_a_transcript_that_is_there(tmp_path):
    there = tmp_path / "transcripts" / "mlp.0_1.jsonl"
    there.parent.mkdir()
    for path in (there, tmp_path / "labels.jsonl"):
        path.write_text("")
    for wrong in (tmp_path, there.with_name("mlp.0_2.jsonl")):
        with pytest.raises(UsageError, match=f"there is {re.escape(str(there))}"):
            read(wrong)


def test_paths_are_said_relative_to_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    (tmp_path / "data.jsonl").write_text(json.dumps({"text": "x"}))
    monkeypatch.chdir(tmp_path / "home")
    for given, said in (
        (str(tmp_path / "data.jsonl"), "../data.jsonl"),
        (f"{tmp_path / 'data.jsonl'}:field", "../data.jsonl:field"),
        ("builtin:stories", "builtin:stories"),
        ("org/model", "org/model"),
    ):
        assert portable(given) == said
