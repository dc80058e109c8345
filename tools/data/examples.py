"""Examples from a function of yours: short texts, rows of numbers or pictures with named fields.

FILE.py:NAME[:N]     `NAME(seed, n)`, or fewer arguments, or an iterable; N examples of it are taken

An example is a text, a list of tokens, a row of numbers, a picture, or a mapping that has it under
`text`, `tokens`, `numbers` or `image` and fields beside it:

    {"text": "(())", "label": 1, "length": 4, "depth": [1, 2, 2, 1]}

1. At most N examples are drawn, so that a generator may be endless.
2. A document is one example, and never cut. What stands there twice is left out and counted: by its
   text, and where the target reads it by its tokens, so that no example is on two sides of a split.
3. A list of tokens becomes the text that the target's tokenizer cuts into exactly these.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from ..errors import UsageError, nearest
from ..io.user_code import member, one_line, parted
from .corpus import Corpus, Document
from .example_pictures import example_picture
from .fields import LONGEST, Value, finite, settled, usable
from .numbers import as_text, row_of
from .pictures import ImageCorpus
from .windows import clean

N = 2_000
"""Examples that are drawn where no number is named."""
MOST = 200_000
_CONTENT = ("text", "tokens", "numbers", "image")


def generated(spec: str, *, target: Any, seed: int) -> Corpus:
    """The examples of `FILE.py:NAME[:N]`; a function is run with the rights of the person.

    Args:
        spec: The name.
        target: Reads them; None: they are texts.
        seed: Handed to the function.

    Raises:
        UsageError: if the function fails or gives nothing that the target could read.
    """
    path, name, number = parted(spec)
    n = int(number.replace("_", "").replace(",", "") or N)
    if not 1 <= n <= MOST:
        raise UsageError(f"'{spec}' asks for {n:,} examples; 1 to {MOST:,} are made")
    items = _drawn(member(path, name), spec, seed, n)
    if not items:
        raise UsageError(f"{spec} gave no example; yield strings, lists of tokens or mappings")
    if getattr(target, "image", None) is not None:
        pictures = [
            example_picture(*_content(item, spec, i), spec, i) for i, item in enumerate(items)
        ]
        return _of_pictures(pictures, spec)
    if target is not None and target.tokenizer is None and not target.numbers:
        raise UsageError(
            f"{target.name} reads neither text nor pictures, so that {spec} cannot be run through "
            "it; give it a tokenizer or an image input (docs/models.md)"
        )
    documents = [_document(item, spec, i, target) for i, item in enumerate(items)]
    return example_corpus(spec, documents, target=target)


def example_corpus(name: str, documents: Sequence[Document], *, target: Any = None) -> Corpus:
    """A corpus of examples, each once.

    Raises:
        UsageError: if all are the same, or have different fields.
    """
    same_fields(name, documents)
    kept, remarks = _once(documents, _keys(documents, target))
    if len(kept) == 1 and len(documents) > 1:
        raise UsageError(
            f"{name} gave {len(documents):,} examples that are all the same "
            f"('{documents[0].text[:40]}'); it must give different ones"
        )
    return Corpus(name, kept, remarks=[f"{name}: {remark}" for remark in remarks])


def same_fields(name: str, documents: Sequence[Document]) -> None:
    """Checks that all documents have the same fields.

    Raises:
        UsageError: names the first that differs.
    """
    first = documents[0].fields
    for i, document in enumerate(documents):
        if document.fields.keys() != first.keys():
            there = ", ".join(document.fields) or "none"
            raise UsageError(
                f"{name}: example {i} has the fields: {there}; example 0 has: "
                f"{', '.join(first) or 'none'}. Give every example the same"
            )


def _drawn(source: Any, spec: str, seed: int, n: int) -> list[Any]:
    """The first `n` of what a function or an iterable gives."""
    arguments = _arguments(source, spec, seed, n) if callable(source) else {}
    with one_line(f"{spec} failed"):
        given = source(**arguments) if callable(source) else source
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise UsageError(
            f"{spec} gives a {type(given).__name__}; it must give many examples: yield them, or "
            "return a list"
        )
    with one_line(f"{spec} failed"):
        return list(islice(given, n))


def _arguments(source: Callable[..., Any], spec: str, seed: int, n: int) -> dict[str, int]:
    known = {"seed": seed, "n": n}
    try:
        parameters = inspect.signature(source).parameters.values()
    except ValueError:  # a built-in function
        return {}
    for one in parameters:
        if one.name not in known and one.default is one.empty and one.kind not in (2, 4):
            raise UsageError(f"{spec} needs '{one.name}'; it is called with seed and n alone")
    return {one.name: known[one.name] for one in parameters if one.name in known}


def _content(item: Any, spec: str, i: int) -> tuple[Any, dict[str, Value]]:
    """The content of an example, and its fields."""
    if not isinstance(item, Mapping):
        return item, {}
    held = [key for key in _CONTENT if item.get(key) is not None]
    if len(held) != 1:
        there = ", ".join(map(str, item)) or "nothing"
        raise UsageError(
            f"{spec}: example {i} has {there}; it needs one of {', '.join(_CONTENT)}, and fields"
        )
    fields: dict[str, Value] = {}
    for name, value in item.items():
        if name in held:
            continue
        value = value.tolist() if hasattr(value, "tolist") else value
        if not isinstance(name, str) or not usable(value):
            raise UsageError(
                f"{spec}: example {i}: the field '{name}' is a {type(value).__name__}; give a "
                f"number, true or false, a word of at most {LONGEST} letters, or a list with one "
                "of these a token"
            )
        fields[name] = settled(value)
        if not finite(fields[name]):
            raise UsageError(f"{spec}: example {i}: the field '{name}' is not finite")
    return item[held[0]], fields


def _document(item: Any, spec: str, i: int, target: Any) -> Document:
    content, fields = _content(item, spec, i)
    if isinstance(item, Mapping) and "image" in item:
        raise UsageError(f"{spec}: example {i} is a picture, and the target reads text")
    content = content.tolist() if hasattr(content, "tolist") else content
    width = getattr(target, "numbers", 0)
    if width:
        text = as_text(content)
        row_of(text, width)
    elif isinstance(item, Mapping) and "numbers" in item:
        raise UsageError(f"{spec}: example {i} is a row of numbers, and the target reads text")
    elif isinstance(content, str):
        text = clean(content)
    elif isinstance(content, Sequence) and not isinstance(content, bytes):
        text = text_of_tokens(content, target, f"{spec}: example {i}")
    else:
        raise UsageError(
            f"{spec}: example {i} is a {type(content).__name__}; yield strings, lists of tokens, "
            "or mappings with text and fields"
        )
    if not text:
        raise UsageError(f"{spec}: example {i} is empty")
    lacking = unknown_in(text, target)
    if lacking:
        raise UsageError(
            f"{spec}: example {i} has {', '.join(map(repr, lacking[:5]))}, which is no token of "
            f"{target.name}"
        )
    return Document(f"{i}", text, fields)


def text_of_tokens(tokens: Sequence[Any], target: Any, where: str) -> str:
    """The text that a target's tokenizer cuts into these tokens: names or ids.

    Raises:
        UsageError: if a token is unknown, or no text gives them.
    """
    tokenizer = getattr(target, "tokenizer", None)
    if tokenizer is None:
        return "".join(map(str, tokens))
    vocabulary = tokenizer.get_vocab()
    by_id = {number: name for name, number in vocabulary.items()}
    numbers = all(isinstance(one, int) and not isinstance(one, bool) for one in tokens)
    for one in tokens:
        if not isinstance(one, str | int) or one not in (by_id if numbers else vocabulary):
            near = f"0 to {max(by_id)}" if numbers else nearest(str(one), vocabulary)
            raise UsageError(f"{where}: {one!r:.40} is no token of {target.name}; nearest: {near}")
    names = [by_id[one] if numbers else one for one in tokens]
    ids = [vocabulary[name] for name in names]
    for text in ("".join(names), " ".join(names), tokenizer.decode(ids)):
        if list(tokenizer(text, add_special_tokens=False)["input_ids"]) == ids:
            return text
    raise UsageError(
        f"{where}: the tokenizer of {target.name} cuts no text into these tokens "
        f"({' '.join(names)[:60]}); give the text itself"
    )


def unknown_in(text: str, target: Any) -> list[str]:
    """Characters that a tokenizer of one's own would leave out without a sign."""
    tokenizer = getattr(target, "tokenizer", None)
    unknown = getattr(tokenizer, "unknown", None)
    if unknown is None or getattr(tokenizer, "unk_token_id", None) is not None:
        return []
    return unknown(text)


def _keys(documents: Sequence[Document], target: Any) -> list[Any]:
    """What makes two examples the same."""
    tokenizer = getattr(target, "tokenizer", None)
    texts = [document.text for document in documents]
    if tokenizer is None or not texts:
        return texts
    coded = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
    return [tuple(ids) or text for ids, text in zip(coded, texts, strict=True)]


def _once(documents: Sequence[Document], keys: Sequence[Any]) -> tuple[list[Document], list[str]]:
    """Each example once, with what a person should know of those left out."""
    seen: dict[Any, Document] = {}
    kept, other = [], 0
    for key, document in zip(keys, documents, strict=True):
        if key not in seen:
            seen[key] = document
            kept.append(document)
        elif document.fields != seen[key].fields:
            other += 1
    remarks = []
    if len(kept) < len(documents):
        remarks.append(
            f"{len(documents) - len(kept):,} of {len(documents):,} examples repeat others and were "
            f"left out; {len(kept):,} are left"
        )
    if other:
        remarks.append(f"{other:,} of these have other fields than the one that was kept")
    return kept, remarks


def _of_pictures(pictures: Sequence[Any], name: str) -> ImageCorpus:
    documents = [Document(one.id, one.key, one.fields) for one in pictures]
    same_fields(name, documents)
    kept, remarks = _once(documents, [one.key for one in pictures])
    if len(kept) == 1 and len(pictures) > 1:
        raise UsageError(f"{name} gave {len(pictures):,} pictures that are all the same")
    chosen = {document.id for document in kept}
    corpus = ImageCorpus(name, [one for one in pictures if one.id in chosen])
    corpus.remarks = tuple(f"{name}: {remark}" for remark in remarks)
    return corpus
