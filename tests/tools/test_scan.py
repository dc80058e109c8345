"""Scans and contrasts: a unit fires on `cat`, half as much on `dog`, on neither behind `no`."""

from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call

CATS = {"kind": "words", "words": ["cat"]}


def test_a_scan_lists_the_words_that_a_unit_is_on_at(lab: Lab) -> None:
    found = call(lab, "scan", {})
    assert found.data["on"] == ["cat"]
    assert "weaker level?): dog 1" in found.text
    assert set(found.data["words"]) >= {"the", "no", "tree"}
    assert found.data["measured"][0]["source"] == "scan"


def test_a_scan_before_a_word_finds_what_suppresses_it(lab: Lab) -> None:
    found = call(lab, "scan", {"after": "cat"})
    words = found.data["words"]
    assert {word for word, value in words.items() if value == 0} == {"no"}
    assert "Off with: no 0" in found.text
    assert call(lab, "scan", {"before": "we", "after": "cat"}).data["without"] == 2
    farther = call(lab, "scan", {"after": "and the cat"})  # it reaches one word only
    assert "No word switches it off" in farther.text


def test_a_scan_of_given_words_behind_a_text(lab: Lab) -> None:
    found = call(lab, "scan", {"words": ["cat", "dog", "tree"], "before": "no"})
    assert found.data["on"] == []
    assert "pass words" in (call(lab, "scan", {"words": [" "]}).error or "")


def test_a_contrast_finds_the_exception_and_not_another_word(lab: Lab) -> None:
    found = call(lab, "contrast", {"hypothesis": CATS})
    assert found.data["alarms"] > 3
    together = found.data["together_alarms"]
    assert together["words"] == ["no"]
    assert together["wrong"] == 0
    assert together["right"] == found.data["alarms"]


def test_a_contrast_says_when_explore_cannot_tell(lab: Lab) -> None:
    kept = {
        "kind": "except",
        "of": CATS,
        "but": {"kind": "previous", "of": {"kind": "words", "words": ["no"]}},
    }
    found = call(lab, "contrast", {"hypothesis": kept})
    assert found.data["alarms"] == 0
    assert "explore cannot tell" in found.text
    assert "no hypothesis" in (call(lab, "contrast", {"hypothesis": "H7"}).error or "")
