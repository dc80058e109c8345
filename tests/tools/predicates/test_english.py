"""The English of predicates, word for word."""

import pytest
from checks import tables
from neuroscribe.tools.predicates import KINDS, PICTURE_KINDS, parse

HOT = {"kind": "words", "words": ["hot"]}
PETS = {"kind": "words", "words": ["cat", "dog"]}
PHRASES = tables(__file__)["phrases"]


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
