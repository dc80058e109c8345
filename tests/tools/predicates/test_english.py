"""The English of predicates, word for word."""

import pytest
from neuroscribe.tools.predicates import KINDS, PICTURE_KINDS, parse

HOT = {"kind": "words", "words": ["hot"]}
PETS = {"kind": "words", "words": ["cat", "dog"]}
PHRASES = [
    (PETS, "the word 'cat' or 'dog'"),
    ({**PETS, "inflect": True}, "any form of 'cat' or 'dog'"),
    ({"words": ["a", "b", "c", "d", "e", "f", "g"]}, "the word 'a', 'b', 'c', 'd', 'e' and 2 more"),
    ({"words": ["don't", "won"]}, "the word \"don't\" or 'won'"),
    ({"tokens": [" the", "\n"]}, "the token ' the' or '\\n'"),
    (
        {"kind": "concept", "name": "pets", "words": ["cat", "dog", "hamster", "pony"]},
        "words for pets ('cat', 'dog', 'hamster' and 1 more)",
    ),
    ({"kind": "regex", "pattern": "ing$", "on": "word"}, "words that match /ing$/"),
    ({"kind": "shape", "shape": "capitalised"}, "capitalised words"),
    ({"kind": "position", "stop": 4}, "the first 4 tokens"),
    ({"kind": "position", "stop": 1, "from_end": True}, "the last token"),
    ({"kind": "position", "start": 2, "stop": 3}, "the 3rd token"),
    ({"kind": "position", "start": 1}, "every token but the first"),
    ({"kind": "position", "start": 10, "stop": 21}, "tokens 11 to 21"),
    ({"kind": "repeated"}, "tokens that occurred before in the text"),
    ({"kind": "previous", "of": PETS}, "tokens right after 'cat' or 'dog'"),
    (
        {"kind": "next", "of": HOT, "by": "word", "distance": 2},
        "words that stand 2 words before 'hot'",
    ),
    (
        {"kind": "previous", "of": {"kind": "shape", "shape": "digits"}},
        "tokens right after a number in digits",
    ),
    (
        {"kind": "next", "of": {"kind": "previous", "of": HOT}},
        "tokens right before a token right after 'hot'",
    ),
    ({"kind": "earlier", "of": HOT}, "tokens anywhere after 'hot'"),
    (
        {"kind": "earlier", "of": HOT, "since": {"kind": "tokens", "tokens": ["."]}},
        "tokens anywhere after 'hot', not parted by the token '.'",
    ),
    ({"kind": "later", "of": HOT, "within": 5}, "tokens that stand within 5 tokens before 'hot'"),
    ({"kind": "count", "of": HOT, "at_least": 2}, "tokens from the 2nd 'hot' on"),
    ({"kind": "count", "of": HOT, "at_least": 0, "at_most": 0}, "tokens before the first 'hot'"),
    (
        {"kind": "except", "of": PETS, "but": {"kind": "previous", "of": HOT}},
        "the word 'cat' or 'dog', except right after 'hot'",
    ),
    (
        {"kind": "and", "of": [{"kind": "previous", "of": HOT}, PETS]},
        "the word 'cat' or 'dog', right after 'hot'",
    ),
    (
        {"kind": "and", "of": [PETS, {"kind": "not", "of": {"kind": "previous", "of": HOT}}]},
        "the word 'cat' or 'dog', but not right after 'hot'",
    ),
    (
        {"kind": "and", "of": [PETS, {"kind": "shape", "shape": "upper"}]},
        "the word 'cat' or 'dog', when in capital letters",
    ),
    (
        {"kind": "or", "of": [HOT, {"kind": "repeated"}]},
        "the word 'hot' or tokens that occurred before in the text",
    ),
    ({"kind": "not", "of": HOT}, "anything but the word 'hot'"),
    (
        {"kind": "graded", "levels": [{"of": HOT, "value": 0.4}, {"of": PETS, "value": 1}]},
        "the word 'cat' or 'dog' (strength 1); the word 'hot' (strength 0.4)",
    ),
]


@pytest.mark.parametrize(("data", "phrase"), PHRASES, ids=[phrase for _, phrase in PHRASES])
def test_phrase(data, phrase):
    assert parse(data).english() == phrase


def test_every_kind_has_a_phrase_here():
    assert {parse(data).kind for data, _ in PHRASES} == set(KINDS) - set(PICTURE_KINDS)


@pytest.mark.parametrize("data", [data for data, _ in PHRASES], ids=str)
def test_phrases_nest(data):
    """Every kind reads as one line also inside the others."""
    for kind in ("not", "previous", "earlier", "count"):
        phrase = parse({"kind": kind, "of": data}).english()
        assert "\n" not in phrase
        assert "  " not in phrase
        assert not phrase.endswith((" ", ","))
    joined = parse({"kind": "and", "of": [HOT, data, {"kind": "repeated"}]}).english()
    assert joined.startswith(("the word", "any form", "the token"))
    assert parse({"kind": "except", "of": HOT, "but": data}).english().count("except") == (
        2 if "except" in parse(data).english() else 1
    )
