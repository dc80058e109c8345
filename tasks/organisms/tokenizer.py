"""The word-level tokenizer of an organism: every word or symbol of its vocabulary is one token.

Words that begin with a space are cut at spaces (`▁Anna`); symbols are cut by a regular expression
(numbers, letters, runs of closing brackets, anything else alone) and joined without spaces. Both
give the text back that they were given. `<s>` stands first.
"""

from collections.abc import Sequence
from typing import Any

from .spec import BOS, END, UNKNOWN

_SYMBOLS = r"[0-9]+|[a-z]+|\)+|[^0-9a-z)]"
_SPACE = "▁"


def build(words: Sequence[str], *, length: int) -> Any:
    """The tokenizer over these words, in this order, behind the special tokens."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    spaced = all(word.startswith(" ") for word in words)
    names = [UNKNOWN, BOS, END, *(word.replace(" ", _SPACE) for word in words)]
    inner: Any = Tokenizer(
        models.WordLevel({name: at for at, name in enumerate(names)}, unk_token=UNKNOWN)
    )
    if spaced:
        inner.pre_tokenizer = pre_tokenizers.Metaspace(_SPACE, prepend_scheme="always")
        inner.decoder = decoders.Metaspace(_SPACE, prepend_scheme="always")
    else:
        inner.pre_tokenizer = pre_tokenizers.Split(Regex(_SYMBOLS), "isolated")
        inner.decoder = decoders.Fuse()
    inner.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B", special_tokens=[(BOS, 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        unk_token=UNKNOWN,
        bos_token=BOS,
        eos_token=END,
        pad_token=END,
        model_max_length=length,
        clean_up_tokenization_spaces=False,
    )
