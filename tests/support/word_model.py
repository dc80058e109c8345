"""A random two-layer GPT-2 whose tokens are words, in which tests plant units; its tokenizer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuroscribe.tools.models import Target

WORDS = [
    *("the", "a", "no", "my", "cat", "dog", "bird", "house", "tree", "red"),
    *("green", "sat", "ran", "on", "under", "and", "then", "saw", "it", "we"),
]


def word_tokenizer(words: Sequence[str], around: str | None = None, **special: str) -> Any:
    """The tokenizer; what it does not know is `<unk>`.

    Args:
        words: The vocabulary, special tokens and all.
        around: What stands around every text, as `<s> $A </s>`.
        special: Names of special tokens, as `pad_token`.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    if around:
        named = [(word, words.index(word)) for word in around.split() if word != "$A"]
        inner.post_processor = processors.TemplateProcessing(single=around, special_tokens=named)
    return PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="<unk>", **special)


def word_model(
    folder: Path,
    words: Sequence[str] = WORDS,
    *,
    marks: str = ".,",
    spread: float | None = None,
    seed: int = 0,
) -> Target:
    """Saves the model into a folder and loads it from there.

    Args:
        folder: Empty.
        words: The vocabulary, behind four special tokens.
        marks: Punctuation behind the words.
        spread: Standard deviation of the matrices; None: as GPT-2 is born, with small ones.
        seed: Of the weights.
    """
    import torch
    import transformers as hf

    names = ["<pad>", "<s>", "</s>", "<unk>", *words, *marks]
    torch.manual_seed(seed)
    config = hf.GPT2Config(
        vocab_size=len(names), n_embd=16, n_layer=2, n_head=2, n_positions=64, bos_token_id=1
    )
    network = hf.GPT2LMHeadModel(config)
    if spread is not None:
        for weight in network.parameters():
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=spread)
    network.save_pretrained(folder)
    word_tokenizer(names, pad_token="<pad>", bos_token="<s>").save_pretrained(folder)
    return Target.load(str(folder))
