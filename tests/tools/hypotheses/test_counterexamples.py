"""Edits of exemplars keep to English."""

from neuroscribe.tools.hypotheses.counterexamples import _edits


def test_edits_keep_to_english():
    """Nouns for nouns, numbers for numbers, both numbers of a noun, and nothing put in at will."""
    text = "Daniel waited six moments for the car."
    made = list(_edits(text, text.index("moments"), ["weeks", "nine", "no"], False))
    assert "Daniel waited six weeks for the car." in made
    assert "Daniel waited nine moments for the car." in made
    assert "Daniel waited six moment for the car." in made
    assert "Daniel waited weeks moments for the car." not in made
    assert "weeks waited six moments for the car." not in [one.lower() for one in made]
    assert not any("six weeks moments" in one or "six nine" in one for one in made)
    put_in = list(_edits(text, text.index("moments"), ["weeks", "no"], True))
    assert "Daniel waited six no moments for the car." in put_in
    assert not any("weeks moments" in one for one in put_in)
