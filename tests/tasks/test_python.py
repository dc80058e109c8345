"""The three uses from Python, and how a notebook shows them."""

from typing import Any

import neuroscribe.tasks as tasks
import pytest
from neuroscribe.tasks.asking import answer_html as _answer_html  # noqa: F401  shows answers
from neuroscribe.tasks.asking.claims import claims
from neuroscribe.tasks.asking.events import Answer
from neuroscribe.tasks.evaluation.evaluate import Evaluation
from neuroscribe.tasks.report.tables import table_html
from neuroscribe.tasks.report.usage import spent_words, total
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.evidence import Evidence
from PIL import Image
from scripted import Scripted

BAD = "<script>alert(1)</script>"


def test_the_names_are_there():
    for name in ("label", "ask", "evaluate", "open_conversation"):
        assert callable(getattr(tasks, name))
    with pytest.raises(AttributeError, match="no attribute 'shout'"):
        tasks.shout  # noqa: B018


def test_a_question_in_one_call(toy_folder, toy_target, tmp_path):
    said = "mlp.0/1 is active [E1]. So I think it is."
    planner = Scripted([[("survey", {"unit": "mlp.0/1"})], said])
    data: Any = {"data": str(toy_folder / "text.jsonl"), "tokens": 4000, "context_length": 32}
    question = "What does mlp.0/1 do?"
    answer = tasks.ask(toy_target, question, planner=planner, folder=tmp_path, **data)
    assert answer.ended == "answered"
    page = answer._repr_html_()
    for part in ('title="survey: ', "opinion-mark", '<details class="exp" id="E1">'):
        assert part in page


def answer_of(text: str, *evidence: Evidence, **more: Any) -> Answer:
    known = {item.id: item for item in evidence}
    return Answer(f"what {BAD}?", text, claims(text, known), evidence, **more)


def test_an_answer_shows_heat_maps_and_pictures_and_escapes_everything(tmp_path):
    picture = tmp_path / "v1.2" / "E1-sheet.png"
    picture.parent.mkdir()
    Image.new("RGB", (8, 8), "red").save(picture)
    measured = [{"source": BAD, "window": 3, "tokens": ["a", BAD], "activations": [0.1, 2.0]}]
    data = {"measured": measured}
    one = Evidence("E1", "exemplars", {"unit": BAD}, BAD, data, images=(str(picture),))
    text = f"# {BAD}\n- planted/3 is {BAD} `{BAD}` **{BAD}** [E1, E7]."
    page = answer_of(text, one)._repr_html_()
    assert "<script" not in page
    for part in ("data:image/", "class=p12", "no such result"):
        assert part in page


def test_an_answer_that_is_none_says_why_and_lone_surrogates_can_be_shown():
    page = answer_of("", ended="budget", reason=f"12 turns {BAD}")._repr_html_()
    assert "The budget is spent: 12 turns &lt;script&gt;" in page
    assert "?" in table_html("a \ud800", ["b"], [])
    assert answer_of("It is \udfff here now.")._repr_html_().encode()


def test_a_run_and_a_benchmark_are_tables(label, settings, tmp_path):
    page = label(settings, tmp_path / "run")._repr_html_()
    assert "mlp.0/2" in page
    assert "the word cat" in page
    share = {"value": 0.5, "low": 0.1, "high": 0.9, "n": 2}
    tiers = {"A": {"recovery": share, "kinds": {BAD: share}}}
    found = {"units": 2, "failed": 0, "tiers": tiers, "baselines": {"one-shot": {"tiers": {}}}}
    evaluation = Evaluation(tmp_path, {**found, "spent": total([])})
    page = evaluation._repr_html_()
    assert ".50 [.10, .90]" in page
    assert "<script" not in page
    assert evaluation.recovered == {"A": share}


def test_what_evaluate_does_not_know_is_refused(tmp_path):
    with pytest.raises(UsageError, match="nearest: tiers"):
        tasks.evaluate(out=tmp_path, teirs=("A",))


def test_spending_is_added_up_and_said():
    one = {"requests": 2, "tokens_in": 1500, "tokens_cached": 900, "tokens_out": 40, "cost": 0.01}
    both = total([one, None, {**one, "seconds": 2.5}])
    said = "3,000 tokens in (1,800 cached), 80 out, 4 requests; 0.0200 money; 2.5 s"
    assert spent_words(both) == said
    assert spent_words({}) == "0.0 s"
