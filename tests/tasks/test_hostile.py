"""Files that others made: nothing of them runs; and no credentials stand in files of ours."""

import io
import json
import shutil
import sqlite3
import sys
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from endpoint import answers, endpoint, fails, says
from hostile import Pickled, payload
from neuroscribe.tasks.asking.opening import resume
from neuroscribe.tasks.asking.threads import About, Thread
from neuroscribe.tasks.evaluation.planner_run import Plan
from neuroscribe.tasks.labelling import labeller
from neuroscribe.tasks.labelling.label import run_labels
from neuroscribe.tasks.web.opening import open_door
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.exemplars import ExemplarIndex
from neuroscribe.tools.exemplars.store import write_header
from neuroscribe.tools.llm.endpoints import public_options
from neuroscribe.tools.models import trust
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.predicates.features import _network

EVIL = "./evil.py:factory"
Edit = Callable[[dict[str, Any]], Any]


@pytest.fixture
def here(finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a copy of the run, and a program that must not run."""
    shutil.copytree(finished_run, tmp_path / "run")
    code = f"open({str(tmp_path / 'ran')!r}, 'w')\ndef factory():\n    raise SystemExit('ran')\n"
    (tmp_path / "evil.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edited(path: Path, change: Edit) -> None:
    """Changes the first JSON document of a file; lines after it stay."""
    first, *rest = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    found = json.loads(first)
    change(found)
    path.write_text("\n".join([json.dumps(found), *rest]) + "\n")


TRANSCRIPT = "run/transcripts/mlp.0_1.jsonl"
HEADERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "factory": ("target", {"name": EVIL}, "names Python code"),
    "factory, spelt otherwise": ("target", {"name": f" {EVIL} "}, "names Python code"),
    "hub": ("target", {"name": "some/model"}, "give --target"),
    "revision": ("target", {"options": {"revision": "refs/pr/1"}}, "give --target"),
    "data": ("corpus", {"spec": "/etc/passwd"}, "give --data"),
    "dataset": ("corpus", {"spec": "hf:some/data"}, "give --data"),
    "no name": ("target", {"name": 3}, "line 1: target.name is a whole"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_transcript(here, name, refused):
    part, change, said = HEADERS[name]
    edited(Path(TRANSCRIPT), lambda header: header[part].update(change))
    target = json.loads(Path("run/run.json").read_text())["settings"]["target"]
    more = ["--target", target] if "data" in name else []
    assert said in refused("replay", TRANSCRIPT, *more)
    assert not Path("ran").exists()


def test_ones_own_transcript_and_run_need_no_flag(here, shown):
    assert shown("replay", TRANSCRIPT)
    assert shown("find", "run", "--similar-to", "mlp.0/1")


def test_code_of_a_model_runs_only_for_a_named_target(here, toy_folder, refused):
    """The header's `trust_remote_code` is not heeded, and the flag alone does not suffice."""
    shutil.copytree(toy_folder / "model", "model")
    classes = {"AutoConfig": "evil.Mine", "AutoModelForCausalLM": "evil.Me"}
    config: dict[str, Any] = {"model_type": "mine", "auto_map": classes}
    edited(Path("model/config.json"), lambda found: found.update(config))
    for name in ("evil.py", "configuration_mine.py"):
        shutil.copy("evil.py", f"model/{name}")
    trusts = {"options": {"trust_remote_code": True}}
    edited(Path(TRANSCRIPT), lambda header: header["target"].update(trusts))
    assert "--trust-remote-code" in refused("replay", TRANSCRIPT, "--target", "model")
    assert not Path("ran").exists()
    assert "give --target" in refused("replay", TRANSCRIPT, "--trust-remote-code")


RUNS: dict[str, tuple[dict[str, Any], str]] = {
    "factory": ({"target": EVIL}, "names Python code"),
    "hub": ({"target": "some/model"}, "give --target"),
    "revision": ({"revision": "refs/pr/1"}, "give --target"),
    "data": ({"target": "planted", "data": "/etc/passwd"}, "give --data"),
    "reader": ({"target": "planted", "data": "builtin:stories", "reader": f"clip:{EVIL}"}, "code"),
    "no name": ({"target": ["x"]}, "settings.target is a list, not a text"),
}
DOORS: dict[str, list[str]] = {
    "ask": ["ask", "run", "what does mlp.0/1 do?"],
    "find": ["find", "run", "--similar-to", "mlp.0/1"],
    "mcp": ["mcp", "--run", "run"],
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", RUNS)
def test_a_run(here, door, name, refused):
    change, said = RUNS[name]
    edited(Path("run/run.json"), lambda run: run["settings"].update(change))
    found = refused(*DOORS[door])
    assert said.replace("--target", "the model" if door == "ask" else "--target") in found
    assert "run/run.json" in found
    assert not Path("ran").exists()


def test_a_run_in_the_browser_is_shown_and_not_measured(here, capsys):
    edited(Path("run/run.json"), lambda run: run["settings"].update(target=EVIL))
    door = open_door(Path("run"))
    assert "nothing can be measured" in capsys.readouterr().err
    assert door.units is not None
    assert door.units.index.record("mlp.0/1")["label"]
    with pytest.raises(UsageError, match="names Python code"):
        door.bench.target  # noqa: B018
    assert not Path("ran").exists()


def test_a_run_that_was_seen_to_be_ones_own_is_asked_for_when_it_changes(here, monkeypatch):
    """At a terminal a person decides; code is not even asked for."""
    asked: list[str] = []
    monkeypatch.setattr(trust, "_asked", lambda question: asked.append(question) is None)
    named = trust.Named(Path("run/run.json"))
    assert named.target("some/model") == "some/model"
    assert "names the model some/model. Use it?" in asked[0]
    with pytest.raises(UsageError, match="names Python code"):
        named.target(EVIL)
    with pytest.raises(UsageError, match="not a name"):
        named.target("some/model\x1b[2J")
    assert len(asked) == 1


@pytest.mark.parametrize(("typed", "taken"), [("y\n", True), ("\n", False), ("", False)])
def test_a_person_at_a_terminal_is_asked(typed, taken, monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    named = trust.Named(Path("run/run.json"))
    if taken:
        assert named.data("hf:some/data") == "hf:some/data"
    else:
        with pytest.raises(UsageError, match="give --data"):
            named.data("hf:some/data")
    assert "names the data hf:some/data. Use it? [y/N]" in capsys.readouterr().err


def test_the_seal_is_of_what_is_named_and_of_one_person(tmp_path, monkeypatch):
    named = {"target": "some/model", "data": "x.txt"}
    monkeypatch.setenv("NEUROSCRIBE_HOME", str(tmp_path / "one"))
    mark = trust.seal(named)
    assert trust.sealed(named, mark)
    assert (tmp_path / "one" / "seal.key").stat().st_mode & 0o777 == 0o600
    assert not trust.sealed({**named, "data": "y.txt"}, mark)
    for other in (None, 3, "", "é", mark[:-1] if mark else ""):
        assert not trust.sealed(named, other)
    monkeypatch.setenv("NEUROSCRIBE_HOME", str(tmp_path / "two"))
    assert not trust.sealed(named, mark)
    monkeypatch.setenv("NEUROSCRIBE_HOME", "/proc/none")
    assert trust.seal(named) is None
    assert not trust.sealed(named, mark)


def test_an_index_holds_no_objects(here):
    """Its header names a target that nobody loads, and pickled arrays are damaged ones."""
    folder = here / "index"
    folder.mkdir()
    for name in ("top", "sums", "fired", "sample", "places"):
        np.save(folder / f"{name}.npy", np.zeros((1, 2, 2), np.int64))
    sites = [{"name": "mlp.0", "units": 1}]
    write_header(folder, {"format": 1, "count": 1, "k": 2, "sites": sites, "target": EVIL})
    np.save(folder / "places.npy", np.array([Pickled(here / "ran")], object), allow_pickle=True)
    with pytest.raises(UsageError, match="damaged"):
        ExemplarIndex.open(folder)
    assert not (here / "ran").exists()
    for change in ({"sites": 3}, {"k": None}, {"sites": [{"name": 1}]}, {"checks": []}):
        edited(folder / "index.json", lambda header, change=change: header.update(change))
        with pytest.raises(UsageError, match="index"):
            ExemplarIndex.open(folder)


def test_measurements_kept_in_a_run_hold_no_objects(here, shown):
    evil = np.array([Pickled(here / "ran")], object)
    np.savez("run/similar.npz", format=np.array(1), units=evil)
    np.savez("run/label-embeddings.npz", encoder=evil)
    assert shown("find", "run", "--similar-to", "mlp.0/1")
    assert not Path("ran").exists()


def test_a_predictor_names_no_network_of_its_own(here):
    example = {"name": "a", "strength": 1.0, "features": [0.0] * 48}
    assert parse({"kind": "like", "network": EVIL, "examples": [example, example]}).english()
    with pytest.raises(UsageError, match="does not ship with neuroscribe"):
        _network(EVIL)
    assert not Path("ran").exists()


# ---- kept conversations


@pytest.fixture
def kept(here: Path, toy_folder: Path, shown: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A conversation that was kept with an endpoint, and the key that went there."""
    monkeypatch.setenv("NEUROSCRIBE_HOME", str(here / "home"))
    monkeypatch.setenv("OPENAI_API_KEY", "first-key")
    with endpoint(answers("Yes, I think.")) as server:
        given = ["--planner", "openai:m", "--base-url", server.url, "--tokens", "4000"]
        data = ["--data", str(toy_folder / "text.jsonl")]
        shown("ask", str(toy_folder / "model"), "is it?", *given, *data)
    (folder,) = (here / "home" / "threads").iterdir()
    return folder


THREADS: dict[str, tuple[dict[str, Any], str]] = {
    "factory": ({"target": EVIL}, "names Python code"),
    "hub": ({"target": "some/model"}, "give the model before the question"),
    "data": ({"data": "/etc/passwd", "target": "planted"}, "give --data"),
    "run": ({"run": "/tmp/other", "target": "planted"}, "names the run /tmp/other"),
    "no name": ({"target": {}}, "target is an object, not a text"),
    "no number": ({"tokens": "many"}, "tokens is a text, not a whole number"),
}


@pytest.mark.parametrize("name", THREADS)
def test_a_kept_conversation(kept, name, refused):
    change, said = THREADS[name]
    edited(kept / "thread.json", lambda about: about.update(change))
    assert said in refused("ask", "--thread", kept.name, "what does mlp.0/1 do?")
    assert not Path("ran").exists()


def test_a_kept_endpoint_never_gets_the_key_of_another(kept, shown, monkeypatch):
    asked = ("ask", "--thread", kept.name, "is it?")
    with endpoint(answers("No.")) as server:
        edited(kept / "thread.json", lambda about: about.update(base_url=server.url))
        about = json.loads((kept / "thread.json").read_text())
        about.pop("seal")
        again = trust.seal(About.from_dict(about).names)
        edited(kept / "thread.json", lambda found: found.update(seal=again))
        shown(*asked)
        assert set(server.keys) == {"Bearer none"}, "it is on this machine and needs none"
        shown(*asked, "--base-url", server.url)
        assert server.keys[-1] == "Bearer first-key", "the person named the endpoint"
        shown(*asked)
        assert server.keys[-1] == "Bearer first-key", "from then on it is this one's"
        monkeypatch.setenv("OPENAI_API_KEY", "second-key")
        shown(*asked)
        assert server.keys[-1] == "Bearer none"
    edited(kept / "thread.json", lambda about: about.update(base_url="http://192.0.2.1/v1"))
    with pytest.raises(UsageError):
        resume(kept.name)


def test_a_patched_conversation_runs_nothing(kept, refused):
    ran = Path("ran").resolve()
    with sqlite3.connect(kept / "talk.sqlite") as file:
        file.execute("UPDATE state SET content = ?", (payload(ran),))
    said = refused("ask", "--thread", kept.name, "is it?", "--planner", "builtin")
    assert "begin again" in said
    assert not ran.exists()
    assert "evil" not in sys.modules


SECRET = "s3cretpass"


def _with_secret(url: str, secret: str = SECRET) -> str:
    return url.replace("http://", f"http://me:{secret}@") + f"?key={secret}"


def test_a_run_keeps_no_credentials_and_goes_on_with_others(settings, toy_target, tmp_path):
    def refuses(handler: Any, request: dict[str, Any]) -> None:
        echo = f"{handler.path} is not for {handler.headers['Authorization']}"
        fails(401, echo)(handler, request)

    out = tmp_path / "run"
    with endpoint(refuses) as server:
        given = replace(settings, planner="openai:m", base_url=_with_secret(server.url))
        run = run_labels(given, out, target=toy_target)
        again = replace(given, base_url=_with_secret(server.url, "another-pass"))
        run_labels(again, out, target=toy_target)
    assert {unit.status for unit in run.units} == {"failed"}
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        for secret in (SECRET.encode(), b"another-pass", b64encode(f"me:{SECRET}".encode())):
            assert secret not in path.read_bytes(), path
    kept = json.loads((out / "run.json").read_text())["settings"]["base_url"]
    assert kept == server.url


def test_what_a_failed_unit_spent_is_kept(settings, toy_target, tmp_path, monkeypatch):
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(labeller, "score", broken)
    with endpoint(says(("survey", {}))) as server:
        given = replace(settings, units="mlp.0/0", planner="openai:m", base_url=server.url)
        run_labels(given, tmp_path / "run", target=toy_target)
    line = json.loads((tmp_path / "run" / "labels.jsonl").read_text().splitlines()[0])
    assert line["status"] == "failed"
    assert line["meter"]["tokens_in"] >= 100
    assert line["meter"]["requests"] >= 1


def test_conversations_and_plans_keep_no_credentials(tmp_path):
    url = _with_secret("http://h.example/v1")
    thread = Thread(folder=tmp_path)
    thread.keep(About("toy", "text", "openai:m", url))
    thread.close()
    assert SECRET not in (thread.path / "thread.json").read_text()
    assert SECRET not in json.dumps(Plan(planner="openai:m", base_url=url).resolved())
    assert public_options(Plan())["base_url"] is None
