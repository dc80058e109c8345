"""What token identity says and what goes beyond it are told apart, and add up."""

from dataclasses import replace

import numpy as np
import pytest
from colour_target import colour_target
from neuroscribe.agent.description import Description
from neuroscribe.tasks.labelling.export import row
from neuroscribe.tasks.labelling.results import UnitLabel
from neuroscribe.tasks.scoring.base import MOST_TOKENS, base_of, word_list
from neuroscribe.tasks.scoring.entries import shares_words
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tasks.scoring.scores import score
from neuroscribe.tasks.search.account import told
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.scene_pictures import picture_of
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.scenes.grammar import scenes
from synthetic_splits import after, described, tokens

NOTHING = Description("", status="uninterpretable", reason="no predictor does well")
"""What a planner says that found none."""


def by_token(ids, before):
    return 1.0 * (ids == 3) + 0.5 * (ids == 7)


def by_context(ids, before):
    return 1.0 * (before == 5)


def both(ids, before):
    return by_token(ids, before) + 0.6 * by_context(ids, before)


def silent(ids, before):
    return np.zeros(ids.shape)


@pytest.mark.parametrize(
    ("unit", "predictors", "expected"),
    [
        (by_token, (tokens(3), tokens(7)), {"base": 0, "ideas": 0, "shared": 1}),
        (by_token, (after(5),), {"base": 1, "ideas": 0, "shared": 0}),
        (by_context, (after(5),), {"base": 0, "ideas": 1, "shared": 0}),
        (both, (after(5),), {"base": 0.75, "ideas": 0.25, "shared": 0}),
        (silent, (after(5),), {"base": 0, "ideas": 0, "shared": 0}),
    ],
)
def test_shares_are_those_that_made_the_unit(splits, unit, predictors, expected):
    scores = score(described(*predictors), splits(unit)).scores
    shares = scores["shares"]
    explained = shares["both"]["value"]
    for name, share in expected.items():
        entry = shares[name]
        assert entry["low"] <= entry["value"] <= entry["high"]
        assert entry["value"] == pytest.approx(share * max(explained, 0), abs=0.06)
    values = [shares[name]["value"] for name in ("base", "ideas", "shared")]
    assert sum(values) == pytest.approx(explained, abs=1e-5)
    assert f"components only {shares['ideas']['value']:.1%} (95%" in shares_words(scores)
    assert shares_words({"shares": {"base": 0.5}}) == shares_words(None) == ""
    assert explained > 0.5 if unit is not silent else abs(explained) < 0.01


def test_a_base_names_tokens_and_says_how_much_they_explain(splits):
    explore = splits(by_token).explore
    base = base_of(explore)
    assert [name for name, _, _ in base.tokens[:2]] == [" t3", " t7"]
    _, mean, n = base.tokens[0]
    assert n == (explore.tokens() == 3).sum()
    assert mean == pytest.approx(explore.flat[explore.tokens() == 3].mean(), rel=0.02)
    assert base.share > 0.7
    assert f"{base.share:.0%}" in base.words
    assert len(base.tokens) <= MOST_TOKENS
    assert word_list(base).startswith('word list: "t3" "t7"')
    assert len(word_list(base).split()) <= 12
    nothing = base_of(splits(silent).explore)
    assert abs(nothing.share) < 0.02
    assert nothing.tokens == ()
    assert nothing.words.endswith("% of the variance")
    read = Description.from_dict({"label": "x", "base": described(base=base).as_dict()["base"]})
    assert read.base == base
    assert "base" not in described(tokens(3)).as_dict()


@pytest.mark.parametrize("components", [(), (after(5),)])
def test_a_unit_of_words_alone_is_described_by_them(splits, components):
    parts = splits(by_token)
    planned = replace(
        described(*components) if components else NOTHING, base=base_of(parts.explore)
    )
    scored = score(planned, parts)
    assert (scored.description.status, scored.description.named) == ("word list", False)
    assert scored.description.label.startswith("word list:")
    assert "token identity alone explains" in scored.description.reason
    shares = scored.scores["shares"]
    assert f"{shares['base']['value']:.0%}"[0] in scored.description.reason
    assert shares["base"]["low"] > 0.7
    assert abs(shares["ideas"]["value"]) < 0.01
    assert scored.scores.get("correlation", {"value": 0})["value"] < 0.1  # of the components
    assert bool(scored.description.notes) == bool(components)
    assert len(scored.description.components) == len(components)


@pytest.mark.parametrize(
    ("named", "unit", "component", "status"),
    [
        (True, by_token, tokens(3, 7), "described"),  # a name is a claim about the list
        (False, by_token, tokens(3, 7), "word list"),  # the table says the same
        (False, both, after(5), "described"),  # it says what the table does not
    ],
)
def test_a_list_without_a_name_has_to_say_more_than_the_table(
    splits, named, unit, component, status
):
    said = replace(described(component), named=named)
    scored = score(said, splits(unit)).description
    assert scored.status == status
    assert ("beyond token identity" in str(scored.reason)) == (status == "word list")
    assert Description.from_dict(scored.as_dict()) == scored


def test_pictures_have_no_table_that_an_unnamed_description_must_beat():
    drawn = [picture_of(scene, side=96) for scene in scenes(300, seed=1)]
    light = {"kind": "look", "measure": "brightness", "low": 0, "high": 1}
    parts = []
    for some in (drawn[:60], drawn[60:100], drawn[100:]):
        rows = image_rows(colour_target(), some)
        parts.append(Measured(rows, parse(light).evaluate(rows).astype(np.float32)))
    scored = score(replace(described(light), named=False), Splits(*parts)).description
    assert (scored.status, scored.named) == ("described", False)


def test_a_record_from_before_says_in_its_label_that_it_lists_words():
    before = {"label": 'word list: "a" "b"', "status": "described"}
    assert not Description.from_dict(before).named
    assert "named" not in Description("an idea").as_dict()


def test_noise_stays_uninterpretable_and_without_a_base_all_stays(splits):
    noise = splits(silent)
    planned = replace(NOTHING, base=base_of(noise.explore))
    assert score(planned, noise) == (planned, {}, {}, ())
    failing = described(after(5), base=base_of(noise.explore))
    assert score(failing, noise).description.status == "uninterpretable"
    assert score(NOTHING, splits(by_token)) == (NOTHING, {}, {}, ())
    assert score(described(after(5)), splits(by_token)).description.status == "uninterpretable"


def test_what_is_known_of_base_and_beyond_is_told_and_exported(splits):
    parts = splits(both)
    scored = score(described(after(5), base=base_of(parts.explore)), parts)
    record = {"unit": "mlp.0/3", **scored.description.as_dict(), "scores": scored.scores}
    lines = list(told("mlp.0/3", record, [], ""))
    assert f"held-out variance by {shares_words(scored.scores)}" in lines
    (base,) = [line for line in lines if line.startswith("base: ")]
    assert "token identity alone explains" in base
    cells = row(UnitLabel("mlp.0/3", "x", "described", record))
    assert cells["share_ideas"] == scored.scores["shares"]["ideas"]["value"]
    assert cells["base"] == scored.description.base.words
    old = {key: value for key, value in record.items() if key not in ("base", "scores")}
    assert row(UnitLabel("mlp.0/3", "x", "described", old))["base"] is None
    assert not [line for line in told("mlp.0/3", old, [], "") if line.startswith("base: ")]
