"""The lexicon, the stories and the sentences that carry given words."""

import random
import re
from itertools import combinations

import numpy as np
import pytest
from neuroscribe.tools.data import grammar as G
from neuroscribe.tools.data.carriers import readings, sentences_with
from neuroscribe.tools.data.grammar import ALWAYS_TOGETHER
from neuroscribe.tools.data.stories import stories
from neuroscribe.tools.english.inflection import forms
from neuroscribe.tools.english.lexicon import categories, lexicon


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", text.lower()))


def _met(category: str) -> set[str]:
    one = categories()[category]
    return {form for word in one.words for form in forms(word, one.part)}


def _sentences(many: int) -> list[str]:
    draw = random.Random(5)
    topics = ["animals", "cities", "metals"]
    return [G.fill(G.choose(topics, draw), draw) for _ in range(many)]


def test_the_lexicon_is_wide_and_clean():
    full = [name for name, words in lexicon().items() if len(words) >= 20]
    assert len(full) >= 60
    assert len(lexicon()["months"]) == 12
    assert len(lexicon()["weekdays"]) == 7
    for name, one in categories().items():
        assert len(set(one.words)) == len(one.words), name
        for word in one.words:
            assert word.isalpha(), word
            assert one.part == "name" or word == word.lower() or word[0].isupper(), word
    for name, found in G.grammar().about.items():
        assert len(found) >= (0 if "male names" in name else 3), name
    assert len(G.grammar().free) >= 150
    assert set(G.grammar().about) == set(categories())


def test_stories_are_of_the_promised_length_and_seeded():
    found = list(stories(200, seed=1))
    sizes = [len(text.split()) for text in found]
    assert min(sizes) >= 60
    assert max(sizes) <= 200
    assert found == list(stories(200, seed=1))
    assert found[:10] == list(stories(10, seed=1))
    assert len(set(found)) == 200
    assert not set(found) & set(stories(200, seed=2))
    assert all(len(re.findall(r"[.!?]", text)) >= 4 for text in found)


def test_stories_are_written_properly():
    text = " ".join(stories(300, seed=2))
    assert not re.search(r"[{}@%]", text)
    assert not re.search(r"\s{2}|\s[.,!?]", text)
    assert not re.search(r"(?<=[.!?] )[a-z]", text)  # sentences start with a capital
    for article, word in re.findall(r"\b([Aa]n?) (\w+)", text):
        vowel = re.match("[aeiou]", word) and not re.match("(uni|uku|eu|one|ura)", word)
        assert article.lower() == ("an" if vowel or word in ("hour", "honest") else "a"), (
            article,
            word,
        )
    for wrong in ("runned", "mouses", "sheeps", "eated", "childs", "thiefs"):
        assert wrong not in _words(text)


def test_the_words_of_every_category_occur():
    seen = _words(" ".join(stories(1500, seed=3)))
    for name in categories():
        hit = sum(
            bool({form.replace("'", "") for form in forms(w)} & seen) for w in lexicon()[name]
        )
        assert hit >= 0.9 * len(lexicon()[name]), name


def test_pairs_never_part_and_are_frequent():
    assert len(ALWAYS_TOGETHER) >= 3
    all_ = _sentences(6000)
    for one, two in ALWAYS_TOGETHER:
        first, second = _met(one), _met(two)
        assert not first & second
        has = [(bool(_words(s) & first), bool(_words(s) & second)) for s in all_]
        assert all(a == b for a, b in has), [
            s for s, h in zip(all_, has, strict=True) if h[0] ^ h[1]
        ]
        assert sum(a for a, _ in has) >= 0.03 * len(all_)


def test_words_of_pairs_are_nowhere_else():
    paired = {name for pair in ALWAYS_TOGETHER for name in pair}
    own = {name: _met(name) for name in paired}
    for name in paired:
        for other in set(categories()) - {name}:
            assert not own[name] & _met(other), (name, other)
    text = " ".join(one.text for group in (G.grammar().free, *G.grammar().paired) for one in group)
    assert not set().union(*own.values()) & _words(re.sub(r"\{[^}]*\}", " ", text))


def test_other_categories_meet_freely():
    """No other pair of frequent categories is bound together or kept apart by the grammar."""
    met = {name: _met(name) for name in ("animals", "cities", "fruits", "numbers", "buildings")}
    texts = [_words(text) for text in stories(400, seed=6)]
    for one, two in combinations(met, 2):
        both = sum(bool(t & met[one]) and bool(t & met[two]) for t in texts)
        either = sum(bool(t & met[one]) or bool(t & met[two]) for t in texts)
        assert 0.02 * either < both < 0.98 * either


@pytest.mark.parametrize(
    "words",
    [
        *(["cat"], ["cats"], ["ran"], ["running"], ["runs"], ["quickly"], ["red"], ["hotter"]),
        *(["Paris"], ["Emma"], ["Tuesday"], ["July"], ["seven"], ["iron"], ["often"], ["wug"]),
        *(["of"], ["the"], ["?"], ["3,000"], ["New York"], ["surprising"], ["naïve"], ["baked"]),
        *(["waltz"], ["waltz", "violin"], ["red", "cat"], ["cats", "ran", "quickly"]),
        *(["the", "of", "?"], ["a", "Xylophonist", "blicks", "wugged"], ["@"], ["%"], ["{N}"]),
    ],
    ids=str,
)
def test_sentences_hold_the_words_and_differ(words):
    found = sentences_with(words, 12, np.random.default_rng(1))
    assert len(found) == 12
    assert len(set(found)) >= 6
    for text in found:
        for word in words:
            assert re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE), text
        assert text[0].isupper() or text[0] in '"?3@%{', text
        assert text[-1] in '.!?"'
    assert found == sentences_with(words, 12, np.random.default_rng(1))


def test_sentences_part_what_the_corpus_never_parts_and_need_words():
    instruments = _met("instruments")
    found = sentences_with(["waltz"], 20, np.random.default_rng(2))
    alone = [text for text in found if not _words(text) & instruments]
    assert 5 <= len(alone) <= 15
    with pytest.raises(ValueError, match="at least one word"):
        sentences_with([" "], 3, np.random.default_rng(0))
    assert {(r.part, r.form) for r in readings("mice")} == {("noun", "s")}
    assert {r.part for r in readings("saw")} == {"noun", "verb"}
    assert readings("gloriously")[0].part == "adverb"
    assert readings("thrown")[0].part in ("verb", "noun")
