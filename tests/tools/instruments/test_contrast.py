"""Contrasts: a unit fires on `cat`, half as much on `dog`, on neither behind `no`."""

from checks import rejects
from neuroscribe.tools.registry import call

CATS = {"kind": "words", "words": ["cat"]}


def test_a_contrast_finds_the_exception_and_not_another_word(lab):
    found = call(lab, "contrast", {"hypothesis": CATS})
    assert found.data["alarms"] > 3
    together = found.data["together_alarms"]
    assert together["words"] == ["no"]
    assert together["wrong"] == 0
    assert together["right"] == found.data["alarms"]
    kept = {
        "kind": "except",
        "of": CATS,
        "but": {"kind": "previous", "of": {"kind": "words", "words": ["no"]}},
    }
    found = call(lab, "contrast", {"hypothesis": kept})
    assert found.data["alarms"] == 0
    assert "explore cannot tell" in found.text
    rejects("no hypothesis", lab, "contrast", {"hypothesis": "H7"})
