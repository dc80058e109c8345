"""Contrasts: a unit fires on `cat`, half as much on `dog`, on neither behind `no`."""

import numpy as np
import pytest
from checks import rejects
from neuroscribe.tools.activations.word_contrast import MAX_P
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call

CATS = {"kind": "words", "words": ["cat"]}


def test_a_contrast_finds_the_exception_and_not_another_word(lab):
    found = call(lab, "contrast", {"hypothesis": CATS})
    assert found.data["alarms"] > 3
    together = found.data["together_alarms"]
    assert together["words"] == ["no"]
    assert together["wrong"] == 0
    assert together["right"] == found.data["alarms"]
    kept = {
        "kind": "except",
        "of": CATS,
        "but": {"kind": "previous", "of": {"kind": "words", "words": ["no"]}},
    }
    found = call(lab, "contrast", {"hypothesis": kept})
    assert found.data["alarms"] == 0
    assert "no false alarm on explore" in found.data["reason"]
    rejects("no hypothesis", lab, "contrast", {"hypothesis": "H7"})


@pytest.mark.parametrize(
    ("hypothesis", "reason"),
    [
        ({"kind": "words", "words": ["zebra"]}, "It holds nowhere on explore"),
        ({"kind": "words", "words": ["house"]}, "active nowhere that it holds"),
        ({"kind": "words", "words": ["dog"]}, ""),
        (CATS, None),
    ],
)
def test_where_no_word_is_told_the_reason_is(lab, hypothesis, reason):
    found = call(lab, "contrast", {"hypothesis": hypothesis})
    assert (found.data["reason"] is None) == (reason is None)
    assert (reason or "") in found.text


def test_chance_is_said_with_the_nearest_word_and_the_tokens_of_both_sides(planted, texts):
    """Activations drawn anew at each `cat`: nothing near it can tell."""
    lab = Lab(planted, cut(planted, texts, length=32), unit=planted.unit("planted/0"))
    column = lab.column(planted.unit("planted/0"))
    drawn = np.random.default_rng(0).choice([0.0, 2.0], column.shape).astype(np.float32)
    lab.column = lambda _: np.where(np.isfinite(column), drawn, column)  # type: ignore[method-assign]
    found = call(lab, "contrast", {"hypothesis": CATS})
    assert found.data["signs"] == []
    assert found.data["nearest"]["p"] > MAX_P
    assert "1 of their 1 tokens has both a hit and an alarm" in found.data["reason"]
    assert f"Nearest, with {found.data['nearest']['side']}" in found.text
