"""Sentences of an answer: what they cite, and which are opinions."""

import pytest
from neuroscribe.tasks.asking.answer_html import answer_html
from neuroscribe.tasks.asking.claims import cited, claims, sentences
from neuroscribe.tasks.asking.events import Answer
from neuroscribe.tasks.asking.terminal import as_dict, marked
from neuroscribe.tools.evidence import Evidence

KNOWN = {name: Evidence(name, "survey", {}, "") for name in ("E1", "E2", "E3")}


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
def test_citations(text, ids):
    assert cited(text) == ids


def test_sentences_keep_decimals_abbreviations_and_citations_behind_the_stop():
    assert sentences("Its mean is 0.593. [E3]") == ["Its mean is 0.593. [E3]"]
    said = [
        "It rose to 0.83, e.g. on ' May'. [E1]",
        "Then it fell (p = .04).",
        "It is J. Smith's unit.",
    ]
    assert sentences(" ".join(said)) == said
    found = claims("One [E1]. Two [E1].\n\nThree [E2].", KNOWN)
    assert [claim.begins for claim in found] == [True, False, True], "lines are kept"


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
def test_what_is_an_opinion(sentence, opinion):
    (claim,) = claims(sentence, KNOWN)
    assert claim.opinion is opinion


SURVEY = Evidence(
    "E1",
    "survey",
    {"unit": "mlp.0/3", "factor": 4},
    "fires at 915 of 3,660 places; mean 0.0823; p = 1.5e-4",
    {
        **{"peak": 9.7512, "share": 0.125, "units": ["a", "b", "c", "d", "e", "f", "g"]},
        "measured": [{"activations": [0.31, 6.42, None]}],
    },
)


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("It fires at 915 of 3660 places [E1].", ()),
        ("It fires at 25% of 3,660 places [E1].", ()),  # the share of a count
        ("Its peak is 9.75, or 9.8, about 10 [E1].", ()),
        ("Its peak is 9.76 [E1].", ("9.76",)),
        ("Its mean is .0823, at 12.5% (13%) [E1].", ()),
        ("Its mean is 0.080 [E1].", ("0.080",)),
        ("With p = .00015 it is one of 7 units, held at 4 times [E1].", ()),
        ("It peaks at 6.42, and somewhere at 0.25 [E1].", ()),
        ("It falls by 31.7% at 42 places [E1].", ("31.7%", "42")),
        ("Unit mlp.3/86 of block 12, head 5.7, the 3rd, is alike [E1].", ()),
        ("It is on at '1999' and “42” [E1].", ()),
        ("It is above 88 (95% interval) [E1].", ("88",)),
        ("It is 0.125 (95% 0.31 to 6.42), at 95% of places [E1].", ("95%",)),
        ("It is above 77 in all [E1, E2].", ()),  # the question's
        ("It is 42 [E1, E2].", ("42",)),
        ("It is 42.", ()),  # an opinion, which is said already
        ("I did not measure at 42 places [E1].", ("42",)),
    ],
)
def test_numbers_of_a_claim_stand_in_what_it_cites(sentence, missing):
    known = {"E1": SURVEY, "E2": Evidence("E2", "lens", {}, "rank 24")}
    (claim,) = claims(sentence, known, "Is it above 77?")
    assert claim.missing == missing
    if missing:
        assert claim.mark == f"not in {', '.join(claim.evidence)}: {', '.join(missing)}"


def test_numbers_that_are_not_there_are_marked_wherever_an_answer_is_shown():
    known = {"E1": SURVEY}
    text = "It fires at 42 <b> places [E1]. It fires at 915 places [E1]."
    answer = Answer("?", text, claims(text, known), (SURVEY,))
    assert marked(answer).plain.count("(not in E1: 42)") == 1
    assert as_dict(answer, "t")["claims"][0]["missing"] == ["42"]
    page = answer_html(answer)
    assert page.count(">not in E1: 42</span>") == 1
    assert "42 &lt;b&gt; places" in page
