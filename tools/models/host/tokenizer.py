"""A word-level tokenizer that can read anything: frequent words are one token, the rest spelled.

A Unigram model over a fixed vocabulary, best segmentation first: words with their leading space,
then single characters, then bytes. Nothing is learnt but the counts, so it is the same each time.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

_WORD = re.compile(r" ?[A-Za-z]+")
_SPECIALS = ("<unk>", "<s>", "</s>")
_SPACE = "▁"


def build(
    texts: Iterable[str], *, size: int, always: Sequence[str] = (), length: int
) -> PreTrainedTokenizerFast:
    """The tokenizer over the most frequent words of the texts, with and without a space before.

    Args:
        texts: Counted, as they are capitalised.
        size: Tokens in all.
        always: Words that are tokens however rare they are, if they occur at all; numerals too,
            which are otherwise spelled.
        length: The longest row of the model.
    """
    numerals = [rf" {word}(?![0-9])" for word in always if word.isdigit()]
    pattern = re.compile("|".join([_WORD.pattern, *numerals]))
    counts = Counter(
        word.replace(" ", _SPACE) for text in texts for word in pattern.findall(f" {text}")
    )
    characters = [*(chr(code) for code in range(33, 127)), "\n", _SPACE]
    data = [f"<0x{byte:02X}>" for byte in range(256)]
    room = size - len(_SPECIALS) - len(characters) - len(data)
    sure = sorted(_SPACE + word for word in set(always) if counts[_SPACE + word])
    common = [w for w, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    words = list(dict.fromkeys([*sure, *(w for w in common if len(w) > 1)]))[:room]
    words.sort(key=lambda word: (-counts[word], word))
    total = sum(counts.values()) + 1
    vocabulary: list[tuple[str, float]] = [(name, 0.0) for name in _SPECIALS]
    vocabulary += [(word, math.log(counts[word] / total)) for word in words]
    vocabulary += [(piece, -25.0) for piece in characters]
    vocabulary += [(piece, -50.0) for piece in data]
    inner = Tokenizer(models.Unigram(vocabulary, unk_id=0, byte_fallback=True))
    splits: list[Any] = [
        pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always"),
        pre_tokenizers.Split(_regex(rf"{_SPACE}?[A-Za-z]+"), "isolated"),
    ]
    if numerals:  # so that no numeral is the beginning of a longer one
        splits.append(pre_tokenizers.Split(_regex(rf"{_SPACE}(?=[0-9]{{3}})"), "isolated"))
    inner.pre_tokenizer = pre_tokenizers.Sequence(splits)  # pyright: ignore
    parts: list[Any] = [
        decoders.Replace(_SPACE, " "),
        decoders.ByteFallback(),
        decoders.Fuse(),
        decoders.Strip(" ", 1, 0),
    ]
    inner.decoder = decoders.Sequence(parts)  # pyright: ignore[reportAttributeAccessIssue]
    inner.post_processor = processors.TemplateProcessing(  # pyright: ignore
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="</s>",
        model_max_length=length,
    )


def _regex(pattern: str) -> Any:
    from tokenizers import Regex

    return Regex(pattern)
