"""A target of two small blocks, some text and a planner of two turns: runs that take moments."""

import json
from pathlib import Path
from typing import Any

from neuroscribe.agent.state import Message, State
from neuroscribe.tools.lab import Lab

WORDS = [
    "the",
    "cat",
    "dog",
    "sat",
    "ran",
    "on",
    "under",
    "mat",
    "hill",
    "and",
    "then",
    "it",
    "was",
    "red",
    "blue",
    "big",
    "small",
    "old",
    "new",
    "house",
    "tree",
    "river",
    "boat",
    "sun",
    "rain",
    "wind",
    "bird",
    "fish",
    "sang",
    "swam",
    "flew",
    "home",
    "today",
    "again",
]


def build_model(folder: Path) -> Path:
    """A GPT-2 of two blocks with a tokenizer that knows `WORDS`; weights drawn at random."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    torch.manual_seed(0)
    vocabulary = {word: at for at, word in enumerate(["<unk>", "<pad>", "<end>", ".", *WORDS])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", pad_token="<pad>", eos_token="<end>"
    ).save_pretrained(folder)
    shape = GPT2Config(
        vocab_size=len(vocabulary), n_positions=64, n_embd=16, n_layer=2, n_head=2, n_inner=32
    )
    GPT2LMHeadModel(shape).save_pretrained(folder)
    return folder


def write_text(path: Path, *, documents: int = 60) -> Path:
    """A .jsonl of documents over `WORDS`."""
    import numpy as np

    rng = np.random.default_rng(0)
    lines = [" ".join(rng.choice(WORDS, 60)) + " ." for _ in range(documents)]
    path.write_text("".join(json.dumps({"text": line}) + "\n" for line in lines))
    return path


class Toy:
    """Records two rivals, tests them, and concludes with the first."""

    name = "toy"

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def next(self, state: State) -> Message:
        """The next assistant message."""
        if state["step"] == 0:
            cat, dog = ({"kind": "words", "words": [word]} for word in ("cat", "dog"))
            return _calls(
                hypothesise={"statement": "cats", "predictor": cat},
                hypothesise_too={"statement": "dogs", "predictor": dog},
                test_hypotheses={"unit": state["unit"], "hypotheses": ["H1", "H2"]},
            )
        component = {"words": "the word cat", "predictor": "H1", "evidence": ["E3"]}
        return _calls(conclude={"label": "the word cat", "components": [component]})


def _calls(**calls: dict[str, Any]) -> Message:
    made = [
        {
            "id": f"c{at}",
            "type": "function",
            "function": {"name": name.removesuffix("_too"), "arguments": json.dumps(arguments)},
        }
        for at, (name, arguments) in enumerate(calls.items())
    ]
    return {"role": "assistant", "content": None, "tool_calls": made}


class ToyFactory:
    """Makes toy planners."""

    name = "toy"

    def __call__(self, lab: Lab) -> Toy:
        return Toy(lab)
