"""A model that looks knows no hypothesis, no activation and no unit."""

import re
from typing import Any

from checks import rejects
from endpoint import answers, endpoint, fails
from neuroscribe.tools.llm.client import LLM
from neuroscribe.tools.registry import call, offered

RED = {"kind": "colour", "colours": ["red"]}


def sent(request: dict[str, Any]) -> tuple[str, list[str]]:
    """The words and the pictures of a request."""
    assert len(request["messages"]) == 1
    parts = request["messages"][0]["content"]
    words = " ".join(part["text"] for part in parts if part["type"] == "text")
    return words, [p["image_url"]["url"] for p in parts if p["type"] == "image_url"]


def looking(make_pictures, server, **more):
    """A bench with a model behind an endpoint."""
    return make_pictures(llm=LLM("m", base_url=server.url), **more)


def test_offered_only_with_a_model(make_pictures):
    names = {"describe_image", "what_is_common"}
    assert not names & set(offered(make_pictures()))
    assert names <= set(offered(make_pictures(llm=LLM("m", base_url="http://127.0.0.1:1/v1"))))


def test_descriptions_come_back_to_their_pictures(make_pictures):
    def numbered(handler: Any, request: dict[str, Any]) -> None:
        _, images = sent(request)
        lines = [f"{at}: picture {hash(url)}" for at, url in enumerate(images, 1)]
        answers("\n".join(lines))(handler, request)

    with endpoint(numbered) as server:
        lab = looking(make_pictures, server)
        lab.hypotheses["H1"] = RED
        found = call(lab, "describe_image", {"pictures": [3, 5, 6, 9, 11], "lit": False})
        again = call(lab, "describe_image", {"pictures": [9], "lit": False})
    assert found.error is None
    words, images = sent(server.requests[0])
    assert "conv" not in words
    assert "red" not in re.findall(r"\w+", words)
    assert "0.533" not in words
    said = [item["description"] for item in found.data["measured"]]
    assert said[3] == again.data["measured"][0]["description"]
    in_order = [f"picture {hash(url)}" for url in images]
    assert sorted(in_order) == sorted(said)
    assert in_order != said  # shuffled
    assert lab.meter.requests == 2
    assert found.data["failed"] == 0


def test_missing_descriptions_are_counted(make_pictures):
    with endpoint(answers("1: a square\nand so on")) as server:
        found = call(
            looking(make_pictures, server),
            "describe_image",
            {"pictures": [3, 5]},
        )
    assert found.data["failed"] == 1
    assert "1 of 2 pictures got no description" in found.text
    with endpoint(fails(400, "no image input")) as server:
        found = call(looking(make_pictures, server), "what_is_common", {"active": [3]})
    assert "did not answer about pictures" in str(found.error)
    assert "\n" not in str(found.error)
    with endpoint(answers("")) as server:
        lab = looking(make_pictures, server)
        rejects("empty answer", lab, "describe_image", {"pictures": [3]})
        rejects("explore has 0 to 79", lab, "what_is_common", {"active": [99]})


def test_groups_are_named_at_random(make_pictures):
    def tells(handler: Any, request: dict[str, Any]) -> None:
        parts = request["messages"][0]["content"]
        start = next(n for n, part in enumerate(parts) if part.get("text") == "Group Q:")
        first = {part["image_url"]["url"] for part in parts[:start] if "image_url" in part}
        handler.server.seen = first
        answers("**P**: first\nGroup Q: second")(handler, request)

    told = []
    for seed in range(6):
        with endpoint(tells) as server:
            lab = looking(make_pictures, server, seed=seed)
            found = call(lab, "what_is_common", {"lit": False})
        assert found.error is None
        told.append((found.data["active"], found.data["silent"]))
        assert len({item["source"] for item in found.data["measured"]}) == 2
    assert set(told) == {("first", "second"), ("second", "first")}
    assert "active (8 pictures) have: " in found.text
