"""What a language model is sent: tools that cost little, and requests that begin alike.

The measure of tools is fixed: the letters of the JSON as it is sent (no spaces), a quarter of them
tokens. Endpoints charge little for a prefix of the request before (their cache). A request is read
as an endpoint reads it: the tools, then the messages in order; letters stand for tokens.
"""

import json
from itertools import pairwise
from typing import Any

import pytest
from endpoint import answers, endpoint, says
from neuroscribe.agent.budget import Budget
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners import planner_factory
from neuroscribe.agent.planners.chat import Chat, schemas
from neuroscribe.agent.prompts import system
from neuroscribe.tasks.asking.data import explore
from neuroscribe.tasks.asking.opening import open_conversation
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.llm.client import Reply, Usage
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates.grammar import kinds
from neuroscribe.tools.registry import TOOLS, call

assert investigate  # registers the tools

MOST_TOKENS = 3200


class Keeps:
    """A client that keeps what it is asked, and answers nothing."""

    model = "m"

    def complete(self, messages: Any, *, tools: Any, **more: Any) -> Reply:
        self.tools = tools
        message = {"role": "assistant", "content": "so"}
        return Reply(message, "so", None, Usage(0, 0, 0, False), "stop")


@pytest.fixture(scope="module")
def lab(planted: Target) -> Lab:
    """A bench over a target with everything that is offered for text, an output vocabulary too."""
    windows = cut(planted, ["The cat sat on the mat. The dog ran home."] * 4, length=16)
    return Lab(planted, windows, unit=planted.unit("planted/3"))


def asked(lab: Lab) -> dict[str, Any]:
    """The tools of a request, by name."""
    llm: Any = Keeps()
    left = {"steps": 9, "tokens": None, "seconds": None, "cost": None}
    chat = Chat(llm, lab.meter, lambda: schemas(lab, actions=True), ending=None)
    chat.next({"messages": [], "last": False, "remaining": left})
    return {tool["function"]["name"]: tool for tool in llm.tools}


def test_the_tools_of_an_investigation_cost_little(lab, pictures):
    scenes: Any = load_corpus("builtin:scenes:4", target=pictures)
    rows: Any = image_rows(pictures, scenes.pictures)
    for bench in (lab, Lab(pictures, rows, unit=pictures.unit("conv.3/3"))):
        sent = json.dumps(list(asked(bench).values()), separators=(",", ":"), ensure_ascii=False)
        assert len(sent) / 4 <= MOST_TOKENS


def test_rare_tools_cost_a_line_where_programs_are_offered(lab):
    rare = {"ablate", "means", "patch", "places", "write_texts"}
    assert not rare & set(asked(lab))
    said = asked(lab)["program"]["function"]["description"]
    assert all(f"{name}(" in said for name in rare)
    assert "method: zero|mean|resample, places: all|active, many: int up to 16" in said
    lab.programs = False
    assert rare <= set(asked(lab))


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


def test_the_kinds_of_predictors_stand_in_the_prompt_alone(lab):
    schema = asked(lab)["hypothesise"]["function"]["parameters"]["properties"]["predictor"]
    assert schema == {"type": "object", "description": "See Predictors."}
    assert all(f"\n{kind} {{" in system("causal") for kind in kinds("causal"))
    assert "400 P" in system("causal")
    rows = {"kind": "or", "of": [{"kind": "words", "words": [f"w{n}"]} for n in range(500)]}
    error = call(lab, "hypothesise", {"statement": "x", "predictor": rows}).error or ""
    assert "500 parts, more than 400; put words" in error


def test_no_reference_and_no_null_is_left_in_a_schema(lab):
    sent = json.dumps(list(asked(lab).values()))
    for word in ("$ref", "$defs", '"null"', "additionalProperties", '"title"'):
        assert word not in sent
    component = asked(lab)["conclude"]["function"]["parameters"]["properties"]["components"]
    assert component["items"]["required"] == ["predictor"]


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


CAT, DOG = ({"kind": "words", "words": [word]} for word in ("cat", "dog"))
COMPONENT = {"words": "cat", "predictor": "H1", "evidence": ["E5"]}
TURNS = [
    [("survey", {})],
    [("exemplars", {"kind": "top"}), ("exemplars", {"kind": "quantile"})],
    [("hypothesise", {"statement": "cats", "predictor": CAT})],
    [("hypothesise", {"statement": "dogs", "predictor": DOG})],
    [("test_hypotheses", {"hypotheses": ["H1", "H2"]})],
    [("activations", {"texts": ["the cat sat on the mat .", "the dog ran home ."]})],
    [("separate", {"hypotheses": ["H1", "H2"]})],
    [("edit_text", {"text": "the cat sat .", "edits": [{"replace": "cat", "by": "dog"}]})],
    [("exemplars", {"kind": "low"})],
    [("no_such_tool", {})],
    [("activations", {"texts": ["a red cat and a blue bird ."]})],
    [("conclude", {"label": "the word cat", "components": [COMPONENT]})],
]


@pytest.fixture
def windows(toy_folder, toy_target) -> TokenWindows:
    return explore(toy_target, str(toy_folder / "text.jsonl"), tokens=4000, length=32, seed=0)


def cached(requests: list[dict[str, Any]]) -> float:
    """Share of all letters that are a prefix of the request before."""
    texts = [
        json.dumps(request["tools"]) + "".join(json.dumps(one) for one in request["messages"])
        for request in requests
    ]
    common = sum(_shared(one, other) for one, other in pairwise(texts))
    share = common / sum(map(len, texts))
    print(f"{len(texts)} requests: {share:.3f} of the letters are a prefix")
    return share


def _shared(one: str, other: str) -> int:
    """Letters that both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def test_most_of_an_investigation_is_a_prefix_of_the_request_before(windows, toy_target):
    budget = Budget(steps=14, tokens=200_000, seconds=300.0)
    with endpoint(*(says(*turn) for turn in TURNS)) as server:
        planner = planner_factory("openai:m", base_url=server.url)
        found = investigate(Lab(toy_target, windows), "mlp.0/3", planner, budget=budget)
    assert found.status != "failed", found.reason
    assert len(server.requests) >= 12
    assert cached(server.requests[:12]) >= 0.8


def test_most_of_a_conversation_is_a_prefix_of_the_request_before(toy_folder, toy_target, tmp_path):
    turns = []
    for at in range(4):
        unit = {"unit": f"mlp.0/{at}"}
        turns += [says(("survey", unit), ("exemplars", unit)), says(("exemplars", unit))]
        turns += [answers(f"It is active [E{3 * at + 1}].")]
    data: Any = {"data": str(toy_folder / "text.jsonl"), "tokens": 4000, "context_length": 32}
    with endpoint(*turns) as server:
        model: Any = {"planner": "openai:m", "base_url": server.url, "ask_first": False}
        with open_conversation(toy_target, folder=tmp_path, **data, **model) as conversation:
            for at in range(4):
                answer = conversation.ask(f"What does mlp.0/{at} do?")
                assert answer.ended == "answered"
                assert answer.spent["tokens_cached"] == 180  # 60 each, says the endpoint
    assert len(server.requests) == 12
    assert cached(server.requests) >= 0.8


@pytest.mark.parametrize("step", [0, 5])
def test_the_first_message_does_not_depend_on_the_unit(windows, toy_target, step):
    """So that the prefix is shared by all units of a run."""
    first = []
    for unit in ("mlp.0/3", f"mlp.1/{step}"):
        with endpoint(says(("conclude", {"label": "a"}))) as server:
            planner = planner_factory("openai:m", base_url=server.url)
            investigate(Lab(toy_target, windows), unit, planner, budget=Budget(steps=1))
            first.append(server.requests[0])
    one, other = first
    assert one["tools"] == other["tools"]
    assert one["messages"][0] == other["messages"][0]
