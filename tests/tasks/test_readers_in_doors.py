"""`like` and `judged` in conversations, over MCP and in the browser: a second network, a judge."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import toy
from endpoint import Endpoint, completion, endpoint
from neuroscribe.tasks.asking.opening import open_conversation, resume
from neuroscribe.tasks.asking.threads import About
from neuroscribe.tasks.labelling.results import UnitLabel
from neuroscribe.tasks.mcp.shared import open_shared, settings_of
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.evidence import Evidence
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call
from scripted import Scripted

LIKE = {
    "kind": "like",
    "examples": [{"text": f"the {word} cat .", "place": "cat"} for word in ("red", "big", "old")],
    "unlike": [{"text": f"the {word} dog .", "place": "dog"} for word in ("red", "big", "old")],
}
CHOSEN = {"kind": "like", "n": 8}
"""By the activation of the unit under study."""
JUDGED = {"kind": "judged", "statement": "a cat is spoken of"}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Another network than the target."""
    folder = tmp_path_factory.mktemp("reader") / "other"
    return str(toy.build_model(folder, (*toy.WORDS, "zoo")))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where conversations and answers are kept."""
    monkeypatch.setenv("NEUROSCRIBE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def reads(handler, request) -> None:
    """Finds a cat where the marked word is one."""
    texts = json.loads(request["messages"][1]["content"])["texts"]
    said = {key: float("«cat»" in text) for key, text in texts.items()}
    handler.send(200, completion({"content": json.dumps(said)}))


@pytest.fixture
def judge(home: Path) -> Iterator[Endpoint]:
    with endpoint(reads) as made:
        yield made


def both_of(lab: Lab) -> Evidence:
    """What testing both gives."""
    found = call(lab, "test_hypotheses", {"unit": "mlp.0/1", "hypotheses": [LIKE, JUDGED]})
    assert found.error is None, found.error
    assert len(found.data["tests"]) == 2
    return found


def test_in_a_conversation_and_when_it_is_resumed(toy_target, toy_folder, reader, judge):
    given = {"data": str(toy_folder / "text.jsonl"), "tokens": 4000, "context_length": 32}
    planner = Scripted([["nothing"]])
    named = {"reader": reader, "judge": "openai:j", "base_url": judge.url}
    with open_conversation(toy_target, planner=planner, **given, **named) as talk:
        assert talk.lab.meanings[-2:] == ("like", "judged")
        both_of(talk.lab)
        assert judge.requests
        name, about = talk.thread.name, talk.about
        talk.thread.keep(about)
    assert About.from_dict(json.loads((talk.thread.path / "thread.json").read_text())).own
    with resume(name, planner=planner, target=toy_target, judge_requests=1) as again:
        assert (again.about.reader, again.about.judge) == (reader, "openai:j")
        assert again.lab.judge.limit == 1
        n = len(judge.requests)
        both_of(again.lab)  # its answers are kept
        assert len(judge.requests) == n
    plain = About("t", "d")
    assert {"reader", "judge"} & plain.names.keys() == set(), "older seals stay whole"


def test_over_mcp(toy_folder, reader, judge):
    none = dict.fromkeys(("data", "tokens", "seed", "length", "images"))
    given = {"data": str(toy_folder / "text.jsonl"), "tokens": 4000, "reader": reader}
    settings = settings_of(None, **{**none, **given, "target": str(toy_folder / "model")})
    shared = open_shared(settings, base_url=judge.url, judge="openai:j", judge_requests=50)
    both_of(shared.notebook().lab)
    assert shared.judge is not None
    assert shared.judge.limit == 50
    plain = open_shared(settings_of(None, **{**none, **given, "reader": None, "target": "planted"}))
    assert not {"like", "judged"} & set(plain.notebook().lab.meanings)


def test_in_the_browser(finished_run, toy_folder, toy_target, reader, judge, tmp_path):
    pytest.importorskip("gradio", reason="gradio is not installed: pip install 'neuroscribe[ui]'")
    from neuroscribe.tasks.web.contribution import contribute
    from neuroscribe.tasks.web.opening import open_door

    named = {"base_url": judge.url, "reader": reader, "judge": "openai:j"}
    model, data = str(toy_folder / "model"), str(toy_folder / "text.jsonl")
    door = open_door(finished_run, target=model, data=data, **named)
    door.bench.loaded = toy_target
    both_of(door.bench.lab())
    agent = UnitLabel("mlp.0/1", "x", "described", {"unit": "mlp.0/1", "label": "x"}).record
    for predictor in (CHOSEN, JUDGED):
        rule = json.dumps(predictor)
        record = contribute(door.bench, tmp_path, agent, by="Ann", label="x", predictor=rule)
        assert record["predictor"]["kind"] == predictor["kind"]
        assert "correlation" in record["scores"]


@pytest.mark.parametrize("verb_", ["ask", "mcp", "serve"])
def test_what_cannot_be_used_is_one_line(verb_, toy_folder, refused, home):
    model, data = str(toy_folder / "model"), str(toy_folder / "text.jsonl")
    begin = {
        "ask": ["ask", model, "what does mlp.0/1 do?", "--data", data],
        "mcp": ["mcp", "--target", model, "--data", data],
        "serve": ["serve", "--target", model, "--data", data, "--port", "0"],
    }[verb_]
    assert "'gpt' is not openai:MODEL" in refused(*begin, "--judge", "gpt")
    if verb_ != "serve":  # which loads when something is first measured
        assert "reader" in refused(*begin, "--reader", model)


def test_a_reader_that_others_named_is_not_loaded(toy_target, toy_folder, home):
    from dataclasses import replace

    from neuroscribe.tasks.asking.threads import checked

    about = About("planted", "builtin:stories", reader="somebody/model")
    with pytest.raises(UsageError, match="reader"):
        checked(about, home / "thread.json", target=toy_target, data=None, ask=False)
    own = checked(
        about, home / "thread.json", target=toy_target, data=None, reader="minilm", ask=False
    )
    assert replace(own, reader=None) == replace(about, reader=None)
    assert own.reader == "minilm"
