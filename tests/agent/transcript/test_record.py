"""Transcripts are written line by line and read back, whole or torn."""

import json
import threading

import pytest
from neuroscribe.agent.transcript import Recorder, read
from neuroscribe.agent.transcript.record import portable
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.evidence import Evidence

HEADER = {"format": 1, "unit": "mlp.0/3"}


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
    recorder = Recorder(path, HEADER)
    recorder.write(
        "evidence", evidence=Evidence("E1", "survey", {"unit": "mlp.0/3"}, "said", {"x": 1.5})
    )
    assert read(path).evidence["E1"].data == {"x": 1.5}
    recorder.close()


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
    path = tmp_path / "t.jsonl"
    for many in (5, 1):
        with Recorder(path, HEADER) as recorder:
            for number in range(many):
                recorder.write("message", message={"role": "user", "content": str(number)})
    assert [event["message"]["content"] for event in read(path).of("message")] == ["0"]


def test_threads_do_not_mix_lines(tmp_path):
    path = tmp_path / "t.jsonl"
    with Recorder(path, HEADER) as recorder:

        def write(name: str) -> None:
            for _ in range(50):
                recorder.write("message", message={"role": "user", "content": name * 300})

        threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    said = [event["message"]["content"] for event in read(path).of("message")]
    assert len(said) == 200
    assert all(len(set(text)) == 1 for text in said)


def test_a_failed_write_leaves_whole_lines(tmp_path, monkeypatch):
    path = tmp_path / "t.jsonl"
    recorder = Recorder(path, HEADER)
    from neuroscribe.agent.transcript import record

    real = record.os.write

    def full(file: int, data: bytes) -> int:
        if len(data) < 200:
            raise OSError(28, "No space left on device")
        return real(file, data[:100])

    with monkeypatch.context() as patch:
        patch.setattr(record.os, "write", full)
        with pytest.raises(OSError, match="No space"):
            recorder.write("message", message={"role": "user", "content": "x" * 200})
    recorder.write("message", message={"role": "user", "content": "after"})
    recorder.close()
    found = read(path)
    assert not found.torn
    assert [event["message"]["content"] for event in found.events] == ["after"]


def test_lone_surrogates_and_numbers_that_are_none_survive(tmp_path):
    path = tmp_path / "t.jsonl"
    with Recorder(path, HEADER) as recorder:
        recorder.write(
            "message", message={"role": "assistant", "content": "\ud800 é", "x": float("nan")}
        )
    message = read(path).events[0]["message"]
    assert message == {"role": "assistant", "content": "\ud800 é", "x": None}


def test_the_ledger_is_written_as_news(recorded):
    events = read(recorded).of("ledger")
    first = {row["id"]: row for event in reversed(events) for row in event["rows"]}
    assert first["H1"]["statement"] == "cats"
    assert all("history" not in row and "predictor" not in row for e in events for row in e["rows"])
    assert sum("statement" in row for e in events for row in e["rows"]) == 2  # once each


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no header"),
        ("hello\n", "line 1"),
        ('{"event":"message"}\n', "no header"),
        ('{"event":"header","format":9}\n', "format 9"),
        ('{"event":"header","format":1}\nnonsense\n{"event":"end"}\n', "line 2"),
    ],
)
def test_what_is_no_transcript_is_refused(tmp_path, content, said):
    path = tmp_path / "t.jsonl"
    path.write_text(content)
    with pytest.raises(UsageError, match=said):
        read(path)
    with pytest.raises(UsageError, match="cannot read"):
        read(tmp_path / "absent.jsonl")


def test_paths_are_said_relative_to_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    (tmp_path / "data.jsonl").write_text(json.dumps({"text": "x"}))
    monkeypatch.chdir(tmp_path / "home")
    assert portable(str(tmp_path / "data.jsonl")) == "../data.jsonl"
    assert portable(f"{tmp_path / 'data.jsonl'}:field") == "../data.jsonl:field"
    assert portable("builtin:stories") == "builtin:stories"
    assert portable("org/model") == "org/model"
