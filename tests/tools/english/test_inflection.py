"""English forms, and the function that gathers all forms of a word."""

import pytest
from checks import tables
from neuroscribe.tools.english import inflection
from neuroscribe.tools.english.inflection import forms

PAIRS = tables(__file__)["pairs"]
CASES = [(name, *pair.split()) for name, pairs in PAIRS.items() for pair in pairs.split(",")]


@pytest.mark.parametrize(("name", "base", "form"), CASES)
def test_form(name, base, form):
    assert getattr(inflection, name)(base) == form


def test_forms_of_an_unknown_part_of_speech():
    assert forms("Month") >= {"month", "months", "month's"}
    assert forms("run") >= {"run", "runs", "ran", "running"}
    assert forms("big") >= {"bigger", "biggest"}
    assert forms("burn") >= {"burnt", "burned"}


@pytest.mark.parametrize(
    ("base", "never"),
    [
        *(("bit", "bitter"), ("mat", "matter"), ("corn", "corner"), ("may", "mays")),
        *(("a", "as"), ("i", "is"), ("even", "evening"), ("new", "knew"), ("for", "fored")),
    ],
)
def test_forms_invent_no_other_word(base, never):
    assert never not in forms(base)


def test_the_part_of_speech_narrows_the_forms():
    assert forms("dog", "noun") == {"dog", "dogs", "dog's", "dogs'"}
    assert forms("fish", "noun") >= {"fish"}
    assert "fishing" not in forms("fish", "noun")
    assert forms("saw", "verb") == {"saw", "saws", "sawed", "sawing", "sawn"}
    assert forms("seven", "number") == {"seven"}
    assert forms("often", "adverb") == {"often"}
    assert forms("3rd") == {"3rd"}
