"""What units are to respond to in pictures, in plain English."""

import pytest
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.hypotheses.picture_query import wanted_picture
from neuroscribe.tools.lab import Lab


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("cats", "a cat"),
        ("striped things", "something striped"),
        ("pictures with snow", "a snow background"),
        ("small red squares", "a small red square"),
    ],
)
def test_plain_english(open_pictures: Lab, text: str, english: str) -> None:
    assert wanted_picture(open_pictures, text).predicate.english() == english


def test_unread_words_are_said(open_pictures: Lab) -> None:
    assert "zorbly" in wanted_picture(open_pictures, "zorbly red things").note
    with pytest.raises(UsageError, match="nearest"):
        wanted_picture(open_pictures, "zorbly")
