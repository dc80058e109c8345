"""Surfaces of tokens, under the settings of the families that models come with."""

import re

import pytest
from neuroscribe.tools.data.surfaces import joined, surfaces
from neuroscribe.tools.data.windows import WORD, cut
from stand_in import StandIn
from tokenizer_families import FAMILIES, PAGE, family

_KINDS = {"bert": "encoder", "t5": "encoder"}
_MARKS = re.compile("[ĠĊĉ▁]|##|</w>")  # how tokenizers write spaces, line ends, insides and ends


@pytest.mark.parametrize("name", FAMILIES)
def test_surfaces_are_the_decoded_text(name):
    tokenizer = family(name)
    ids = tokenizer(PAGE, add_special_tokens=False)["input_ids"]
    names = surfaces(StandIn(tokenizer))
    shown = joined([names[i] for i in ids])
    decoded = tokenizer.decode(ids, clean_up_tokenization_spaces=False)
    if name == "bert":  # WordPiece keeps no spaces; its decoder puts them between all words
        shown, decoded = "".join(shown.split()), "".join(decoded.split())
    assert shown.removeprefix(" ") == decoded.removeprefix(" ")
    special = set(tokenizer.all_special_ids)
    raw = [s for i, s in enumerate(names) if i not in special and _MARKS.search(s)]
    assert not raw
    if name != "bert":  # where "ing" begins a word or goes on with one
        assert len({names[i] for i in ids}) == len(set(ids)), "two tokens look alike"


@pytest.mark.parametrize("name", FAMILIES)
def test_words_are_those_of_the_text(name):
    windows = cut(StandIn(family(name), _KINDS.get(name, "causal")), [PAGE], length=4096)
    here = windows.ordinal[0][windows.ordinal[0] >= 0]
    assert (here[1:] >= here[:-1]).all()
    met = {windows.words[at] for at in windows.word[0] if at >= 0}
    for word in ("return", "None", "indented", "café", "The", "cat", "the", "Déjà"):
        assert word in met, word
    for place, at in enumerate(windows.word[0]):
        text = PAGE[windows.start[0, place] : windows.end[0, place]].strip()
        if at >= 0 and windows.attended[0, place] and WORD.fullmatch(text):
            assert text in windows.words[at]


def test_unusual_vocabularies():
    assert surfaces(StandIn(family("symbols")))[1:] == ("(", ")", "A", "B", "12")
    tokenizer = family("smollm")
    names = surfaces(StandIn(tokenizer))
    assert " the" in names
    assert "\n" in names
    assert not any("Ġ" in name for name in names)
