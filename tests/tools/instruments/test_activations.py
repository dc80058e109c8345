"""Activations on written texts are those of the unit's function."""

from checks import rejects
from neuroscribe.tools.registry import call


def test_activations_are_those_of_the_function(lab):
    found = call(lab, "activations", {"texts": ["we saw my cat and no dog", "then a dog ran"]})
    first, second = found.data["measured"]
    assert first["tokens"][-4:] == ["cat", "and", "no", "dog"]
    assert first["activations"][-4:] == [2.0, 0.0, 0.0, 0.0]
    assert second["activations"][-2] == 1.0
    assert "«cat»{9}" in found.text
    assert "«dog»{5}" in found.text
    rejects("non-empty", lab, "activations", {"texts": ["", "  "]})
    rejects("texts", lab, "activations")
    long = " ".join(["cat"] * 500)
    found = call(lab, "activations", {"texts": [long, ""]})
    assert "1 texts were cut" in found.text
    assert "1 empty" in found.text
    many = call(lab, "activations", {"texts": ["a cat"] * 70})
    assert len(many.data["measured"]) == 64
    assert "first 64 of 70" in many.text


def test_the_word_asked_for_is_said_in_every_text(lab, stories_lab):
    long = "we saw a dog " + "and a tree " * 10 + "and my cat"
    found = call(lab, "activations", {"texts": [long, "no cat ran"], "at": ["dog", "cat"]})
    first, second = found.text.splitlines()[1:]
    assert first.endswith("| at dog 1, cat 2")
    assert second.endswith("| at cat 0")
    twice = call(lab, "activations", {"texts": ["a cat saw my cat and no cat"], "at": "cat"}).text
    assert twice.endswith("| at cat 2 (2 times), cat 0")
    tokens = stories_lab.tokenize(["elephants"]).tokens(0)
    pieces = [token.strip() for token in tokens if token.strip() and token.strip() in "elephants"]
    said = call(stories_lab, "activations", {"texts": ["elephants sat"], "at": "elephants"}).text
    assert "| at " + "|".join(pieces) + " " in said
    assert len(pieces) > 1


def test_a_word_asked_for_is_not_found_inside_others(lab):
    texts = ["we saw a cat", "a catalogue of the dog", "a catalogue of the Cat"]
    lines = call(lab, "activations", {"texts": texts, "at": "cat"}).text.splitlines()[1:4]
    assert lines[0].endswith("| at cat 2")
    assert " | at " not in lines[1]
    assert " | at Cat " in lines[2]  # where its own letter case is not there


def test_a_text_is_shown_up_to_its_peak_however_many_there_are(lab, stories_lab):
    long = "we saw a tree " + "and it ran on the red house " * 3 + "and my cat"
    found = call(lab, "activations", {"texts": [long] * 30})
    rows = found.text.splitlines()[1:31]
    assert all(row.endswith(". 2: " + long[:-3] + "«cat»{9}") for row in rows[1:10])
    assert rows[-1] == f"30. 2: {long[:-3]}«cat»{{9}}"
    found = call(stories_lab, "activations", {"texts": ["a 😀 b"]})
    assert found.text.split("\n")[1].count("😀") == 1
