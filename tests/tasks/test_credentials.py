"""Credentials in the address of an endpoint: used, and kept out of everything that is written."""

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

from endpoint import endpoint, fails, says
from neuroscribe.tasks.asking.threads import About, Thread
from neuroscribe.tasks.evaluation.planner_run import Plan
from neuroscribe.tasks.labelling import labeller
from neuroscribe.tasks.labelling.label import run_labels
from neuroscribe.tools.llm.endpoints import public_options

SECRET = "s3cretpass"


def _with_secret(url: str, secret: str = SECRET) -> str:
    return url.replace("http://", f"http://me:{secret}@") + f"?key={secret}"


def test_a_run_keeps_no_credentials_and_goes_on_with_others(settings, toy_target, tmp_path):
    def refuses(handler: Any, request: dict[str, Any]) -> None:
        echo = f"{handler.path} is not for {handler.headers['Authorization']}"
        fails(401, echo)(handler, request)

    with endpoint(refuses) as server:
        given = replace(settings, planner="openai:m", base_url=_with_secret(server.url))
        run = run_labels(given, tmp_path / "run", target=toy_target)
        again = replace(given, base_url=_with_secret(server.url, "another-pass"))
        run_labels(again, tmp_path / "run", target=toy_target)
    assert {unit.status for unit in run.units} == {"failed"}
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        data = path.read_bytes()
        assert SECRET.encode() not in data, path
        assert b"another-pass" not in data, path
        assert b64encode(f"me:{SECRET}".encode()) not in data, path
    kept = json.loads((tmp_path / "run" / "run.json").read_text())["settings"]["base_url"]
    assert kept == server.url


def test_what_a_failed_unit_spent_is_kept(settings, toy_target, tmp_path, monkeypatch):
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(labeller, "judge", broken)
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
