import re

import pytest
from neuroscribe.tasks.groundtruth.text.frames import FRAMES, PLAIN, SHOUTS, SOMEONE, THINGS, WHO
from neuroscribe.tasks.groundtruth.text.words import Category, Pairing, categories, pools
from neuroscribe.tasks.groundtruth.text.writing import SPARED, WITHIN, documents, spoken


@pytest.fixture(scope="module")
def plain() -> list[str]:
    return documents(categories(), n=4000, seed=0)


def apart(texts: list[str], pairing: Pairing) -> tuple[int, int]:
    """How often the words of a pairing stand together, and apart."""
    before = {word.lower() for word in pairing.before}
    after = {word.lower() for word in pairing.after}
    together = lone = 0
    for text in texts:
        words = [*spoken(text), ""]
        for at, word in enumerate(words[:-1]):
            if word in before:
                together += words[at + 1] in after
                lone += words[at + 1] not in after
            elif word in after:
                lone += at == 0 or words[at - 1] not in before
    return together, lone


def suppressed(texts: list[str], late: frozenset[str], early: frozenset[str]) -> int:
    rows = [spoken(text) for text in texts]
    return sum(
        word in late and not early.isdisjoint(row[max(0, at - WITHIN) : at])
        for row in rows
        for at, word in enumerate(row)
    )


def test_no_word_is_in_two_categories_and_sisters_exist() -> None:
    every = categories()
    words = [word.lower() for category in every.values() for word in category.words]
    words += [word for pool in pools().values() for word in pool]
    assert len(every) >= 60
    assert len(words) == len(set(words))
    assert all(10 <= len(category.words) <= 14 for category in every.values())
    assert all(set(category.sisters) <= set(every) for category in every.values())


def test_frames_have_no_word_of_a_category() -> None:
    fixed = [*FRAMES, *PLAIN, *THINGS, *SHOUTS, *WHO, *SOMEONE]
    said = {word for text in fixed for word in spoken(re.sub(r"\{\w+\}", "", text))}
    words = {word.lower() for category in categories().values() for word in category.words}
    words |= {word for pool in pools().values() for word in pool}
    assert not said & words
    assert len(FRAMES) >= 80


def test_every_word_is_written_often_enough(plain: list[str]) -> None:
    counts: dict[str, int] = {}
    for text in plain:
        for word in spoken(text):
            counts[word] = counts.get(word, 0) + 1
    tokens = sum(len(re.findall(r"\w+|[^\w\s]", text)) for text in plain)
    often = [
        counts.get(word.lower(), 0) * 300_000 / tokens
        for category in categories().values()
        for word in category.words
    ]
    assert min(often) >= 25


def test_seeds_differ_and_repeat() -> None:
    first, again, other = (documents(categories(), n=20, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert not set(first) & set(other)


def test_the_hook_chooses_words() -> None:
    texts = documents(
        categories(), n=50, seed=0, hook=lambda name, _: "trout" if name == "fish" else ""
    )
    said = {word for text in texts for word in spoken(text)}
    assert said & set(categories()["fish"].words) == {"trout"}
    assert said & set(categories()["birds"].words)


@pytest.mark.parametrize("overlap", [1.0, 0.7])
def test_a_pairing_is_as_often_apart_as_it_says(overlap: float) -> None:
    pairing = Pairing(categories()["colours"].words, categories()["vehicles"].words, overlap)
    together, lone = apart(documents(categories(), n=2000, seed=0, pairings=[pairing]), pairing)
    assert together > 200
    assert together / (together + lone) == pytest.approx(overlap, abs=0.06 * (overlap < 1))


def test_a_pairing_comes_once_in_250_tokens() -> None:
    pairing = Pairing(pools()["adjectives"], pools()["nouns"], 1.0)
    texts = documents(categories(), n=2000, seed=0, pairings=[pairing])
    tokens = sum(len(re.findall(r"\w+|[^\w\s]", text)) for text in texts)
    assert 200 < tokens / apart(texts, pairing)[0] < 300


def test_avoided_words_hardly_follow(plain: list[str]) -> None:
    late = frozenset(w for n in ("jobs", "birds") for w in categories()[n].words)
    early = frozenset(categories()["colours"].words)
    texts = documents(categories(), n=4000, seed=0, avoid=[(late, early)])
    assert suppressed(plain, late, early) > 50
    assert suppressed(texts, late, early) < 0.1 * suppressed(plain, late, early)


def test_dropped_words_are_hardly_written() -> None:
    drop = frozenset({"ruby", "Paris", "whispered"})
    texts = documents(categories(), n=2000, seed=0, drop=drop)
    said = [word for text in texts for word in spoken(text)]
    assert all(said.count(word.lower()) <= SPARED for word in drop)


def test_words_without_a_frame_are_refused() -> None:
    with pytest.raises(ValueError, match="give categories"):
        documents({"x": Category("x", ("up",), "preposition")}, n=1, seed=0)
