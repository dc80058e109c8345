"""Fields of the data as predictors: what is asked for in words, what is fitted, and null data."""

import numpy as np
import pytest
from checks import refused
from neuroscribe.tools.data.corpus import Corpus, Document
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.hypotheses.concept_query import wanted
from neuroscribe.tools.hypotheses.field_fitting import best_field
from neuroscribe.tools.hypotheses.resolve import predictor
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target

N = 120


@pytest.fixture(scope="module")
def lab() -> Lab:
    """Texts with a label, a length and a colour that tell nothing of one another."""
    rng = np.random.default_rng(0)
    documents = [
        Document(
            str(i),
            f"The cat number {i} sat.",
            {
                "label": int(rng.integers(2)),
                "length": int(rng.integers(20)),
                "colour": str(rng.choice(["red", "blue", "green"])),
            },
        )
        for i in range(N)
    ]
    target = Target.load("planted")
    return Lab(target, cut(target, Corpus("c", documents), length=16), open=True)


@pytest.mark.parametrize(
    ("what", "english", "holds"),
    [
        ("field label = 1", "field label = 1", lambda f: f["label"] == 1),
        ("field label", "field label = 1", lambda f: f["label"] == 1),
        ("field length > 8", "field length > 8", lambda f: f["length"] > 8),
        ("the field colour is red or blue", "field colour = 'red' or 'blue'", None),
        ("field colour != red", "field colour != red", lambda f: f["colour"] != "red"),
        ("label = 1", "field label = 1", lambda f: f["label"] == 1),
        ("label 1 from 0", "field label = 1", lambda f: f["label"] == 1),
    ],
)
def test_what_is_asked_for_in_words(lab, what, english, holds):
    predicate = wanted(lab, what).predicate
    assert predicate.english() == f"{english} (of the data, not of the text)"
    if holds is not None:
        degrees = predicate.evaluate(lab.explore)[lab.explore.counted]
        assert (degrees == holds(lab.explore.fields)[lab.explore.counted]).all()


def test_a_number_itself_holds_at_its_upper_half(lab):
    degrees = wanted(lab, "the length").predicate.evaluate(lab.explore)[lab.explore.counted]
    length = lab.explore.fields["length"][lab.explore.counted]
    assert np.corrcoef(degrees, length)[0, 1] == pytest.approx(1)
    assert ((degrees >= 0.5) == (length >= np.median(length))).all()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("field lenght > 3", "no field 'lenght'; nearest: length"),
        ("field colour > 3", "holds words, which have no order"),
        ("field length > 900", "holds never; field length lies between 0 and 19"),
        ("field colour", "is one of: blue, green, red: say which"),
    ],
)
def test_what_the_data_do_not_have_is_refused(lab, what, said):
    refused(said, wanted, lab, what)


def test_other_texts_have_no_fields_and_an_investigation_needs_leave(lab):
    one = wanted(lab, "field label = 1").predicate
    refused("known of examples of the data alone", one.evaluate, lab.tokenize(["The cat."]))
    studied = Lab(lab.target, lab.explore, unit=lab.target.unit("planted/0"))
    refused("label --fields", predictor, studied, one.model_dump())
    assert "field" in lab.meanings
    assert "field" not in studied.meanings
    studied.fields = True
    assert predictor(studied, one.model_dump()) == one


@pytest.mark.parametrize(
    ("made", "english"),
    [
        (lambda f, noise: f["label"] + noise, "field label = 1"),
        (lambda f, noise: 3 * (f["length"] > 14) + noise, "field length > 14"),
        (lambda f, noise: -f["length"] + noise, "field length, from 22 to 0"),
        (lambda f, noise: (f["colour"] == "red") + noise, "field colour = red"),
    ],
)
def test_the_field_of_a_unit_is_found(lab, made, english):
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.5, lab.explore.ids.shape)
    fit = best_field(lab, made(lab.explore.fields, noise), rng)
    assert fit is not None
    assert fit.predicate.english().startswith(english)
    assert fit.interval[0] > fit.control


def test_fields_that_tell_nothing_are_seldom_found(lab):
    """Null data: documents differ, but not with their fields."""
    found = 0
    for seed in range(40):
        rng = np.random.default_rng([7, seed])
        own = rng.normal(size=(len(lab.explore), 1))  # [window, 1]: places of a text are alike
        found += (
            best_field(lab, own + 0.1 * rng.normal(size=lab.explore.ids.shape), rng) is not None
        )
    assert found <= 3
