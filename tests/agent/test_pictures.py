"""Investigations of a vision model: what planners are told, see and conclude."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_target import RED, colour_target, picture, scene_of
from endpoint import endpoint, fails
from neuroscribe.agent.investigate import Investigation, investigate
from neuroscribe.agent.planners.chat import ChatFactory, fewer_pictures, older_pictures
from neuroscribe.agent.prompts import system, system_pictures
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.evidence import Evidence, EvidenceStore
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.llm.client import LLM
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.registry import call
from neuroscribe.tools.scenes.scene import Thing
from pets import acts
from scripted import Scripted

UNIT = f"conv.0/{RED}"
RED_THING = {"kind": "colour", "colours": ["red"]}
RED_CAT = {"kind": "thing", "of": [RED_THING, {"kind": "object", "names": ["cat"]}]}
CONCLUSION = {
    "label": "Something red",
    "components": [{"words": "something red", "predictor": "H1", "evidence": ["E5"]}],
    "effect": {"words": "raises redness", "evidence": ["E6"]},
    "rejected": [{"words": "red cats", "reason": "other red things too", "evidence": ["E5"]}],
    "confidence": 0.9,
}
TURNS: list[Any] = [
    [("survey", {}), ("exemplars", {"many": 4})],
    [
        ("hypothesise", {"statement": "red", "predictor": RED_THING}),
        ("hypothesise", {"statement": "red cats", "predictor": RED_CAT}),
    ],
    [
        ("separate", {"many": 32}),
        ("unit_effect", {}),
        ("draw", {"prompts": ["a large blue cat", "a red cat"]}),
    ],
    [("conclude", CONCLUSION)],
]


@pytest.fixture(scope="module")
def colours() -> Target:
    return colour_target()


@pytest.fixture
def lab(colours: Target, tmp_path: Path) -> Lab:
    rng = np.random.default_rng(0)
    rows: Any = image_rows(colours, [picture(scene_of(rng)) for _ in range(40)])
    return Lab(colours, rows, evidence=EvidenceStore(tmp_path / "a.pictures"))


def by_sight(lab: Lab, *turns: Any, **options: Any) -> tuple[Investigation, list[dict[str, Any]]]:
    """An investigation by a model that does this, and the requests that it got."""
    with endpoint(*acts(*turns)) as server:
        factory = ChatFactory(LLM("m", base_url=server.url), **options)
        return investigate(lab, UNIT, factory), server.requests


def hypothesise(lab: Lab, predictor: Any) -> Evidence:
    return call(lab, "hypothesise", {"statement": "x", "predictor": predictor})


def test_an_investigation_of_a_channel(lab):
    planner = Scripted(TURNS)
    done = investigate(lab, UNIT, planner)
    assert done.reason is None
    assert done.description.label == "Something red"
    assert done.description.components[0].predictor == parse(RED_THING).model_dump()
    assert done.description.effect is not None
    first, second = planner.seen[0]["messages"][:2]
    assert "vision model" in first["content"]
    assert "Things: " in first["content"]
    for part in ("40 pictures", "4 classes, such as redness", "12 x 12 places", "drawn scenes"):
        assert part in second["content"]
    row = {entry["id"]: entry for entry in done.ledger}
    assert row["H1"]["written"]["balanced"] > row["H2"]["written"]["balanced"]
    assert row["H1"]["written"]["inputs"] > 10
    shown = [m for m in planner.seen[-1]["messages"] if isinstance(m["content"], list)]
    assert [part["text"] for part in shown[0]["content"] if part["type"] == "text"] == ["E2:"]
    texts = [m["content"] for m in planner.seen[-1]["messages"] if m["role"] == "tool"]
    assert any(" explore pictures; " in text for text in texts)


def test_the_prompt_says_where_sizes_and_places_begin():
    said = system_pictures()
    assert "bicycle" in said
    assert "$" not in said
    assert "vision" not in system("causal")
    limits = {"small": ("is below 0.22", 0.21, 0.23), "large": ("from 0.36", 0.37, 0.35)}
    for name, (words, inside, outside) in limits.items():
        assert f"{name} {words}" in said
        assert Thing(name="cat", colour="red", size=inside).extent == name
        assert Thing(name="cat", colour="red", size=outside).extent != name
    assert "within 0.36 of that edge" in said
    assert Thing(name="cat", colour="red", x=0.35, y=0.65).places == {"left", "bottom"}
    assert Thing(name="cat", colour="red", x=0.37, y=0.63).places == {"middle"}


@pytest.mark.parametrize(
    ("predictor", "said"),
    [
        ({"kind": "object", "names": ["meadow"]}, '{"kind": "background", "names": ["meadow"]}'),
        ({"kind": "background", "names": ["cat"]}, '{"kind": "object", "names": ["cat"]}'),
        ({"kind": "background", "names": ["red"]}, '{"kind": "background", "colours": ["red"]}'),
        (
            {"kind": "not", "of": {"kind": "texture", "textures": ["red"]}},
            "'red' does not belong to the textures of 'texture'; write {\"kind\": \"colour\"",
        ),
        (
            {"kind": "thing", "of": [RED_THING, {"kind": "not", "of": RED_THING}]},
            "predicate.of[1].kind: 'not' cannot stand in a thing, which takes object, colour",
        ),
        (
            {"kind": "number", "of": {"kind": "background", "names": ["sea"]}, "at_least": 2},
            "'background' cannot stand in a number, which takes object",
        ),
        ({"kind": "words", "words": ["red"]}, "reads text"),
        *(({"kind": "like", "windows": w}, "like needs windows") for w in ([], [400], ["a"])),
        ({"kind": "object", "names": ["zebra"]}, "None"),  # left to other readers than scenes
    ],
)
def test_words_in_the_wrong_place_are_told_the_right_one(lab, predictor, said):
    lab.unit = lab.target.unit(UNIT)
    assert said in str(hypothesise(lab, predictor).error)


def test_a_group_stands_for_its_members():
    found = parse({"kind": "object", "names": ["animals"]})
    assert {"cat", "dog"} <= set(found.model_dump()["names"])
    assert "animals" in found.english()
    mixed = parse({"kind": "object", "names": ["pets", "tree"]}).model_dump()
    assert {"tree", "cat"} <= set(mixed["names"])


def test_a_hypothesis_says_on_which_pictures_it_holds(lab):
    lab.unit = lab.target.unit(UNIT)
    said = hypothesise(lab, RED_THING).text
    assert "of 40 explore pictures" in said
    assert "(window " in said
    assert "beside H1" in hypothesise(lab, RED_CAT).text


def test_likeness_names_windows(lab):
    lab.unit = lab.target.unit(UNIT)
    column = lab.column(lab.unit)[:, 0]
    strong = [int(at) for at in np.argsort(-column)[:6]]
    found = hypothesise(lab, {"kind": "like", "windows": strong})
    assert found.error is None
    examples = found.data["predictor"]["examples"]
    assert [one["name"] for one in examples[:6]] == [f"window {at}" for at in strong]
    assert examples[0]["strength"] == 1
    assert min(one["strength"] for one in examples) == 0
    degrees = parse(found.data["predictor"]).evaluate(lab.explore)[:, 0]
    assert np.corrcoef(degrees, column)[0, 1] > 0.3


def _images(request: dict[str, Any]) -> int:
    contents = [m["content"] for m in request["messages"] if isinstance(m["content"], list)]
    return sum(part["type"] == "image_url" for content in contents for part in content)


def test_a_model_that_sees_is_sent_the_sheets_as_data(lab):
    done, requests = by_sight(lab, *TURNS)
    assert done.reason is None
    assert list(map(_images, requests)) == [0, 1, 1, 2]
    messages = requests[1]["messages"]
    assert [m["role"] for m in messages[2:]] == ["assistant", "tool", "tool", "user"]
    label, image = messages[-1]["content"]
    assert label["text"] == "E2:"
    assert image["image_url"]["url"].startswith("data:image/jpeg;base64,")


def test_a_model_that_does_not_see_goes_on_with_text(lab):
    no = fails(400, "this model does not support image input")
    done, requests = by_sight(lab, TURNS[0], no, *TURNS[1:])
    assert done.reason is None
    assert list(map(_images, requests)) == [0, 1, 0, 0, 0]
    texts = [str(m["content"]) for m in requests[2]["messages"]]
    assert any("the results above say in words" in text for text in texts)


def test_a_bad_request_without_pictures_is_what_it_was(lab):
    done, requests = by_sight(lab, TURNS[0], fails(400, "no such parameter"))
    assert done.status == "failed"
    assert "no such parameter" in str(done.reason)
    assert len(requests) == 3


def test_a_model_that_is_said_not_to_see(lab):
    _, requests = by_sight(lab, *TURNS, sees=False)
    assert {_images(request) for request in requests} == {0}


def test_old_pictures_go_in_steps_and_the_newest_stay():
    image = {"type": "image_url", "image_url": {"url": "a.jpg"}}
    text = {"type": "text", "text": "E1:"}

    def turn(many: int) -> dict[str, Any]:
        return {"role": "user", "content": [part for _ in range(many) for part in (text, image)]}

    for sizes, gone in (
        ([1] * 12, 0),
        ([1] * 13, 6),
        ([1] * 18, 6),
        ([1] * 19, 12),
        ([5, 8], 1),
        ([3, 3, 16], 2),
        ([16], 0),
    ):
        assert older_pictures(list(map(turn, sizes))) == set(range(gone))
    cut = fewer_pictures(turn(16))["content"]
    assert sum(part["type"] == "image_url" for part in cut) == 12
    assert cut[-1]["text"].startswith("(and 4 more")
    assert fewer_pictures(turn(12)) == turn(12)
    assert fewer_pictures({"role": "user", "content": "text"})["content"] == "text"


def test_a_request_never_holds_more_pictures_than_it_may(lab):
    looks = [("exemplars", {"kind": k, "many": n}) for k in ("top", "low") for n in range(2, 7)]
    more = [("exemplars", {"many": many}) for many in range(7, 13)]
    _, requests = by_sight(lab, looks, more, TURNS[1], *TURNS[2:])
    counts = list(map(_images, requests))
    assert counts[:3] == [0, 10, 6]
    assert all(0 < many <= 12 for many in counts[1:])
