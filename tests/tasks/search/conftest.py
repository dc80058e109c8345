"""Runs to search: hand-written labels, and a tiny network with twins among its neurons."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import toy
from neuroscribe.tasks.labelling.label import run_labels

Write = Callable[..., Path]


def labelled(unit: str, label: str, *, score: float | None = 0.5, **more: Any) -> dict[str, Any]:
    """A record as `labels.jsonl` has it."""
    interval = score and {"value": score, "low": score - 0.1, "high": score + 0.1}
    return {
        "unit": unit,
        "label": label,
        "status": "described",
        "components": [{"words": label, "predictor": {"kind": "words", "words": ["thing"]}}],
        "confidence": 0.5,
        "rejected": [],
        "scores": interval and {"correlation": interval},
        **more,
    }


RIVAL = {"words": "weekday names", "reason": "no difference on near-misses"}
RECORDS = (
    labelled("mlp.0/1", "weekday names", score=0.9, confidence=0.8),
    labelled("mlp.0/2", "names of months", score=0.7),
    labelled("mlp.1/3-", "the word 'the' after a verb", score=0.2),
    labelled("mlp.2/4", "colours such as red or blue", score=0.6),
    labelled("mlp.2/5", "closing brackets", score=0.4, rejected=[RIVAL]),
    labelled("mlp.3/6", "", status="dead", reason="never active", score=None, confidence=None),
    labelled("mlp.3/7", "no pattern found", status="uninterpretable", score=None),
)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes labels, by default `RECORDS`, into a run folder."""

    def written(records: Iterable[Any] = RECORDS, name: str = "run") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        lines = (one if isinstance(one, str) else json.dumps(one) for one in records)
        (folder / "labels.jsonl").write_text("".join(f"{line}\n" for line in lines))
        return folder

    return written


@pytest.fixture(scope="session")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over twelve neurons: 5 is a copy of 2, 9 is nearly one, the others are themselves."""
    from transformers import GPT2LMHeadModel

    place = tmp_path_factory.mktemp("twins")
    model = toy.build_model(place / "model")
    network = GPT2LMHeadModel.from_pretrained(model)
    layer = network.transformer.h[0].mlp.c_fc
    rng = np.random.default_rng(0)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(rng.normal(size=layer.weight.shape)))  # [in, neuron]
        layer.weight[:, 5] = layer.weight[:, 2]
        near = layer.weight[:, 2] + torch.from_numpy(rng.normal(0, 0.1, layer.weight.shape[0]))
        layer.weight[:, 9] = near
    network.save_pretrained(model)
    toy.write_text(place / "text.jsonl")
    run_labels(toy.settings(place, "mlp.0/0-11"), place / "run", planner=toy.Toy())
    labels = place / "run" / "labels.jsonl"  # cats are all that this planner sees: take it at that
    records = [json.loads(line) for line in labels.read_text().splitlines()]
    said = {"label": "the word cat", "status": "described"}
    labels.write_text("".join(json.dumps({**record, **said}) + "\n" for record in records))
    return place / "run"
