"""Sentences of an answer: what they cite, and which are opinions."""

import pytest
from neuroscribe.tasks.asking.claims import cited, claims, sentences

KNOWN = {"E1", "E2", "E3"}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("It fires on months [E1].", ["E1"]),
        ("Both [E1, E3], and more [E2].", ["E1", "E3", "E2"]),
        ("A range [E1-E3].", ["E1", "E2", "E3"]),
        ("No brackets E1, a word [Easter], a year [2024].", []),
        ("Twice [E2] and [E2].", ["E2"]),
    ],
)
def test_citations(text: str, ids: list[str]) -> None:
    assert cited(text) == ids


def test_sentences_keep_decimals_abbreviations_and_citations_behind_the_stop() -> None:
    assert sentences("Its mean is 0.593. [E3]") == ["Its mean is 0.593. [E3]"]
    text = "It rose to 0.83, e.g. on ' May'. [E1] Then it fell (p = .04). It is J. Smith's unit."
    assert sentences(text) == [
        "It rose to 0.83, e.g. on ' May'. [E1]",
        "Then it fell (p = .04).",
        "It is J. Smith's unit.",
    ]


@pytest.mark.parametrize(
    ("sentence", "opinion"),
    [
        ("It fires on months [E1].", False),
        ("It fires on months.", True),
        ("It fires on months [E9].", True),  # no such result
        ("- mlp.0/3 is a month neuron.", True),
        ("Here is what I found:", False),
        ("## What the unit does", False),
        ("Shall I test it on other text?", False),
        ("I did not test other languages.", False),
        ("Whether it matters was not measured.", False),
        ("Not tested: other prompts, and other corpora.", False),
        ("It is not important.", True),
        ("Yes.", False),
    ],
)
def test_what_is_an_opinion(sentence: str, opinion: bool) -> None:
    (claim,) = claims(sentence, KNOWN)
    assert claim.opinion is opinion


def test_lines_are_kept() -> None:
    said = claims("One [E1]. Two [E1].\n\nThree [E2].", KNOWN)
    assert [claim.begins for claim in said] == [True, False, True]
