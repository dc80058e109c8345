"""Investigations of a vision model: what planners are told, see and conclude."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_target import RED, colour_target, picture, scene_of
from endpoint import endpoint, fails, says
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.planners.chat import ChatFactory, fewer_pictures, older_pictures
from neuroscribe.agent.prompts import system, system_pictures
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.evidence import EvidenceStore
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.llm.client import LLM
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.registry import call
from neuroscribe.tools.scenes.scene import Thing
from scripted import Scripted

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
    rows = image_rows(colours, [picture(scene_of(rng)) for _ in range(40)])
    return Lab(colours, rows, evidence=EvidenceStore(tmp_path / "a.pictures"))  # type: ignore[arg-type]


def test_an_investigation_of_a_channel(lab):
    planner = Scripted(TURNS)
    done = investigate(lab, f"conv.0/{RED}", planner)
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
    assert any(" explore pictures, mostly strong" in text for text in texts)


def test_the_prompts_speak_of_their_own_targets():
    assert "bicycle" in system_pictures()
    assert "vision" not in system("causal")


def test_the_prompt_says_where_sizes_and_places_begin():
    said = system_pictures()
    assert "$" not in said
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
    ],
)
def test_words_in_the_wrong_place_are_told_the_right_one(lab, predictor, said):
    found = call(lab, "hypothesise", {"statement": "x", "predictor": predictor})
    assert said in str(found.error)


def test_words_that_scenes_do_not_know_are_left_to_other_readers(lab):
    zebra = {"kind": "object", "names": ["zebra"]}
    assert call(lab, "hypothesise", {"statement": "x", "predictor": zebra}).error is None


def test_a_group_stands_for_its_members(lab):
    found = parse({"kind": "object", "names": ["animals"]})
    assert {"cat", "dog"} <= set(found.model_dump()["names"])
    assert "animals" in found.english()
    mixed = parse({"kind": "object", "names": ["pets", "tree"]}).model_dump()
    assert {"tree", "cat"} <= set(mixed["names"])


def test_a_hypothesis_says_on_which_pictures_it_holds(lab):
    lab.unit = lab.target.unit(f"conv.0/{RED}")
    found = call(lab, "hypothesise", {"statement": "red", "predictor": RED_THING})
    assert "of 40 explore pictures" in found.text
    assert "(window " in found.text
    other = call(lab, "hypothesise", {"statement": "red cats", "predictor": RED_CAT})
    assert "beside H1" in other.text
    words = {"kind": "words", "words": ["red"]}
    text = call(lab, "hypothesise", {"statement": "w", "predictor": words})
    assert "reads text" in str(text.error)


def test_likeness_names_windows(lab):
    lab.unit = lab.target.unit(f"conv.0/{RED}")
    column = lab.column(lab.unit)[:, 0]
    strong = [int(at) for at in np.argsort(-column)[:6]]
    given = {"kind": "like", "windows": strong}
    found = call(lab, "hypothesise", {"statement": "like these", "predictor": given})
    assert found.error is None
    examples = found.data["predictor"]["examples"]
    assert [one["name"] for one in examples[:6]] == [f"window {at}" for at in strong]
    assert examples[0]["strength"] == 1
    assert min(one["strength"] for one in examples) == 0
    degrees = parse(found.data["predictor"]).evaluate(lab.explore)[:, 0]
    assert np.corrcoef(degrees, column)[0, 1] > 0.3
    for wrong in ([], [400], ["a"]):
        again = {"statement": "x", "predictor": {"kind": "like", "windows": wrong}}
        assert "like needs windows" in str(call(lab, "hypothesise", again).error)


def _images(request: dict[str, Any]) -> int:
    contents = [m["content"] for m in request["messages"] if isinstance(m["content"], list)]
    return sum(part["type"] == "image_url" for content in contents for part in content)


def test_a_model_that_sees_is_sent_the_sheets(lab):
    turns = [says(*turn) for turn in TURNS]
    with endpoint(*turns) as server:
        done = investigate(lab, f"conv.0/{RED}", ChatFactory(LLM("m", base_url=server.url)))
    assert done.reason is None
    assert [_images(request) for request in server.requests] == [0, 1, 1, 2]
    part = next(
        part
        for message in server.requests[1]["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
        if part["type"] == "image_url"
    )
    assert part["image_url"]["url"].startswith("data:image/jpeg;base64,")


def test_a_model_that_does_not_see_goes_on_with_text(lab):
    no = fails(400, "this model does not support image input")
    turns = [says(*TURNS[0]), no, *(says(*turn) for turn in TURNS[1:])]
    with endpoint(*turns) as server:
        done = investigate(lab, f"conv.0/{RED}", ChatFactory(LLM("m", base_url=server.url)))
    assert done.reason is None
    assert [_images(request) for request in server.requests] == [0, 1, 0, 0, 0]
    texts = [str(m["content"]) for m in server.requests[2]["messages"]]
    assert any("the results above say in words" in text for text in texts)


def test_a_bad_request_without_pictures_is_what_it_was(lab):
    with endpoint(says(*TURNS[0]), fails(400, "no such parameter")) as server:
        done = investigate(lab, f"conv.0/{RED}", ChatFactory(LLM("m", base_url=server.url)))
    assert done.status == "failed"
    assert "no such parameter" in str(done.reason)
    assert len(server.requests) == 3


def test_a_model_that_is_said_not_to_see(lab):
    with endpoint(*(says(*turn) for turn in TURNS)) as server:
        factory = ChatFactory(LLM("m", base_url=server.url), sees=False)
        investigate(lab, f"conv.0/{RED}", factory)
    assert {_images(request) for request in server.requests} == {0}


def test_old_pictures_go_in_steps():
    image = {"type": "image_url", "image_url": {"url": "a.jpg"}}
    messages = [{"role": "user", "content": [image]} for _ in range(20)]
    assert older_pictures(messages[:12]) == set()
    assert older_pictures(messages[:13]) == set(range(6))
    assert older_pictures(messages[:18]) == set(range(6))
    assert older_pictures(messages[:19]) == set(range(12))


def test_the_newest_pictures_stay():
    image = {"type": "image_url", "image_url": {"url": "a.jpg"}}
    text = {"type": "text", "text": "E1:"}

    def turn(many: int) -> dict[str, Any]:
        return {"role": "user", "content": [part for _ in range(many) for part in (text, image)]}

    assert older_pictures([turn(5), turn(8)]) == {0}
    assert older_pictures([turn(3), turn(3), turn(16)]) == {0, 1}
    assert older_pictures([turn(16)]) == set()
    cut = fewer_pictures(turn(16))["content"]
    assert sum(part["type"] == "image_url" for part in cut) == 12
    assert cut[-1]["text"].startswith("(and 4 more")
    assert fewer_pictures(turn(12)) == turn(12)
    assert fewer_pictures({"role": "user", "content": "text"})["content"] == "text"


def test_a_request_never_holds_more_pictures_than_it_may(lab):
    looks = [
        ("exemplars", {"kind": kind, "many": many})
        for kind in ("top", "low")
        for many in range(2, 7)
    ]
    turns = [looks, [("exemplars", {"many": at}) for at in range(7, 13)], TURNS[1], *TURNS[2:]]
    with endpoint(*(says(*turn) for turn in turns)) as server:
        investigate(lab, f"conv.0/{RED}", ChatFactory(LLM("m", base_url=server.url)))
    counts = [_images(request) for request in server.requests]
    assert counts[0] == 0
    assert counts[1] == 10
    assert counts[2] == 6
    assert all(0 < many <= 12 for many in counts[1:])
