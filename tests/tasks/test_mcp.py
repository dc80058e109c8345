"""The verb `mcp` as a client starts it, and what it says of mistakes."""

import base64
import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError
from neuroscribe.agent import actions
from neuroscribe.tasks.labelling.folder import RunFolder
from neuroscribe.tasks.mcp.door import Door
from neuroscribe.tasks.mcp.resources import MOST_LABELS, Resources
from neuroscribe.tasks.mcp.shared import settings_of
from neuroscribe.tasks.mcp.wording import investigate_unit
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.io.sockets import listen
from neuroscribe.tools.predicates.grammar import grammar
from PIL import Image

SUPPORT = Path(__file__).parents[1] / "support"
NOISY = f"""
import sys
sys.path.insert(0, {str(SUPPORT)!r})
from colour_target import Colours
print("loading")

class Noisy(Colours):
    def forward(self, pixels):
        print("running")
        return super().forward(pixels)

def load():
    return Noisy()

load.image = {{"size": 48, "mean": (0, 0, 0), "sd": (1, 1, 1)}}
load.example = (1, 3, 48, 48)
"""
"""A vision target that prints while it is loaded and whenever it runs."""


def test_a_client_starts_it_over_stdio(tmp_path):
    """A target that prints does not disturb the protocol; its pictures are image content."""
    (tmp_path / "noisy.py").write_text(NOISY)
    server = StdioServerParameters(
        command=str(Path(sys.executable).parent / "neuroscribe"),
        args=["mcp", "--target", f"{tmp_path / 'noisy.py'}:load", "--data", "builtin:scenes:150"],
        env={"OMP_NUM_THREADS": "1"},
    )
    wrong: list[Exception] = []

    async def heard(message: object) -> None:
        if isinstance(message, Exception):
            wrong.append(message)

    async def talk() -> None:
        async with Client(server, message_handler=heard) as client:
            listed = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert {"survey", "exemplars", "occlude"} <= set(listed)
            assert "activations" not in listed, "an instrument of texts"
            found = await client.call_tool("exemplars", {"unit": "conv/0", "many": 2})
            text, picture, link = found.content
            assert not found.is_error
            assert text.text.startswith("[E1] conv/0")
            assert picture.mime_type == "image/jpeg"
            with Image.open(io.BytesIO(base64.b64decode(picture.data))) as sheet:
                assert sheet.width <= 720
            kept = await client.read_resource(link.uri)
            assert len(json.loads(kept.contents[0].text)["data"]["measured"]) == 2
            prompt = await client.get_prompt("investigate_unit", {"unit": "conv/0"})
            assert '{"kind":"background"' in prompt.messages[0].content.text

    anyio.run(talk)
    assert wrong == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name a model with --target, or a run with --run"),
        (["--run", "no-such-run"], "there is no run in no-such-run"),
        (["--target", "planted", "--transport", "pigeon"], "use stdio or http"),
        (["--target", "planted", "--data", "no-such-text.txt"], "no-such-text.txt"),
        (["--target", "planted", "--planner", "builtin"], "give openai:MODEL"),
        (["--target", "no-such-model"], "no-such-model"),
        (["--target", "planted", "--transport", "http", "--host", "0.0.0.0"], "give a --token"),
    ],
)
def test_a_mistake_is_one_line(refused, arguments, says):
    assert says in refused("mcp", *arguments)


def test_a_port_in_use_is_one_line_and_is_held_while_the_model_loads(refused):
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        http = ("--target", "planted", "--transport", "http", "--port", str(port))
        assert f"port {port} (Address already in use)" in refused("mcp", *http)
        with pytest.raises(UsageError, match="choose another --port"):
            listen("127.0.0.1", port)


def test_without_the_sdk_it_says_how_to_get_it(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp.server.stdio", None)
    monkeypatch.delitem(sys.modules, "neuroscribe.tasks.mcp.serving", raising=False)
    assert "pip install 'neuroscribe[mcp]'" in refused("mcp", "--target", "planted")


def test_settings_come_from_the_run_and_then_from_the_user(finished_run, toy_folder):
    none = dict.fromkeys(("target", "data", "tokens", "seed", "length", "images"))
    assert settings_of(finished_run, **none).context_length == 32
    given = settings_of(finished_run, **{**none, "length": 16, "target": "planted"})
    data = str(toy_folder / "text.jsonl")
    assert (given.context_length, given.target, given.data) == (16, "planted", data)


def test_only_explore_is_kept(shared):
    settings = shared.settings
    corpus = load_corpus(settings.data, target=shared.target, **settings.corpus_options)
    kept = {text for text in shared.explore.texts if text}
    assert kept
    assert kept <= {item.text for item in corpus.splits().explore.documents}
    lab = shared.notebook().lab
    assert lab.explore is shared.explore
    assert not set(actions.__dict__) & set(shared.tools(lab)), "a planner's own act is served"


def test_labels_of_a_big_run_are_cut_with_a_note(shared, tmp_path):
    units = [f"mlp.0/{at}" for at in range(MOST_LABELS + 3)]
    run = {"format": 1, "settings": {}, "units": units}
    (tmp_path / "run.json").write_text(json.dumps(run))
    lines = [json.dumps({"unit": unit, "label": "cat", "status": "described"}) for unit in units]
    (tmp_path / "labels.jsonl").write_text("\n".join(lines) + "\n")
    resources = Resources(replace(shared, run=RunFolder(tmp_path)))
    lab = shared.notebook().lab
    first = json.loads(resources.read(lab, "neuroscribe://labels").text)
    assert len(first["labels"]) == MOST_LABELS
    rest = json.loads(resources.read(lab, first["note"].rpartition(" ")[2]).text)
    assert [item["unit"] for item in rest["labels"]] == units[MOST_LABELS:]
    for uri, says in (
        ("neuroscribe://labels?start=x", "no number"),
        ("neuroscribe://labels/mlp.0/9999", "nearest"),
        ("neuroscribe://transcripts/mlp.0/1", "no transcript"),
        ("neuroscribe://evidence/E1", "you have none yet"),
        ("neuroscribe://nothing", "there is no resource"),
        ("file:///etc/passwd", "no resource of this server"),
    ):
        with pytest.raises(UsageError, match=says):
            resources.read(lab, uri)


def test_the_prompt_asks_for_evidence_and_not_for_acts(shared):
    said = investigate_unit(shared, "mlp.0/1")
    assert "unit mlp.0/1" in said
    assert grammar(shared.target.kind) in said
    assert "Concept names: animals" in said
    for word in ("conclude", "hypothesise", "LEDGER"):
        assert word not in said
    with pytest.raises(UsageError, match="name the unit"):
        investigate_unit(shared, None)


def test_errors_of_the_protocol_are_errors(shared):
    async def talk() -> None:
        async with Client(Door(shared).server) as client:
            for asked in (
                client.read_resource("neuroscribe://evidence/E1"),
                client.get_prompt("investigate_unit", {"unit": "mlp.0/99"}),
                client.get_prompt("investigate", {}),
            ):
                with pytest.raises(MCPError) as caught:
                    await asked
                assert "\n" not in caught.value.message

    anyio.run(talk)
