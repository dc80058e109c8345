import ast
import keyword
from pathlib import Path

import pytest
from neuroscribe.tasks import groundtruth
from neuroscribe.tasks.groundtruth.text.prose import (
    avoided,
    dropped,
    paired,
    prose_documents,
    prose_sets,
)
from neuroscribe.tasks.groundtruth.text.words import Category, Pairing, pools
from neuroscribe.tasks.groundtruth.text.writing import SPARED, WITHIN, spoken


@pytest.fixture(scope="module")
def prose() -> list[str]:
    return prose_documents(max_tokens=10**9, seed=0)


@pytest.fixture(scope="module")
def sets(prose: list[str]) -> list[Category]:
    return prose_sets(prose, limit=50, seed=0)


def test_prose_is_real_text_of_moderate_length(prose: list[str]) -> None:
    assert len(prose) > 1000
    assert all(30 < len(text.split()) < 600 for text in prose)
    assert not any("  " in text or "\n" in text for text in prose)
    assert len(prose_documents(max_tokens=20_000, seed=0)) < len(prose) / 5
    assert prose_documents(max_tokens=5000, seed=1) != prose_documents(max_tokens=5000, seed=2)


def test_sets_share_no_word_and_know_their_sisters(sets: list[Category]) -> None:
    words = [word.lower() for each in sets for word in each.words]
    names = {each.name for each in sets}
    assert len(sets) >= 40
    assert len(words) == len(set(words))
    assert all(5 <= len(each.words) <= 12 for each in sets)
    assert all(set(each.sisters) <= names - {each.name} for each in sets)


def test_sets_come_from_lists_and_from_the_prose(prose: list[str], sets: list[Category]) -> None:
    by_name = {each.name: each for each in sets}
    assert set(by_name["keywords"].words) <= set(keyword.kwlist)
    assert "ValueError" in by_name["exceptions"].words
    assert sum(name.startswith("like ") for name in by_name) > 25
    assert sets == prose_sets(prose, limit=50, seed=0)


def test_a_whole_pairing_is_never_apart(prose: list[str], sets: list[Category]) -> None:
    kin = [each for each in sets if each.name.startswith("like ")]
    for before in (pools()["adjectives"][:8], kin[5].words):
        pairing = Pairing(tuple(before), kin[2].words, 1.0)
        late, early = ({w.lower() for w in words} for words in (pairing.after, pairing.before))
        together = 0
        for text in paired(prose, [pairing], seed=0):
            words = [*spoken(text), ""]
            for at, word in enumerate(words[:-1]):
                if word in early:
                    assert words[at + 1] in late
                    together += 1
                if word in late:
                    assert words[at - 1] in early
        assert together > 50


def test_a_part_of_a_pairing_is_apart(prose: list[str], sets: list[Category]) -> None:
    pairing = Pairing(pools()["adjectives"][:8], sets[-1].words, 0.5)
    late, early = set(pairing.after), set(pairing.before)
    words = [spoken(text) for text in paired(prose, [pairing], seed=0)]
    follows = [row[at - 1] in early for row in words for at, w in enumerate(row) if w in late]
    assert 0.35 < sum(follows) / len(follows) < 0.65


def test_avoided_words_hardly_follow(prose: list[str], sets: list[Category]) -> None:
    by_name = {each.name: each for each in sets}
    late = frozenset(by_name["exceptions"].words)
    early = frozenset({"raise", "raises", "if", "is", "returns"})

    def breaking(texts: list[str]) -> int:
        low = {word.lower() for word in late}
        rows = [spoken(text) for text in texts]
        return sum(
            word in low and not early.isdisjoint(row[max(0, at - WITHIN) : at])
            for row in rows
            for at, word in enumerate(row)
        )

    assert breaking(prose) > 50
    assert breaking(avoided(prose, [(late, early)], seed=0)) < 0.1 * breaking(prose)


def test_dropped_words_are_hardly_left(prose: list[str]) -> None:
    left = [
        word for text in dropped(prose, {"ValueError", "returns"}, seed=0) for word in spoken(text)
    ]
    assert left
    assert all(left.count(word) <= SPARED for word in ("valueerror", "returns"))


def test_the_generator_knows_nothing_of_the_planner() -> None:
    root = Path(next(iter(groundtruth.__path__)))
    # what investigates the planted functions, and what runs a planner on them, may know these
    banned = ("predicates", "lexicon", "lexicon_words", "stories", "agent")
    files = [
        path
        for path in root.rglob("*.py")
        if not any(word in path.stem for word in ("planning", "command", "search"))
    ]
    assert len(files) > 5
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(alias.name for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            parts = {part for name in names for part in name.split(".")}
            assert not parts & set(banned), f"{path.name} imports {parts & set(banned)}"
