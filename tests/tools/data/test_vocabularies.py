"""Whether a vocabulary has words, and what a place of a text without them is called."""

import string

import numpy as np
import pytest
from bare_models import LETTERS
from neuroscribe.tools.data.vocabularies import piece_of_vocabulary
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Target
from neuroscribe.tools.predicates import parse

BOARD = [f"{column}{row}" for column in "abcdefgh" for row in range(1, 9)]
CASES = {
    "brackets": (["<pad>", "(", ")"], "token"),
    "digits and named marks": (["BOS", "EOS", "PAD", *string.digits], "token"),
    "squares of a board": ([*BOARD, "pass"], "token"),
    "codons": ([a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT"], "token"),
    "letters that no space parts": (list("abcdef>"), "token"),
    "numbers": ([*map(str, range(113)), "+", "="], "token"),
    "letters": (LETTERS, "letter"),
    "printable characters": (list(string.printable), "letter"),
    "words of a task": (["red", "blue", "left", "right", "."], "word"),
    "pieces of words": (["<s>", " the", "ing", "a", "b", " cat", "s"], "word"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_vocabulary_has_words_letters_or_symbols(case):
    vocabulary, expected = CASES[case]
    assert piece_of_vocabulary(vocabulary) == expected


def test_shipped_targets_read_words(planted: Target):
    assert cut(planted, ["The cat sat."]).piece == "word"


class _Symbols:
    name, kind, context_length = "symbols", "causal", 16

    def __init__(self, vocabulary):
        from neuroscribe.tools.models.own_tokenizer import OwnTokenizer

        self.tokenizer = OwnTokenizer(dict(enumerate(vocabulary)))


def test_each_symbol_is_a_thing_of_its_own():
    windows = cut(_Symbols(["ab", "a", "+=", "A", "("]), ["aba+=A((a", "A a"])
    first = [windows.words[i] for i in windows.word[0][windows.attended[0]]]
    assert first == ["ab", "a", "+=", "A", "(", "(", "a"]
    assert windows.ordinal[0].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert (windows.read == windows.word).all()
    assert windows.counted[1].sum() == 2  # white space that is no token parts the others
    whole = parse({"kind": "words", "words": ["+="]}).evaluate(windows)
    assert np.flatnonzero(whole[0]).tolist() == [2]
    starts = parse({"kind": "shape", "shape": "word_start"}).evaluate(windows)
    assert (starts == windows.counted).all()
