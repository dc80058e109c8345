"""Residuals: what is left of a unit is found where it was put, and nowhere else."""

import numpy as np
import pytest
from neuroscribe.tools.activations.group_search import group_search
from neuroscribe.tools.activations.groupings import Grouping, around
from neuroscribe.tools.activations.records import flat
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call
from word_model import WORDS

from tests.tools.instruments.conftest import TRUE


@pytest.fixture
def noise(planted) -> Lab:
    """Noise in the place of the unit: level by token, nothing else."""
    rng = np.random.default_rng(3)
    texts = [" ".join(rng.choice(WORDS, 40)) for _ in range(90)]
    lab = Lab(planted, cut(planted, texts, length=32), unit=planted.unit("planted/0"))
    counted = lab.explore.counted
    values = lab.explore.ids % 5 + rng.normal(size=counted.shape)
    lab.columns[lab.unit] = np.where(counted, values, np.nan).astype(np.float32)
    return lab


def beyond(result, *names: str) -> list[str]:
    """Names of groups that stand above all of the control."""
    rows = [
        row
        for name, kind in result.data["groups"].items()
        if not names or name in names
        for side in ("under", "over")
        for row in kind[side]
    ]
    return [row["name"] for row in rows if row["p"] < 0.06]


def test_the_word_before_that_silences_a_unit_is_found(rivals):
    result = call(rivals, "residual", {"hypotheses": ["H1"]})
    assert result.error is None, result.error
    before = result.data["groups"]["word right before"]
    (row,) = [row for row in before["over"] if row["share"] > 0.01]
    assert row["name"] == "no"
    assert row["z"] < -before["control"]
    assert f'"no" {row["mean"]:+.2g} z {row["z"]:.1f} {row["share"]:.1%}' in result.text
    assert "after" not in "".join(result.data["groups"])  # a causal target
    explained = call(rivals, "residual", {"hypotheses": ["H1", "H2"]})
    assert explained.data["r_squared"]["value"] > result.data["r_squared"]["value"]
    assert "none" in explained.text


def test_noise_goes_with_no_group(noise):
    result = call(noise, "residual", {"hypotheses": [TRUE]})
    assert len(beyond(result)) <= 2  # one kind in twenty, of five
    assert "none" in result.text


def test_a_context_and_a_document_that_add_are_found(noise):
    column, explore = noise.columns[noise.unit], noise.explore
    tree = np.array(explore.vocabulary)[explore.ids] == "tree"
    behind = np.zeros_like(tree)
    for distance in range(1, 6):
        behind[:, distance:] |= tree[:, :-distance]
    column[behind] += 0.7
    column[explore.document == 11] += 3
    result = call(noise, "residual", {})
    near = result.data["groups"]["word within 8 tokens before"]
    assert near["under"][0]["name"] == "tree"
    assert near["under"][0]["p"] == pytest.approx(0.05)
    (document,) = [n for n in beyond(result, "document") if explore.texts[11].startswith(n[:20])]
    assert document
    assert {item["source"] for item in result.data["measured"]} >= {
        *("under-predicted", "over-predicted", "middle")
    }
    for item in result.data["measured"]:
        own = item["activations"][item["place"]]
        if item["source"] == "under-predicted":
            assert own > item["predicted"]
        assert f"predicted {item['predicted']:.3g}" in result.text


def test_words_around_are_those_of_a_slow_search(rivals):
    data = flat(rivals, rivals.unit)
    found = around(rivals.explore, data)
    tokens = [rivals.explore.tokens(row) for row in range(len(rivals.explore))]
    first = rivals.explore.attended.argmax(1)
    for name, reach in (("right before", 1), ("within 8 tokens before", 8)):
        grouping = found[name]
        pairs = {
            (int(p), grouping.names[g]) for p, g in zip(grouping.place, grouping.group, strict=True)
        }
        expected = set()
        for p, (window, place) in enumerate(zip(data.window, data.place, strict=True)):
            i = place - first[window]
            before = tokens[window][max(0, i - reach) : i]
            expected |= {(p, word) for word in before if word.isalpha() or word == "."}
        assert pairs == expected


def test_a_score_counts_documents_and_not_places():
    names, place = ["a", "b"], np.arange(8)
    grouping = Grouping(names, place, np.array([0] * 4 + [1] * 4))
    values = np.array([5.0, 5, 5, 5, 1, 1, 1, 1])
    cluster = np.array([0, 0, 0, 0, 1, 2, 3, 4])
    scored = group_search(grouping, values, cluster, [values * 0, -values])
    assert scored.z.tolist() == [1, 2]
    assert scored.documents.tolist() == [1, 4]
    assert scored.control == 2
    assert scored.p.tolist() == pytest.approx([2 / 3, 2 / 3])
