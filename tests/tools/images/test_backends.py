"""Image models: what they are asked, what comes back, and every way in which they fail."""

import base64
import io
import re
from typing import Any

import pytest
from checks import made_again, refused
from endpoint import Act, Endpoint, endpoint, fails, text
from neuroscribe.tools.activations.records import inputs_of
from neuroscribe.tools.data.image_files import key_of
from neuroscribe.tools.images.backends import backend_of, open_backend
from neuroscribe.tools.images.backends.openai_images import OpenAIImages
from neuroscribe.tools.images.backends.stand_ins import stand_ins
from neuroscribe.tools.registry import call
from PIL import Image


def png(colour: tuple[int, int, int] = (220, 30, 30), side: int = 64) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(data, "PNG")
    return data.getvalue()


def picture(data: bytes) -> Act:
    """Answers with this picture."""
    return body([{"b64_json": base64.b64encode(data).decode()}])


def body(data: list[dict[str, str]]) -> Act:
    return lambda handler, request: handler.send(200, {"created": 0, "data": data})


def model(server: Endpoint, **options: Any) -> OpenAIImages:
    return OpenAIImages("gpt-image-1", base_url=server.url, retries=0, **options)


REFUSED = fails(400, "blocked by our safety system", code="moderation_blocked")
ADDRESS = body([{"url": "http://127.0.0.1:1/a.png"}])


def test_a_prompt_is_drawn_measured_and_kept(make_pictures):
    with endpoint(picture(png())) as server:
        lab = make_pictures(backends={"openai:gpt-image-1": model(server, price=0.04)})
        found = call(lab, "draw", {"prompts": ["a fire engine"], "by": "openai"})
    assert found.error is None
    path, fields = server.sent[0][0], server.requests[0]
    assert path.endswith("/images/generations")
    assert fields["prompt"] == "a fire engine"
    assert fields["model"] == "gpt-image-1"
    assert "response_format" not in fields
    recipe = found.data["measured"][0]["recipe"]
    assert recipe["by"] == "openai:gpt-image-1"
    kept = lab.evidence.folder / recipe["file"]
    with Image.open(kept) as image:
        assert key_of(image.convert("RGB")) == recipe["sha256"]
    assert found.data["measured"][0]["activations"][0] > 0.4
    assert "fire engine" in found.text
    assert lab.meter.cost == pytest.approx(0.04)
    made_again(lab, found.data["measured"])


def test_an_instruction_edits_a_picture(make_pictures):
    with endpoint(picture(png((20, 30, 220)))) as server:
        lab = make_pictures(backends={"openai:gpt-image-1": model(server)})
        edits = [{"edit": "instruct", "text": "make it all blue"}, {"edit": "grey"}]
        found = call(lab, "edit_image", {"pictures": [3], "edits": edits})
    assert found.error is None
    (path, sent), fields = server.sent[0], server.requests[0]
    assert path.endswith("/images/edits")
    assert fields["prompt"] == "make it all blue"
    assert b"\x89PNG" in sent
    assert found.data["variants"][0]["after"] == 0
    recipe = found.data["measured"][1]["recipe"]
    assert recipe["from"] == {"window": 3}


def test_a_kept_file_that_was_changed_is_refused(make_pictures):
    with endpoint(picture(png())) as server:
        lab = make_pictures(backends={"openai:gpt-image-1": model(server)})
        found = call(lab, "draw", {"prompts": ["x"], "by": "openai:gpt-image-1"})
    path = lab.evidence.folder / found.data["measured"][0]["recipe"]["file"]
    path.write_bytes(png((0, 0, 0)))
    refused("not the picture that was recorded", inputs_of(lab, found.data["measured"]).pixels)
    outside = {**found.data["measured"][0]["recipe"], "file": "../../../etc/passwd"}
    refused("pictures/passwd", inputs_of(lab, [{"recipe": outside}]).pixels)


def test_recorded_pictures_stand_in_for_the_model(make_pictures):
    asked = {"prompts": ["a fire engine", "a pond"], "by": "openai"}
    with endpoint(picture(png()), picture(png((20, 30, 220)))) as server:
        lab = make_pictures(backends={"openai:gpt-image-1": model(server)})
        found = call(lab, "draw", asked)
    again = make_pictures(backends=stand_ins(lab.evidence.folder, [found.data]))
    replayed = call(again, "draw", asked)
    assert replayed.data == found.data
    other = call(again, "draw", {"prompts": ["a sun"], "by": "openai"})
    assert "made no picture of 'a sun'" in str(other.error)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (REFUSED, "refuses to draw this"),
        (fails(429, "slow down"), r"is busy \(429\)"),
        (fails(401, "bad key"), "refused the key"),
        (fails(500, "oops"), r"failed \(500\)"),
        (picture(b"no picture"), "no picture that can be read"),
        (body([]), "gave no picture in its answer"),
        (ADDRESS, "gave no picture"),
        (body([{"b64_json": "!!"}]), "no picture that can be read"),
        (text("<html>"), "cannot be read"),
    ],
)
def test_every_failure_is_one_line(make_pictures, answer, said):
    with endpoint(answer) as server:
        lab = make_pictures(backends={"openai:gpt-image-1": model(server)})
        found = call(lab, "draw", {"prompts": ["a cat"], "by": "openai"})
    assert re.search(said, str(found.error))
    assert "\n" not in str(found.error)


def test_a_prompt_that_is_refused_does_not_spoil_the_others(make_pictures):
    with endpoint(REFUSED, picture(png())) as server:
        lab = make_pictures(backends={"openai:gpt-image-1": model(server)})
        found = call(lab, "draw", {"prompts": ["bad", "good"], "by": "openai"})
    assert len(found.data["measured"]) == 1
    assert "'bad' was not drawn" in found.text
    with endpoint(ADDRESS, picture(png())) as server:
        found = model(server).generate("x", seed=0)
    assert found.size == (64, 64)
    assert server.requests[1]["response_format"] == "b64_json"
    gone = OpenAIImages("m", base_url="http://127.0.0.1:1/v1", retries=0)
    refused("cannot reach", gone.generate, "x", seed=0)


def test_names_and_keys(make_pictures, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    refused("OPENAI_API_KEY", open_backend, "openai:gpt-image-1")
    refused("the backends are openai:MODEL", open_backend, "midjourney")
    found = open_backend("openai:m", base_url="http://127.0.0.1:1/v1")
    assert found.name == "openai:m"
    lab = make_pictures(backends={"openai:m": found})
    assert backend_of(lab, "openai") is found
    refused("nearest: openai:m", backend_of, lab, "opnai:x")


def test_a_lab_without_a_folder_keeps_nothing(colours, drawn_rows):
    from neuroscribe.tools.lab import Lab

    with endpoint(picture(png())) as server:
        lab = Lab(
            colours,
            drawn_rows,
            unit=colours.unit("conv.0/0"),
            backends={"openai:gpt-image-1": model(server)},
        )
        found = call(lab, "draw", {"prompts": ["x"], "by": "openai"})
    assert "this lab has none" in str(found.error)
    assert server.requests == []
