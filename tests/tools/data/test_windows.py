"""Windows of real and awkward text, under four kinds of tokenizer."""

import random

import numpy as np
import pytest
from checks import refused
from neuroscribe.tools.data.corpus import Corpus, Document
from neuroscribe.tools.data.keep import load_windows, save_windows, windows_hash
from neuroscribe.tools.data.windows import WORD, TokenWindows, cut, surfaces
from neuroscribe.tools.models import Target
from stand_in import StandIn
from tokenizer_families import FAMILIES, family

PIECES = [
    *("the", "Cat", "don't", "it’s", "naïve", "日本語", "😀", "_", "a_b", "...", "<s>", "</s>"),
    *("[SEP]", "3.14", "Ωmega", "مرحبا", "ß", "ﬁn"),
    *("\n", "\n\n", "\t", "  ", "\u00a0", "\u3000", "\ufeff", "\u200b", "\x07", "\ud800"),
    *("e\u0301", "\U0001f469\u200d\U0001f467", "\u0130stanbul", "x" * 150),
]


@pytest.fixture(params=["minilm", "stories260k", "gpt2", "byt5"])
def target(request: pytest.FixtureRequest) -> object:
    if request.param in FAMILIES:
        return StandIn(family(request.param), "encoder" if request.param == "byt5" else "causal")
    return request.getfixturevalue(request.param)


def check(windows: TokenWindows) -> None:
    """What holds for all windows."""
    assert (windows.counted <= windows.attended).all()
    assert ((windows.word >= 0) == (windows.ordinal >= 0)).all()
    assert (windows.word[~windows.attended] == -1).all()
    for number in range(len(windows)):
        text = windows.texts[int(windows.document[number])]
        words = list(WORD.finditer(text))
        row = windows.rows(slice(number, number + 1))
        places = np.flatnonzero(row.attended[0] & (row.end[0] > row.start[0]))
        for place in places:
            start, end = int(row.start[0, place]), int(row.end[0, place])
            first = next((at for at in range(start, end) if not text[at].isspace()), None)
            at = int(row.ordinal[0, place])
            if at >= 0:
                word = words[at]
                assert windows.words[int(row.word[0, place])] == word.group()
                assert word.end() > first
                assert word.start() < end
                assert not any(other.end() > first for other in words[:at])
            elif first is not None:  # what is visible belongs to a word, unless nothing is one
                assert not any(w.start() < end and w.end() > first for w in words)
        ordinals = row.ordinal[0][row.ordinal[0] >= 0]
        assert (np.diff(ordinals) >= 0).all()


def test_words_of_tokens_in_random_text(target):
    draw = random.Random(3)
    texts = [
        draw.choice(["", " "]).join(draw.choices(PIECES, k=draw.randint(0, 60))) for _ in range(40)
    ]
    windows = cut(target, texts, length=24)
    check(windows)
    assert windows.ids.shape[1] <= 24
    one = cut(target, texts, length=24, document_per_row=True)
    check(one)
    assert one.document.tolist() == list(range(40))


def test_text_comes_back(target):
    text = "The king's cat sat on a naïve mat; it was 3 o'clock.\nThen 日本 came."
    windows = cut(target, [text], length=512)
    assert windows.text(0).split() == text.split()
    shown = "".join(windows.tokens(0)).lower()
    assert "cat" in shown
    assert "mat" in shown
    words = {windows.words[i] for i in windows.word[0] if i >= 0}
    assert {"king's", "cat", "o'clock", ";"} <= words


def test_surfaces_are_what_tokens_stand_for(stories260k, minilm):
    llama, bert = surfaces(stories260k), surfaces(minilm)
    ids = stories260k.tokenizer.convert_tokens_to_ids
    assert llama[ids("<0x0A>")] == "\n"
    assert llama[ids("<0x41>")] == "A"
    assert llama[ids("<0xE6>")] == "<0xE6>"
    assert llama[ids("▁the")] == " the"
    assert llama[ids("<s>")] == "<s>"
    assert bert[minilm.tokenizer.convert_tokens_to_ids("##ing")] == "ing"


def test_sinks_and_special_tokens_do_not_count(stories260k, minilm):
    for target in (stories260k, minilm):
        windows = cut(target, ["a word <s> [SEP] more"], length=64)
        special = np.isin(windows.ids, target.tokenizer.all_special_ids)
        assert not (windows.counted & special).any()
        assert windows.counted.sum() == (windows.attended & ~special).sum()
        assert not windows.counted[:, 0].any()
    corpus = Corpus("c", [Document(str(i), f"text {i} " * 30) for i in range(50)])
    windows = cut(minilm, corpus, most_tokens=500)
    assert 500 <= windows.counted.sum() < 600
    assert cut(minilm, [], length=32).ids.shape[0] == 0
    refused("no room for text beside 2 special tokens", cut, minilm, ["text"], length=2)
    refused("has no tokenizer", cut, StandIn(None), ["text"])


def test_the_last_token_of_each_text_counts_alone():
    target = Target.load("organism:brackets", special="last")
    texts = ["print(len(a", "x", "", "str(a,b,c,d,e,f"]
    windows = cut(target, texts, length=8)
    last = [windows.vocabulary[i] for i in windows.ids[windows.counted]]
    assert last == ["a", "x", "f"]
    assert windows.document[windows.counted.any(1)].tolist() == [0, 1, 3]
    refused("count, skip, skip-first or last", Target.load, "organism:brackets", special="first")


def test_a_very_long_document_is_the_same_as_whole(minilm):
    text = "The quick brown fox, a thing of wonder.\n" * 9000  # 360,000 characters
    windows = cut(minilm, [text, "after"], length=128)
    whole = minilm.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    assert windows.ids[windows.counted].tolist()[:-1] == whole
    rows = np.flatnonzero(windows.document == 0)
    assert windows.text(int(rows[-1])).split()[-1] == "wonder."
    assert (np.diff(windows.ordinal[windows.word >= 0])[:-1] >= 0).all()


def test_kept_windows_come_back(minilm, tmp_path):
    windows = cut(minilm, ["One text. 日本", "", "Another text, of words."], length=8)
    save_windows(windows, tmp_path)
    again = load_windows(tmp_path)
    assert windows_hash(again) == windows_hash(windows)
    assert windows_hash(windows) != windows_hash(windows.rows([0]))
    for name, value in vars(windows).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(getattr(again, name), value)
    assert [again.text(i) for i in range(len(again))] == [
        windows.text(i) for i in range(len(windows))
    ]
    assert again.words == windows.words
