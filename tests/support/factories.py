"""Small networks in one file, as a researcher brings them: `Target.load("factories.py:NAME")`.

Those that begin with a model of Hugging Face take its folder from `MODEL_FOLDER`.
"""

import os
from collections.abc import Callable
from typing import Any

import torch
from neuroscribe.tools.models.image_input import crop_and_normalise
from torch import nn
from transformers import (
    AutoImageProcessor,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerFast,
    ViTForImageClassification,
)


def net() -> nn.Module:
    """Two convolutions and five classes."""
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(3, 6, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)),
    )


def saying(make: Callable[[], Any], **facts: Any) -> Callable[[], Any]:
    """A factory that says more of the network."""

    def factory() -> Any:
        return make()

    factory.__dict__.update(facts)
    return factory


no_example = saying(net)
wrong_example = saying(net, example=(1, 2, 12, 12))
usual = saying(net, example=torch.zeros(1, 3, 224, 224))
told = saying(
    net,
    image={"size": (20, 30), "mean": (0, 0, 0), "sd": (1, 1, 1), "scale": 1.0, "bgr": True},
    labels=["a", "b", "c", "d", "e"],
)
made = saying(net, image=crop_and_normalise(24, resize=32))
few_labels = saying(net, image={"size": 24}, labels=["a", "b"])
unknown_argument = saying(net, image={"size": 24, "colour": "red"})
strange = saying(net, image=24)
too_small = saying(lambda: nn.Sequential(nn.Conv2d(3, 6, 9), nn.Flatten()), image={"size": 6})
number = saying(lambda: 3)
broken = saying(lambda: {}["gone"])
net.example = (1, 3, 12, 12)  # type: ignore[attr-defined]


class Adder(nn.Module):
    """A layer of a transformer over ids."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(20, 16)
        self.mix = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.out = nn.Linear(16, 20)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.mix(self.embed(ids)))


adder = saying(Adder, example=torch.arange(6)[None])


class Attention(nn.Module):
    """One causal head, and a layer that nothing reads."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(d, d) for _ in range(4))
        self.dead = nn.Linear(d, d)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.dead(x)
        q, k, v = self.q(x), self.k(x), self.v(x)
        score = q @ k.transpose(1, 2) / 4
        mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril()
        return x + self.o(score.masked_fill(~mask, -1e9).softmax(-1) @ v)


class Letters(nn.Module):
    """A language model over letters that reads `length` of them."""

    def __init__(self, letters: int, length: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.token, self.place = nn.Embedding(letters, 16), nn.Embedding(length, 16)
        self.blocks = nn.ModuleList([Attention(16), Attention(16)])
        self.head = nn.Linear(16, letters)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.token(ids) + self.place(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def letters(names: str = "ab", length: int = 12) -> tuple[nn.Module, PreTrainedTokenizerFast]:
    """With a tokenizer that has one token a letter."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {letter: at for at, letter in enumerate(names)}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token=names[0]))
    inner.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return Letters(len(names), length), PreTrainedTokenizerFast(tokenizer_object=inner)


four_places = saying(lambda: letters("abc", 4))


def language() -> Any:
    """A causal language model with its tokenizer."""
    folder = os.environ["MODEL_FOLDER"]
    return AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def hugging_alone() -> nn.Module:
    """A vision transformer without what prepares its pictures."""
    return ViTForImageClassification.from_pretrained(os.environ["MODEL_FOLDER"])


def hugging() -> Any:
    """A vision transformer with its image processor."""
    processor = AutoImageProcessor.from_pretrained(os.environ["MODEL_FOLDER"], backend="pil")
    return hugging_alone(), processor
