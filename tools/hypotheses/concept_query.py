"""Reads what units are to respond to: a predictor, a recorded hypothesis, a concept, or words.

A phrase in plain English is tried in this order: the id of a hypothesis, predictor JSON, a concept
of the lexicon, a phrase of `concept_words.json` (digits, commas, ...), and last the words
themselves. The note says how it was read, since "kitchen things" is no concept of the lexicon and
then means two words. Where the vocabulary has no words (letters, symbols of a task), a text is the
token or the tokens that it is.

Of pictures, words are those of drawn ones (`scenes/vocabulary.py`): names of things and of their
groups, colours, textures, sizes, places, settings. Several in one phrase are one thing that is all
of these ("small red squares"), or a setting.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ..data.vocabularies import ordinary, piece_of
from ..english.lexicon import lexicon
from ..errors import UsageError, nearest
from ..lab import Lab
from ..predicates import Predicate, parse
from ..predicates.concepts import resolve
from ..predicates.core import HOLDS
from ..predicates.phrases import quoted
from ..predicates.pieces import named, run_of, token_of
from ..scenes.vocabulary import phrases, single_words
from .field_query import field_asked, field_mentioned
from .quantities import quantity
from .resolve import known, predictor

Given = str | list[str] | dict[str, Any]


class Wanted(NamedTuple):
    """What is looked for."""

    predicate: Predicate
    note: str
    """How it was read, where that is not plain; else empty."""
    words: tuple[str, ...] = ()
    """Words that make it hold, for written texts; empty: unknown."""
    named: str = ""
    """What it is called where the predicate's own English would be wrong."""
    of_tokens: bool = False
    """Whether it is about tokens and not about words."""

    @property
    def english(self) -> str:
        """In plain English."""
        return self.named or self.predicate.english()


_ABOUT = re.compile(
    r"^(?:(?:the )?(?:words?|tokens?|names?|kinds?|types?|concepts?|mentions?|forms?)"
    r"(?: (?:about|of|for|like|such as|that (?:are|name)))?|(?:any |all |some )?(?:sort|kind)s? of"
    r"|things (?:about|to do with)|anything (?:about|to do with)) +",
    re.IGNORECASE,
)
_ATOMS = {
    "colour": lambda value: {"kind": "colour", "colours": [value]},
    "texture": lambda value: {"kind": "texture", "textures": [value]},
    "pattern": lambda value: {"kind": "texture", "textures": [value]},
    "size": lambda value: {"kind": "size", "sizes": [value]},
    "place": lambda value: {"kind": "place", "places": [value]},
    "name": lambda value: {"kind": "object", "names": value.split()},
}


@lru_cache(maxsize=1)
def _phrases() -> dict[str, Any]:
    """`same_as`: other names of concepts; `predictors`: of phrases that are no concept."""
    path = Path(__file__).parent / "concept_words.json"
    return json.loads(path.read_text(encoding="utf-8"))


def wanted(lab: Lab, what: Given) -> Wanted:
    """What is looked for in texts.

    Raises:
        UsageError: if it is nothing, an unknown id or a predictor that cannot be read.
    """
    if not isinstance(what, (str, Mapping)):
        return _of_words(lab, [str(word) for word in what])
    text = _said(lab, what)
    if isinstance(text, Wanted):
        return text
    text = _ABOUT.sub("", text).strip(" \"'“”‘’`") or text
    field = field_mentioned(lab, text)
    if field is not None:
        return Wanted(field, f"read as {field.english()}")
    if lab.target.tokenizer is None:
        raise UsageError(
            f"{lab.target.name} reads rows of numbers: '{text}' is no field of the data; give one "
            "(field label = 1) or a predictor on coordinates as JSON"
        )
    amount = None if piece_of(lab.target) == "word" else quantity(lab, text)
    if amount is not None:
        return Wanted(amount, f"read as {amount.english()}")
    low = _phrases()["same_as"].get(text.lower(), text.lower())
    if low in _phrases()["predictors"]:
        return _of(parse(_phrases()["predictors"][low]))
    try:
        return _of(resolve(low))
    except UsageError:
        return _of_words(lab, split_words(text) or [str(what)])


def _said(lab: Lab, what: str | Mapping[str, Any]) -> Wanted | str:
    """What a predictor or the id of a hypothesis says; plain English as it is, without its stop."""
    if isinstance(what, Mapping):
        return _of(predictor(lab, what))
    text = " ".join(what.split()).strip(" .?!") or what.strip()
    if text[:1] == "{":
        return _of(predictor(lab, what))
    if text in lab.hypotheses:
        return _of(parse(known(lab, text)))
    field = field_asked(lab, text)
    return text if field is None else _of(field)


def wanted_picture(lab: Lab, what: Given) -> Wanted:
    """What is looked for in pictures.

    Raises:
        UsageError: if it is nothing, an unknown id, or words that no drawn picture knows.
    """
    text = _said(lab, what if isinstance(what, (str, Mapping)) else ", ".join(map(str, what)))
    if isinstance(text, Wanted):
        return text
    atoms: list[dict[str, Any]] = []
    settings: list[str] = []
    unread: list[str] = []
    for spoken, word in phrases(re.findall(r"[a-z]+", text.lower())):
        if word is None:
            unread.append(spoken)
        elif word.sort == "setting":
            settings.append(word.value)
        elif word.sort in _ATOMS and word.value:
            atoms.append(_ATOMS[word.sort](word.value))
    if not atoms and not settings:
        near = nearest(" ".join(unread), single_words()) if unread else "red, cats, striped, snow"
        raise UsageError(
            f"what should the units respond to? '{text[:40]}' names nothing that pictures are read "
            f"for; nearest: {near}; or pass a predictor as JSON, or active windows"
        )
    note = f"not understood: {', '.join(unread)}" if unread else ""
    return Wanted(parse(_whole(atoms, settings)), note)


def _whole(atoms: list[dict[str, Any]], settings: list[str]) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    if len(atoms) == 1:
        parts += atoms
    elif atoms:
        parts.append({"kind": "thing", "of": atoms})
    if settings:
        parts.append({"kind": "background", "names": settings})
    return parts[0] if len(parts) == 1 else {"kind": "and", "of": parts}


def split_words(text: str) -> list[str]:
    """The words or phrases of a list in plain English: `cats, dogs and "New York"`."""
    parts = re.split(r"\s*[,;]\s*(?:and |or )?|\s+(?:and|or)\s+", text)
    return [word for part in parts if (word := part.strip(" \"'“”‘’`"))]


def _of(predicate: Predicate) -> Wanted:
    return Wanted(predicate, "", tuple(getattr(predicate, "words", ())))


def _of_words(lab: Lab, given: Sequence[str]) -> Wanted:
    texts = [text for text in given if text]
    if not any(text.strip() or token_of(lab.target, text) for text in texts):
        raise UsageError(
            "what should the units respond to? Pass words, a concept such as animals, or a "
            'predictor such as {"kind": "shape", "shape": "digits"}'
        )
    if piece_of(lab.target) != "word":
        return _of_tokens(lab, texts)
    words = [text.strip() for text in texts if text.strip()]
    inflected = all(word.replace(" ", "").isalpha() for word in words)
    predicate = parse({"kind": "words", "words": words, "inflect": inflected})
    occurs = (predicate.evaluate(lab.explore)[lab.explore.counted] >= HOLDS).any()
    if not occurs and all(token_of(lab.target, text) for text in texts):
        one = _of_tokens(lab, texts)
        return one._replace(note=f"nowhere a word by itself, so read as {one.named}")
    near = "" if len(words) > 1 else f"; concepts with a near name: {nearest(words[0], lexicon())}"
    return Wanted(predicate, f"read as {predicate.english()}{near}", tuple(words))


def _or_fields(lab: Lab) -> str:
    """What else can be asked for."""
    names = list(lab.explore.fields)[:8]
    return f", or name a field of the data: {', '.join(names)}" if names else ""


def _of_tokens(lab: Lab, texts: Sequence[str]) -> Wanted:
    """The tokens that texts are; of a text of several the last, with the others before it."""
    target = lab.target
    parts = []
    for text in texts:
        token = token_of(target, text)
        part = run_of(target, text) if token is None else None
        if token is None and part is None:
            known = [name for name in ordinary(target) if name.strip()]
            raise UsageError(
                f"{target.name} has no tokens for {quoted(text)}; its vocabulary has no words, but "
                f"{piece_of(target)}s such as {', '.join(map(quoted, known[:8]))}: quote some of "
                f"these{_or_fields(lab)}"
            )
        parts.append(parse({"kind": "tokens", "tokens": [token]}) if part is None else part)
    either = {"kind": "or", "of": [part.model_dump() for part in parts]}
    name = named(target, list(texts))
    predicate = parts[0] if len(parts) == 1 else parse(either)
    return Wanted(predicate, f"read as {name}", (), name, of_tokens=True)
