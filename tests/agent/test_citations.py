"""Citations: a component cites what tested its predictor, the label what separated it."""

from typing import Any

import pytest
from neuroscribe.agent.citations import Citations
from neuroscribe.agent.description import Description
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners.builtin.text.course import TextFindings
from neuroscribe.agent.planners.builtin.text.feature_table import build
from neuroscribe.agent.planners.builtin.text.investigation import Investigation
from neuroscribe.agent.planners.builtin.text.rules import Clause, Rule
from neuroscribe.agent.planners.builtin.text.splits import Sample
from neuroscribe.agent.planners.builtin.text.terms import plain_term
from neuroscribe.agent.transcript import Recorder
from neuroscribe.agent.transcript.page import html
from neuroscribe.agent.transcript.record import read
from neuroscribe.tools.evidence import Evidence
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call
from pets import concluding
from scripted import Scripted, Turn


def words(*names: str) -> dict[str, Any]:
    return {"kind": "words", "words": list(names)}


@pytest.fixture
def made(lab: Lab) -> list[Evidence]:
    """E1: cats alone; E2: dogs alone; E3: both; E4: neither; E5: a test of pets."""
    lab.unit = lab.target.unit("planted/0")
    written = [
        call(lab, "activations", {"unit": "planted/0", "texts": texts})
        for texts in (
            ["the cat ran", "a red cat"],
            ["a dog saw it"],
            ["the cat ran", "my dog sat"],
            ["a tree"],
        )
    ]
    pets = {"kind": "or", "of": [words("cat"), words("dog")]}
    asked = {"unit": "planted/0", "hypotheses": [pets], "examples": 0}
    return [*written, call(lab, "test_hypotheses", asked)]


def test_a_result_tests_a_predictor_that_holds_in_it_or_that_its_hypotheses_contain(lab, made):
    citations = Citations(lab, lab.unit)
    assert citations.testing(made, words("cat")) == ["E1", "E3", "E5"]
    assert citations.testing(made, words("dog")) == ["E2", "E3", "E5"]
    assert citations.testing(made, words("house")) == []
    of_another = {**made[4].data, "unit": "planted/1"}
    assert not citations.tested(Evidence("E9", "test_hypotheses", {}, "", of_another), words("cat"))


def test_a_result_separates_where_the_unit_sides_with_the_description(lab, made):
    citations = Citations(lab, lab.unit)
    both = [words("cat"), words("dog")]
    assert citations.separating(made, both, words("cat")) == ["E2", "E3"]  # at dogs it is on
    assert citations.separating(made, [words("tree")], words("cat")) == []
    assert citations.separating(made[:1], both, words("cat")) == []  # they agree there


def test_built_in_components_cite_their_own_results(lab, made):
    table = build(lab.explore, {}, causal=True)
    sample = Sample(table, lab.column(lab.unit).ravel() * 0, table.counted.astype(float))
    clauses = [Clause("word", frozenset(table.ids_of([name]))) for name in ("cat", "dog")]
    terms = tuple(plain_term(Rule((clause,))) for clause in clauses)
    course = Investigation(lab, lab.unit, 0)
    course.findings = TextFindings(sample=sample, terms=terms, checked=0.5, written=made[:4])
    _, said = course.conclusion().calls[0]
    assert [part["evidence"] for part in said["components"]] == [["E1", "E3"], ["E2", "E3"]]


RECORD: Turn = [
    ("hypothesise", {"statement": "pets", "predictor": words("cat", "dog")}),
    ("hypothesise", {"statement": "cats", "predictor": words("cat")}),
    ("activations", {"texts": ["the cat ran", "a dog ran"]}),
    ("activations", {"texts": ["my house", "<b> & house"]}),
]


def test_where_no_cited_result_tested_it_those_that_did_are_cited_too(lab, tmp_path):
    path = tmp_path / "unit.jsonl"
    header = {"format": 1, "unit": "planted/0", "target": {"name": "toy"}}
    with Recorder(path, header) as recorder:
        done = investigate(
            lab, "planted/0", Scripted([RECORD, concluding("E4")]), recorder=recorder
        )
    assert done.steps == 2
    (component,) = done.description.components
    assert component.evidence == ("E4", "E3")
    assert component.untested == ("E4",)
    assert Description.from_dict(done.description.as_dict()) == done.description
    page = html(read(path))
    assert 'href="#E4">E4</a><span class="faint small"> (not tested there)</span>' in page
    assert 'best rival by<a class="cite" href="#E3">E3</a>' in page


def test_a_predictor_that_was_tested_nowhere_is_sent_back_once(lab):
    planner = Scripted([[*RECORD[:2], RECORD[3]], concluding("E3")])
    done = investigate(lab, "planted/0", planner)
    told = planner.seen[-1]["messages"][-1]["content"]
    assert "Sent back" in told
    assert "was tested nowhere: test it (test_hypotheses)" in told
    assert any("was tested nowhere" in note for note in done.description.notes)


def test_own_citations_are_accepted_at_once(lab):
    planner = Scripted([RECORD, concluding("E3")])
    done = investigate(lab, "planted/0", planner)
    assert done.steps == 2
    assert done.description.components[0].untested == ()
    assert done.description.label_evidence == ("E3",), "at dogs, pets and cats differ"
    assert done.description.notes == ()
