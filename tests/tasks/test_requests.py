"""What every request of an investigation costs before anything is said: its tools.

The measure is fixed: the letters of the JSON as it is sent (no spaces), a quarter of them tokens.
"""

import json
from typing import Any

import pytest
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners.chat import Chat, schemas
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.llm.client import Reply, Usage
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates.grammar import kinds
from neuroscribe.tools.registry import TOOLS, call

assert investigate  # registers the tools

MOST_TOKENS = 2500


class Keeps:
    """A client that keeps what it is asked."""

    model = "m"

    def complete(self, messages: Any, *, tools: Any, **more: Any) -> Reply:
        """Answers nothing."""
        self.tools = tools
        return Reply(
            {"role": "assistant", "content": "so"}, "so", None, Usage(0, 0, 0, False), "stop"
        )


@pytest.fixture(scope="module")
def lab() -> Lab:
    """A bench over a target with everything that is offered for text, an output vocabulary too."""
    target = Target.load("planted")
    windows = cut(target, ["The cat sat on the mat. The dog ran home."] * 4, length=16)
    return Lab(target, windows, unit=target.unit("planted/3"))


def asked(lab: Lab) -> dict[str, Any]:
    """The tools of a request, by name."""
    llm: Any = Keeps()
    left = {"steps": 9, "tokens": None, "seconds": None, "cost": None}
    chat = Chat(llm, lab.meter, lambda: schemas(lab, actions=True), ending=None)
    chat.next({"messages": [], "last": False, "remaining": left})
    return {tool["function"]["name"]: tool for tool in llm.tools}


def test_the_tools_of_an_investigation_cost_little(lab):
    target = Target.load("pictures")
    scenes: Any = load_corpus("builtin:scenes:4", target=target)
    pictures: Any = image_rows(target, scenes.pictures)
    for bench in (lab, Lab(target, pictures, unit=target.unit("conv.3/3"))):
        sent = json.dumps(list(asked(bench).values()), separators=(",", ":"), ensure_ascii=False)
        assert len(sent) / 4 <= MOST_TOKENS


def test_tools_that_describe_no_unit_are_offered_in_conversations_only(lab):
    others = {"attribute", "lens", "intervene"}
    assert not others & set(asked(lab))
    assert "there is no tool" in (call(lab, "lens", {"prompt": "The cat"}).error or "")
    open_lab = Lab(lab.target, lab.explore, open=True)
    assert others <= set(asked(open_lab))


def test_the_unit_under_study_is_not_asked_for_and_still_taken(lab):
    parameters = asked(lab)["survey"]["function"]["parameters"]
    assert set(parameters["properties"]) == {"many"}
    assert parameters["properties"]["many"]["maximum"] == 40
    other = call(lab, "survey", {"unit": "mlp.0/3"})
    assert other.data["unit"] == "mlp.0/3"
    open_lab = Lab(lab.target, lab.explore, open=True)
    assert "unit" in asked(open_lab)["survey"]["function"]["parameters"]["properties"]


def test_a_predictor_is_typed_by_its_kinds(lab):
    schema = asked(lab)["hypothesise"]["function"]["parameters"]["properties"]["predictor"]
    assert schema["properties"]["kind"]["enum"] == list(kinds("causal"))
    assert schema["required"] == ["kind"]
    assert "400" in schema["description"]
    rows = {"kind": "or", "of": [{"kind": "words", "words": [f"w{n}"]} for n in range(500)]}
    error = call(lab, "hypothesise", {"statement": "x", "predictor": rows}).error or ""
    assert "500 parts, more than 400; put words" in error


def test_no_reference_and_no_null_is_left_in_a_schema(lab):
    sent = json.dumps(list(asked(lab).values()))
    for word in ("$ref", "$defs", '"null"', "additionalProperties", '"title"'):
        assert word not in sent
    component = asked(lab)["conclude"]["function"]["parameters"]["properties"]["components"]
    assert component["items"]["required"] == ["words", "predictor"]


def test_cut_counts_are_said(lab):
    found = call(lab, "survey", {"many": 110})
    assert len(found.data["tokens"]) <= 40
    assert found.text.endswith("Note: many=110 was read as 40, the most.")
    assert "Note" not in call(lab, "survey", {"many": 5}).text


def test_what_a_planner_reads_of_a_tool_holds_all_that_it_must_write():
    """Its first paragraph: a form of JSON that stood below it would never be read."""
    for tool in TOOLS.values():
        for form in (tool, *tool.forms):
            first, _, rest = form.description.partition("\n\n")
            assert first, form.name
            assert '{"' not in rest, form.name
