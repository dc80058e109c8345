"""The verb and the server: what is refused, and how it ends."""

import signal
import socket
import subprocess
import sys
import time

import httpx
import numpy as np
import pytest
from browser import serving
from neuroscribe.tasks.web.opening import open_door
from neuroscribe.tasks.web.server import bind
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.io.sockets import is_loopback
from neuroscribe.tools.models import Target


def test_which_hosts_are_public():
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert not is_loopback("example.org")
    with pytest.raises(UsageError, match="choose another"):
        bind("192.0.2.1", 0, password="x")


def test_a_port_in_use_is_one_line(refused):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert "choose another --port" in refused("serve", "--target", "planted", "--port", port)


def test_bad_arguments_are_one_line(tmp_path, refused):
    for arguments, holds in (
        ([], "--target"),
        ([str(tmp_path)], "no run"),
        (["--target", "planted", "--planner", "bultin"], "builtin"),
        (["--target", "planted", "--planner", "human"], "terminal"),
        (["--target", "planted", "--direction", "head.0/1"], "is not HEAD=FILE"),
        (["--target", "planted", "--direction", "head.0/1=no.npy"], "no .npy or .safetensors"),
        (["--target", "planted", "--host", "0.0.0.0"], "give a password"),
        (["--target", "planted", "--host", "no.such.host.invalid"], "password"),
    ):
        assert holds in refused("serve", *arguments, "--port", "0")


def test_a_direction_of_ones_own_is_read_at_the_bench_and_in_the_chat(tmp_path):
    planted = Target.load("planted")
    channels = planted.sites["head.0"].channels
    vector = np.arange(channels, dtype=np.float32)
    np.save(tmp_path / "mine.npy", vector)
    given = f"head.0/1={tmp_path / 'mine.npy'}"
    door = open_door(None, target="planted", data="builtin:stories:30", direction=given)
    door.bench.loaded = planted
    unit = vector / np.linalg.norm(vector)
    for lab in (door.bench.lab(), door.talks.opened(None).lab):
        np.testing.assert_allclose(lab.target.site("along.0").code.directions[1], unit, atol=1e-6)


def test_without_gradio_one_line_says_what_to_install(monkeypatch, refused):
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert "neuroscribe[ui]" in refused("serve", "--target", "planted")


def test_answers_carry_the_policy_and_foreign_names_get_none(toy_run):
    with serving(toy_run.folder) as served:
        answer = httpx.get(served.url)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "fonts.googleapis" not in answer.text
        foreign = httpx.get(served.url, headers={"host": "evil.example"})
        assert foreign.status_code == 400
        secret = httpx.get(f"{served.url}gradio_api/file=/etc/passwd")
        assert secret.status_code in (403, 404)


def test_ctrl_c_ends_cleanly(toy_run):
    command = "from neuroscribe.tasks.cli.app import main; main()"
    server = subprocess.Popen(
        [sys.executable, "-c", command, "serve", str(toy_run.folder), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    line = server.stderr.readline()
    assert "Ctrl-C ends" in line
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(line.split()[0])
            break
        except httpx.ConnectError:
            time.sleep(0.1)
    server.send_signal(signal.SIGINT)
    _, said = server.communicate(timeout=60)
    assert server.returncode == 130
    assert "Traceback" not in said
