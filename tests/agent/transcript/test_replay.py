"""Replays: the same is the same, a changed payload is named, another model or corpus is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from neuroscribe.agent.transcript import Recorder, make_header, read, replay
from neuroscribe.agent.transcript.payloads import compared, differences, keys_added
from neuroscribe.agent.transcript.rebuild import find
from neuroscribe.agent.transcript.record import names
from neuroscribe.tasks.cli import app as cli
from neuroscribe.tools import registry
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.evidence import Evidence, Result
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models.trust import seal


def _change(path: Path, change: Callable[[dict[str, Any]], None], of: str = "header") -> None:
    """Changes the header of a transcript, or one result."""
    events = [json.loads(line) for line in path.read_text().splitlines()]
    for event in events:
        if of in (event["event"], event.get("evidence", {}).get("id")):
            change(event.get("evidence", event))
    path.write_text("".join(json.dumps(event) + "\n" for event in events))


def test_the_same_is_the_same(recorded):
    found = replay(recorded)
    assert (found.same, found.checked, found.skipped) == (True, 8, ())
    assert found.summary.endswith("every result the same")


def test_a_changed_number_is_named_with_both_values(recorded, target):
    def change(result: dict[str, Any]) -> None:
        result["data"]["measured"][1]["activations"][2] += 0.25

    before = read(recorded).evidence["E2"].data["measured"][1]["activations"][2]
    _change(recorded, change, of="E2")
    (only,) = replay(recorded, target=target).differing
    assert (only.evidence, only.tool) == ("E2", "exemplars")
    assert only.path == "measured[1].activations[2]"
    assert only.recorded == pytest.approx(before + 0.25)
    assert only.replayed == pytest.approx(before)
    assert "E2 exemplars: measured[1].activations[2] was" in str(only)


def test_a_call_that_failed_and_now_works_differs(recorded, target):
    _change(recorded, lambda result: result.update(arguments={"unit": "mlp.1/1"}), of="E8")
    (only,) = replay(recorded, target=target).differing
    assert (only.evidence, only.path, only.replayed) == ("E8", "error", None)


def test_another_model_or_corpus_is_said(recorded, place, target):
    with pytest.raises(UsageError, match="the model is another") as model:
        replay(recorded, target=str(place / "other"))
    with pytest.raises(UsageError, match="the corpus is another") as corpus:
        replay(recorded, target=target, data=str(place / "other.jsonl"))
    assert "\n" not in f"{model.value}{corpus.value}"
    _change(recorded, lambda header: header["windows"].update(length=12))
    with pytest.raises(UsageError, match="cut differently"):
        replay(recorded, target=target)


def test_a_target_that_moved_is_found_beside_the_transcript(recorded, place, monkeypatch, tmp_path):
    def change(header: dict[str, Any]) -> None:
        header["target"]["name"] = "somewhere/model"
        header["corpus"]["spec"] = "somewhere/text.jsonl"
        header["seal"] = seal(names(header))

    _change(recorded, change)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEUROSCRIBE_TEST_DATA", raising=False)
    with pytest.raises(UsageError):
        replay(recorded)
    monkeypatch.setenv("NEUROSCRIBE_TEST_DATA", str(place))
    assert replay(recorded).same
    (tmp_path / "somewhere").symlink_to(place)
    monkeypatch.delenv("NEUROSCRIBE_TEST_DATA")
    monkeypatch.chdir("/")
    assert find("somewhere/text.jsonl:text", beside=recorded).endswith("somewhere/text.jsonl:text")
    assert replay(recorded).same


def test_calls_that_asked_an_llm_are_skipped_and_stood_in_for(make_lab, tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "TOOLS", dict(registry.TOOLS))

    @registry.tool(needs=("llm",))
    def ponder(lab: Lab, question: str) -> Result:
        """Asks."""
        return Result("said", {"answer": lab.llm.answer(question)})  # type: ignore[union-attr]

    lab, known = make_lab()
    lab.llm = SimpleNamespace(answer=lambda question: question[::-1])
    facts = {"corpus": "x", "corpus_hash": known, "length": 24, "most_tokens": 1500}
    path = tmp_path / "t.jsonl"
    with Recorder(path, make_header(lab, "mlp.0/3", planner="x", **facts)) as recorder:
        for name, arguments in (("ponder", {"question": "abc"}), ("survey", {})):
            recorder.write("evidence", evidence=registry.call(lab, name, arguments))
    fresh, _ = make_lab()
    found = replay(path, lab=fresh)
    assert (found.same, found.checked) == (True, 1)
    assert [item.evidence for item in found.skipped] == ["E1"]
    assert fresh.evidence["E1"].data == {"answer": "cba"}


@pytest.mark.parametrize(
    ("recorded", "replayed", "same"),
    [
        ("a, b, c, d, e, f, g, h, i, j, k; weaker", "a, b, c, d, e, f, g, h, i, j, k", True),
        ("a, b, c, d, e, f, g, h, i, j, k; weaker", "a, b", False),
        ("a; b", "a", False),
    ],
)
def test_where_a_long_label_is_cut_is_no_difference(recorded, replayed, same):
    one, other = (
        Evidence("E1", "conclude", {}, "", {"description": {"label": label}})
        for label in (recorded, replayed)
    )
    assert (compared(one, other) == []) == same


def test_payloads_are_compared_within_tolerance_and_by_input():
    one = {"window": 3, "activations": [1.0, None]}
    two = {"window": 5, "activations": [0.99, 0.1]}
    near = {"window": 5, "activations": [0.9901, 0.10001]}
    for recorded, replayed, differing in (
        ({"measured": [one, two]}, {"measured": [near, one]}, []),
        ({"seconds": 1, "x": 10.0}, {"seconds": 2, "x": 10.009}, []),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, [("a.b[1]", 2, 3)]),
        ({"a": 1}, {"b": 1}, [("a", 1, "(absent)")]),
        ({"a": 1}, {"a": 1, "b": 1}, []),
        ({"a": 1}, {"a": 2, "b": 1}, [("a", 1, 2)]),
        ([1, 2], [1], [(" (length)", 2, 1)]),
        ({"x": True}, {"x": 1}, [("x", True, 1)]),
        ({"x": None}, {"x": 0.0}, [("x", None, 0.0)]),
    ):
        assert list(differences(recorded, replayed)) == differing


def test_keys_of_a_later_version_are_named_and_no_difference(recorded, target):
    one, two = {"a": {"x": 1}, "seconds": 1}, {"a": {"x": 1, "y": 2}, "refused": "no", "b": []}
    assert list(keys_added({"tests": [one, one]}, {"tests": [two, two]})) == [
        *("tests[].a.y", "tests[].b") * 2
    ]
    _change(recorded, lambda result: result["data"]["stats"].pop("mean"), of="E1")
    again = replay(recorded, target=target)
    assert (again.same, again.added) == (True, ("stats.mean",))
    assert again.summary.endswith("keys that the record lacks: stats.mean")
    _change(recorded, lambda result: result["data"].update(gone=1), of="E1")
    (only,) = replay(recorded, target=target).differing
    assert (only.path, only.replayed) == ("gone", "(absent)")


def test_the_verb_tells_its_outcome_by_its_exit_code(recorded, place, capsys):
    assert cli.run(["replay", str(recorded), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["same"], said["checked"], said["differing"]) == (True, 8, [])
    assert cli.run(["replay", str(recorded), "--target", str(place / "other")]) == 2
    assert "another than the recorded one" in capsys.readouterr().err
    _change(recorded, lambda result: result["data"]["stats"].update(mean=99.0), of="E1")
    assert cli.run(["replay", str(recorded)]) == 1
    assert "E1 survey: stats.mean was 99, is " in capsys.readouterr().out
