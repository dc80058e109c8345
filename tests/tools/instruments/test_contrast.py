"""Contrasts: a unit fires on `cat`, half as much on `dog`, on neither behind `no`."""

from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call

CATS = {"kind": "words", "words": ["cat"]}


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
