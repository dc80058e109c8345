"""What units are to respond to in pictures, in plain English."""

import pytest
from checks import refused
from neuroscribe.tools.hypotheses.concept_query import wanted_picture


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("cats", "a cat"),
        ("striped things", "something striped"),
        ("pictures with snow", "a snow background"),
        ("small red squares", "a small red square"),
    ],
)
def test_plain_english(open_pictures, text, english):
    assert wanted_picture(open_pictures, text).predicate.english() == english


def test_unread_words_are_said(open_pictures):
    assert "zorbly" in wanted_picture(open_pictures, "zorbly red things").note
    refused("nearest", wanted_picture, open_pictures, "zorbly")
