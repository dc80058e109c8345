"""Tables of means against direct computations."""

import numpy as np
import pytest
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call

BEHIND = {"kind": "previous", "of": {"kind": "words", "words": ["no"]}}


@pytest.mark.parametrize("of", ["token", "word", "document"])
def test_groups_have_their_means_and_shares(lab, of):
    result = call(lab, "means", {"of": of, "n": 4})
    assert result.error is None, result.error
    explore, counted = lab.explore, lab.explore.counted
    values = lab.column(lab.unit)[counted].astype(float)
    assert len(result.data["highest"]) == len(result.data["lowest"]) == 4
    for row in [*result.data["highest"], *result.data["lowest"]]:
        if of == "document":
            texts = np.array([" ".join(text.split())[:30] for text in explore.texts])
            document = np.broadcast_to(explore.document[:, None], counted.shape)[counted]
            inside = np.char.startswith(texts[document], row["name"][:30])
        else:  # tokens of this target are words
            inside = np.array(explore.vocabulary)[explore.ids[counted]] == row["name"]
        assert row["n"] == inside.sum()
        assert row["mean"] == pytest.approx(values[inside].mean(), rel=1e-4, abs=1e-6)
        assert row["mass"] == pytest.approx(values[inside].sum() / values.sum(), abs=1e-5)
    variance = result.data["variance"]
    assert abs(variance["control"]) < 0.05
    if of == "document":
        assert variance["value"] < 0.05
    else:
        assert [row["name"] for row in result.data["highest"][:2]] == ["cat", "dog"]
        assert 0.3 < variance["low"] < variance["value"] < variance["high"]
    assert f"{of} means explain {variance['value']:.1%}".lower() in result.text.lower()


def test_groups_of_the_token_before(lab):
    found = call(lab, "means", {"of": "previous", "n": 40})
    values, explore = lab.column(lab.unit), lab.explore
    for row in found.data["highest"][:5]:
        behind = np.zeros(explore.ids.shape, bool)
        here = (np.array(explore.vocabulary)[explore.ids] == row["name"]) & explore.attended
        behind[:, 1:] = here[:, :-1]
        inside = behind & explore.counted
        assert row["n"] == inside.sum()
        assert row["mean"] == pytest.approx(values[inside].mean(), rel=1e-4, abs=1e-6)
    assert "has not read the next token" in (call(lab, "means", {"of": "next"}).error or "")


def test_places_are_all_where_a_predictor_holds_strongest_first(lab):
    cats = {"kind": "words", "words": ["cat"]}
    found = call(lab, "places", {"of": cats, "many": 4000}).data
    held = (np.array(lab.explore.vocabulary)[lab.explore.ids] == "cat") & lab.explore.counted
    assert found["holds"] == len(found["places"]) == held.sum()
    values = [one["activation"] for one in found["places"]]
    assert values == sorted(values, reverse=True)
    for one in found["places"][:20]:
        assert one["token"].strip() == "cat"
        assert one["activation"] == lab.column(lab.unit)[one["window"], one["place"]]
        whole = lab.explore.text(one["window"])
        assert f"{one['before']}{one['token']}{one['after']}" in whole
    few = call(lab, "places", {"of": cats, "many": 2}).data
    assert few["places"] == found["places"][:2]


def test_means_by_two_hypotheses_show_what_one_takes_from_the_other(rivals):
    result = call(rivals, "means", {"of": "hypothesis", "hypotheses": ["H1", BEHIND]})
    (pair,) = result.data["pairs"]
    assert pair["both"]["mean"] == 0
    assert pair["first"]["mean"] > 1
    assert pair["first"]["interval"][0] <= pair["first"]["mean"] <= pair["first"]["interval"][1]
    cells = [pair[name]["n"] for name in ("both", "first", "second", "neither")]
    assert sum(cells) == rivals.explore.counted.sum()
    assert f"H1 alone {pair['first']['mean']:.3g}" in result.text
    assert result.data["variance"]["low"] > 0.5
    many = [{"kind": "words", "words": [word]} for word in ("a", "the", "cat", "dog", "bird")]
    result = call(rivals, "means", {"of": "hypothesis", "hypotheses": many})
    assert len(result.data["pairs"]) == 10
    assert result.text.count("neither") == 6


def test_a_silent_unit_has_no_table(planted, lab):
    silent = Lab(planted, lab.explore, unit=planted.unit("planted/1"))
    assert "does not vary" in call(silent, "means", {}).text
