"""Image models: what they are asked, what comes back, and every way in which they fail."""

import base64
import io
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from neuroscribe.tools.activations.records import inputs_of
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.images.backends import backend_of, open_backend
from neuroscribe.tools.images.backends.openai_images import OpenAIImages
from neuroscribe.tools.images.backends.stand_ins import stand_ins
from neuroscribe.tools.images.kept import fingerprint
from neuroscribe.tools.registry import call
from PIL import Image


class Server(ThreadingHTTPServer):
    """Plays its answers in order, the last one for ever, and keeps what it was sent."""

    daemon_threads = True

    def __init__(self, answers: list[Any]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.seen: list[tuple[str, dict[str, Any], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: Any) -> None:
        """Says nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fields: dict[str, Any]
        if self.headers["Content-Type"].startswith("application/json"):
            fields = json.loads(body)
        else:
            found = re.findall(rb'name="(\w+)"\r\n\r\n(.*?)\r\n', body)
            fields = {name.decode(): value.decode() for name, value in found}
        self.server.seen.append((self.path, fields, body))
        answers = self.server.answers
        status, answer = answers[min(len(self.server.seen), len(answers)) - 1]
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def images(*answers: Any) -> Iterator[Server]:
    server = Server(list(answers))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def png(colour: tuple[int, int, int] = (220, 30, 30), side: int = 64) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(data, "PNG")
    return data.getvalue()


def drawn(data: bytes) -> tuple[int, dict[str, Any]]:
    return 200, {"created": 0, "data": [{"b64_json": base64.b64encode(data).decode()}]}


def error(status: int, message: str, code: str | None = None) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"message": message, "type": "x", "code": code}}


def model(server: Server, **options: Any) -> OpenAIImages:
    return OpenAIImages("gpt-image-1", base_url=server.url, retries=0, **options)


def test_a_prompt_is_drawn_measured_and_kept(make_lab) -> None:
    with images(drawn(png())) as server:
        lab = make_lab(backends={"openai:gpt-image-1": model(server, price=0.04)})
        found = call(lab, "draw", {"prompts": ["a fire engine"], "by": "openai"})
    assert found.error is None
    path, fields, _ = server.seen[0]
    assert path.endswith("/images/generations")
    assert fields["prompt"] == "a fire engine"
    assert fields["model"] == "gpt-image-1"
    assert "response_format" not in fields
    recipe = found.data["measured"][0]["recipe"]
    assert recipe["by"] == "openai:gpt-image-1"
    kept = lab.evidence.folder / recipe["file"]
    with Image.open(kept) as image:
        assert fingerprint(image.convert("RGB")) == recipe["sha256"]
    assert found.data["measured"][0]["activations"][0] > 0.4
    assert "fire engine" in found.text
    assert lab.meter.cost == pytest.approx(0.04)
    again = lab.activations(inputs_of(lab, found.data["measured"]), [lab.unit])[0, 0, 0]
    assert again == pytest.approx(found.data["measured"][0]["activations"][0], rel=1e-5)


def test_an_instruction_edits_a_picture(make_lab) -> None:
    with images(drawn(png((20, 30, 220)))) as server:
        lab = make_lab(backends={"openai:gpt-image-1": model(server)})
        edits = [{"edit": "instruct", "text": "make it all blue"}, {"edit": "grey"}]
        found = call(lab, "edit_image", {"pictures": [3], "edits": edits})
    assert found.error is None
    path, fields, body = server.seen[0]
    assert path.endswith("/images/edits")
    assert fields["prompt"] == "make it all blue"
    assert b"\x89PNG" in body
    assert found.data["variants"][0]["after"] == 0
    recipe = found.data["measured"][1]["recipe"]
    assert recipe["from"] == {"window": 3}


def test_a_kept_file_that_was_changed_is_refused(make_lab) -> None:
    with images(drawn(png())) as server:
        lab = make_lab(backends={"openai:gpt-image-1": model(server)})
        found = call(lab, "draw", {"prompts": ["x"], "by": "openai:gpt-image-1"})
    path = lab.evidence.folder / found.data["measured"][0]["recipe"]["file"]
    path.write_bytes(png((0, 0, 0)))
    with pytest.raises(UsageError, match="not the picture that was recorded"):
        inputs_of(lab, found.data["measured"]).pixels()
    outside = {**found.data["measured"][0]["recipe"], "file": "../../../etc/passwd"}
    with pytest.raises(UsageError, match="pictures/passwd"):
        inputs_of(lab, [{"recipe": outside}]).pixels()


def test_recorded_pictures_stand_in_for_the_model(make_lab) -> None:
    asked = {"prompts": ["a fire engine", "a pond"], "by": "openai"}
    with images(drawn(png()), drawn(png((20, 30, 220)))) as server:
        lab = make_lab(backends={"openai:gpt-image-1": model(server)})
        found = call(lab, "draw", asked)
    again = make_lab(backends=stand_ins(lab.evidence.folder, [found.data]))
    replayed = call(again, "draw", asked)
    assert replayed.data == found.data
    other = call(again, "draw", {"prompts": ["a sun"], "by": "openai"})
    assert "made no picture of 'a sun'" in str(other.error)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (error(400, "blocked by our safety system", "moderation_blocked"), "refuses to draw this"),
        (error(429, "slow down"), r"is busy \(429\)"),
        (error(401, "bad key"), "refused the key"),
        (error(500, "oops"), r"failed \(500\)"),
        (drawn(b"no picture"), "no picture that can be read"),
        ((200, {"created": 0, "data": []}), "gave no picture in its answer"),
        ((200, {"created": 0, "data": [{"url": "http://127.0.0.1:1/a.png"}]}), "gave no picture"),
        ((200, {"created": 0, "data": [{"b64_json": "!!"}]}), "no picture that can be read"),
        ((200, b"<html>"), "cannot be read"),
    ],
)
def test_every_failure_is_one_line(make_lab, answer: Any, said: str) -> None:
    with images(answer) as server:
        lab = make_lab(backends={"openai:gpt-image-1": model(server)})
        found = call(lab, "draw", {"prompts": ["a cat"], "by": "openai"})
    assert re.search(said, str(found.error))
    assert "\n" not in str(found.error)


def test_a_prompt_that_is_refused_does_not_spoil_the_others(make_lab) -> None:
    no = error(400, "blocked by our safety system", "moderation_blocked")
    with images(no, drawn(png())) as server:
        lab = make_lab(backends={"openai:gpt-image-1": model(server)})
        found = call(lab, "draw", {"prompts": ["bad", "good"], "by": "openai"})
    assert len(found.data["measured"]) == 1
    assert "'bad' was not drawn" in found.text


def test_an_address_is_asked_for_again_as_a_picture(make_lab) -> None:
    address = (200, {"created": 0, "data": [{"url": "http://127.0.0.1:1/a.png"}]})
    with images(address, drawn(png())) as server:
        found = model(server).generate("x", seed=0)
    assert found.size == (64, 64)
    assert server.seen[1][1]["response_format"] == "b64_json"


def test_nobody_there() -> None:
    gone = OpenAIImages("m", base_url="http://127.0.0.1:1/v1", retries=0)
    with pytest.raises(UsageError, match="cannot reach"):
        gone.generate("x", seed=0)


def test_names_and_keys(make_lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        open_backend("openai:gpt-image-1")
    with pytest.raises(UsageError, match="the backends are openai:MODEL"):
        open_backend("midjourney")
    found = open_backend("openai:m", base_url="http://127.0.0.1:1/v1")
    assert found.name == "openai:m"
    lab = make_lab(backends={"openai:m": found})
    assert backend_of(lab, "openai") is found
    with pytest.raises(UsageError, match="nearest: openai:m"):
        backend_of(lab, "opnai:x")


def test_a_lab_without_a_folder_keeps_nothing(colours, drawn_rows) -> None:
    from neuroscribe.tools.lab import Lab

    with images(drawn(png())) as server:
        lab = Lab(
            colours,
            drawn_rows,
            unit=colours.unit("conv.0/0"),
            backends={"openai:gpt-image-1": model(server)},
        )
        found = call(lab, "draw", {"prompts": ["x"], "by": "openai"})
    assert "this lab has none" in str(found.error)
    assert server.seen == []
