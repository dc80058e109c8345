"""Tokenizers of one's own, read as Hugging Face's."""

from types import SimpleNamespace

import pytest
from neuroscribe.tools.data.surfaces import surfaces
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models.own_tokenizer import OwnTokenizer, as_tokenizer


class Characters:
    """A tokenizer of four lines, as people write it."""

    letters = " ab()"

    def encode(self, text):
        return [self.letters.index(c) for c in text]

    def decode(self, ids):
        return "".join(self.letters[i] for i in ids)


class Bare(SimpleNamespace):
    """As much of a target as windows need; unlike its base it can be referred to weakly."""


def windows(tokenizer, texts, length=8):
    target = Bare(tokenizer=tokenizer, name="own", kind="causal", context_length=length)
    return cut(target, texts, length=length)


@pytest.mark.parametrize(
    ("given", "text", "ids"),
    [
        (["<pad>", "(", ")"], "(())", [1, 1, 2, 2]),
        (["a", "ab", "b"], "abab a", [1, 1, 0]),
        (["<unk>", "12", "1", "+"], "12+x1", [1, 3, 0, 2]),
        ({"knight": 3, "e4": 7}, "e4 knight  e4", [7, 3, 7]),
        (Characters(), "a (b)", [1, 0, 3, 2, 4]),
    ],
)
def test_a_text_is_cut_into_known_tokens_with_their_places(given, text, ids):
    tokenizer = as_tokenizer(given, "own")
    coded = tokenizer(text, return_offsets_mapping=True)
    assert coded["input_ids"] == ids
    names = tokenizer.convert_ids_to_tokens(ids)
    for (start, end), name in zip(coded["offset_mapping"], names, strict=True):
        assert text[start:end] == name or name == "<unk>"


def test_windows_surfaces_and_special_tokens_are_as_for_any_tokenizer():
    tokenizer = as_tokenizer(["<pad>", "<bos>", "(", ")", "\n"], "own")
    assert (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id) == (0, 1, None)
    assert tokenizer.all_special_ids == [0, 1]
    made = windows(tokenizer, ["(())", "()\n()(())()()"])
    assert made.ids[0].tolist() == [2, 2, 3, 3, 0, 0, 0, 0]
    assert made.attended.sum(1).tolist() == [4, 8, 5]
    assert made.counted.sum() == made.attended.sum()
    assert made.text(1) == "()\n()(())"[:8]
    target = SimpleNamespace(tokenizer=tokenizer, name="own")
    assert surfaces(target) == ("<pad>", "<bos>", "(", ")", "\n")
    assert tokenizer.decode([1, 2, 3], skip_special_tokens=True) == "()"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["a", "b", "a"], "'a' stands twice"),
        ({"a": 0, "b": 0}, "two tokens of the vocabulary have one id"),
        ([], "has no token"),
        (42, "its tokenizer is a int; give a Hugging Face tokenizer, a list"),
        (SimpleNamespace(vocab_size=2, encode=list, decode=lambda ids: 1 / 0), "cannot decode the"),
    ],
)
def test_what_is_no_tokenizer_is_refused_in_one_line(given, said):
    with pytest.raises(UsageError, match=said):
        as_tokenizer(given, "own")


def test_characters_that_it_does_not_know_end_nothing():
    tokenizer = as_tokenizer(Characters(), "own")  # raises at them
    assert tokenizer("aéb")["input_ids"] == [1, 2]
    assert tokenizer.unknown("aé b!é") == ["é", "!"]
    assert surfaces(SimpleNamespace(tokenizer=tokenizer, name="own")) == tuple(" ab()")
    turned = as_tokenizer({0: "a", 1: "b"}, "own")
    assert turned("ba")["input_ids"] == [1, 0]


def test_a_hugging_face_tokenizer_stays_as_it_is(minilm):
    assert as_tokenizer(minilm.tokenizer, "own") is minilm.tokenizer
    assert not isinstance(as_tokenizer(minilm.tokenizer, "own"), OwnTokenizer)


def test_an_id_that_is_no_token_is_refused():
    class Far(Characters):
        def encode(self, text):
            return [99 for _ in text]

    with pytest.raises(UsageError, match="encode gives 99, no id of a token"):
        windows(as_tokenizer(Far(), "far"), ["ab"])
