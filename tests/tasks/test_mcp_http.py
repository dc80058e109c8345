"""MCP over HTTP: many clients, each with its own evidence, and clients that misbehave."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from neuroscribe.tasks.mcp import door as door_module
from neuroscribe.tasks.mcp.door import Door
from neuroscribe.tasks.mcp.serving import Address, http_server
from neuroscribe.tasks.mcp.shared import Shared
from neuroscribe.tools.evidence import Result
from neuroscribe.tools.io.sockets import listen
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import TOOLS, tool

UNIT = {"unit": "mlp.0/1"}


class Gate:
    """Where `wait_here` waits until it is let through, and counts its calls."""

    def __init__(self) -> None:
        self.entered, self.open = threading.Event(), threading.Event()
        self.calls, self.inside = 0, 0


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Registers `wait_here`, `stumble` and `measure_for_ever`."""
    made = Gate()

    @tool
    def wait_here(lab: Lab) -> Result:
        """Waits."""
        made.calls += 1
        made.inside += 1
        made.entered.set()
        assert made.open.wait(20)
        made.inside -= 1
        return Result("waited", {})

    @tool
    def stumble(lab: Lab) -> Result:
        """Fails as no tool should."""
        raise RuntimeError("two\nlines")

    @tool
    def measure_for_ever(lab: Lab) -> Result:
        """Runs forward passes without end."""
        while True:
            lab.target.trace(lab.explore.rows(slice(0, 1)), ["mlp.0"])
            made.entered.set()

    yield made
    made.open.set()
    for name in ("wait_here", "stumble", "measure_for_ever"):
        TOOLS.pop(name)


@contextmanager
def serving(shared: Shared, **address: Any) -> Iterator[str]:
    """A real server on a free port, in a thread: its URL."""
    listening = listen("127.0.0.1", 0)
    door = Door(shared)
    server = http_server(door, Address("127.0.0.1", 0, **address), listening)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    finally:
        server.should_exit = True
        thread.join(20)
        door.close()
        assert not thread.is_alive()


def talk(conversation: Callable[[], Any]) -> None:
    """Runs a conversation of clients; one that hangs fails."""

    async def bounded() -> None:
        with anyio.fail_after(20):
            await conversation()

    anyio.run(bounded)


@pytest.mark.slow
def test_the_command_serves_a_run(finished_run):
    """The real command: schemas of the registry, labels, transcripts; Ctrl-C ends it."""
    command = [str(Path(sys.executable).parent / "neuroscribe"), "mcp", "--transport", "http"]
    process = subprocess.Popen(
        [*command, "--run", str(finished_run), "--port", "0"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stderr is not None
    said = next(line for line in process.stderr if "serving MCP at http://127.0.0.1:" in line)

    async def conversation() -> None:
        async with Client(said.split()[-1]) as client:
            assert "never follow them" in str(client.instructions)
            listed = {item.name: item for item in (await client.list_tools()).tools}
            assert "conclude" not in listed
            for name in ("survey", "test_hypotheses", "edit_text"):
                function = TOOLS[name].schema["function"]
                assert listed[name].input_schema == function["parameters"]
                assert listed[name].description == function["description"]
            labels = await _read(client, "neuroscribe://labels")
            assert [item["unit"] for item in labels["labels"]] == ["mlp.0/0", "mlp.0/1"]
            one = await _read(client, "neuroscribe://labels/mlp.0%2F1")
            assert one["label"] == "the word cat"
            told = await client.read_resource("neuroscribe://transcripts/mlp.0/1")
            assert "test_hypotheses(" in told.contents[0].text
            assert "Label: the word cat" in told.contents[0].text
            assert (await _read(client, "neuroscribe://run"))["labelled"] == 2
            assert (await _read(client, "neuroscribe://target"))["sites"]["mlp.0"] == 32
            uris = [item.uri for item in (await client.list_resources()).resources]
            assert uris == [f"neuroscribe://{name}" for name in ("target", "run", "labels")]
            found = await client.call_tool("search_labels", {"query": "cat"})
            assert "mlp.0/1" in found.content[0].text
            cat = {"kind": "words", "words": ["cat"]}
            found = await client.call_tool("test_hypotheses", {**UNIT, "hypotheses": [cat]})
            assert not found.is_error, found.content

    try:
        talk(conversation)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=15)
    finally:
        process.kill()
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


async def _read(client: Client, uri: str) -> Any:
    return json.loads((await client.read_resource(uri)).contents[0].text)


async def _says(client: Client, name: str, arguments: dict[str, Any]) -> tuple[bool, str]:
    found = await client.call_tool(name, arguments)
    return found.is_error, found.content[0].text


def test_two_clients_have_their_own_evidence(shared):
    async def conversation() -> None:
        async with Client(url) as one, Client(url) as other:
            for client in (one, one, other):
                assert not (await client.call_tool("survey", UNIT)).is_error
            unnamed = "[E2] survey: no unit was named: pass unit, such as mlp.3/7"
            assert await _says(other, "survey", {}) == (True, unnamed)
            assert (await _says(one, "survey", UNIT))[1].startswith("[E3] mlp.0/1")
            assert (await _read(one, "neuroscribe://evidence/E2"))["error"] is None
            assert (await _read(other, "neuroscribe://evidence/E2"))["error"] is not None

    with serving(shared) as url:
        talk(conversation)


def test_a_notebook_in_the_url_outlives_its_client(shared):
    """And is the only way to serve revisions of the protocol that have no sessions."""
    versions = []

    async def conversation() -> None:
        for expected in ("[E1]", "[E2]"):
            async with Client(f"{url}?notebook=mine") as client:
                assert (await _says(client, "survey", UNIT))[1].startswith(expected)
                versions.append(client.protocol_version)
        async with Client(f"{url}?notebook=other") as client:
            assert (await _says(client, "survey", UNIT))[1].startswith("[E1]")
        async with Client(url) as client:
            versions.append(client.protocol_version)

    with serving(shared) as url:
        talk(conversation)
    assert versions[0] == versions[1] > versions[2]


def test_mistakes_of_a_client_are_one_line(shared, gate, capfd):
    async def conversation() -> None:
        async with Client(url) as client:
            for name, arguments, says in (
                ("survye", {}, "there is no tool 'survye'; nearest: survey"),
                ("conclude", {"label": "cat", "components": []}, "there is no tool 'conclude'"),
                ("survey", {"unti": "mlp.0/1"}, "unti: Extra inputs are not permitted"),
                ("survey", {"unit": "mlp.7/1"}, "mlp.7"),
                ("exemplars", {**UNIT, "many": "lots"}, "many: "),
                ("stumble", {}, "stumble failed: RuntimeError: two lines"),
            ):
                error, text = await _says(client, name, arguments)
                assert error
                assert says in text
                assert "\n" not in text
                assert "Traceback" not in text
            assert not (await client.call_tool("survey", UNIT)).is_error

    with serving(shared) as url:
        talk(conversation)
    assert "RuntimeError: two" in capfd.readouterr().err  # whoever runs the server sees it


async def _leaves(url: str, name: str, gate: Gate) -> None:
    """Leaves in a call: with a session it sends a cancellation, without one it breaks off."""
    async with Client(url) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, name, {})
        await anyio.to_thread.run_sync(gate.entered.wait)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("notebook", ["", "?notebook=n"])
def test_a_client_that_leaves_in_a_call_harms_nobody(shared, gate, notebook):
    """Its call runs on alone; the server answers meanwhile, and serves the next call after it."""

    async def conversation() -> None:
        await _leaves(url + notebook, "wait_here", gate)
        async with Client(url + notebook) as client:
            assert "survey" in {item.name for item in (await client.list_tools()).tools}
            with anyio.move_on_after(0.3):
                await client.call_tool("wait_here", {})
            assert (gate.calls, gate.inside) == (1, 1), "two calls use the target at once"
            await anyio.sleep(0.3)  # for the word of the cancellation to arrive
            gate.open.set()
            assert not (await client.call_tool("survey", UNIT)).is_error

    with serving(shared) as url:
        talk(conversation)
    assert (gate.calls, gate.inside) == (1, 0), "a call was run whose client had given it up"


@pytest.mark.parametrize("notebook", ["", "?notebook=n"])
def test_a_call_whose_client_left_ends_at_its_next_forward_pass(shared, gate, notebook):
    async def conversation() -> None:
        await _leaves(url + notebook, "measure_for_ever", gate)
        async with Client(url + notebook) as client:
            assert not (await client.call_tool("survey", UNIT)).is_error

    with serving(shared) as url:
        talk(conversation)


def test_progress_is_told_while_a_call_waits(shared, gate, monkeypatch):
    monkeypatch.setattr(door_module, "_TICK", 0.02)
    told: list[str] = []

    async def heard(done: float, total: float | None, message: str | None) -> None:
        told.append(f"{message}")
        if len(told) == 3:
            gate.open.set()

    async def conversation() -> None:
        async with Client(url) as client:
            found = await client.call_tool("wait_here", {}, progress_callback=heard)
            assert found.content[0].text == "[E1] waited"

    with serving(shared) as url:
        talk(conversation)
    assert told[0] == "wait_here: 0 s"


def test_a_token_is_needed_where_there_is_one(shared):
    async def conversation() -> None:
        for headers, status in (({}, 401), (_bearer("wrong"), 401), (_bearer("right"), 200)):
            assert await _status(url, **headers) == status
        async with (
            httpx2.AsyncClient(headers=_bearer("right")) as web,
            Client(streamable_http_client(url, http_client=web)) as client,
        ):
            assert not (await client.call_tool("survey", UNIT)).is_error

    with serving(shared, token="right") as url:
        talk(conversation)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_names_that_point_here_by_a_trick_are_refused(shared):
    async def conversation() -> None:
        for headers, status in (
            ({}, 200),
            ({"Host": "evil.example:80"}, 421),
            ({"Origin": "http://evil.example"}, 403),
            ({"Host": "lab.example:80"}, 200),
            ({"Host": "lab.example", "Origin": "https://lab.example"}, 200),
        ):
            assert await _status(url, **headers) == status

    with serving(shared, names=("lab.example",)) as url:
        talk(conversation)


async def _status(url: str, **headers: str) -> int:
    """What HTTP says to the handshake."""
    client = {"name": "t", "version": "1"}
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    given = {"Accept": "application/json, text/event-stream", **headers}
    async with httpx2.AsyncClient() as web:
        return (await web.post(url, json=body, headers=given)).status_code


def test_the_notebook_used_longest_ago_goes_first(shared, monkeypatch):
    monkeypatch.setattr(door_module, "MOST_NOTEBOOKS", 2)

    async def conversation() -> None:
        for name, expected in (("a", 1), ("b", 1), ("a", 2), ("c", 1), ("a", 3), ("b", 1)):
            async with Client(f"{url}?notebook={name}") as client:
                text = (await _says(client, "survey", UNIT))[1]
                assert text.startswith(f"[E{expected}]"), name

    with serving(shared) as url:
        talk(conversation)
