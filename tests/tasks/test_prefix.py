"""How much of each request to a language model is a prefix of the one before it.

Endpoints charge little for such a prefix (their cache). A request is read as an endpoint reads it:
the tools, then the messages in order; letters stand for tokens.
"""

import json
from itertools import pairwise
from typing import Any

import pytest
from endpoint import answers, endpoint, says
from neuroscribe.agent.budget import Budget
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners import planner_factory
from neuroscribe.tasks.asking.data import explore
from neuroscribe.tasks.asking.opening import open_conversation
from neuroscribe.tools.lab import Lab

CAT, DOG = ({"kind": "words", "words": [word]} for word in ("cat", "dog"))
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
    [
        (
            "conclude",
            {
                "label": "the word cat",
                "components": [{"words": "cat", "predictor": "H1", "evidence": ["E5"]}],
            },
        )
    ],
]


def cached(requests: list[dict[str, Any]]) -> float:
    """Share of all letters that are a prefix of the request before."""
    texts = [
        json.dumps(request["tools"]) + "".join(json.dumps(one) for one in request["messages"])
        for request in requests
    ]
    common = sum(_shared(one, other) for one, other in pairwise(texts))
    return common / sum(map(len, texts))


def _shared(one: str, other: str) -> int:
    """Letters that both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def test_most_of_an_investigation_is_a_prefix_of_the_request_before(
    toy_folder, toy_target, record_property
):
    windows = explore(toy_target, str(toy_folder / "text.jsonl"), tokens=4000, length=32, seed=0)
    with endpoint(*(says(*turn) for turn in TURNS)) as server:
        planner = planner_factory("openai:m", base_url=server.url)
        found = investigate(
            Lab(toy_target, windows),
            "mlp.0/3",
            planner,
            budget=Budget(steps=14, tokens=200_000, seconds=300.0),
        )
        requests = list(server.requests)
    assert found.status != "failed", found.reason
    assert len(requests) >= 12
    share = cached(requests[:12])
    record_property("investigation", share)
    print(f"12 requests of an investigation: {share:.3f} of the letters are a prefix")
    assert share >= 0.8


def test_most_of_a_conversation_is_a_prefix_of_the_request_before(
    toy_folder, toy_target, tmp_path, record_property
):
    turns = []
    for at in range(4):
        unit = {"unit": f"mlp.0/{at}"}
        turns += [says(("survey", unit), ("exemplars", unit)), says(("exemplars", unit))]
        turns += [answers(f"It is active [E{3 * at + 1}].")]
    with endpoint(*turns) as server:
        with open_conversation(
            toy_target,
            data=str(toy_folder / "text.jsonl"),
            planner="openai:m",
            base_url=server.url,
            tokens=4000,
            context_length=32,
            ask_first=False,
            folder=tmp_path,
        ) as conversation:
            for at in range(4):
                answer = conversation.ask(f"What does mlp.0/{at} do?")
                assert answer.ended == "answered"
                assert answer.spent["tokens_cached"] == 180  # 60 each, says the endpoint
        requests = list(server.requests)
    assert len(requests) == 12
    share = cached(requests)
    record_property("conversation", share)
    print(f"12 requests of a conversation: {share:.3f} of the letters are a prefix")
    assert share >= 0.8


@pytest.mark.parametrize("step", [0, 5])
def test_the_first_message_of_an_investigation_does_not_depend_on_the_unit(
    toy_folder, toy_target, step
):
    """So that the prefix is shared by all units of a run."""
    windows = explore(toy_target, str(toy_folder / "text.jsonl"), tokens=4000, length=32, seed=0)
    first = []
    for unit in ("mlp.0/3", f"mlp.1/{step}"):
        with endpoint(says(("conclude", {"label": "a"}))) as server:
            planner = planner_factory("openai:m", base_url=server.url)
            investigate(Lab(toy_target, windows), unit, planner, budget=Budget(steps=1))
            first.append(server.requests[0])
    one, other = first
    assert one["tools"] == other["tools"]
    assert one["messages"][0] == other["messages"][0]
