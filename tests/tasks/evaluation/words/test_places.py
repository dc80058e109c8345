"""Pairs hold one token, partners never meet in a request, and nothing behind a place is shown."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from neuroscribe.tasks.evaluation.words.places import OTHERS, PAIRS, REQUESTS, draw


def test_pairs_hold_the_same_token_and_partners_stand_apart(splits, places):
    ids = splits.test.windows.ids[places.row, places.at]
    on, off = places.partners.T
    assert len(on) == PAIRS
    assert (ids[on] == ids[off]).all()
    assert places.active[on].all()
    assert places.silent[off].all()
    assert (places.request[on] != places.request[off]).all()
    assert len({*zip(places.row, places.at, strict=True)}) == len(places)


def test_a_request_holds_as_many_of_each_kind_as_another(places):
    assert Counter(places.kind) == {"pair": 2 * PAIRS, "random": OTHERS, "middle": OTHERS}
    sizes = [int((places.request == i).sum()) for i in range(REQUESTS)]
    assert sizes[0] == sizes[1]
    on = places.partners[:, 0]
    assert (places.request[on] == 0).sum() == PAIRS // 2


def test_numbers_name_each_place_once_and_do_not_tell_what_it_is(places):
    whole = [places.numbered(i) for i in range(REQUESTS)]
    assert sorted(i for one in whole for i in one.values()) == list(range(len(places)))
    first = places.active[list(whole[0].values())]
    assert 0 < first[: len(first) // 2].sum() < first.sum()
    assert set(places.numbered(0, pairs_only=True).values()) < set(whole[0].values())


@pytest.mark.parametrize("causal", [True, False])
def test_only_a_causal_text_ends_at_its_mark_and_its_number_stands_before_it(splits, causal):
    drawn = draw(splits, np.random.default_rng(0), causal=causal)
    assert all(text.count("«") == text.count("»") == 1 for text in drawn.shown)
    assert all(text.endswith("»") for text in drawn.shown) == causal
    counted = splits.test.windows.counted
    for row, at, text in zip(drawn.row, drawn.at, drawn.shown, strict=True):
        number, total = counted[row, : at + 1].sum(), counted[row].sum()
        assert text.startswith(f"{number}: " if causal else f"{number} of {total}: ")


def test_the_same_draw_gives_the_same_places(splits, places):
    again = draw(splits, np.random.default_rng(0), causal=True)
    assert again.shown == places.shown


def test_a_unit_of_tokens_alone_has_no_pairs_and_keeps_its_active_places(splits):
    def of_token(part):
        cat = np.array([surface.strip() == "cat" for surface in part.windows.vocabulary])
        values = np.where(part.counted, 1.0 * cat[part.windows.ids], np.nan)
        return replace(part, values=values.astype("f4"))

    drawn = draw(type(splits)(*map(of_token, splits)), np.random.default_rng(0), causal=True)
    assert len(drawn.partners) == 0
    assert (drawn.kind == "active").sum() == PAIRS


def test_too_few_active_places_are_said(splits):
    test = splits.test
    values = test.values.copy()
    row, at = np.nonzero(np.nan_to_num(values) > 0.5)
    values[row[7:], at[7:]] = 0
    few = draw(
        splits._replace(test=replace(test, values=values)), np.random.default_rng(0), causal=True
    )
    assert few == "7 active places of the test split, 8 are needed"
