"""Small tokenizers, trained on one page, with the settings of the families of models."""

from collections.abc import Callable
from functools import cache
from typing import Any

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

PAGE = """def naïve(x):
    if x is None:
        return "don't"  # it’s 3.14
\tindented = {'Ωmega': [1, 22, 333]}

Ünïcode café, ﬁn. Déjà vu! 日本語 and 中文; emoji 😀 and 👩‍👧 joined.
The cat sat on the mat. The cats' owner isn't here,  but O'Brien is...
        deeper += the_cat[0] - the_mat   ;
"""
_WORDS = "hello world the cat sat on the mat and the return None indented café emoji joined owner "
_GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_SPACE = "▁"


def _trained(model: Any, trainer: Any, **parts: Any) -> Tokenizer:
    inner = Tokenizer(model)
    for name, part in parts.items():
        setattr(inner, name, part)
    inner.train_from_iterator([_WORDS * 20 + PAGE.split("日")[0] * 3], trainer)
    return inner


def _byte_level(special: str, pre: Any = None, missing: int = 0, **parts: Any) -> Tokenizer:
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=[special],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())[: 256 - missing],
        show_progress=False,
    )
    pre = pre or pre_tokenizers.ByteLevel(add_prefix_space=False)
    parts = {"post_processor": processors.ByteLevel(trim_offsets=False), **parts}
    return _trained(models.BPE(), trainer, pre_tokenizer=pre, decoder=decoders.ByteLevel(), **parts)


def _sentence_pieces(specials: list[str], *, strip: bool, **parts: Any) -> Tokenizer:
    data = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=520, special_tokens=[*specials, *data], show_progress=False
    )
    steps = [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    decoder = decoders.Sequence(steps + [decoders.Strip(" ", 1, 0)] * strip)
    model = models.BPE(byte_fallback=True, fuse_unk=True, unk_token=specials[0])
    # sentencepiece learns merges inside words alone, whatever splits the text afterwards
    words = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(_SPACE, "never"),
            pre_tokenizers.Split(Regex(r"\n|\p{P}"), "isolated"),
        ]
    )
    real = parts.pop("pre_tokenizer", None)
    inner = _trained(model, trainer, pre_tokenizer=words, decoder=decoder, **parts)
    inner.pre_tokenizer = real
    return inner


def _split(pattern: str) -> Any:
    parts = [
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
    return pre_tokenizers.Sequence(parts)


def _begins(special: str, number: int = 0) -> Any:
    return processors.TemplateProcessing(
        single=f"{special} $A", pair=f"{special} $A $B", special_tokens=[(special, number)]
    )


def _fast(inner: Tokenizer, **names: str) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=inner, **names)


def _gpt2() -> Any:
    return _fast(_byte_level("<|endoftext|>"), eos_token="<|endoftext|>")


def _llama2() -> Any:
    norm = normalizers.Sequence([normalizers.Prepend(_SPACE), normalizers.Replace(" ", _SPACE)])
    inner = _sentence_pieces(
        ["<unk>", "<s>", "</s>"], strip=True, normalizer=norm, post_processor=_begins("<s>", 1)
    )
    return _fast(inner, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def _llama3() -> Any:
    first = "<|begin_of_text|>"
    post = processors.Sequence([processors.ByteLevel(trim_offsets=True), _begins(first)])
    return _fast(_byte_level(first, _split(_GPT4), post_processor=post), bos_token=first)


def _qwen() -> Any:
    pattern = _GPT4.replace(r"\p{N}{1,3}", r"\p{N}")
    inner = _byte_level("<|endoftext|>", _split(pattern), normalizer=normalizers.NFC())
    return _fast(inner, eos_token="<|endoftext|>")


def _gemma() -> Any:
    inner = _sentence_pieces(
        ["<unk>", "<bos>", "<eos>"],
        strip=False,
        normalizer=normalizers.Replace(" ", _SPACE),
        pre_tokenizer=pre_tokenizers.Split(" ", "merged_with_previous"),
        post_processor=_begins("<bos>", 1),
    )
    made = _fast(inner, bos_token="<bos>", eos_token="<eos>", unk_token="<unk>")
    made.add_tokens([AddedToken(_SPACE * n, normalized=False) for n in (2, 3)])
    return made


def _mistral() -> Any:
    pre = pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="first", split=False)
    inner = _sentence_pieces(
        ["<unk>", "<s>", "</s>"], strip=True, pre_tokenizer=pre, post_processor=_begins("<s>", 1)
    )
    return _fast(inner, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def _phi() -> Any:
    made = _gpt2()
    made.add_tokens([AddedToken(" " * n, normalized=True) for n in range(8, 1, -1)])
    made.add_tokens([AddedToken("\t\t", normalized=True)])
    return made


def _pythia() -> Any:
    inner = _byte_level(
        "<|endoftext|>",
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True),
        normalizer=normalizers.NFC(),
        post_processor=processors.ByteLevel(add_prefix_space=False, trim_offsets=True),
    )
    made = _fast(inner, eos_token="<|endoftext|>")
    made.add_tokens([AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)])
    return made


def _smollm() -> Any:
    parts = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(False)]
    return _fast(_byte_level("<|im_start|>", pre_tokenizers.Sequence(parts), missing=21))


def _bert() -> Any:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    ends = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    inner = _trained(
        models.WordPiece(unk_token="[UNK]"),
        trainer,
        normalizer=normalizers.BertNormalizer(),
        pre_tokenizer=pre_tokenizers.BertPreTokenizer(),
        decoder=decoders.WordPiece(),
        post_processor=ends,
    )
    return _fast(inner, unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")


def _t5() -> Any:
    squeeze = normalizers.Replace(Regex(" {2,}"), " ")
    pre = [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(_SPACE, "always")]
    trainer = trainers.UnigramTrainer(
        vocab_size=400,
        special_tokens=["<pad>", "</s>", "<unk>"],
        unk_token="<unk>",
        show_progress=False,
    )
    inner = _trained(
        models.Unigram(),
        trainer,
        normalizer=normalizers.Sequence([normalizers.NFKC(), squeeze]),
        pre_tokenizer=pre_tokenizers.Sequence(pre),
        decoder=decoders.Metaspace(_SPACE, "always"),
    )
    return _fast(inner, unk_token="<unk>", eos_token="</s>", pad_token="<pad>")


def _characters() -> Any:
    vocabulary = {letter: at for at, letter in enumerate(["?", *sorted(set(PAGE))])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="?"))
    inner.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    inner.decoder = decoders.Fuse()
    return _fast(inner)


def _symbols() -> Any:
    """Without a decoder, as in a small research vocabulary."""
    vocabulary = {word: at for at, word in enumerate(["[UNK]", "(", ")", "A", "B", "12"])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return _fast(inner, unk_token="[UNK]")


FAMILIES: dict[str, Callable[[], Any]] = {
    "gpt2": _gpt2,
    "llama2": _llama2,
    "llama3": _llama3,
    "qwen": _qwen,
    "gemma": _gemma,
    "mistral": _mistral,
    "phi": _phi,
    "pythia": _pythia,
    "smollm": _smollm,
    "bert": _bert,
    "t5": _t5,
    "byt5": ByT5Tokenizer,
    "characters": _characters,
}


@cache
def family(name: str) -> Any:
    """The tokenizer of a family, made once."""
    return {**FAMILIES, "symbols": _symbols}[name]()
