"""Corpora of both tiers: what they are made of, and how they hide what they must."""

import ast
import keyword
import re
from pathlib import Path

import pytest
from neuroscribe.tasks import groundtruth
from neuroscribe.tasks.groundtruth.text.prose import avoided, dropped, paired, prose_documents
from neuroscribe.tasks.groundtruth.text.sets import prose_sets
from neuroscribe.tasks.groundtruth.text.words import Category, Pairing, categories, pools
from neuroscribe.tasks.groundtruth.text.writing import SPARED, TEXTS, WITHIN, documents, spoken


@pytest.fixture(scope="module")
def plain() -> list[str]:
    return documents(categories(), n=4000, seed=0)


@pytest.fixture(scope="module")
def prose() -> list[str]:
    return prose_documents(max_tokens=10**9, seed=0)


@pytest.fixture(scope="module")
def sets(prose: list[str]) -> list[Category]:
    return prose_sets(prose, limit=50, seed=0)


def lower(words) -> set[str]:
    return {word.lower() for word in words}


def tokens(texts: list[str]) -> int:
    return sum(len(re.findall(r"\w+|[^\w\s]", text)) for text in texts)


def together_and_apart(texts: list[str], pairing: Pairing) -> tuple[int, int]:
    """How often the words of a pairing stand together, and apart."""
    before, after = lower(pairing.before), lower(pairing.after)
    together = apart = 0
    for text in texts:
        words = [*spoken(text), ""]
        for at, word in enumerate(words[:-1]):
            if word in before:
                together += words[at + 1] in after
                apart += words[at + 1] not in after
            elif word in after:
                apart += at == 0 or words[at - 1] not in before
    return together, apart


def following(texts: list[str], late, early) -> int:
    """How often a word of one set follows a word of the other."""
    late = lower(late)
    return sum(
        word in late and not early.isdisjoint(row[max(0, at - WITHIN) : at])
        for row in map(spoken, texts)
        for at, word in enumerate(row)
    )


def test_no_word_is_in_two_categories_and_sisters_exist():
    every = categories()
    words = [word.lower() for category in every.values() for word in category.words]
    words += [word for pool in pools().values() for word in pool]
    assert len(every) >= 60
    assert len(words) == len(set(words))
    assert all(10 <= len(category.words) <= 14 for category in every.values())
    assert all(set(category.sisters) <= set(every) for category in every.values())


def test_frames_have_no_word_of_a_category():
    fixed = [text for name in TEXTS if name not in ("places", "times") for text in TEXTS[name]]
    said = {word for text in fixed for word in spoken(re.sub(r"\{\w+\}", "", text))}
    words = {word.lower() for category in categories().values() for word in category.words}
    words |= {word for pool in pools().values() for word in pool}
    assert not said & words
    assert len(TEXTS["frames"]) >= 80


@pytest.mark.slow
def test_every_word_is_written_often_enough(plain):
    counts: dict[str, int] = {}
    for text in plain:
        for word in spoken(text):
            counts[word] = counts.get(word, 0) + 1
    often = [
        counts.get(word.lower(), 0) * 300_000 / tokens(plain)
        for category in categories().values()
        for word in category.words
    ]
    assert min(often) >= 25


def test_seeds_differ_and_repeat():
    first, again, other = (documents(categories(), n=20, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert not set(first) & set(other)
    one, two = (prose_documents(max_tokens=5000, seed=seed) for seed in (1, 2))
    assert one != two


@pytest.mark.parametrize("overlap", [1.0, 0.7])
def test_a_written_pairing_is_as_often_apart_as_it_says(overlap):
    pairing = Pairing(categories()["colours"].words, categories()["vehicles"].words, overlap)
    texts = documents(categories(), n=2000, seed=0, pairings=[pairing])
    together, apart = together_and_apart(texts, pairing)
    assert together > 200
    assert together / (together + apart) == pytest.approx(overlap, abs=0.06 * (overlap < 1))


def test_a_pairing_comes_once_in_250_tokens():
    pairing = Pairing(pools()["adjectives"], pools()["nouns"], 1.0)
    texts = documents(categories(), n=2000, seed=0, pairings=[pairing])
    assert 200 < tokens(texts) / together_and_apart(texts, pairing)[0] < 300


def test_a_whole_pairing_of_prose_is_never_apart(prose, sets):
    kin = [each for each in sets if each.name.startswith("like ")]
    for before in (pools()["adjectives"][:8], kin[5].words):
        pairing = Pairing(tuple(before), kin[2].words, 1.0)
        together, apart = together_and_apart(paired(prose, [pairing], seed=0), pairing)
        assert apart == 0
        assert together > 50


def test_a_part_of_a_pairing_of_prose_is_apart(prose, sets):
    pairing = Pairing(pools()["adjectives"][:8], sets[-1].words, 0.5)
    late, early = set(pairing.after), set(pairing.before)
    words = [spoken(text) for text in paired(prose, [pairing], seed=0)]
    follows = [row[at - 1] in early for row in words for at, w in enumerate(row) if w in late]
    assert 0.35 < sum(follows) / len(follows) < 0.65


def test_avoided_words_hardly_follow(plain, prose, sets):
    late = frozenset(w for n in ("jobs", "birds") for w in categories()[n].words)
    early = frozenset(categories()["colours"].words)
    texts = documents(categories(), n=4000, seed=0, avoid=[(late, early)])
    assert following(plain, late, early) > 50
    assert following(texts, late, early) < 0.1 * following(plain, late, early)
    late = frozenset(next(each for each in sets if each.name == "exceptions").words)
    early = frozenset({"raise", "raises", "if", "is", "returns"})
    texts = avoided(prose, [(late, early)], seed=0)
    assert following(prose, late, early) > 50
    assert following(texts, late, early) < 0.1 * following(prose, late, early)


def test_dropped_words_are_hardly_left(prose):
    drop = frozenset({"ruby", "Paris", "whispered"})
    texts = documents(categories(), n=2000, seed=0, drop=drop)
    said = [word for text in texts for word in spoken(text)]
    assert all(said.count(word.lower()) <= SPARED for word in drop)
    texts = dropped(prose, {"ValueError", "returns"}, seed=0)
    left = [word for text in texts for word in spoken(text)]
    assert left
    assert all(left.count(word) <= SPARED for word in ("valueerror", "returns"))


def test_words_without_a_frame_are_refused():
    with pytest.raises(ValueError, match="give categories"):
        documents({"x": Category("x", ("up",), "preposition")}, n=1, seed=0)


def test_prose_is_real_text_of_moderate_length(prose):
    assert len(prose) > 1000
    assert all(30 < len(text.split()) < 600 for text in prose)
    assert not any("  " in text or "\n" in text for text in prose)
    assert len(prose_documents(max_tokens=20_000, seed=0)) < len(prose) / 5


def test_sets_share_no_word_and_come_from_lists_and_from_the_prose(prose, sets):
    words = [word.lower() for each in sets for word in each.words]
    by_name = {each.name: each for each in sets}
    assert len(sets) >= 40
    assert len(words) == len(set(words))
    assert all(5 <= len(each.words) <= 12 for each in sets)
    assert all(set(each.sisters) <= set(by_name) - {each.name} for each in sets)
    assert set(by_name["keywords"].words) <= set(keyword.kwlist)
    assert "ValueError" in by_name["exceptions"].words
    assert sum(name.startswith("like ") for name in by_name) > 25
    assert sets == prose_sets(prose, limit=50, seed=0)


def test_the_generator_knows_nothing_of_the_planner_and_shares_no_reader_with_it():
    root = Path(next(iter(groundtruth.__path__)))
    banned = {"predicates", "lexicon", "lexicon_words", "stories", "agent", "detector", "against"}
    files = [root / "planted.py", *(root / "text").rglob("*.py"), *(root / "images").rglob("*.py")]
    assert len(files) > 5
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [getattr(node, "module", None) or "", *(one.name for one in node.names)]
                parts = {part for name in names for part in name.split(".")}
                assert not parts & banned, f"{path.name} imports {parts & banned}"
