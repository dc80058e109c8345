"""A tiny model and a small corpus on disk, and an investigation on them by hand-made calls."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from neuroscribe.agent import actions as _actions  # noqa: F401
from neuroscribe.agent.ledger import Ledger
from neuroscribe.agent.transcript import Recorder, make_header
from neuroscribe.tools import instruments as _belt  # noqa: F401
from neuroscribe.tools import registry
from neuroscribe.tools.data.corpus import Document
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from scripted import says
from word_model import word_model

WORDS = (
    *("the", "a", "cat", "dog", "sat", "ran", "on", "under", "mat", "tree"),
    *("red", "blue", "and", "then", "it", "was", "very", "small", "big"),
)
UNIT = "mlp.0/3"
LENGTH, MOST = 24, 1500
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("survey", {}),
    ("exemplars", {"many": 4}),
    ("hypothesise", {"statement": "cats", "predictor": {"kind": "words", "words": ["cat"]}}),
    ("hypothesise", {"statement": "red", "predictor": {"kind": "words", "words": ["red"]}}),
    ("test_hypotheses", {}),
    ("activations", {"texts": ["the cat sat", "a red dog ran under the tree"]}),
    ("exemplars", {"kind": "quantile", "many": 3}),
    ("survey", {"unit": "mlp.77/1"}),
]
COMPONENT = {
    "words": "active on cats",
    "predictor": {"kind": "words", "words": ["cat"]},
    "evidence": ["E5", "E99"],
}
CONCLUSION = {
    "label": "cats",
    "status": "described",
    "components": [COMPONENT],
    "rejected": [{"words": "red", "reason": "no relation", "evidence": ["E5"]}],
    "confidence": 0.25,
}


def make_corpus(path: Path, *, seed: int) -> None:
    """Documents of random sentences, one a line."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(len(WORDS), (60, 40), generator=generator).tolist()
    texts = [" ".join(WORDS[i] for i in row) + "." for row in drawn]
    documents = [Document(str(n), text)._asdict() for n, text in enumerate(texts)]
    path.write_text("".join(json.dumps(document) + "\n" for document in documents))


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `model/`, `other/`, `text.jsonl` and `other.jsonl`."""
    folder = tmp_path_factory.mktemp("place")
    word_model(folder / "model", WORDS, marks=".")
    word_model(folder / "other", WORDS, marks=".", seed=1)
    make_corpus(folder / "text.jsonl", seed=0)
    make_corpus(folder / "other.jsonl", seed=1)
    return folder


@pytest.fixture(scope="session")
def target(place: Path) -> Target:
    """The model."""
    return Target.load(str(place / "model"))


@pytest.fixture
def make_lab(place: Path, target: Target) -> Callable[[], tuple[Lab, str]]:
    """Makes a bench and tells the hash of its corpus."""

    def make() -> tuple[Lab, str]:
        corpus = load_corpus(str(place / "text.jsonl"), target=target)
        explore = cut(target, corpus.splits().explore, length=LENGTH, most_tokens=MOST)
        lab = Lab(target, explore, seed=3)
        lab.unit = target.unit(UNIT)
        return lab, corpus.hash

    return make


@pytest.fixture
def recorded(make_lab: Callable[[], tuple[Lab, str]], place: Path, tmp_path: Path) -> Path:
    """A transcript of `CALLS` and a conclusion."""
    lab, known = make_lab()
    header = make_header(
        lab,
        UNIT,
        planner="by-hand",
        corpus=str(place / "text.jsonl"),
        corpus_hash=known,
        length=LENGTH,
        most_tokens=MOST,
        budget={"steps": 8},
        target=str(place / "model"),
    )
    path = tmp_path / "transcripts" / "unit.jsonl"
    assert lab.unit is not None
    ledger, usage = Ledger(lab, lab.unit), {"tokens_in": 900, "tokens_out": 12}
    with Recorder(path, header) as recorder:
        recorder.write("message", message={"role": "system", "content": "You study a unit."})
        for number, call in enumerate(CALLS):
            message = {**says([call]), "content": f"turn {number}"}
            recorder.write("message", message=message, usage=usage, seconds=0.5)
            found = registry.call(lab, *call)
            recorder.write("evidence", evidence=found)
            if ledger.update([found]):
                recorder.write("ledger", rows=ledger.rows, after=found.id)
            (asked,) = message["tool_calls"]
            answer = {"role": "tool", "tool_call_id": asked["id"], "content": found.text}
            recorder.write("message", message=answer)
        recorder.write("conclusion", description=CONCLUSION)
        recorder.write("end", reason="concluded", meter=lab.meter.as_dict())
    return path
