"""A run over known questions: what is kept, how it goes on, what it counts."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from endpoint import answers, endpoint, says
from neuroscribe.agent.state import Message
from neuroscribe.tasks.asking.claims import claims
from neuroscribe.tasks.asking.events import Answer
from neuroscribe.tasks.groundtruth.questions.measure import Benches
from neuroscribe.tasks.groundtruth.questions.run import AskPlan, run_questions
from neuroscribe.tasks.groundtruth.questions.suite import QUESTIONS
from neuroscribe.tasks.groundtruth.questions.summary import citations
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.evidence import Evidence
from neuroscribe.tools.lab import Lab

ASKED = ("where-organism-induction-ka-lo-mi-bo-ka-lo-mi", "outside-two-groups-of-heads")
PLAN = AskPlan(only=ASKED)


class Oracle:
    """Reads the lens, then says the truth; to the second question it says something else."""

    name = "oracle"

    def __init__(self) -> None:
        self.benches = Benches()

    def __call__(self, lab: Lab) -> "Oracle":
        return self

    def next(self, state: Any) -> Message:
        """A call, then the answer."""
        question = next(one for one in QUESTIONS if one.text == state["question"])
        if not state["step"]:
            given = json.dumps({"prompt": "ka lo mi bo ka lo mi"})
            call = {"id": "c", "type": "function", "function": {"name": "lens", "arguments": given}}
            return {"role": "assistant", "content": None, "tool_calls": [call]}
        truth = question.check(self.benches[question.target]).truth
        said = truth if question.kind == "where" else "No: head.0/0 and head.0/1."
        return {"role": "assistant", "content": f"{said} [E1]"}


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "answers.jsonl").read_text().splitlines()]


def test_a_run_is_kept_counted_and_gone_on_with(tmp_path):
    seen: list[str] = []
    found = run_questions(
        PLAN,
        tmp_path,
        factory=Oracle(),
        progress=lambda record, done, total: seen.append(f"{record['id']} {done}/{total}"),
    )
    assert [one.split()[1] for one in seen] == ["1/2", "2/2"]
    assert found["documented"]["right"]["value"] == 1
    assert found["outside"]["right"]["value"] == 0
    assert found["failed"] == 0
    one = next(record for record in lines(tmp_path) if record["id"] == ASKED[0])
    assert one["tools"] == ["lens"]
    assert one["verdict"] == "right"
    assert one["citations"]["cited"] >= 1
    page = (tmp_path / one["page"]).read_text()
    assert 'id="E1"' in page
    events = [json.loads(line) for line in (tmp_path / "events" / f"{ASKED[0]}.jsonl").open()]
    assert [next(iter(event)) for event in events] == ["calling", "found", "answer"]
    report = (tmp_path / "report.html").read_text()
    assert "right, documented kinds" in report
    assert json.loads((tmp_path / "evaluation.json").read_text())["questions"] == 2

    kept = (tmp_path / "answers.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "answers.jsonl").write_text(kept[0] + kept[1][:40])  # killed in the middle
    again: list[str] = []
    run_questions(
        PLAN, tmp_path, factory=Oracle(), progress=lambda record, *_: again.append(record["id"])
    )
    assert again == [json.loads(kept[1])["id"]]
    assert len(lines(tmp_path)) == 2
    with pytest.raises(UsageError, match="only differ"):
        run_questions(AskPlan(), tmp_path, factory=Oracle())


def test_a_language_model_that_fails_is_counted_and_its_tokens_too(tmp_path):
    plan = replace(PLAN, planner="openai:m", only=ASKED[:1])
    prompt = {"prompt": "ka lo mi bo ka lo mi", "target": " bo"}
    with endpoint(says(("lens", prompt)), answers("' bo' is decided in block 1 [E1].")) as server:
        asked = replace(plan, base_url=server.url)
        good = run_questions(asked, tmp_path / "good", prices=(1.0, 2.0))
    assert good["documented"]["right"]["value"] == 1
    spent = {name: good["spent"][name] for name in ("tokens_in", "tokens_cached", "tokens_out")}
    assert spent == {"tokens_in": 200, "tokens_cached": 120, "tokens_out": 20}
    assert good["spent"]["cost"] > 0
    with endpoint(answers("")) as server:
        bad = run_questions(replace(plan, base_url=server.url), tmp_path / "bad")
    assert bad["failed"] == 1
    (record,) = lines(tmp_path / "bad")
    assert record["verdict"] == "wrong"
    assert "your reply was empty" in record["reason"]


def test_citations_are_held_against_the_results():
    data = {"drop": 2.6458, "measured": [{"activations": [9.75]}], "share": 0.125}
    one = Evidence("E1", "intervene", {}, "falls by 2.65, rank 1 of 1,024", data)
    text = (
        "It falls by 2.646, rank 1 of 1,024, at 12.5% of places [E1]. It is 9.75 at most [E1]. "
        "It is 7 there, I guess. And mlp.3/86 does it in block 2 [E2]."
    )
    answer = Answer("?", text, claims(text, {"E1": one}), (one,))
    found = {"claims": 4, "cited": 2, "missing": 1, "numbers": 5, "supported": 5}
    assert citations(answer) == found


def test_the_verb_lists_questions_and_wants_a_folder(shown, refused):
    assert shown("evaluate", "ask", "--list", "--kinds", "where").count("decided") == 5
    assert "--out" in refused("evaluate", "ask")
