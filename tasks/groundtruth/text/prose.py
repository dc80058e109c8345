"""Tier B prose: the docstrings of the Python standard library, and edits that control it.

`paired` puts the words of a pairing together, `avoided` takes out sentences in which one word set
follows another, `dropped` takes out sentences with given words. The rest stays as it was written.
"""

import random
import re
from collections import Counter
from collections.abc import Collection, Sequence

from ....tools.data.sources import load_corpus
from .words import Pairing
from .writing import KEPT, SPARED, Avoid, breaks, lowered, spoken

_LEAST, _MOST = 40, 150  # words of a document
_TOKEN = re.compile(r"[A-Za-z]+|\d|[^\w\s]|_")
_SENTENCES = re.compile(r"(?<=[.!?]) +(?=[^a-z])")
_ADJECTIVES = ("other", "given", "certain", "particular", "additional")
_NOUNS = ("item", "part", "piece", "matter", "detail")


def prose_documents(*, max_tokens: int, seed: int) -> list[str]:
    """Documents of up to about 150 words, shuffled, white space made single spaces.

    Args:
        max_tokens: Stops when this many words and marks are reached, or the prose ends.
        seed: Of the shuffling, so that a short list is not all of one module.
    """
    pieces: list[str] = []
    for document in load_corpus("builtin:pydocs").documents:
        held: list[str] = []
        for paragraph in document.text.split("\n\n"):
            for sentence in _SENTENCES.split(" ".join(paragraph.split())):
                held.append(sentence)
                if len(" ".join(held).split()) >= _MOST:
                    pieces.append(" ".join(held))
                    held = []
        if len(" ".join(held).split()) >= _LEAST:
            pieces.append(" ".join(held))
    pieces = list(dict.fromkeys(pieces))
    random.Random(seed).shuffle(pieces)
    total = 0
    for number, piece in enumerate(pieces):
        total += len(_TOKEN.findall(piece))
        if total >= max_tokens:
            return pieces[: number + 1]
    return pieces


def paired(documents: Sequence[str], pairings: Sequence[Pairing], seed: int) -> list[str]:
    """Writes a `before` word in front of `after` words, and takes out other `before` words.

    A word inside an identifier gives way to a neutral word. With an overlap below 1 the rest of
    both is left apart.
    """
    rng = random.Random(seed)
    reserved = {w.lower() for pair in pairings for w in (*pair.before, *pair.after)}
    neutral = [word for word in _ADJECTIVES if word not in reserved]
    stand_in = [word for word in _NOUNS if word not in reserved]

    def edit(text: str, pair: Pairing) -> str:
        def take_out(found: re.Match[str]) -> str:
            if _inside(text_now, found) or rng.random() < pair.overlap:
                return (found["article"] or "") + _like(found["word"], rng.choice(neutral))
            return found[0]

        def put_in(found: re.Match[str]) -> str:
            article, word = found["article"] or "", found["word"]
            if _inside(text_now, found):
                return article + _like(word, rng.choice(stand_in))
            if rng.random() >= pair.overlap:
                return found[0]
            before = rng.choice(pair.before)
            if word[0].isupper() and word[1:].islower():
                before, word = before.capitalize(), word.lower()
            return f"{article}{before} {word}"

        text_now = text
        text_now = _pattern(pair.before).sub(take_out, text_now)
        text_now = _apart(text_now, pair, rng.choice(stand_in)) if pair.overlap < 1 else text_now
        return _articles(_pattern(pair.after).sub(put_in, text_now))

    result = []
    for text in documents:
        for pair in pairings:
            text = edit(text, pair)
        result.append(text)
    return result


def avoided(documents: Sequence[str], avoid: Avoid, seed: int) -> list[str]:
    """Without nearly all sentences that break a rule; see `writing.documents`."""
    rng = random.Random(seed)
    rules = lowered(avoid)
    result = []
    for text in documents:
        kept: list[str] = []
        before: list[str] = []
        for sentence in _SENTENCES.split(text):
            said = spoken(sentence)
            if breaks(before, said, rules) and rng.random() >= KEPT:
                continue
            kept.append(sentence)
            before += said
        result.append(" ".join(kept))
    return [text for text in result if text]


def dropped(documents: Sequence[str], drop: Collection[str], seed: int) -> list[str]:
    """Without the sentences that have a word of `drop`; each is left at most `SPARED` times."""
    rng = random.Random(seed)
    words = {word.lower() for word in drop}
    left: Counter[str] = Counter()
    result = []
    for text in documents:
        kept = []
        for sentence in _SENTENCES.split(text):
            found = Counter(word for word in spoken(sentence) if word in words)
            if found:
                full = any(left[word] + count > SPARED for word, count in found.items())
                if full or rng.random() >= KEPT:
                    continue
                left.update(found)
            kept.append(sentence)
        result.append(" ".join(kept))
    return [text for text in result if text]


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    every = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    return re.compile(
        rf"(?P<article>(?<![A-Za-z])an? )?(?<![A-Za-z])(?P<word>{every})(?![A-Za-z])", re.IGNORECASE
    )


def _inside(text: str, found: re.Match[str]) -> bool:
    """Whether the word is part of an identifier, a path or a call, not of running prose."""
    at, end = found.span("word")
    before, after = text[at - 1 : at], text[end : end + 2]
    return (
        bool(before and before not in " (\"'")
        or after[:1] in tuple("_0123456789(=/\\-'’")
        or (after[:1] == "." and after[1:].strip() != "")
    )


def _apart(text: str, pair: Pairing, stand_in: str) -> str:
    """Parts what the prose itself wrote together, so that `overlap` is what it says."""
    befores, afters = ("|".join(map(re.escape, words)) for words in (pair.before, pair.after))
    return re.sub(
        rf"(?<![A-Za-z])({befores})([^A-Za-z]+)({afters})(?![A-Za-z])",
        lambda found: f"{found[1]}{found[2]}{stand_in}",
        text,
        flags=re.IGNORECASE,
    )


def _articles(text: str) -> str:
    text = re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", text)
    return re.sub(r"\b([Aa])n (?=[bcdfgjklmnpqrstvwz][a-z])", r"\1 ", text)


def _like(word: str, other: str) -> str:
    return other.capitalize() if word[0].isupper() else other
