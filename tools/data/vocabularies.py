"""What a vocabulary is made of: words, letters that make up words, or symbols.

Everything that looks at text asks here whether it reads words:

word     pieces of natural language: two letters in a row stand in half of the tokens, or in many
         (`the`, `ing`, `red`);
letter   single characters that spell words: a space, and letters in plenty;
token    symbols (brackets, digits, squares of a board, `e4`): each token is a thing of its own, and
         there are no words.

Told by the texts of the tokens alone, unless `Model.tokens` says it. Names in angle or square
brackets (`<sep>`, `[PAD]`) do not count, and capitals alone (`BOS`, `ATG`) are no word.
"""

import re
from collections.abc import Iterable
from typing import Any, Literal

from .surfaces import surfaces

Piece = Literal["word", "letter", "token"]
_MARK = re.compile(r"[<\[].+[>\]]")
_TWO_LETTERS = re.compile(r"[^\W\d_]{2}")
_MANY = 200
"""Tokens with two letters in a row that no set of symbols has, whatever stands beside them."""
_MOST_OF_AN_ALPHABET = 20


def is_mark(text: str) -> bool:
    """Whether a token is a name in brackets, such as `<sep>` or `[PAD]`."""
    return _MARK.fullmatch(text) is not None


def piece_of_vocabulary(vocabulary: Iterable[str]) -> Piece:
    """What one token is, in one word.

    Args:
        vocabulary: The texts of all tokens.
    """
    texts = [text for text in vocabulary if text and not is_mark(text)]
    spelled = sum(_TWO_LETTERS.search(text) is not None and not text.isupper() for text in texts)
    if spelled >= min(_MANY, max(1, len(texts) / 2)):
        return "word"
    letters = sum(len(text) == 1 and text.isalpha() for text in texts)
    plenty = 2 * letters > len(texts) or letters >= _MOST_OF_AN_ALPHABET
    return "letter" if " " in texts and plenty else "token"


def ordinary(target: Any) -> list[str]:
    """The texts of all tokens of a target that are no special ones and no marks."""
    special = set(target.tokenizer.all_special_ids)
    texts = [text for i, text in enumerate(surfaces(target)) if i not in special]
    return [text for text in texts if text and not is_mark(text)]


def piece_of(target: Any) -> Piece:
    """What one token of a target is, in one word: as its `Model` says, else told by its texts."""
    kept = getattr(target, "piece", None)
    if kept is None:
        kept = target.piece = piece_of_vocabulary(ordinary(target))
    return kept
