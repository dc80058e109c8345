"""The corpus of a conversation: which one, where none was named, and its explore split."""

import argparse
import collections
import difflib
import inspect
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...tools.data.image_rows import image_rows
from ...tools.data.pictures import ImageCorpus, skipped_lines
from ...tools.data.sources import load_corpus, unread
from ...tools.data.windows import cut
from ...tools.errors import UsageError
from ...tools.models import Target
from ...tools.models.text_reader import load_text_reader
from ...tools.predicates.readers import load_picture_reader

_KNOWN = 0.8  # share of tokens that a model must know for a corpus to suit it
_PIECES = 3.5  # tokens a word at most
_SAMPLE = 10  # stories that are tried
_STORIES = 400
_OWN = 300  # documents of its own


def default_data(target: Target) -> str:
    """A corpus that the target can read: built-in texts whose words it knows, else its samples."""
    if target.image is not None:
        return "builtin:scenes:400"
    for spec, texts in _samples():
        if _suits(target.tokenizer, texts):
            return spec
    if target.kind == "causal":
        return f"self:{_OWN}"
    raise UsageError(
        f"{target.name} knows few words of the built-in texts; name a corpus with --data"
    )


def _samples() -> Iterator[tuple[str, Sequence[str]]]:
    """Built-in corpora with a little of their text; the whole ones take seconds to make."""
    modules = (argparse, collections, difflib, textwrap)
    yield "builtin:pydocs", [inspect.getdoc(module) or "" for module in modules]
    stories = load_corpus(f"builtin:stories:{_SAMPLE}").documents
    yield f"builtin:stories:{_STORIES}", [item.text for item in stories]


def explore(target: Target, data: str, *, tokens: int, length: int, seed: int) -> Any:
    """What experiments may see of a corpus: token windows, or pictures, of its explore split.

    Raises:
        UsageError: if there is no such corpus, or nothing of it to explore.
    """
    corpus = load_corpus(data, target=target, most_tokens=tokens, seed=seed)
    for line in skipped_lines(corpus):
        print(line, file=sys.stderr)
    split = corpus.splits(least=1).explore
    if isinstance(split, ImageCorpus):
        rows = image_rows(target, split)
    else:
        rows = cut(target, split, length=min(length, target.context_length))
    if not len(rows):
        raise UsageError(f"{data} is too little data: nothing of it is left to explore")
    return rows


def read_by(target: Target, rows: Any, reader: str | None) -> tuple[Any, Target | None]:
    """What is explored with its reader: pictures carry theirs, that of texts stands beside.

    Raises:
        UsageError: if there is no such reader, or it is the target itself.
    """
    if reader is None:
        return rows, None
    if target.image is None:
        return rows, load_text_reader(reader, target)
    return replace(rows, reader=load_picture_reader(reader, target)), None


def _suits(tokenizer: Any, texts: Sequence[str]) -> bool:
    """Whether a tokenizer knows the words of texts, without spelling them letter by letter."""
    if unread(tokenizer, texts)[0] > 1 - _KNOWN:
        return False
    words = sum(len(text.split()) for text in texts)
    ids = [
        one
        for text in texts
        for one in tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    ]
    unknown = sum(one == tokenizer.unk_token_id for one in ids)
    return bool(ids) and unknown <= (1 - _KNOWN) * len(ids) and len(ids) <= _PIECES * words
