"""A target of two small blocks, some text and a planner of two turns: runs that take moments."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuroscribe.agent.state import State
from neuroscribe.tasks.labelling.settings import Settings
from scripted import Scripted, Turn
from word_model import word_tokenizer

WORDS = [
    *("the", "cat", "dog", "sat", "ran", "on", "under", "mat", "hill", "and", "then", "it"),
    *("was", "red", "blue", "big", "small", "old", "new", "house", "tree", "river", "boat"),
    *("sun", "rain", "wind", "bird", "fish", "sang", "swam", "flew", "home", "today", "again"),
]


def build_model(folder: Path, words: Sequence[str] = WORDS) -> Path:
    """A GPT-2 of two blocks with a tokenizer that knows the words; weights drawn at random."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    vocabulary = ["<unk>", "<pad>", "<end>", ".", *words]
    tokenizer = word_tokenizer(vocabulary, pad_token="<pad>", eos_token="<end>")
    tokenizer.save_pretrained(folder)
    shape = GPT2Config(
        vocab_size=len(vocabulary), n_positions=64, n_embd=16, n_layer=2, n_head=2, n_inner=32
    )
    GPT2LMHeadModel(shape).save_pretrained(folder)
    return folder


def write_text(path: Path, *, documents: int = 60, words: Sequence[str] = WORDS) -> Path:
    """A .jsonl of documents over the words."""
    import numpy as np

    rng = np.random.default_rng(0)
    lines = [" ".join(rng.choice(words, 60)) + " ." for _ in range(documents)]
    path.write_text("".join(json.dumps({"text": line}) + "\n" for line in lines))
    return path


def settings(folder: Path, units: str = "mlp.0/0-2", **more: Any) -> Settings:
    """Settings of a run over the `model` and the `text.jsonl` of a folder."""
    given = {"planner": "toy", "tokens": 4000, "context_length": 32, "controls": "none", **more}
    return Settings(str(folder / "model"), units, str(folder / "text.jsonl"), **given)


def _begins(state: State) -> Turn:
    cat, dog = ({"kind": "words", "words": [word]} for word in ("cat", "dog"))
    return [
        ("hypothesise", {"statement": "cats", "predictor": cat}),
        ("hypothesise", {"statement": "dogs", "predictor": dog}),
        ("test_hypotheses", {"unit": state["unit"], "hypotheses": ["H1", "H2"]}),
    ]


class Toy(Scripted):
    """Records two rivals, tests them, and concludes with the first."""

    name = "toy"

    def __init__(self) -> None:
        component = {"words": "the word cat", "predictor": "H1", "evidence": ["E3"]}
        conclusion = {"label": "the word cat", "components": [component]}
        super().__init__([_begins, [("conclude", conclusion)]])
