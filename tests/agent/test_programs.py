"""Programs of a planner: inner calls are evidence, variables last, and everything is replayed."""

from typing import Any

import pytest
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.transcript import Recorder, make_header, read, replay
from neuroscribe.agent.transcript.page import html
from neuroscribe.tools import registry
from neuroscribe.tools.instruments import program
from neuroscribe.tools.sandbox.worker import Limits
from pets import CAT, PET, concluding
from scripted import Scripted, interrupted

LOOP = """
h = hypothesise("pets", {"kind": "words", "words": ["cat", "dog"]})
hypothesise("only cats", {"kind": "words", "words": ["cat"]})
peaks = {}
for word in ["cat", "dog", "house"]:
    r = activations([f"the {word} ran"])
    peaks[word] = peak(r["measured"][0])
print(sorted(peaks, key=lambda w: -peaks[w]), h["id"])
"""
AGAIN = """
peaks["no dog"] = peak(activations(["no dog"])["measured"][0])
peaks["no dog"] < peaks["dog"]
"""
SCRIPT: list[Any] = [
    [("program", {"code": LOOP})],
    [("program", {"code": AGAIN})],
    concluding("E3"),
]


def run(lab: Any, code: str, **rules: Any) -> Any:
    with program.rules(**rules):
        return registry.call(lab, "program", {"code": code})


@pytest.fixture
def lab(make_lab):
    lab = make_lab()
    lab.unit = lab.target.unit("planted/0")
    return lab


def test_inner_calls_are_evidence_of_their_own_and_score_hypotheses(make_lab):
    lab = make_lab()
    done = investigate(lab, "planted/0", Scripted(SCRIPT))
    tools = [item.tool for item in lab.evidence]
    assert tools[:6] == ["hypothesise"] * 2 + ["activations"] * 3 + ["program"]
    assert lab.evidence["E6"].data["calls"] == ["E1", "E2", "E3", "E4", "E5"]
    assert lab.evidence["E6"].data["printed"] == "['cat', 'dog', 'house'] H1\n"
    assert lab.evidence["E8"].data["value"] is True, "variables last"
    row = done.ledger[0]
    assert row["tested"] == ["E3", "E4", "E5", "E7"]
    assert row["written"]["inputs"] == 4
    assert done.description.components[0].evidence == ("E3",)


@pytest.mark.parametrize("turn", [1, 2])
def test_a_resumed_investigation_has_the_variables(make_lab, tmp_path, turn):
    expected = investigate(make_lab(), "planted/0", Scripted(SCRIPT))
    path = tmp_path / "c.sqlite"
    with pytest.raises(KeyboardInterrupt):
        investigate(
            make_lab(), "planted/0", Scripted([*SCRIPT[:turn], interrupted]), checkpoint=path
        )
    lab = make_lab()
    done = investigate(lab, "planted/0", Scripted(SCRIPT), checkpoint=path)
    assert done.description == expected.description
    assert done.ledger == expected.ledger
    assert lab.evidence["E8"].data["value"] is True


def test_the_transcript_holds_the_code_and_replays(make_lab, tmp_path):
    lab = make_lab()
    lab.unit = lab.target.unit("planted/0")
    path = tmp_path / "t.jsonl"
    facts = {"planner": "scripted", "corpus": "none", "corpus_hash": "0", "length": 32}
    with Recorder(path, make_header(lab, "planted/0", **facts)) as recorder:
        investigate(lab, "planted/0", Scripted(SCRIPT), recorder=recorder)
    recorded = read(path)
    assert list(recorded.evidence) == [f"E{i}" for i in range(1, 10)]
    assert recorded.evidence["E6"].arguments["code"] == LOOP
    again = replay(path, lab=make_lab())
    assert again.same, again.summary
    assert again.checked == 9
    page = html(recorded)
    assert "peaks[word] = peak(" in page, "the code is shown as it was written"
    assert page.count(">in E6<") == 5
    path.write_text(path.read_text().replace('activations([\\"no dog', 'activations([\\"my dog'))
    changed = replay(path, lab=make_lab())
    assert {item.evidence for item in changed.differing} == {"E8"}, "another call than recorded"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("activations(texts=3)", "line 1 (activations(texts=3)): ValueError: activations: texts"),
        ("conclude('pets', [])", "NameError: name 'conclude' is not defined"),
        ("program('1')", "NameError"),
        ("open('/etc/passwd').read()", "PermissionError"),
        ("import os\nos.system('id')", "AttributeError"),
        ("import socket", "ModuleNotFoundError"),
        ("list(map(survey, []))\nlist(map(survey, [1]))", "use a for loop"),
        ("().__class__.__base__.__subclasses__()", "AttributeError"),
        ("print('x' * 10_000_000)\n1 / 0", "(cut: 10,000,001 characters were printed, 4,000"),
        ("for i in range(99):\n    survey()", "a program may make at most 48 calls"),
        ("x = 'a' * 10**10", "more than 128 MB. No variable is changed"),
        ("def f(:", "SyntaxError"),
        ("   ", "the program is empty"),
        ("result('E99')", "there is no result 'E99'"),
    ],
)
def test_what_a_program_may_not_do_is_said(lab, code, said):
    run(lab, "kept = 5")
    made = run(lab, code)
    assert made.error is not None
    assert said in made.text
    assert len(made.text) < 5000
    assert run(lab, "kept").data["value"] == 5


def test_an_endless_program_is_cut_and_what_was_before_stays(lab, monkeypatch):
    monkeypatch.setattr(program, "LIMITS", Limits(seconds=0.5))
    run(lab, "kept = 5")
    made = run(lab, "kept = 6\nwhile True:\n  try: 1 / 0\n  except BaseException: pass")
    assert "it computed for more than 0.5 s" in made.text
    assert run(lab, "kept").data["value"] == 5


def test_a_wrong_call_can_be_caught_and_says_what_was_wrong(lab):
    made = run(lab, "try:\n    scan(wrods=[])\nexcept ValueError as e:\n    print(e)")
    assert made.error is None
    assert "wrods" in made.text
    assert "E1 scan (failed)" in made.text


def test_random_numbers_and_the_clock_are_the_same_each_time(make_lab):
    code = "import random, time\n[random.random(), time.time(), list({'b', 'a', 'c'})]"
    values = [run(make_lab(), code).data["value"] for _ in range(2)]
    assert values[0] == values[1]


def test_earlier_results_are_read_by_id_and_calls_may_be_refused(lab):
    registry.call(lab, "activations", {"texts": ["the cat ran"]})
    assert run(lab, "len(result('E1')['measured'])").data["value"] == 1
    made = run(lab, "survey()", refusal=lambda name, arguments: "ask first")
    assert "survey: ask first" in made.text
    lab.programs = False
    assert "program" not in registry.offered(lab)


def test_no_time_is_left(lab):
    lab.meter.limit = 0.0
    assert "the seconds of the budget are spent" in run(lab, "survey()").text


def test_a_stop_comes_through(lab):
    def stop(made: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(lab, "try:\n    survey()\nexcept BaseException: pass", made=stop)


def test_predictors_of_a_program_are_json(lab):
    made = run(lab, f"hypothesise('a', {PET})['id'], hypothesise('b', {CAT})['id']")
    assert made.data["value"] == ["H1", "H2"]


def test_of_too_much_the_beginning_and_the_end_are_shown(lab):
    text = run(lab, "for i in range(3000): print('line', i)").text
    assert text.startswith("line 0\n")
    assert "[...]" in text
    assert "line 2999" in text
    assert len(text) < 4200


def test_a_program_that_is_cited_stands_for_its_calls(make_lab):
    lab = make_lab()
    done = investigate(lab, "planted/0", Scripted([*SCRIPT[:2], concluding("E6")]))
    (component,) = done.description.components
    assert component.evidence == ("E3", "E4", "E5")
    assert done.steps == 3
    assert not done.description.notes


def test_a_call_that_failed_in_a_cited_program_is_not_cited(make_lab):
    lab = make_lab()
    failing = "try:\n    activations([])\nexcept Exception as error:\n    print(error)\n"
    turns = [[("program", {"code": failing + LOOP})], SCRIPT[1], concluding("E7")]
    done = investigate(lab, "planted/0", Scripted(turns))
    assert lab.evidence["E1"].error
    assert done.description.components[0].evidence == ("E4", "E5", "E6")
    assert not done.description.notes


def test_variables_that_leave_no_memory_are_dropped(lab):
    run(lab, "kept = 1\nlarge = [str(i) * 20 for i in range(100_000)]")
    full = run(lab, "more = 'a' * 10**9")
    assert full.data["dropped"]
    assert "all are dropped" in full.text
    assert run(lab, "2").data["value"] == 2
    assert "'large' is not defined" in run(lab, "len(large)").error
    lab.evidence.memo.clear()  # as after a restart
    assert "'kept' is not defined" in run(lab, "kept").error
